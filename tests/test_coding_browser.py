"""The coding screen in a real Chromium: it never loses a word, whatever goes away under it."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.urls import reverse
from playwright.sync_api import expect

from mapping.models import Code, Section
from reviews import coding
from reviews.models import Answer, KeptEdit, Mark, Summary
from tests.making import PASSWORD, make_assignment, make_code, make_paper
from tests.pdfs import make_pdf

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SAVED = re.compile(r"^saved at \d\d:\d\d$")


@pytest.fixture
def paper(server, study):
    challenges = Section.objects.get(key="challenges")
    for label in ("Noisy data", "Privacy", "Labelling", "Integration", "Verification"):
        make_code(challenges, label, definition=f"What is meant by {label}.", when_not="Not this.", example="That.")
    return make_paper(
        study, "Towards MLOps", key="john2021towards",
        abstract="Teams retrain continuously when performance drops. مراقبة النماذج 模型监控.",
    )  # fmt: skip


@pytest.fixture
def assignment(paper, ben):
    return make_assignment(paper, ben)


@pytest.fixture
def url(study, paper, assignment):
    return reverse("summary", args=[study.slug, paper.key])


def conclusion(page):
    return page.locator("[name=conclusion-text]")


def line(page):
    return page.locator("[data-saved]")


def said(assignment, key):
    return coding.content_of(Answer.objects.filter(summary__assignment=assignment, section__key=key).first())


def kept_in(page):
    return page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('concord-kept')).length")


def chosen(page, key):
    return page.locator(f"#s-{key} [data-chip-label]").all_text_contents()


def test_typing_saves_itself_and_what_the_network_lost_goes_out_when_it_is_back(page_as, ben, url, assignment):
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
    assert [Code.objects.get(pk=pk).label for pk in said(assignment, "challenges").codes] == ["Privacy"]
    assert chosen(page, "challenges") == ["Privacy"]
    assert not KeptEdit.objects.exists()
    assert kept_in(page) == 0


def test_between_keystrokes_the_server_is_killed_and_started_and_nothing_is_lost(page_as, server, ben, url, assignment):
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


def test_an_ended_session_asks_to_sign_in_where_one_is_and_saves_then(page_as, ben, url, assignment):
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
    from tests.browser import sign_in

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


def test_the_whole_job_by_keyboard(page_as, study, ben, url, assignment):
    following = make_assignment(make_paper(study, "Who Needs MLOps", key="next"), ben)
    page = page_as(ben)
    page.goto(url)
    keys = page.keyboard
    keys.press("?")
    expect(page.locator("#keys-dialog")).to_be_visible()
    keys.press("Escape")
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
    assert [mark.quote for mark in said(assignment, "challenges").marks] == ["first quote", "second quote"]
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


def attach(paper, pages):
    paper.pdf.save("paper.pdf", ContentFile(make_pdf(pages)))


def test_words_selected_in_the_pdf_become_evidence_with_their_page_and_a_click_finds_them_again(
    page_as, ben, url, paper, assignment
):
    attach(paper, [["The first page says little."], ["Teams retrain continu-", "ously when performance drops."]])
    page = page_as(ben)
    page.goto(url)
    page.locator("#s-challenges").get_by_label("Model drift").check()
    page.get_by_label("Go to page").fill("2")
    page.get_by_label("Go to page").press("Enter")
    words = page.locator(".pdf-page[data-page='2'] .textLayer span")
    expect(words).to_have_count(2)
    start, end = words.nth(0).bounding_box(), words.nth(1).bounding_box()
    page.mouse.move(start["x"] + 1, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(end["x"] + end["width"] - 1, end["y"] + end["height"] / 2, steps=5)
    page.mouse.up()
    bar = page.locator("[data-quote-popup]")
    expect(bar).to_be_visible()
    bar.get_by_label("Quote for").select_option("challenges")
    bar.get_by_label("code").select_option(label="Model drift")
    bar.get_by_role("button", name="Add").click()
    expect(line(page)).to_have_text(SAVED)
    mark = Mark.objects.get()
    assert (mark.code.label, mark.quote, mark.page) == (
        "Model drift", "Teams retrain continuously when performance drops.", "2"
    )  # fmt: skip

    page.get_by_label("Go to page").fill("1")
    page.get_by_label("Go to page").press("Enter")
    page.locator(".quote-link").click()
    expect(page.locator("[data-pdf]")).to_have_attribute("data-shown", re.compile("^2: Teams retrain"))
    page.get_by_label("Search in the paper").fill("RETRAIN")
    page.get_by_label("Search in the paper").press("Enter")
    expect(page.locator("[data-pdf-found]")).to_have_text("1 of 1, p. 2")


def select_words(page, words):
    """Select these words of the abstract as a mouse would, and let the page know."""
    page.locator("[data-quotable] p").first.evaluate(
        """(paragraph, words) => {
            const text = paragraph.firstChild, start = text.data.indexOf(words), range = document.createRange();
            range.setStart(text, start);
            range.setEnd(text, start + words.length);
            getSelection().removeAllRanges();
            getSelection().addRange(range);
            paragraph.dispatchEvent(new PointerEvent("pointerup", {bubbles: true}));
        }""",
        words,
    )
    bar = page.locator("[data-quote-popup]")
    expect(bar).to_be_visible()
    return bar


def test_words_selected_in_the_abstract_become_evidence(page_as, ben, url, assignment):
    page = page_as(ben)
    page.goto(url)
    bar = select_words(page, "retrain continuously")
    bar.get_by_label("Quote for").select_option("conclusion")
    bar.get_by_role("button", name="Add").click()
    expect(page.locator("#s-conclusion .quote-link")).to_have_text("“retrain continuously”")
    bar = select_words(page, "when performance drops")
    expect(bar.get_by_label("Quote for")).to_have_value("conclusion")
    bar.get_by_role("button", name="Add").click()
    bar = select_words(page, "Teams")
    bar.get_by_label("Quote for").select_option("challenges")
    bar.get_by_label("code").select_option(label="Model drift")
    bar.get_by_role("button", name="Add").click()
    expect(page.locator("#s-challenges .quote-link")).to_have_text("“Teams”")
    bar = select_words(page, "performance")
    bar.get_by_label("Quote for").select_option("challenges")
    bar.get_by_label("code").select_option(label="the answer as a whole")
    bar.get_by_role("button", name="Add").click()
    expect(line(page)).to_have_text(SAVED)
    assert said(assignment, "conclusion").quote == "retrain continuously\nwhen performance drops"
    challenges = said(assignment, "challenges")
    assert [(mark.quote, mark.page) for mark in challenges.marks] == [("Teams", "")]
    assert challenges.quote == "performance"
    page.reload()
    page.locator("#s-challenges .quote-link").first.click()
    expect(page.locator("[data-quotable]")).to_have_attribute("data-found", "Teams")
    page.get_by_label("Why for Conclusion").evaluate("field => field.closest('details').open = true")
    page.get_by_label("Why for Conclusion").fill("said twice")
    expect(line(page)).to_have_text(SAVED)
    page.locator("#s-conclusion [data-proof-answer] [data-remove-mark]").click()
    expect(page.locator("#s-conclusion .quote-link")).to_have_count(0)
    expect(line(page)).to_have_text(SAVED)
    assert not said(assignment, "conclusion").quote
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#s-conclusion [data-proof]")).to_contain_text("why: said twice")


def test_of_300_pages_the_first_is_there_without_the_rest(page_as, ben, url, paper, assignment):
    attach(paper, [[f"Page {number} {'x' * 60}"] * 40 for number in range(1, 301)])
    page = page_as(ben)
    page.goto(url)
    expect(page.locator(".pdf-page[data-page='1'] .textLayer span").first).to_have_text(re.compile("^Page 1 "))
    expect(page.locator("[data-pdf-pages]")).to_have_text("300")
    assert page.locator(".pdf-page[data-drawn]").count() < 10
    page.get_by_label("Go to page").fill("250")
    page.get_by_label("Go to page").press("Enter")
    expect(page.locator(".pdf-page[data-page='250'] .textLayer span").first).to_have_text(re.compile("^Page 250 "))


@pytest.mark.parametrize("facts", [{}, {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}}])
def test_axe_finds_nothing_serious_in_any_state(page_as, serious, ben, url, study, paper, assignment, facts):
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
    for opener, dialog in (("[data-keys]", "#keys-dialog"), ("#s-challenges [data-propose]", "#propose-dialog")):
        page.locator(opener).click()
        expect(page.locator(dialog)).to_be_visible()
        found[dialog] = serious(page)
        page.keyboard.press("Escape")
    page.goto(reverse("review", args=[study.slug, paper.key]))
    found["review"] = serious(page)
    KeptEdit.objects.all().delete()
    coding.save_answer(
        Summary.objects.get(), Section.objects.get(key="challenges"), {"none_apply": True}, by=ben,
        based_on=Answer.objects.get(section__key="challenges").version,
    )  # fmt: skip
    coding.submit(Summary.objects.get(), by=ben)
    page.goto(url)
    found["submitted"] = serious(page)
    page.goto(f"{reverse('propose', args=[study.slug, paper.key])}?section=challenges")
    found["proposing"] = serious(page)
    assert not any(found.values()), found


def test_the_first_view_is_light_and_asks_nobody_else(page_as, server, ben, url, assignment):
    page = page_as(ben)
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
    paper, form = page.locator("#paper-pane").bounding_box(), page.locator("#form-pane").bounding_box()
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
