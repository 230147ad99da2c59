"""An uploaded bundle waits here between its preview and its import, where every web process finds
it.
"""

from datetime import timedelta
from secrets import token_urlsafe

from django.core import signing
from django.core.files import File
from django.core.files.storage import default_storage
from django.utils import timezone

from mapping.models import User

FOLDER = "bundles"
LONGEST = timedelta(hours=12)
SALT = "bundle that waits"


class UploadExpired(Exception):
    """It was imported, put away, or has waited too long; or it is somebody else's."""


def hold(file: File, user: User) -> str:
    """Keep the file. Returns a token that lets this person, and nobody else, come back to it."""
    clear()
    name = default_storage.save(f"{FOLDER}/{token_urlsafe(16)}.zip", file)
    return signing.dumps({"name": name, "user": user.pk}, salt=SALT)


def named(token: str, user: User) -> str:
    try:
        kept = signing.loads(token, salt=SALT, max_age=LONGEST)
    except signing.BadSignature as error:
        raise UploadExpired from error
    if kept["user"] != user.pk or not default_storage.exists(kept["name"]):
        raise UploadExpired
    return kept["name"]


def held(token: str, user: User) -> File:
    """The file, open for reading. Raises UploadExpired."""
    return default_storage.open(named(token, user), "rb")


def forget(token: str, user: User) -> None:
    default_storage.delete(named(token, user))


def clear() -> None:
    """Nobody comes back to these: previews that were neither imported nor put away."""
    try:
        _, names = default_storage.listdir(FOLDER)
    except FileNotFoundError:
        return
    oldest = timezone.now() - LONGEST
    for name in (f"{FOLDER}/{each}" for each in names):
        try:
            if default_storage.get_modified_time(name) < oldest:
                default_storage.delete(name)
        except FileNotFoundError:
            # Somebody else who uploads at this moment cleared it.
            continue
