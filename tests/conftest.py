"""The people of the tests: Ada leads, Ben and Cleo review, Olga observes, Zoe is a stranger."""

import gc
from functools import partial
from pathlib import Path

import pytest
from django.test import TransactionTestCase
from django.urls import reverse
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests.browser import chromium, page_as, serious, server, server_process, warm_context  # noqa: F401
from tests.database import empty_tables
from tests.figures import with_figures_kept  # noqa: F401
from tests.making import make_assignment, make_user
from tests.own_server import own_server  # noqa: F401
from tests.standing import make_team, person, standing, study_of_things  # noqa: F401

# The machine may be busy with other tests: how long an example takes says nothing about the code.
# Set here alone; a test that names `suppress_health_check` itself replaces this list, and repeats
# it.
hypothesis_settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("unhurried")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(autouse=True)
def uploads_of_their_own(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "uploads"


@pytest.fixture
def shared_data():
    if not SHARED_DATA.is_dir():
        pytest.skip("../shared/data is not beside this checkout: the real study cannot be tried")
    return SHARED_DATA


@pytest.fixture
def ada(db):
    return person("ada")


@pytest.fixture
def ben(db):
    return person("ben")


@pytest.fixture
def cleo(db):
    return person("cleo")


@pytest.fixture
def olga(db):
    return person("olga")


@pytest.fixture
def zoe(db):
    return make_user("zoe", name="Zoe Stranger")


@pytest.fixture
def study(request, ada, ben, cleo, olga):
    """A study with one coding phase and one section of each kind."""
    if "things" in request.fixturenames:
        return study_of_things()
    return make_team({"ada": ada, "ben": ben, "cleo": cleo, "olga": olga})


@pytest.fixture
def assignment(paper, ben):
    """Ben has `paper` to code; each file of tests says with a fixture of its own which paper that
    is.
    """
    return make_assignment(paper, ben)


@pytest.fixture
def url(study, paper, assignment):
    """Where Ben codes it."""
    return reverse("summary", args=[study.slug, paper.key])


@pytest.fixture
def as_user():
    """`as_user(ben).get(…)`: a client signed in as this person."""
    from django.test import Client

    def signed_in(user):
        own = Client()
        own.force_login(user)
        return own

    return signed_in


def pytest_configure():
    TransactionTestCase._fixture_teardown = lambda case: empty_tables()


# A minute each and more.
LONGEST = ("two_worlds", "no_page_has_a_fault", "settles_twelve_papers")


def pytest_collection_modifyitems(items):
    """The longest first: begun last, they would keep one worker busy while the others have nothing
    left to do.
    """
    items.sort(key=lambda item: not any(name in item.nodeid for name in LONGEST))


def pytest_collection_finish():
    """What was imported and collected stays to the end: nobody need look through it for garbage,
    over and over, nor after every few hundred objects.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def pytest_make_parametrize_id(val):
    """A coefficient with its options is called the same in every worker; its own name holds an
    address in memory.
    """
    if isinstance(val, partial):
        options = [str(option) for option in val.keywords.values() if isinstance(option, str)]
        return "-".join([val.func.__name__, *options])
    return None
