"""The coding screen in a real Chromium never loses a word, whatever goes away under it."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from playwright.sync_api import expect

from mapping.models import Code, Section
from reviews.coding import drafts
from reviews.models import KeptEdit, Summary
from tests.answers import said
from tests.browser import sign_in
from tests.coding_screen import SAVED, at_rest, chosen, conclusion, kept_in, line
from tests.making import PASSWORD, make_answer, make_code, make_paper

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def paper(server, study):
    make_code(Section.objects.get(key="challenges"), "Privacy")
    return make_paper(study, "Towards MLOps", key="john2021towards")


def test_typing_saves_itself_and_what_the_network_lost_goes_out_when_it_is_back(
    page_as, ben, url, assignment
):
    page = page_as(ben)
    page.goto(url)
    conclusion(page).fill("before")
    expect(line(page)).to_have_text(SAVED)
    page.context.set_offline(True)
    conclusion(page).press_sequentially(" and without a network")
    expect(line(page)).to_have_text("not saved, retrying; kept in this browser")
    assert said(assignment, "conclusion").text == "before"
    page.context.set_offline(False)
    expect(line(page)).to_have_text(SAVED)
    assert said(assignment, "conclusion").text == "before and without a network"
    assert not KeptEdit.objects.exists()
    assert kept_in(page) == 0


def test_what_is_typed_while_the_database_is_away_is_kept_and_goes_out_by_itself(
    page_as, ben, url, assignment
):
    page = page_as(ben)
    page.goto(url)
    page.route(
        "**/sections/**",
        lambda route: route.fulfill(status=503, body="<p>The database is away</p>"),
    )
    conclusion(page).fill("typed into an outage")
    expect(line(page)).to_have_text("not saved, retrying; kept in this browser")
    assert kept_in(page) == 1
    page.unroute("**/sections/**")
    expect(line(page)).to_have_text(SAVED)
    assert said(assignment, "conclusion").text == "typed into an outage"
    assert not KeptEdit.objects.exists()
    assert kept_in(page) == 0


def test_a_button_that_reaches_no_database_says_so_on_the_page(page_as, ben, url):
    page = page_as(ben)
    page.goto(url)
    page.route(
        "**/mentions/**",
        lambda route: route.fulfill(status=503, body="<p>The database is away</p>"),
    )
    page.evaluate("htmx.ajax('GET', '/mentions/', {target: '#main'})")
    expect(page.locator("#messages .notice")).to_contain_text("That did not reach the server")


def test_what_was_typed_without_a_server_survives_it_the_reload_and_the_restart(
    page_as, server, ben, cleo, url, assignment
):
    page = page_as(ben)
    page.goto(url)
    conclusion(page).fill("first words")
    expect(line(page)).to_have_text(SAVED)
    server.kill()
    conclusion(page).press_sequentially(", typed while the server was dead")
    page.locator("#s-challenges").get_by_label("Privacy").check()
    expect(line(page)).to_have_text("not saved, retrying; kept in this browser")
    server.start()
    page.reload()
    expect(line(page)).to_have_text(SAVED)
    assert said(assignment, "conclusion").text == "first words, typed while the server was dead"
    assert [Code.objects.get(pk=pk).label for pk in said(assignment, "challenges").codes] == [
        "Privacy"
    ]
    assert chosen(page, "challenges") == ["Privacy"]
    assert not KeptEdit.objects.exists()
    assert kept_in(page) == 0


def test_between_keystrokes_the_server_is_killed_and_started_and_nothing_is_lost(
    page_as, server, ben, url, assignment
):
    page = page_as(ben)
    page.goto(url)
    field = conclusion(page)
    field.press_sequentially("one ")
    server.kill()
    field.press_sequentially("two ")
    expect(line(page)).to_have_text(re.compile("not saved, retrying"))
    server.start()
    field.press_sequentially("three")
    expect(line(page)).to_have_text(SAVED)
    expect(field).to_be_focused()
    assert said(assignment, "conclusion").text == "one two three"


def test_two_tabs_show_both_texts_and_the_reviewer_chooses(page_as, ben, url, assignment):
    one = page_as(ben)
    one.goto(url)
    two = one.context.new_page()
    two.goto(url)
    one.route("**/sections/**", lambda route: route.abort())
    conclusion(one).fill("from the first tab")
    expect(line(one)).to_have_text(re.compile("not saved"))
    conclusion(two).fill("from the second tab")
    expect(line(two)).to_have_text(SAVED)
    one.unroute_all()
    expect(line(one)).to_have_text(re.compile("changed in another tab: Conclusion"))
    expect(one.locator("[data-kept] .side")).to_have_count(2)
    texts = one.locator("[data-kept] .judged-text").all_inner_texts()
    assert sorted(texts) == ["from the first tab", "from the second tab"]
    kept = one.locator("[data-kept] .side").nth(1).locator(".judged-text").inner_text()
    one.locator("[data-kept] .side").nth(1).get_by_role("button", name="Use this one").click()
    expect(line(one)).to_have_text(SAVED)
    expect(one.locator("[data-kept] .side")).to_have_count(0)
    assert said(assignment, "conclusion").text == kept
    # The other tab shows it too, as soon as nobody is writing there.
    expect(two.locator("#s-conclusion")).to_contain_text("Changed in another tab a moment ago")
    two.keyboard.press("Escape")
    expect(conclusion(two)).to_have_value(kept)
    assert not KeptEdit.objects.open().exists()


def test_once_both_texts_are_shown_nobody_is_told_to_leave_the_section_to_see_the_other(
    page_as, ben, url
):
    one = page_as(ben)
    one.goto(url)
    two = one.context.new_page()
    two.goto(url)
    one.bring_to_front()
    conclusion(one).focus()
    conclusion(two).fill("from the second tab")
    expect(line(two)).to_have_text(SAVED)
    expect(one.locator("#s-conclusion")).to_contain_text("Changed in another tab a moment ago")
    conclusion(one).fill("from the first tab")
    expect(one.locator("[data-kept] .side")).to_have_count(2)
    expect(one.locator("#s-conclusion")).not_to_contain_text("Changed in another tab a moment ago")
    at_rest(one)


def test_an_ended_session_asks_to_sign_in_where_one_is_and_saves_then(
    page_as, ben, url, assignment
):
    page = page_as(ben)
    page.goto(url)
    Session.objects.all().delete()
    conclusion(page).fill("typed after the session had ended")
    dialog = page.locator("#sign-in-again")
    expect(dialog).to_be_visible()
    expect(line(page)).to_have_text("not saved: sign in again; kept in this browser")
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_label("Password").press("Enter")
    expect(dialog).to_be_hidden()
    expect(line(page)).to_have_text(SAVED)
    assert said(assignment, "conclusion").text == "typed after the session had ended"
    conclusion(page).press_sequentially(", and on it goes")
    expect(line(page)).to_have_text(SAVED)
    assert page.url.endswith(url)


def test_what_waits_in_the_browser_is_shown_to_nobody_else_and_signing_out_asks_first(
    page_as, server, ben, cleo, url, assignment, study
):
    page = page_as(ben)
    page.goto(url)
    page.route("**/sections/**", lambda route: route.abort())
    conclusion(page).fill("Ben's own words")
    expect(line(page)).to_have_text(re.compile("not saved"))
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("dialog", name="Not everything is saved")).to_be_visible()
    page.get_by_role("button", name="Stay signed in").click()
    page.goto(reverse("queue", args=[study.slug]))
    expect(page.locator("#messages")).to_contain_text("waits in this browser")
    sign_in(page.context, server, cleo)
    page.goto(reverse("queue", args=[study.slug]))
    expect(page.locator("h1")).to_be_visible()
    assert "Ben" not in page.content()
    sign_in(page.context, server, ben)
    page.unroute_all()
    page.goto(url)
    expect(line(page)).to_have_text(SAVED)
    assert said(assignment, "conclusion").text == "Ben's own words"
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("sign-in"))
    assert kept_in(page) == 0


def test_two_texts_that_wait_for_a_choice_are_named_in_the_line_after_a_reload_too(
    page_as, ben, url, assignment
):
    draft = Summary.objects.create(assignment=assignment)
    answer = make_answer(draft, "conclusion", "one")
    KeptEdit.objects.create(answer=answer, content={"text": "two"}, based_on=0)
    page = page_as(ben)
    page.goto(url)
    expect(line(page)).to_have_text(
        re.compile(r"^changed in another tab: Conclusion; saved at \d\d:\d\d$")
    )
    page.locator("[data-kept] .side").nth(1).get_by_role("button", name="Use this one").click()
    expect(line(page)).to_have_text(SAVED)


def test_where_the_browser_keeps_nothing_any_more_the_page_works_and_says_so(
    page_as, ben, url, assignment
):
    page = page_as(ben)
    page.add_init_script(
        "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); "
        "};"
    )
    page.goto(url)
    conclusion(page).fill("saved all the same")
    expect(line(page)).to_have_text(SAVED)
    page.route("**/sections/**", lambda route: route.abort())
    conclusion(page).fill("and now the server is away")
    expect(line(page)).to_have_text(
        "not saved, retrying; not even kept in this browser: do not close the page"
    )
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.close(run_before_unload=True)
    expect(line(page)).to_have_text(re.compile("do not close"))
    assert asked == ["beforeunload"]
    page.unroute_all()
    expect(line(page)).to_have_text(SAVED)


def test_words_that_arrive_after_submission_are_all_shown_to_be_copied_and_can_be_put_away(
    page_as, ben, url, assignment
):
    page = page_as(ben)
    page.goto(url)
    page.route("**/sections/**", lambda route: route.abort())
    conclusion(page).fill("late words")
    page.locator("[name=cases-quote]").evaluate("field => field.closest('details').open = true")
    page.locator("[name=cases-quote]").fill("a late quote")
    expect(line(page)).to_have_text(re.compile("not saved"))
    draft = drafts.open_summary(assignment)
    drafts.save_answer(
        draft, Section.objects.get(key="challenges"), {"none_apply": True}, by=ben, based_on=0
    )
    drafts.submit(draft, by=ben)
    page.unroute_all()
    expect(line(page)).to_have_text(
        re.compile("submitted elsewhere; reload to see it; kept in this browser")
    )
    page.goto(url)
    late = page.locator("#messages .notice")
    expect(late).to_have_count(1)
    expect(late).to_contain_text("Not in the summary")
    expect(late.locator("li")).to_have_count(2)
    assert sorted(late.locator("li").all_inner_texts()) == ["a late quote", "late words"]
    late.get_by_role("button", name="Remove them from this browser").click()
    expect(late).to_have_count(0)
    page.reload()
    expect(page.locator("#messages .notice")).to_have_count(0)


def test_on_a_phone_it_stays_in_view_that_something_is_not_saved(page_as, ben, url, assignment):
    page = page_as(ben, viewport={"width": 390, "height": 844})
    page.goto(url)
    page.route("**/sections/**", lambda route: route.abort())
    conclusion(page).scroll_into_view_if_needed()
    expect(line(page)).not_to_be_in_viewport()
    conclusion(page).fill("words")
    alarm = page.locator(".split-tabs .saved-not")
    expect(alarm).to_have_text(re.compile("^not saved, retrying"))
    expect(alarm).to_be_in_viewport()
    page.unroute_all()
    expect(line(page)).to_have_text(SAVED)
    expect(alarm).to_be_hidden()


def test_somebody_who_left_the_team_is_not_told_that_another_person_is_signed_in(
    page_as, study, ben, url, assignment
):
    page = page_as(ben)
    page.goto(url)
    study.memberships.filter(user=ben).delete()
    conclusion(page).fill("words")
    expect(line(page)).to_have_text(
        "not saved: whoever is signed in now has no such paper to code (this page is ben’s); kept "
        "in this browser"
    )
