"""The coding screen in a real Chromium: by keyboard, without script, with codes of one's own, for
everybody.
"""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from mapping.models import Code, Section
from reviews.coding import drafts
from reviews.models import Answer, KeptEdit, Mark, Summary
from tests.answers import said
from tests.coding_screen import SAVED, attach, conclusion, line
from tests.making import PASSWORD, make_assignment, make_code, make_paper, make_summary

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# From some number of codes on the form offers a field to search them.
MORE_CODES = ("Noisy data", "Privacy", "Labelling", "Integration", "Verification")


@pytest.fixture
def paper(server, study):
    challenges = Section.objects.get(key="challenges")
    for label in MORE_CODES:
        make_code(
            challenges,
            label,
            definition=f"What is meant by {label}.",
            when_not="Not this.",
            example="That.",
        )
    return make_paper(
        study,
        "Towards MLOps",
        key="john2021towards",
        abstract="Teams retrain continuously when performance drops. مراقبة النماذج 模型监控.",
    )


def choose_and_quote_a_code(page):
    """From the top of the form: the first section, one code by its filter, its quote and page."""
    keys = page.keyboard
    keys.press("j")
    expect(page.locator("#s-challenges")).to_be_focused()
    keys.press("/")
    expect(page.get_by_label("Search the codes of Challenges")).to_be_focused()
    keys.type("priv")
    keys.press("ArrowDown")
    keys.press("Space")
    expect(page.locator("#s-challenges [data-chip-label]")).to_have_text(["Privacy"])
    keys.press("e")
    keys.type("few of us may see the data")
    keys.press("Tab")
    keys.type("4")
    keys.press("Escape")


def answer_the_other_sections(page):
    """A stage, not applicable, not reported, a number and a text, section by section."""
    keys = page.keyboard
    keys.press("j")
    keys.press("/")
    keys.press("Space")
    expect(page.locator("#s-maturity-stage [data-chip-label]")).to_have_count(1)
    keys.press("j")
    keys.press("u")
    keys.press("u")
    keys.press("n")
    keys.press("j")
    keys.press("r")
    keys.press("j")
    keys.press("/")
    keys.type("3.5")
    keys.press("Escape")
    keys.press("j")
    keys.press("/")
    keys.type("It is hard. j k / ? are letters here.")


def test_the_whole_job_by_keyboard(page_as, study, ben, url, assignment):
    following = make_assignment(make_paper(study, "Who Needs MLOps", key="next"), ben)
    page = page_as(ben)
    page.goto(url)
    keys = page.keyboard
    keys.press("?")
    expect(page.locator("#keys-dialog")).to_be_visible()
    keys.press("Escape")
    choose_and_quote_a_code(page)
    answer_the_other_sections(page)
    keys.press("Control+Enter")
    expect(page).to_have_url(re.compile("review"))
    expect(page.get_by_role("button", name="Submit")).to_be_focused()
    keys.press("Enter")
    expect(page).to_have_url(re.compile("papers/next/summary"))
    expect(page.locator("#messages")).to_contain_text("1 of 2")
    marks = Mark.objects.get(code__label="Privacy")
    assert (marks.quote, marks.page) == ("few of us may see the data", "4")
    assert said(assignment, "method").absence == "not_applicable"
    assert said(assignment, "replicable").absence == "not_reported"
    assert str(said(assignment, "cases").number) == "3.5"
    assert said(assignment, "conclusion").text == "It is hard. j k / ? are letters here."
    assert Summary.objects.get(assignment=assignment).is_submitted
    assert not Summary.objects.filter(assignment=following).exists()


