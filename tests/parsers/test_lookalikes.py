"""Labels that nobody can tell apart are one label, on every way in; nothing built on older ones
fails.
"""

import io
from unicodedata import normalize

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.urls import reverse

from mapping import charts
from mapping.codebook import changes as codebook_changes
from mapping.codebook import importing
from mapping.models import Code, Paper
from mapping.parsers.lookalikes import look, sameness, visible
from mapping.protocol.files import create_study, dump, read
from reviews.codebook import undo
from reviews.coding import drafts
from reviews.exchange.importing import import_codings, import_summaries
from tests.exchange.test_bundle import bundle_of, come_back
from tests.making import make_paper, make_round, make_summary, make_user

PLAIN = "Café study-A"
TWINS = {
    "soft hyphen": "Ca\u00adfé study-A",
    "zero-width space": "Café\u200b study-A",
    "zero-width joiner": "Caf\u200dé study-A",
    "zero-width non-joiner": "Caf\u200cé study-A",
    "byte-order mark": "\ufeffCafé study-A",
    "word joiner": "Café study\u2060-A",
    "no-break space": "Café\u00a0study-A",
    "thin space": "Café\u2009study-A",
    "combining": normalize("NFD", "Café study-A"),
    "full-width": "Ｃａｆé　ｓｔｕｄｙ－Ａ",
    "hyphen": "Café study\u2010A",
    "no-break hyphen": "Café study\u2011A",
    "dash": "Café study–A",
    "minus": "Café study\u2212A",
    "direction": "\u202eCafé study-A\u202c",
    "isolate": "\u2066Café study-A\u2069",
    "variation": "Café\ufe0f study-A",
    "tag": "Café study-A\U000e0041",
    "control": "Café\x07 study-A",
    "line end": "Café\r\nstudy-A",
}


@pytest.mark.parametrize("kind", TWINS)
def test_labels_that_look_the_same_are_equal(kind):
    assert look(TWINS[kind]) == look(PLAIN)
    assert sameness(TWINS[kind].upper()) == sameness(PLAIN)
    assert sameness(TWINS[kind]) != sameness("Cafe study-A")
    kept = visible(TWINS[kind])
    assert kept == visible(kept)
    assert not {"\u00ad", "\u200b", "\ufeff", "\u202e", "\x07"} & set(kept)


@pytest.mark.parametrize("text", ["می‌خواهم", "👩‍🔬 lab", "क्‍ष", "naïve", "C++", "l’été", "A – B"])
def test_visible_characters_are_kept(text):
    assert visible(text) == normalize("NFC", text)


@pytest.fixture
def section(study, ada):
    section = study.sections.get(key="challenges")
    codebook_changes.add(section, by=ada, facts={"label": PLAIN})
    return section


def labels(section):
    return [code.label for code in section.codes.all() if sameness(code.label) == sameness(PLAIN)]


@pytest.mark.parametrize("kind", TWINS)
def test_codebook_forms_refuse_a_lookalike_code(kind, section, ada, ben):
    with pytest.raises(ValidationError, match="already"):
        codebook_changes.add(section, by=ada, facts={"label": TWINS[kind]})
    other = codebook_changes.add(section, by=ada, facts={"label": "Other"})
    with pytest.raises(ValidationError, match="already"):
        codebook_changes.edit(other, by=ada, facts={"label": TWINS[kind]}, reason="x")
    with pytest.raises(ValidationError, match="there already"):
        drafts.propose_code(section, label=TWINS[kind], definition="d", reason="r", by=ben)
    assert labels(section) == [PLAIN]


@pytest.mark.parametrize("kind", TWINS)
def test_a_lookalike_in_a_codebook_file_changes_the_existing_code(kind, section, study, ada):
    table = importing.read(
        "c.csv", f'section,label,definition\nchallenges,"{TWINS[kind]}",New\n'.encode()
    )
    outcome = importing.import_codebook(study, table, by=ada, reason="x")
    assert [line.outcome for line in outcome.lines] == ["changed"]
    assert section.codes.get(label=PLAIN).definition == "New"


