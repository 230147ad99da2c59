"""The life of a code in a real Chromium: propose, accept, merge, undo, split, re-code."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from mapping.codebook import changes as codebook_changes
from mapping.models import Code, CodebookChange
from reviews.coding import drafts
from reviews.models import Mark, RecodingTask, Summary
from tests.making import make_code, make_paper, make_summary

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def chosen(page, act):
    """From the codebook page to one of the acts of a code, as a lead goes there."""
    label, word = act
    row = page.locator("tr", has=page.get_by_role("link", name=label, exact=True))
    row.get_by_role("link", name=f"Change {label}").click()
    page.get_by_role("link", name=word, exact=True).click()


def because(page, reason, button):
    page.get_by_label("Why").fill(reason)
    page.get_by_role("button", name=button, exact=True).click()


def accept_as_skills_gap(page):
    page.get_by_role("link", name="1 proposed code").click()
    expect(page.get_by_text("we could not hire anybody")).to_be_visible()
    page.get_by_role("link", name="Decide").click()
    page.locator("#accept").get_by_label("Label").fill("Skills gap")
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(page.get_by_text("Nothing is proposed")).to_be_visible()


def merge_into_talent(page):
    chosen(page, ("Skills gap", "Merge"))
    page.get_by_label("Merge into").select_option(label="Talent")
    # As soon as it is chosen; without script there is a button for it.
    expect(page.locator(".touches")).to_contain_text("Agreement of Challenges")
    page.get_by_role("button", name="Show what it would do").click()
    expect(page.locator(".touches")).to_contain_text("1 mark in 1 paper by 1 reviewer")
    because(page, "the same", "Merge")
    expect(page.get_by_role("heading", name="History of the codebook")).to_be_visible()


def undo_the_newest_change(page):
    page.locator(f"#version-{CodebookChange.objects.first().version}").get_by_role(
        "link", name="Undo"
    ).click()
    expect(page.locator(".touches")).to_contain_text("1 mark in 1 paper by 1 reviewer")
    page.get_by_role("button", name="Undo it").click()
    expect(page.locator(".notice", has_text="is undone")).to_be_visible()


def split_in_two(page):
    chosen(page, ("Skills gap", "Split"))
    page.locator("[name=label_1]").fill("Nobody to hire")
    page.locator("[name=label_2]").fill("Nobody to train")
    because(page, "two things", "Split and ask to re-code")
    expect(page.get_by_role("heading", name="History of the codebook")).to_be_visible()


def recode_from_the_queue(reviewer):
    reviewer.get_by_role("link", name="A telling title").first.click()
    expect(reviewer.get_by_text("we could not hire anybody")).to_be_visible()
    # Taking a code out and putting it back works as on the coding page.
    reviewer.get_by_label("Cost").check()
    reviewer.get_by_role("button", name="Remove Cost").click()
    expect(reviewer.get_by_label("Cost")).not_to_be_checked()
    reviewer.get_by_label("Nobody to hire").check()
    expect(reviewer.locator("[data-marks]")).to_contain_text("Nobody to hire")
    reviewer.get_by_role("button", name="Save and go on").click()
    expect(reviewer.get_by_role("heading", name="My queue")).to_be_visible()


def test_propose_accept_merge_undo_split_recode(page_as, study, ada, ben):
    section = study.sections.get(key="challenges")
    proposed = drafts.propose_code(
        section, label="Lack of talents", definition="", reason="none fits", by=ben
    )
    make_summary(
        make_paper(study, "A telling title"), ben, answers={"challenges": ["Lack of talents"]}
    )
    Mark.objects.update(quote="we could not hire anybody")
    the_codebook = reverse("codebook", args=[study.slug])

    page = page_as(ada)
    page.goto(the_codebook)
    accept_as_skills_gap(page)
    page.goto(the_codebook)
    merge_into_talent(page)
    assert Mark.objects.get().code.label == "Talent"
    undo_the_newest_change(page)
    assert Mark.objects.get().code == proposed
    page.goto(the_codebook)
    split_in_two(page)

    reviewer = page_as(ben)
    reviewer.goto(reverse("queue", args=[study.slug]))
    recode_from_the_queue(reviewer)
    assert not RecodingTask.objects.open().exists()
    newest = Summary.objects.get(revision=2)
    marks = Mark.objects.filter(answer__summary=newest)
    assert [(mark.code.label, mark.quote) for mark in marks] == [
        ("Nobody to hire", "we could not hire anybody")
    ]
    assert Code.objects.get(pk=proposed.pk).status == "retired"


def test_codes_are_dragged_into_another_order(server, page_as, study, ada):
    codes = study.sections.get(key="challenges").codes
    page = page_as(ada)
    page.goto(server.address(reverse("codebook", args=[study.slug]) + "?section=challenges"))
    rows = page.locator("tr[data-order]")
    expect(rows.first).to_contain_text("Data quality")
    rows.nth(3).drag_to(rows.first, target_position={"x": 40, "y": 4})
    expect(rows.first).to_contain_text("Cost")
    assert codes.first().label == "Cost"
    below = rows.nth(3).bounding_box()["height"] - 4
    rows.first.drag_to(rows.nth(3), target_position={"x": 40, "y": below})
    expect(rows.nth(3)).to_contain_text("Cost")
    assert codes.last().label == "Cost"
    assert page.problems == []


def test_ordering_codes_by_keyboard_keeps_the_focus(server, page_as, study, ada):
    page = page_as(ada)
    page.goto(server.address(reverse("codebook", args=[study.slug])))
    rows = page.locator("#section-challenges tr[data-order]")
    page.get_by_role("link", name="Talent", exact=True).focus()
    page.keyboard.press("Alt+ArrowUp")
    expect(rows.nth(1)).to_contain_text("Talent")
    expect(page.get_by_role("button", name="Move Talent up")).to_be_focused()
    page.keyboard.press("Alt+ArrowUp")
    expect(rows.first).to_contain_text("Talent")
    page.keyboard.press("Alt+ArrowDown")
    expect(rows.nth(1)).to_contain_text("Talent")
    # All sections are still there: nothing was narrowed on the way.
    expect(page.locator("#section-method")).to_be_visible()
    assert page.problems == []


def test_the_codebook_pages_are_accessible(server, page_as, study, ada, ben, serious):
    code = study.sections.get(key="challenges").codes.first()
    page = page_as(ada)
    addresses = [
        reverse(name, args=[study.slug])
        for name in ("codebook", "codebook-versions", "new-code", "proposals")
    ]
    addresses.append(reverse("merge-code", args=[study.slug, code.pk]))
    change = codebook_changes.retire(code, by=ada, reason="unused")
    addresses.append(reverse("undo-change", args=[study.slug, change.version]))
    proposed = make_code(code.section, "Skills", status="proposed", proposed_by=ben)
    addresses.append(reverse("decide-proposal", args=[study.slug, proposed.pk]))
    for address in addresses:
        page.goto(server.address(address))
        assert serious(page) == [], address
