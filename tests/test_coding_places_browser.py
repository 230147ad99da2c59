"""Beside the form in a real Chromium: quotes find their place again, and what cannot be saved or shown says so."""

import csv
import re

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from playwright.sync_api import expect

from mapping.models import Code, Section
from reviews import coding
from reviews.models import Answer, KeptEdit, Mark, Summary
from tests.making import make_answer, make_assignment, make_code, make_paper, make_summary
from tests.pdfs import make_pdf

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SAVED = re.compile(r"^saved at \d\d:\d\d$")


@pytest.fixture
def paper(server, study):
    return make_paper(study, "Towards MLOps", key="john2021towards", abstract="Teams wait. Models drift. Data rots.")


@pytest.fixture
def assignment(paper, ben):
    return make_assignment(paper, ben)


@pytest.fixture
def url(study, paper, assignment):
    return reverse("summary", args=[study.slug, paper.key])


def attach(paper, pages):
    paper.pdf.save("paper.pdf", ContentFile(make_pdf(pages)))


def line(page):
    return page.locator("[data-saved]")


def conclusion(page):
    return page.locator("[name=conclusion-text]")


def select_from_to(page, first, last):
    """Select from the start of one line of the PDF to the end of another, as a mouse would."""
    page.locator(".textLayer").first.evaluate(
        """(_, [first, last]) => {
            const spans = [...document.querySelectorAll(".textLayer span")];
            const find = (words) => spans.find((span) => span.textContent === words).firstChild;
            const range = document.createRange();
            range.setStart(find(first), 0);
            range.setEnd(find(last), last.length);
            getSelection().removeAllRanges();
            getSelection().addRange(range);
            find(first).parentElement.dispatchEvent(new PointerEvent("pointerup", {bubbles: true}));
        }""",
        [first, last],
    )
    expect(page.locator("[data-quote-popup]")).to_be_visible()


def test_a_quote_over_the_end_of_a_page_names_both_pages_and_is_found_again(page_as, ben, url, paper, assignment):
    attach(paper, [["Nothing here."], ["Teams retrain"], ["when performance drops."], ["The end."]])
    page = page_as(ben)
    page.goto(url)
    page.get_by_label("Go to page").fill("2")
    page.get_by_label("Go to page").press("Enter")
    expect(page.locator(".pdf-page[data-page='3'] .textLayer span")).to_have_text("when performance drops.")
    select_from_to(page, "Teams retrain", "when performance drops.")
    bar = page.locator("[data-quote-popup]")
    bar.get_by_label("Quote for").select_option("challenges")
    bar.get_by_label("code").select_option(label="Model drift")
    bar.get_by_role("button", name="Add").click()
    expect(line(page)).to_have_text(SAVED)
    assert Mark.objects.values_list("quote", "page").get() == ("Teams retrain when performance drops.", "2–3")

    page.get_by_label("Go to page").fill("4")
    page.get_by_label("Go to page").press("Enter")
    page.locator(".quote-link").click()
    shown = re.compile(r"^2: Teams retrain\s*when performance drops")
    expect(page.locator("[data-pdf]")).to_have_attribute("data-shown", shown)


def test_words_selected_in_the_pdf_stand_with_their_page_in_codings_csv(page_as, ben, url, study, paper, assignment):
    attach(paper, [["Nothing here."], ["Teams retrain"], ["The end."]])
    page = page_as(ben)
    page.goto(url)
    page.get_by_label("Go to page").fill("2")
    page.get_by_label("Go to page").press("Enter")
    expect(page.locator(".pdf-page[data-page='2'] .textLayer span")).to_have_text("Teams retrain")
    select_from_to(page, "Teams retrain", "Teams retrain")
    bar = page.locator("[data-quote-popup]")
    bar.get_by_label("Quote for").select_option("challenges")
    bar.get_by_label("code").select_option(label="Cost")
    bar.get_by_role("button", name="Add").click()
    expect(line(page)).to_have_text(SAVED)
    page.get_by_role("button", name="Review and submit").click()
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("#messages")).to_contain_text("Submitted")
    file = page.request.get(f"/s/{study.slug}/export/codings.csv").text()
    rows = [row for row in csv.DictReader(file.splitlines()) if row["section"] == "challenges"]
    assert [(row["paper"], row["value"], row["quote"], row["page"]) for row in rows] == [
        ("john2021towards", "Cost", "Teams retrain", "2")
    ]


def test_of_several_quotes_in_one_field_each_click_shows_the_next(page_as, ben, url, paper, assignment):
    attach(paper, [["Teams wait for data."], ["Nothing."], ["Models drift away."]])
    draft = Summary.objects.create(assignment=assignment)
    answer = make_answer(draft, "conclusion", "It is hard.", quote="", page="")
    Answer.objects.filter(pk=answer.pk).update(quote="Teams wait for data.\nModels drift away.", page="1, 3")
    page = page_as(ben)
    page.goto(url)
    for shown in ("1: Teams wait for data", "3: Models drift away", "1: Teams wait for data"):
        page.locator("#s-conclusion .quote-link").click()
        expect(page.locator("[data-pdf]")).to_have_attribute("data-shown", shown)
        expect(page.locator("[data-pdf-said]")).to_be_hidden()


def test_several_quotes_from_the_abstract_are_shown_together(page_as, ben, url, assignment):
    draft = Summary.objects.create(assignment=assignment)
    answer = make_answer(draft, "conclusion", "It is hard.")
    Answer.objects.filter(pk=answer.pk).update(quote="Teams wait.\nData rots.")
    page = page_as(ben)
    page.goto(url)
    page.locator("#s-conclusion .quote-link").click()
    expect(page.locator("[data-quotable]")).to_have_attribute("data-found", "Teams wait\nData rots")


