"""One file for development, tests and a team server: the environment decides.

Without any environment Concord runs for one person on one machine: its own PostgreSQL and its data
under `var/`.

    DATABASE_URL          any PostgreSQL >= 15; unset: the embedded one CONCORD_URL           the
    public address, https://concord.example.org; secure cookies and redirects follow from it
    SECRET_KEY            needed as soon as DATABASE_URL or an https address is set ALLOWED_HOSTS
    more host names, separated by commas BEHIND_PROXY          1 where a proxy terminates TLS and
    sets X-Forwarded-Proto HSTS_PRELOAD          1 to let browsers keep a list of this host as one
    of https alone DEBUG                 1 for the developers' error pages EMAIL_URL
    smtp://user:password@host:587 (smtps:// for TLS from the start); unset: the console
    DEFAULT_FROM_EMAIL    sender of invitations and password resets UPLOADS_DIR           where PDFs
    are kept; UPLOADS_STORAGE names another Django storage class VAR_DIR               where the
    embedded PostgreSQL, uploads and collected files live; default: var/
"""

import os
from pathlib import Path
from secrets import token_urlsafe
from urllib.parse import unquote, urlsplit

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from mapping.site import embedded

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("VAR_DIR") or BASE_DIR / "var").resolve()


def is_on(name):
    return os.environ.get(name, "").lower() in {"1", "true", "yes", "on"}


