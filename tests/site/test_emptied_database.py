"""What a test has committed is gone before the next one; what migrations made is not."""

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import IntegrityError, connection

from mapping.models import Study
from tests import database
from tests.making import make_study, make_user
from tests.standing import make_things

pytestmark = pytest.mark.django_db(transaction=True)


def counted():
    return {model: model.objects.count() for model in (ContentType, Permission)}


def filled():
    with connection.cursor() as cursor:
        return database.with_rows(cursor, database.tables())


def test_every_table_is_empty_but_those_that_migrations_fill(study, ada, ben):
    before = counted()
    assert all(before.values())
    make_things(study, ada, ben)
    assert {"mapping_code", "reviews_summary", "reviews_stamp"} < set(filled())
    database.empty_tables()
    assert filled() == []
    assert counted() == before


def test_nothing_is_there_when_a_test_begins():
    assert filled() == []


def test_references_are_looked_after_again():
    database.empty_tables()
    lead = make_user("lead")
    study = make_study(lead=lead)
    with pytest.raises(IntegrityError):
        Study.objects.filter(pk=study.pk).update(created_by=lead.pk + 1)


def test_whoever_may_not_lift_references_is_served_by_django(monkeypatch, ada):
    called = []
    monkeypatch.setattr(database, "is_superuser", lambda cursor: False)
    monkeypatch.setattr(
        database,
        "call_command",
        lambda *words, **facts: called.append(words) or call_command(*words, **facts),
    )
    database.empty_tables()
    assert called == [("flush",)]
    assert filled() == []
