import pytest

from mapping.models import Study
from reviews.blindness.visible import visible_summaries
from reviews.codebook import study_settings
from tests.making import make_assignment, make_paper, make_summary, membership_of


@pytest.fixture
def url(study):
    return f"/s/{study.slug}/settings/"


def facts_of(study, **changed):
    facts = {name: getattr(study, name) for name in study_settings.FIELDS}
    facts = {name: value for name, value in facts.items() if value is not False}
    return facts | {"seen": study_settings.settings_token(study)} | changed


def test_changed_settings_are_logged_with_before_and_after(study, url, as_user, ada):
    facts = facts_of(
        study, title="Renamed", is_anonymous="on", statistics_off_reason="We interpret."
    )
    facts.pop("may_settle_own")
    assert as_user(ada).post(url, facts).url == url
    study.refresh_from_db()
    assert (study.title, study.is_anonymous, study.may_settle_own) == ("Renamed", True, False)
    entry = study.log.get()
    assert entry.act == "change-settings"
    assert (entry.facts["before"]["may_settle_own"], entry.facts["after"]["may_settle_own"]) == (
        True,
        False,
    )
    assert entry.facts["after"]["statistics_off_reason"] == "We interpret."


@pytest.mark.parametrize(
    "wrong",
    [{"title": ""}, {"title": "x" * 301}, {"others_visible": "always"}, {"who_settles": ""}],
)
def test_an_invalid_setting_is_refused_and_nothing_is_saved(wrong, study, url, as_user, ada):
    before = study.description
    answer = as_user(ada).post(url, facts_of(study, description="New words") | wrong)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == set(wrong)
    assert "New words" in answer.content.decode()
    study.refresh_from_db()
    assert study.description == before


def test_an_empty_post_changes_nothing(study, url, as_user, ada):
    assert as_user(ada).post(url).status_code == 422
    assert not study.log.exists()


@pytest.mark.parametrize(("begun", "late"), [(False, False), (True, True)])
def test_changes_of_visibility_are_logged_apart_from_other_settings(
    begun, late, study, url, as_user, ada, ben
):
    make_summary(make_paper(study), ben, submitted=begun)
    as_user(ada).post(url, facts_of(study, others_visible="closed"))
    entry = study.log.get()
    assert entry.act == "change-visibility"
    assert (entry.facts["before"], entry.facts["after"]) == ("submitted", "closed")
    assert entry.facts["after_submissions"] is late
    assert ("after the first summary was submitted" in entry.text) is late
    assert ("Summaries were submitted already" in as_user(ada).get(url).content.decode()) is late


def test_a_stale_settings_form_shows_the_other_leads_values(study, url, as_user, ada):
    opened = facts_of(study)
    study_settings.change_settings(
        study, by=ada, facts={"title": "First", "who_settles": "not_coders"}
    )
    met = as_user(ada).post(url, opened | {"title": "Second"})
    assert met.status_code == 422
    said = {
        one["label"]: (one["theirs"], one["yours"])
        for one in met.context["form"].conflict["fields"]
    }
    words = dict(Study.WhoSettles.choices)
    assert said == {
        "Title": ("First", "Second"),
        "Differences are settled by": (words["not_coders"], words["leads"]),
    }
    assert Study.objects.get().title == "First"


def test_release_shows_findings_to_members_is_logged_and_can_be_taken_back(
    study, url, as_user, ada, ben, olga
):
    make_summary(make_paper(study), ben)
    client = as_user(ada)
    assert not visible_summaries(membership_of(olga, study)).exists()

    client.post(f"{url}release/")
    client.post(f"{url}release/")
    study.refresh_from_db()
    assert visible_summaries(membership_of(olga, study)).count() == 1
    assert "Take the release back" in client.get(url).content.decode()

    client.post(f"{url}release/", {"withdraw": "yes"})
    study.refresh_from_db()
    assert not visible_summaries(membership_of(olga, study)).exists()
    assert [entry.act for entry in study.log.all()] == ["withdraw-release", "release-findings"]


def test_the_release_form_says_how_many_papers_stay_closed(study, url, as_user, ada, ben, cleo):
    paper = make_paper(study)
    make_assignment(paper, ben)
    make_assignment(paper, cleo)
    assert "<b>1</b> paper is still to be coded" in as_user(ada).get(url).content.decode()


def test_only_leads_find_settings_in_the_rail(study, url, as_user, ada, ben):
    assert f'href="{url}"' in as_user(ada).get(study.get_absolute_url()).content.decode()
    assert f'href="{url}"' not in as_user(ben).get(study.get_absolute_url()).content.decode()