def test_absences_codes_evidence_and_undo(page_as, ben, url, assignment):
    page = page_as(ben)
    page.goto(url)
    challenges = page.locator("#s-challenges")
    challenges.get_by_label("Privacy").check()
    challenges.get_by_text("add quote and page").click()
    challenges.locator("[name=challenges-mark-quote]").first.fill("first quote")
    challenges.get_by_text("another quote").click()
    challenges.locator("[name=challenges-mark-quote]").nth(1).fill("second quote")
    expect(line(page)).to_have_text(SAVED)
    challenges.get_by_label("not reported").check()
    expect(challenges.locator("[data-chip-label]")).to_have_count(0)
    expect(line(page)).to_have_text(SAVED)
    page.get_by_role("button", name="Undo").click()
    expect(challenges.locator("[data-chip-label]")).to_have_text(["Privacy"])
    expect(line(page)).to_have_text(SAVED)
    page.reload()
    assert [mark.evidence.quote for mark in said(assignment, "challenges").marks] == [
        "first quote",
        "second quote",
    ]
    page.get_by_role("button", name="Remove Privacy").click()
    expect(challenges.locator("[data-chip-label]")).to_have_count(0)
    expect(challenges.get_by_label("Privacy")).not_to_be_checked()
    page.keyboard.press("Escape")
    page.keyboard.press("z")
    expect(challenges.locator(".quote-link")).to_have_text(["“first quote”", "“second quote”"])
    expect(line(page)).to_have_text(SAVED)


def test_a_code_is_proposed_in_place_and_chosen_at_once(page_as, ben, url, assignment):
    page = page_as(ben)
    page.goto(url)
    challenges = page.locator("#s-challenges")
    challenges.get_by_role("button", name="Propose a code").click()
    dialog = page.locator("#propose-dialog")
    dialog.get_by_label("Label").fill("Privacies")
    expect(dialog.locator("[data-near-codes]")).to_contain_text("Privacy")
    dialog.get_by_label("Label").fill("Data poisoning")
    dialog.get_by_label("Definition").fill("Somebody spoils the data on purpose.")
    dialog.get_by_label("Why none of the codes fits").fill("It is an attack.")
    dialog.get_by_role("button", name="Propose").click()
    expect(dialog).to_be_hidden()
    expect(challenges.get_by_label("Data poisoning proposed")).to_be_focused()
    expect(line(page)).to_have_text(SAVED)
    assert Code.objects.get(label="Data poisoning").pk in said(assignment, "challenges").codes


@pytest.mark.parametrize(
    "facts", [{}, {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}}]
)
def test_axe_finds_nothing_serious_in_any_state(
    page_as, serious, ben, url, study, paper, assignment, facts
):
    attach(paper, [["A page."]])
    page = page_as(ben, **facts)
    page.goto(url)
    found = {"empty": serious(page)}
    challenges = page.locator("#s-challenges")
    challenges.get_by_label("Privacy").check()
    challenges.get_by_text("add quote and page").click()
    challenges.locator("[name=challenges-mark-quote]").first.fill("نص من اليمين إلى اليسار 引用")
    page.locator("[name=cases-number]").fill("many")
    expect(line(page)).to_have_text("not saved: Cases")
    found["refused"] = serious(page)
    page.locator("[name=cases-number]").fill("3")
    expect(line(page)).to_have_text(SAVED)
    conclusion(page).fill("one")
    expect(line(page)).to_have_text(SAVED)
    answer = Answer.objects.get(section__key="conclusion")
    KeptEdit.objects.create(answer=answer, content={"text": "two"}, based_on=0)
    page.get_by_role("button", name="Remove Privacy").click()
    page.reload()
    expect(page.locator("[data-kept] .side")).to_have_count(2)
    found["two versions"] = serious(page)
    for opener, dialog in (
        ("[data-keys]", "#keys-dialog"),
        ("#s-challenges [data-propose]", "#propose-dialog"),
    ):
        page.locator(opener).click()
        expect(page.locator(dialog)).to_be_visible()
        found[dialog] = serious(page)
        page.keyboard.press("Escape")
    page.goto(reverse("review", args=[study.slug, paper.key]))
    found["review"] = serious(page)
    KeptEdit.objects.all().delete()
    drafts.save_answer(
        Summary.objects.get(),
        Section.objects.get(key="challenges"),
        {"none_apply": True},
        by=ben,
        based_on=Answer.objects.get(section__key="challenges").version,
    )
    drafts.submit(Summary.objects.get(), by=ben)
    page.goto(url)
    found["submitted"] = serious(page)
    page.goto(f"{reverse('propose', args=[study.slug, paper.key])}?section=challenges")
    found["proposing"] = serious(page)
    assert not any(found.values()), found