@pytest.mark.parametrize("kind", TWINS)
def test_imported_codings_of_a_lookalike_count_for_the_code_with_a_note(
    kind, section, study, ada, ben
):
    make_paper(study, key="p")
    content = f'paper,reviewer,section,value\np,ben,challenges,"{TWINS[kind]}"\n'.encode()
    outcome = import_codings(study, file_name="c.csv", content=content, by=ada, may_create=True)
    assert (outcome["problems"], outcome["created"]["codes"], outcome["marks"]) == ([], 0, 1)
    assert labels(section) == [PLAIN]


def test_lookalikes_within_one_file_become_one_code(study, as_user, ada):
    rows = ["paper,reviewer,section,value", "P1,r1,approach,Case study", "P1,r1,approach,Survey"]
    rows += ["P2,r1,approach,Case\u00ad study", "P2,r1,approach,Survey"]
    content = "\n".join(rows).encode()
    outcome = import_codings(study, file_name="c.csv", content=content, by=ada, may_create=True)
    assert outcome["made"]["codes"] == ["approach: Case study", "approach: Survey"]
    assert outcome["notes"] == [
        "“Case study” (approach) is also written with SOFT HYPHEN (U+00AD): taken as one."
    ]
    call_command("settle", study.slug, stdout=io.StringIO())
    page = as_user(ada).get(
        reverse("map", args=[study.slug]), {"y": "approach", "x": "year", "kind": "bars"}
    )
    assert (page.status_code, page.text.count("<svg") > 0) == (200, True)


def test_a_lookalike_in_a_summary_template_is_the_code(section, study, ada, ben):
    text = f"# A paper\n\n## Paper Title: A paper\n\n## Challenges\n\n- {TWINS['soft hyphen']}\n"
    import_summaries(study, files=[("a.md", text.encode())], reviewer=ben, by=ada)
    assert labels(section) == [PLAIN]


def test_lookalike_codes_of_a_protocol_become_one_with_a_note(study, ada):
    kept = dump(study)
    place = next(place for place, one in enumerate(kept["sections"]) if one["key"] == "challenges")
    kept["sections"][place]["codes"] = [
        {"label": PLAIN},
        {"label": TWINS["soft hyphen"]},
        {"label": "Under", "parent": TWINS["dash"]},
    ]
    protocol = read(kept)
    assert [code.label for code in protocol.sections[place].codes] == [PLAIN, "Under"]
    (note,) = protocol.notes
    assert note.startswith(f"sections[{place}].codes[1].label: ")
    made = create_study(title="Another", lead=ada, protocol=protocol, by=ada)
    assert made.sections.get(key="challenges").codes.get(label="Under").parent.label == PLAIN


@pytest.fixture
def twins(study, ben):
    """Codes as an older version let them in: alike to every eye, each with a mark."""
    section = study.sections.get(key="challenges")
    round = make_round(study)
    written = [
        PLAIN,
        *TWINS.values(),
        "\u200b",
        "\u200b\u200b",
        "😀" * 40,
        "x" * 300,
        "שלום עולם",
        "constructor",
    ]
    for place, label in enumerate(dict.fromkeys(written)):
        Code.objects.create(section=section, label=label, position=place)
        paper = make_paper(study, f"Paper {place}", key=f"p{place}", year=2000 + place % 3)
        make_summary(paper, ben, round=round, answers={"challenges": [label]})
    Paper.objects.filter(key="p1").update(venue="A\u00ad venue " + "very long " * 1000)
    Paper.objects.filter(key="p2").update(venue="A venue " + "very long " * 1000)
    return section


