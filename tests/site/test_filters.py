"""The filters above a list: what the address asks, what is left aside, what is offered."""

from mapping.models import LogEntry
from tests.making import make_assignment, make_paper, make_round


def filters_of(page):
    return {one["name"]: [option["value"] for option in one["options"]] for one in page["filters"]}


def chosen_in(page):
    return {one["name"] for one in page["filters"] if one["active"]}


def titles(page):
    return [paper.title for paper in page.context["page"]]


def test_a_page_ignores_an_unknown_value_and_a_file_answers_404(study, as_user, ada):
    make_paper(study, "One", year=2019)
    make_paper(study, "Two", year=2020)
    client, url = as_user(ada), f"/s/{study.slug}/papers/"
    assert titles(client.get(url, {"year": "2020"})) == ["Two"]
    page = client.get(url, {"year": "1999"})
    assert (titles(page), chosen_in(page.context)) == (["One", "Two"], set())
    assert client.get(url, {"year": "1999", "format": "csv"}).status_code == 404
    assert client.get(url, {"year": "2020", "format": "csv"}).status_code == 200


def test_a_filter_without_options_is_not_offered_and_not_taken(study, as_user, olga, ben):
    make_assignment(make_paper(study, "One"), ben)
    make_paper(study, "Two")
    page = as_user(olga).get(f"/s/{study.slug}/papers/", {"reviewer": "ben", "state": "todo"})
    assert titles(page) == ["One", "Two"]
    assert {*filters_of(page.context)} == {"year", "source", "pdf"}


def test_the_queue_offers_rounds_once_there_are_two(study, as_user, ben):
    first, second = make_round(study, "one"), make_round(study, "two")
    make_assignment(make_paper(study, "One"), ben, round=first)
    client, url = as_user(ben), f"/s/{study.slug}/queue/"
    assert {*filters_of(client.get(url).context)} == {"state"}
    make_assignment(make_paper(study, "Two"), ben, round=second)
    page = client.get(url, {"round": second.pk})
    assert filters_of(page.context)["round"] == [str(first.pk), str(second.pk)]
    assert [one.paper.title for one in page.context["assignments"]] == ["Two"]


def test_nobody_of_that_name_did_anything_in_the_log(study, as_user, ada, ben):
    LogEntry.objects.record(study, ada, "add-paper", "Added a paper.")
    client, url = as_user(ada), f"/s/{study.slug}/log/"
    assert len(client.get(url, {"person": " ada ", "act": "add-paper"}).context["page"]) == 1
    page = client.get(url, {"person": "ben"}).context
    assert (len(page["page"]), chosen_in(page)) == (0, {"person"})


def test_a_search_loses_blanks_around_it_and_characters_that_no_text_has(study, as_user, ada):
    make_paper(study, "Deep work")
    make_paper(study, "Other")
    page = as_user(ada).get(f"/s/{study.slug}/papers/", {"q": "  deep\0  "})
    assert (page.context["query"], titles(page)) == ("deep", ["Deep work"])