def test_the_first_view_is_light_and_asks_nobody_else(page_as, server, ben, url, assignment):
    # of a new context: nothing is in its cache
    page = page_as(ben, fresh=True)
    seen = []

    def keep(response):  # Playwright marks its handlers, so a plain function
        seen.append(response)

    page.on("response", keep)
    page.goto(url)
    page.wait_for_load_state("networkidle")
    assert {response.url.split("/")[2] for response in seen} == {f"127.0.0.1:{server.port}"}
    sizes = {response.url: len(response.body()) for response in seen if response.status == 200}
    assert sum(sizes.values()) < 300_000, sizes
    assert not [address for address in sizes if "pdf" in address]


def test_without_script_the_whole_paper_is_coded_and_submitted(page_as, ben, url, assignment):
    page = page_as(ben, java_script_enabled=False)
    page.goto(url)
    paper, form = (
        page.locator("#paper-pane").bounding_box(),
        page.locator("#form-pane").bounding_box(),
    )
    assert form["width"] >= 600, "the form has its width"
    assert form["x"] >= paper["x"] + paper["width"], "the form stands beside the paper"
    challenges = page.locator("#s-challenges")
    expect(page.locator("[data-keys]")).to_be_hidden()
    challenges.get_by_label("Privacy").check()
    page.locator("[name=conclusion-text]").fill("It is hard.")
    page.locator(".sticky-bar").get_by_role("button", name="Save draft").click()
    expect(page.locator("#messages")).to_contain_text("Saved.")
    challenges.get_by_text("add quote and page").click()
    challenges.locator("[name=challenges-mark-quote]").fill("few may see the data")
    page.get_by_role("button", name="Review and submit").click()
    expect(page.locator(".judged").filter(has_text="few may see the data")).to_be_visible()
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("#messages")).to_contain_text("Submitted: Towards MLOps.")
    assert Summary.objects.get().is_submitted
    assert Mark.objects.get().quote == "few may see the data"


def test_a_proposal_left_with_escape_is_still_there_and_goes_out_after_signing_in_in_another_tab(
    page_as, server, ben, url, assignment
):
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
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_label("Password").press("Enter")
    expect(other.get_by_role("button", name="Sign out")).to_be_visible()
    dialog.get_by_label("Why none of the codes fits").fill("It is an attack.")
    dialog.get_by_role("button", name="Propose").click()
    expect(dialog).to_be_hidden()
    assert Code.objects.filter(label="Data poisoning", proposed_by=ben).exists()


def test_a_code_renamed_or_proposed_a_moment_ago_stands_in_the_next_form(
    page_as, ben, cleo, url, study, paper
):
    make_summary(paper, cleo, answers={"challenges": ["Talent"]})
    page = page_as(ben)
    page.goto(url)
    challenges = page.locator("#s-challenges")
    expect(challenges.get_by_label("Talent", exact=True)).to_be_visible()
    Code.objects.filter(label="Talent").update(label="Lack of talent")
    Code.objects.filter(label="Cost").update(status=Code.Status.RETIRED)
    section = Section.objects.get(key="challenges")
    drafts.propose_code(section, label="Own", definition="d", reason="r", by=ben)
    drafts.propose_code(section, label="Of somebody else", definition="d", reason="r", by=cleo)
    page.goto(url)
    labels = challenges.locator(".options [data-option-label]")
    expect(labels).to_have_text(
        ["Data quality", "Model drift", "Lack of talent", *MORE_CODES, "Own"]
    )