@pytest.mark.parametrize(
    "asked",
    [
        {"kind": "bubble", "y": "challenges", "x": "year"},
        {"kind": "bubble", "y": "year", "x": "challenges"},
        {"kind": "bars", "y": "challenges"},
        {"kind": "heat", "y": "challenges", "x": "venue"},
        {"kind": "trend", "y": "challenges"},
        {"kind": "cooccurrence", "y": "challenges"},
        {"kind": "venues", "y": "challenges"},
        {"kind": "bubble", "y": "challenges", "x": "challenges", "years": "on"},
    ],
)
def test_existing_lookalikes_do_not_break_maps_and_files(asked, twins, study, as_user, ada):
    lead = as_user(ada)
    for source in ("provisional", "settled"):
        page = lead.get(reverse("map", args=[study.slug]), {**asked, "source": source})
        assert page.status_code == 200
        assert "<svg" in page.text or "Nothing to count" in page.text
        for name in ("map-svg", "map-csv", "map-tex"):
            assert (
                lead.get(reverse(name, args=[study.slug]), {**asked, "source": source}).status_code
                == 200
            )


def test_existing_lookalikes_do_not_break_pages_and_bundles(twins, study, as_user, ada):
    lead = as_user(ada)
    for name in (
        "codebook",
        "agreement",
        "disagreements",
        "export",
        "evidence",
        "methods",
        "flow-svg",
        "papers",
    ):
        assert lead.get(reverse(name, args=[study.slug])).status_code == 200
    again = come_back(bundle_of(study))
    brought = [code.label for code in again.sections.get(key="challenges").codes.all()]
    assert brought == [code.label.replace("\r\n", "\n") for code in twins.codes.all()]
    one = twins.codes.get(label=TWINS["soft hyphen"])
    codebook_changes.edit(one, by=ada, facts={"definition": "Mended"}, reason="x")
    change = codebook_changes.retire(one, by=ada, reason="a twin")
    undo.undo(change, by=ada)


def test_a_figure_that_cannot_be_drawn_is_replaced_by_its_table_and_the_reason(
    twins, study, as_user, ada, monkeypatch
):
    def refuse(*_, **__):
        raise ValueError("Two rows are called “x”.")

    monkeypatch.setattr(charts, "bars", refuse)
    asked = {"kind": "bars", "y": "challenges", "source": "provisional"}
    page = as_user(ada).get(reverse("map", args=[study.slug]), asked)
    assert page.status_code == 200
    assert (
        "The figure cannot be drawn: Two rows are called “x”. Its numbers stand in the table below."
        in page.text
    )
    assert "The same as a table" in page.text
    file = as_user(ada).get(reverse("map-svg", args=[study.slug]), asked)
    assert (file.status_code, "Two rows are called" in file.text) == (422, True)


def test_the_flow_chart_is_valid_whatever_codes_are_called(study, as_user, ada):
    from xml.etree import ElementTree as ET

    section = study.sections.get(key="method")
    section.codes.update(excludes_paper=True)
    Code.objects.filter(pk=section.codes.first().pk).update(
        label="A\x07 \u202ecode\ufffe <&\u2028>"
    )
    make_summary(make_paper(study), make_user("dan"), round=make_round(study))
    drawn = as_user(ada).get(reverse("flow-svg", args=[study.slug]))
    ET.fromstring(drawn.content)  # noqa: S314


def test_names_of_sections_rounds_and_studies_lose_invisible_characters(study, as_user, ada):
    lead, hidden = as_user(ada), "Ca\u00adfé\u200b  ＡB\u202e"
    facts = {"label": hidden, "kind": "text", "phase": study.phases.get().pk}
    assert lead.post(reverse("new-section", args=[study.slug]), facts).status_code == 302
    assert study.sections.filter(label="Café ＡB").exists()
    assert (
        lead.post(
            reverse("new-round", args=[study.slug]), {"name": hidden, "phase": facts["phase"]}
        ).status_code
        == 302
    )
    assert study.rounds.get().name == "Café ＡB"
    assert lead.post(reverse("new-study"), {"title": hidden, "start": "blank"}).status_code == 302
    assert study.__class__.objects.filter(title="Café ＡB").exists()
