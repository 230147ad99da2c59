"""A study with one of everything that stands through all the tests of a module.

To make it takes as long as what such a test asks of it, and nearly a thousand tests begin with the
same one. So it is made once, in a transaction around those of the tests: each finds it as it was
made, and takes back what it did.
"""

from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.test import override_settings

from mapping.models import Membership, PaperImport, Study, User
from mapping.people import tokens
from reviews.codebook import template
from reviews.models import Remark
from reviews.overview import corrections
from tests.making import (
    make_assignment,
    make_paper,
    make_round,
    make_study,
    make_summary,
    make_task,
    make_user,
)

NAMES = {"ada": "Ada Lead", "ben": "Ben Reviewer", "cleo": "Cleo Reviewer", "olga": "Olga Observer"}
PDF = b"%PDF-1.4"
# The study that stands now, if any does: its `things`, where their PDF is, and a name of its own.
now = SimpleNamespace(things=None, pdf="", called="")


@pytest.fixture(scope="module")
def standing(django_db_setup, django_db_blocker, tmp_path_factory):
    with django_db_blocker.unblock(), transaction.atomic():
        with override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("standing")):
            people = {username: make_user(username, name=name) for username, name in NAMES.items()}
            now.things, now.pdf = make_things(make_team(people), people["ada"], people["ben"])
        connection.check_constraints()
        now.called = uuid4().hex
        yield now
        now.things, now.called = None, ""
        transaction.set_rollback(True)


def person(username):
    """Whoever is called so: of the study that stands, or made for this test."""
    if now.things:
        return User.objects.get(username=username)
    return make_user(username, name=NAMES[username])


def make_team(people):
    """A study with one coding phase and one section of each kind."""
    study = make_study(lead=people["ada"])
    for username, role in (("ben", "reviewer"), ("cleo", "reviewer"), ("olga", "observer")):
        Membership.objects.create(study=study, user=people[username], role=role)
    return study


def study_of_things():
    return Study.objects.get(slug=now.things["slug"])


def things_of_this_test():
    """Each test has uploads of its own: the PDF is put there."""
    default_storage.save(now.pdf, ContentFile(PDF))
    return dict(now.things)


def make_things(study, ada, ben):
    """Something for every kind of argument, so that a page is refused for the person and not for
    the thing.
    """
    paper = make_paper(study, key="a-paper")
    invitation = study.invitations.create(role="reviewer", invited_by=ada)
    unused = template.add_section(
        study,
        by=study.created_by,
        facts={"label": "Unused", "kind": "text", "phase": study.phases.get()},
    )
    things = {"slug": study.slug, "key": paper.key}
    things["member"] = study.memberships.get(user=ben).pk
    things["invitation"] = invitation.pk
    things["section"] = "challenges"
    things["phase"] = "coding"
    things["question"] = study.research_questions.get().pk
    things["preset"] = "screening"
    things["version"] = template.remove_section(unused, by=study.created_by).version
    discussed = make_paper(study)
    make_summary(discussed, ben)
    things["remark"] = Remark.objects.create(
        paper=discussed,
        section=study.sections.get(key="challenges"),
        text="Look at table 3",
        by=ada,
    ).pk
    things["round"] = make_round(study).pk
    things["import_id"] = PaperImport.objects.create(study=study, file_name="papers.bib", by=ada).pk
    # Whoever codes has a paper of their own for the addresses of the coding page.
    own = make_paper(study, key="own-paper")
    things["assignment"] = make_assignment(own, ben).pk
    make_assignment(own, ada)
    things["task"] = make_task(own, ben).pk
    things["own task"] = {ada.pk: make_task(own, ada).pk}
    things["own"] = own.key
    things["own token"] = {
        member.user_id: tokens.grant(member, label="script")[0].pk
        for member in study.memberships.all()
    }
    things["token"] = things["own token"][ada.pk]
    corrections.suggest(paper, field="abstract", text="What it says.", by=ben)
    things["suggestion"] = corrections.open_suggestions(paper)[0].pk
    things["suffix"] = "csv"
    things["code"] = study.sections.get(key="challenges").codes.first().pk
    paper.pdf.save("paper.pdf", ContentFile(PDF))
    return things, paper.pdf.name
