"""Every kind of section and every absence, all the way round: coded in the form, compared, settled,
measured, exported, imported. A new one is not forgotten anywhere, or fails here.
"""

import io
import json
from pathlib import Path

import pytest
from django.core.management import call_command

from mapping.exchange.table import lines
from mapping.judgement.absences import LABELS, Absence
from mapping.judgement.kinds import KINDS
from mapping.models import Code, Finding, Section
from reviews.coding import drafts
from reviews.exchange.scope import scope_of_all
from reviews.exchange.tables.codings import CODINGS, FINDINGS
from reviews.models import Answer, Summary
from tests.answers import fill
from tests.codings import take
from tests.exchange.test_bundle import bundle_of, empty_the_site, files_in
from tests.making import make_assignment, make_code, make_paper, make_round, make_section
from tests.reading import form_in

DOCS = Path(__file__).resolve().parents[2] / "docs"
# What two people type into the field of a section, and what files say of it.
ANSWERS = {
    "codes": ("Idea", "Product"),
    "code": ("Idea", "Product"),
    "stage": ("Idea", "Product"),
    "yes_no": ("yes", "no"),
    "number": ("3", "4"),
    "text": ("Works", "Fails"),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def paper(study):
    Section.objects.update(is_required=False)
    for place, kind in enumerate(KINDS):
        section = make_section(study.phases.get(), f"a-{place}", kind, label=f"A {kind}")
        if section.has_codes:
            for label in ("Idea", "Product"):
                make_code(section, label)
    make_round(study, "Main")
    return make_paper(study, key="towards")


@pytest.fixture
def coded(study, paper, ben, cleo, as_user):
    """Ben and Cleo fill the form with these values and submit."""
    url = f"/s/{study.slug}/papers/towards/summary/"

    def code_paper(section, field, *values):
        for user, value in zip((ben, cleo), values, strict=True):
            make_assignment(paper, user)
            fill(as_user(user), url, **{f"{section.key}__{field}": value})
            drafts.submit(Summary.objects.get(assignment__reviewer=user), by=user)

    return code_paper


def typed(section, value):
    """The field of the form, and what is posted for a value."""
    if section.has_codes:
        return "codes", str(Code.objects.get(section=section, label=value).pk)
    return section.kind_of.field, value


def table(study, which):
    return "".join(lines(which, scope_of_all(study)))


def settle(client, study, section, **posted):
    at = f"/s/{study.slug}/papers/towards/comparison/"
    fields = form_in(client.get(at), f"settle-{section.key}")
    fields |= {"cause": "oversight", "rationale": "Read again.", **posted}
    answer = client.post(f"{at}{section.key}/settle/", fields)
    assert answer.status_code == 302, answer.content.decode()


def comes_back(study, tmp_path):
    """Whether another site has the same codings and findings, and the same figures, from the
    bundle.
    """
    first = files_in(bundle_of(study))
    (tmp_path / "bundle.zip").write_bytes(bundle_of(study))
    empty_the_site()
    call_command("import_study", str(tmp_path / "bundle.zip"))
    again = files_in(bundle_of(type(study).objects.exclude(slug__startswith="old-").get()))
    names = ("codings.csv", "findings.csv", "findings_wide.csv", "agreement.csv")
    return [name for name in names if again[name] != first[name]] == []


def figures(study):
    out = io.StringIO()
    call_command("agreement", study.slug, "--json", stdout=out)
    return {one["section"]: one for one in json.loads(out.getvalue())["sections"]}


@every_kind
def test_a_value_of_every_kind_goes_all_the_way_round(kind, study, coded, ada, as_user, tmp_path):
    section = study.sections.get(label=f"A {kind}")
    mine, other = ANSWERS[kind]
    field, _ = typed(section, mine)
    coded(section, field, typed(section, mine)[1], typed(section, other)[1])

    lead = as_user(ada)
    page = lead.get(f"/s/{study.slug}/papers/towards/comparison/").content.decode()
    assert mine in page
    assert other in page
    settle(lead, study, section, way="take-A")
    assert f",{section.key},{kind},{mine},," in table(study, FINDINGS)
    settle(lead, study, section, way="own", **{field: typed(section, other)[1]})
    assert f",{section.key},{kind},{other},," in table(study, FINDINGS)

    codings = table(study, CODINGS)
    assert f"ben,1,{section.key},{kind},{mine},," in codings
    assert f"cleo,1,{section.key},{kind},{other},," in codings
    assert (section.key in figures(study)) == section.kind_of.is_coded
    assert comes_back(study, tmp_path)


@every_kind
def test_a_value_of_every_kind_comes_in_from_a_spreadsheet(kind, study, paper, ada):
    section = study.sections.get(label=f"A {kind}")
    value = ANSWERS[kind][0]
    outcome = take(study, ada, f"towards,ben,{section.key},{value}")
    assert outcome["problems"] == []
    assert f"ben,1,{section.key},{kind},{value},," in table(study, CODINGS)


@pytest.mark.parametrize("absence", Absence)
def test_every_absence_goes_all_the_way_round(absence, study, coded, ada, as_user, tmp_path):
    section = study.sections.get(label="A code")
    coded(section, "absence", absence, absence)

    # Unanimous: it has settled itself.
    assert Finding.objects.get(section=section).absence == absence
    lead = as_user(ada)
    assert absence.label in lead.get(f"/s/{study.slug}/papers/towards/comparison/").content.decode()
    shown = lead.get(f"/s/{study.slug}/map/?y={section.key}&x=year&absences=on").content.decode()
    assert f"({absence.label})" in shown
    assert figures(study)[section.key]["prevalence"][0]["value"] == absence.label
    assert f"ben,1,{section.key},code,,{absence.value}," in table(study, CODINGS)
    readme = files_in(bundle_of(study))["README.md"]
    assert f"`{absence.value}`" in readme
    assert comes_back(study, tmp_path)


@pytest.mark.parametrize("absence", Absence)
@every_kind
def test_every_absence_comes_in_from_a_spreadsheet_by_its_name_and_its_words(
    kind, absence, study, paper, ada
):
    section = study.sections.get(label=f"A {kind}")
    head = "paper,reviewer,section,value,absence"
    outcome = take(study, ada, f"towards,ben,{section.key},,{absence.label}", head=head)
    assert outcome["problems"] == []
    assert Answer.objects.get(section=section).absence == absence
    assert f"ben,1,{section.key},{kind},,{absence.value}," in table(study, CODINGS)


def test_pages_list_every_absence(study, paper, ada, ben, as_user):
    make_assignment(paper, ben)
    page = as_user(ben).get(f"/s/{study.slug}/papers/towards/summary/").content.decode()
    for name, label in LABELS.items():
        assert f'value="{name}"> {label}</label>' in page


def test_every_kind_is_in_the_documentation():
    text = (DOCS / "protocol.md").read_text()
    assert [name for name in KINDS if f"`{name}`" not in text] == []