def test_a_pdf_that_cannot_be_drawn_says_so_beside_the_abstract(page_as, ben, url, paper, assignment):
    paper.pdf.save("paper.pdf", ContentFile(b"%PDF-1.4\nnot a PDF at all\n%%EOF\n"))
    page = page_as(ben)
    page.goto(url)
    expect(page.locator("#paper-pane").get_by_role("alert")).to_contain_text("This PDF cannot be shown here")
    expect(page.get_by_role("link", name="Open the PDF in a tab of its own")).to_be_visible()
    expect(page.locator("[data-quotable]")).to_be_visible()


def test_two_texts_that_wait_for_a_choice_are_named_in_the_line_after_a_reload_too(page_as, ben, url, assignment):
    draft = Summary.objects.create(assignment=assignment)
    answer = make_answer(draft, "conclusion", "one")
    KeptEdit.objects.create(answer=answer, content={"text": "two"}, based_on=0)
    page = page_as(ben)
    page.goto(url)
    expect(line(page)).to_have_text(re.compile(r"^changed in another tab: Conclusion; saved at \d\d:\d\d$"))
    page.locator("[data-kept] .side").nth(1).get_by_role("button", name="Use this one").click()
    expect(line(page)).to_have_text(SAVED)


def test_where_the_browser_keeps_nothing_any_more_the_page_works_and_says_so(page_as, ben, url, assignment):
    page = page_as(ben)
    page.add_init_script("Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };")
    page.goto(url)
    conclusion(page).fill("saved all the same")
    expect(line(page)).to_have_text(SAVED)
    page.route("**/sections/**", lambda route: route.abort())
    conclusion(page).fill("and now the server is away")
    expect(line(page)).to_have_text("not saved, retrying; not even kept in this browser: do not close the page")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.close(run_before_unload=True)
    expect(line(page)).to_have_text(re.compile("do not close"))
    assert asked == ["beforeunload"]
    page.unroute_all()
    expect(line(page)).to_have_text(SAVED)


def test_a_proposal_left_with_escape_is_still_there_and_goes_out_after_signing_in_in_another_tab(
    page_as, server, ben, url, assignment
):
    for label in ("Noisy data", "Privacy", "Labelling", "Integration"):
        make_code(Section.objects.get(key="challenges"), label)
    page = page_as(ben)
    page.goto(url)
    opener = page.locator("#s-challenges").get_by_role("button", name="Propose a code")
    dialog = page.locator("#propose-dialog")
    opener.click()
    dialog.get_by_label("Label").fill("Data poisoning")
    dialog.get_by_label("Definition").fill("Somebody spoils the data on purpose.")
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    opener.press("Enter")
    expect(dialog.get_by_label("Definition")).to_have_value("Somebody spoils the data on purpose.")
    other = page.context.new_page()
    other.goto(reverse("sign-in"))
    other.get_by_role("button", name="Sign out").click()
    other.get_by_label("E-mail or user name").fill("ben")
    other.get_by_label("Password").fill("a long enough password")
    other.get_by_label("Password").press("Enter")
    expect(other.get_by_role("button", name="Sign out")).to_be_visible()
    dialog.get_by_label("Why none of the codes fits").fill("It is an attack.")
    dialog.get_by_role("button", name="Propose").click()
    expect(dialog).to_be_hidden()
    assert Code.objects.filter(label="Data poisoning", proposed_by=ben).exists()


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
    draft = coding.open_summary(assignment)
    coding.save_answer(draft, Section.objects.get(key="challenges"), {"none_apply": True}, by=ben, based_on=0)
    coding.submit(draft, by=ben)
    page.unroute_all()
    expect(line(page)).to_have_text(re.compile("submitted elsewhere; reload to see it; kept in this browser"))
    page.goto(url)
    late = page.locator("#messages .alert")
    expect(late).to_have_count(1)
    expect(late).to_contain_text("Not in the summary")
    expect(late.locator("li")).to_have_count(2)
    assert sorted(late.locator("li").all_inner_texts()) == ["a late quote", "late words"]
    late.get_by_role("button", name="Remove them from this browser").click()
    expect(late).to_have_count(0)
    page.reload()
    expect(page.locator("#messages .alert")).to_have_count(0)


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


def test_somebody_who_left_the_team_is_not_told_that_another_person_is_signed_in(page_as, study, ben, url, assignment):
    page = page_as(ben)
    page.goto(url)
    study.memberships.filter(user=ben).delete()
    conclusion(page).fill("words")
    expect(line(page)).to_have_text(
        "not saved: whoever is signed in now has no such paper to code (this page is ben’s); kept in this browser"
    )


def test_a_code_renamed_or_proposed_a_moment_ago_stands_in_the_next_form(page_as, ben, cleo, url, study, paper):
    make_summary(paper, cleo, answers={"challenges": ["Talent"]})
    page = page_as(ben)
    page.goto(url)
    challenges = page.locator("#s-challenges")
    expect(challenges.get_by_label("Talent", exact=True)).to_be_visible()
    Code.objects.filter(label="Talent").update(label="Lack of talent")
    Code.objects.filter(label="Cost").update(status=Code.Status.RETIRED)
    section = Section.objects.get(key="challenges")
    coding.propose_code(section, label="Own", definition="d", reason="r", by=ben)
    coding.propose_code(section, label="Of somebody else", definition="d", reason="r", by=cleo)
    page.goto(url)
    labels = challenges.locator(".options [data-option-label]")
    expect(labels).to_have_text(["Data quality", "Model drift", "Lack of talent", "Own"])
