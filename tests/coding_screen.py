"""The coding page in a real Chromium, as the tests of it read it."""

import re

from django.core.files.base import ContentFile
from playwright.sync_api import expect

from tests.browser import wait_for_answers
from tests.pdfs import make_pdf

SAVED = re.compile(r"^saved at \d\d:\d\d$")


def line(page):
    """The line in the head that says how things stand."""
    return page.locator("[data-saved]")


def conclusion(page):
    return page.locator("[name=conclusion-text]")


def at_rest(page):
    """Waits until nothing is on its way to the server: the next test empties the database."""
    if line(page).count():
        expect(line(page)).not_to_have_text("saving …")
    wait_for_answers(page)


def kept_in(page):
    """How many sections wait in the browser."""
    return page.evaluate(
        "Object.keys(localStorage).filter((name) => name.startsWith('concord-kept')).length"
    )


def chosen(page, key):
    return page.locator(f"#s-{key} [data-chip-label]").all_text_contents()


def attach(paper, pages):
    paper.pdf.save("paper.pdf", ContentFile(make_pdf(pages)))


def select_words(page, words):
    """Select these words of the abstract as a mouse would, and let the page know."""
    page.locator("[data-quotable] p").first.evaluate(
        """(paragraph, words) => {
            const text = paragraph.firstChild, start = text.data.indexOf(words);
            const range = document.createRange();
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
