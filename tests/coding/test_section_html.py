"""A section of the form as HTML: whatever people wrote is text in it, and nothing of one paper is
left over in another.
"""

from dataclasses import replace
from html import escape, unescape
from re import findall

import pytest
from jinja2 import UndefinedError

from mapping.judgement.kinds import KINDS
from mapping.judgement.values import BLANK, Evidence, Mark
from mapping.site.jinja import jinja_template
from reviews.coding.questionnaire import Kept, Option, SectionSheet
from reviews.coding.section_html import section_html

HOSTILE = [
    "<script>alert('x')</script>",
    '"><img src=x onerror="y">',
    "{{ sheet.key }}{% if x %}{# y #}",
    "\ue000quote\ue001 \ue000 \ue001",
    "&amp; &lt;",
    "None",
    "null",
]


def sheet_of(kind, word, *, with_codes=True, **facts):
    options = [Option(pk, f"{word}{pk}", word, word, word) for pk in (1, 2)] if with_codes else []
    return SectionSheet(1, "k", word, kind, help=word, options=tuple(options), **facts)


@pytest.mark.parametrize("word", HOSTILE)
@pytest.mark.parametrize("kind", KINDS)
def test_every_word_comes_out_as_it_was_written(kind, word):
    has_codes = KINDS[kind].has_codes
    evidence = Evidence(word, word, word)
    said = replace(
        BLANK,
        text=word if kind == "text" else "",
        marks=(Mark(1, evidence),) if has_codes else (),
        evidence=evidence,
    )
    sheet = sheet_of(
        kind,
        word,
        with_codes=has_codes,
        content=said,
        version=1,
        notices=(word,),
        kept=(Kept(1, said),),
    )
    html = section_html(sheet, problems=[word])
    plain = section_html(replace_words(sheet, "plain"), problems=["plain"])
    assert unescape(html).count(word) == plain.count("plain")
    assert escape(word) == word or word not in html


def replace_words(sheet, word):
    evidence = Evidence(word, word, word)
    said = replace(
        sheet.content,
        text=sheet.content.text and word,
        marks=tuple(Mark(mark.code, evidence) for mark in sheet.content.marks),
        evidence=evidence,
    )
    other = sheet_of(sheet.kind, word, with_codes=bool(sheet.options), content=said, version=1)
    return replace(other, notices=(word,), kept=(Kept(1, said),))


def ticked(html):
    return findall(r'name="k-codes" value="(\d+)"[^>]* checked', html)


@pytest.mark.parametrize("kind", ["codes", "code", "stage"])
def test_each_paper_has_its_own_ticks_and_words(kind):
    blank = sheet_of(kind, "Code ")
    first, second = (
        section_html(
            replace(blank, content=replace(BLANK, marks=(Mark(pk, Evidence(f"Said {pk}")),)))
        )
        for pk in (1, 2)
    )
    assert (ticked(first), ticked(second), ticked(section_html(blank))) == (["1"], ["2"], [])
    assert "Said 2" not in first
    assert "Said 1" not in second
    assert "Said" not in section_html(blank)


def test_a_template_with_a_missing_value_is_an_error_and_no_gap():
    with pytest.raises(UndefinedError, match="chosen"):
        jinja_template(
            "coding/_options.jinja", key="k", input_type="radio", choices=[Option(1, "A")]
        )