def secret_kept_in(path):
    """Make a secret at the first start of a one-person installation, and keep it to its owner."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # Two commands may start at once: only one makes the file, the other reads it.
        with open(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii"
        ) as file:
            file.write(token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text(encoding="ascii")


DEBUG = is_on("DEBUG")
PUBLIC_URL = os.environ.get("CONCORD_URL", "http://127.0.0.1:8000").rstrip("/")
PUBLIC = urlsplit(PUBLIC_URL)
IS_HTTPS = PUBLIC.scheme == "https"
DATABASE_URL = os.environ.get("DATABASE_URL")
IS_TESTED = "PYTEST_VERSION" in os.environ

SECRET_KEY = os.environ.get("SECRET_KEY")
if not SECRET_KEY:
    if IS_HTTPS or (
        DATABASE_URL
        and not DEBUG
        and not IS_TESTED
        and PUBLIC.hostname not in {"127.0.0.1", "localhost"}
    ):
        raise ImproperlyConfigured(
            "Set SECRET_KEY: a server that others reach has no default secret."
        )
    SECRET_KEY = secret_kept_in(VAR_DIR / "secret-key")

ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", PUBLIC.hostname]
ALLOWED_HOSTS += [
    host.strip() for host in os.environ.get("ALLOWED_HOSTS", "").split(",") if host.strip()
]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    "mapping.site.apps.MappingConfig",
    "reviews",
    "mapping.site.apps.AdminSiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "crispy_forms",
    "django_htmx",
    "import_export",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "mapping.site.middleware.NotStored",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "mapping.people.middleware.SignedInMiddleware",
    "mapping.site.middleware.WholeText",
    "django.contrib.messages.middleware.MessageMiddleware",
    "mapping.site.post_only.PostOnlyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "mapping.site.uploads.BodyLimit",
]

ROOT_URLCONF = "mapping.urls"
WSGI_APPLICATION = "mapping.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            # Each room has its own template tags.
            "libraries": {
                "agreement": "reviews.agreement.tags",
                "jinja": "mapping.site.jinja_tags",
                "judgement": "reviews.judgement.tags",
                "nouns": "mapping.site.tags",
                "overview": "reviews.overview.tags",
                "settling": "reviews.settling.tags",
            },
        },
    },
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {"environment": "mapping.site.jinja.environment"},
    },
]

if DATABASE_URL:
    DATABASES = {"default": dj_database_url.parse(DATABASE_URL)}
    if DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
        raise ImproperlyConfigured(
            "DATABASE_URL must name a PostgreSQL database: postgresql://user:password@host/name"
        )
    # A machine that does not answer is away; libpq would wait for two minutes, and hold up
    # everybody.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
else:
    DATABASES = {"default": embedded.configuration(VAR_DIR / "postgres", is_throw_away=IS_TESTED)}
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "mapping.User"
AUTHENTICATION_BACKENDS = ["mapping.people.membership.NameOrEmailBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"
CSRF_FAILURE_VIEW = "mapping.site.refusals.csrf_failure"
PASSWORD_RESET_TIMEOUT = 24 * 3600

LANGUAGE_CODE = "en-gb"
TIME_ZONE = os.environ.get("TZ") or "UTC"
USE_TZ = True

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    # Statistics, each under the digest of the ratings it is made of.
    "agreement": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "agreement",
        "TIMEOUT": 24 * 3600,
        "OPTIONS": {"MAX_ENTRIES": 5000},
    },
}

STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("STATIC_DIR") or VAR_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
UPLOADS_DIR = Path(os.environ.get("UPLOADS_DIR") or VAR_DIR / "uploads")
STORAGES = {
    "default": {
        "BACKEND": os.environ.get("UPLOADS_STORAGE")
        or "django.core.files.storage.FileSystemStorage",
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or IS_TESTED
        else "mapping.site.static_files.CollectedStorage"
    },
}
MEDIA_ROOT = UPLOADS_DIR
# whoever runs Concord, and nobody else
FILE_UPLOAD_PERMISSIONS, FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o600, 0o700
MEDIA_URL = "/uploads/"  # nothing is served there: PDFs go through a door
# Without collected files (a management command, a first look) pages name the plain ones, and
# whitenoise finds them.
WHITENOISE_MANIFEST_STRICT = False
WHITENOISE_USE_FINDERS = True
# Packed already, or read a few bytes at a time: the tables and fonts of pdf.js.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (
    "png",
    "jpg",
    "gif",
    "webp",
    "woff",
    "woff2",
    "bcmap",
    "pfb",
    "ttf",
    "wasm",
)
# Every test client starts the middleware anew: looking for all static files each time takes longer
# than the tests.
WHITENOISE_AUTOREFRESH = DEBUG or IS_TESTED
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
PDF_LIMIT = 50 * 1024 * 1024
IMPORT_LIMIT = 50 * 1024 * 1024
BUNDLE_LIMIT = 2 * 1024 * 1024 * 1024  # unpacked: half a million marks have some hundred megabytes
# the largest upload, and the form around it
BODY_LIMIT = max(PDF_LIMIT, IMPORT_LIMIT) + 2 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000  # a form of 30 sections and 300 codes with their evidence

EMAIL = urlsplit(os.environ.get("EMAIL_URL", ""))
if EMAIL.scheme:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST, EMAIL_PORT = EMAIL.hostname, EMAIL.port or 587
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = (
        unquote(EMAIL.username or ""),
        unquote(EMAIL.password or ""),
    )
    EMAIL_USE_SSL = EMAIL.scheme == "smtps"
    EMAIL_USE_TLS = EMAIL.scheme == "smtp" and EMAIL.port != 25
    EMAIL_TIMEOUT = 10
else:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
SENDS_MAIL = bool(EMAIL.scheme)
# Password mails are sent behind the answer. A test looks for them at once, in a transaction that no
# other thread sees.
SENDS_MAIL_IN_REQUEST = IS_TESTED
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", f"concord@{PUBLIC.hostname}")

SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS
# Browsers that know of it by heart take years to forget: only for whoever asks for it.
SECURE_HSTS_PRELOAD = IS_HTTPS and is_on("HSTS_PRELOAD")
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
IS_BEHIND_PROXY = is_on("BEHIND_PROXY")
if IS_BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# The pack is templates/concord/; crispy gives a widget these classes instead of its own name.
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "concord"
CRISPY_CLASS_CONVERTERS = {
    "select": "select",
    "textarea": "input",
    "textinput": "input",
    "emailinput": "input",
    "urlinput": "input",
    "numberinput": "input",
    "dateinput": "input",
    "passwordinput": "input",
    "fileinput": "input",
    "clearablefileinput": "input",
    "filesinput": "input",
}
IMPORT_EXPORT_USE_TRANSACTIONS = True
# Between preview and confirmation the file waits with the uploads: the next request may reach
# another machine.
IMPORT_EXPORT_TMP_STORAGE_CLASS = "import_export.tmp_storages.MediaStorage"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_COOKIE_AGE = 14 * 24 * 3600

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"django.request": {"level": "ERROR"}},
}
if IS_TESTED:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
