"""The preview of every act on the codebook: what it touches, and what the agreement becomes, by
number.
"""

from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from mapping.codebook import changes as codebook_changes
from mapping.codebook import versions
from mapping.codebook.order import reorder
from mapping.models import Code, CodebookChange, LogEntry, Section
from reviews.agreement.page import VisibleAgreement
from reviews.codebook import code_changes, code_moves, impact
from reviews.codebook import page as codebook_page
from reviews.codebook import undo as codebook_undo
from reviews.models import EarlyLook, Mark
from tests.making import make_code, make_paper, make_section, make_summary, membership_of


@pytest.fixture
def codes(study):
    return {code.label: code for code in Code.objects.filter(section__study=study)}


@pytest.fixture
def coded(study, ben, cleo):
    said = [
        (["Data quality", "Talent"], ["Data quality"], "Manual", "Automated training"),
        (["Model drift"], ["Data quality", "Model drift"], "Monitored", "Monitored"),
        (["Cost"], ["Talent"], "Manual", "Manual"),
    ]
    papers = [make_paper(study) for _ in said]
    for paper, (one, other, stage, other_stage) in zip(papers, said, strict=True):
        make_summary(
            paper, ben, answers={"challenges": one, "maturity-stage": stage, "method": None}
        )
        make_summary(
            paper,
            cleo,
            answers={"challenges": other, "maturity-stage": other_stage, "method": "Survey"},
        )
    return papers


def figures(touched):
    """`{(section key, level): (now, then)}`, rounded as on the page."""
    rounded = lambda figure: figure and figure.value and round(figure.value, 2)  # noqa: E731
    return {
        (one.section.key, one.level): (rounded(one.now), rounded(one.then))
        for one in touched.agreement
    }


def alphas(study, user):
    """What the agreement page says of every section with codes, all rounds together."""
    shown = VisibleAgreement(membership_of(user, study))
    sections = Section.objects.with_codes().filter(study=study)
    reports = {
        section.key: shown.report(section)["coefficients"]["krippendorff_alpha"]
        for section in sections
    }
    return {
        key: (found["value"], found["papers"], found["raters"]) for key, found in reports.items()
    }


def test_codebook_and_agreement_pages_show_the_same_figures(study, ada, ben, coded):
    # None of the codes of a single choice is an answer, and who looked early is no independent
    # reader.
    paper = make_paper(study)
    EarlyLook.objects.create(paper=paper, phase=study.phases.get(), user=ada, reason="to train Ben")
    for reader, said in ((ada, ["Cost"]), (ben, ["Talent"])):
        make_summary(paper, reader, answers={"challenges": said, "method": "Case study"})
    chapters = codebook_page.chapters(membership_of(ada, study))
    here = {
        one.section.key: (one.alpha.value, one.alpha.papers, one.alpha.raters) for one in chapters
    }
    assert here == alphas(study, ada)
    assert here["challenges"][1] == 3
    by_code = {
        entry.code.label: entry.alpha and entry.alpha.value
        for one in chapters
        for entry in one.entries
        if one.section.key == "challenges"
    }
    shown = VisibleAgreement(membership_of(ada, study)).report(
        study.sections.get(key="challenges")
    )["codes"]
    assert {one["code"]: one["krippendorff_alpha"] for one in shown} == by_code


ACTS = {
    "merge": lambda codes, ada: partial(
        code_changes.merge, codes["Talent"], into=codes["Cost"], by=ada, reason="same"
    ),
    "group": lambda codes, ada: partial(
        codebook_changes.edit,
        codes["Talent"],
        by=ada,
        facts={"parent": codes["Cost"]},
        reason="kin",
    ),
    "order": lambda codes, ada: partial(reorder, codes["Manual"], after=codes["Monitored"], by=ada),
}


@pytest.mark.parametrize(
    ("act", "label", "changed"),
    [
        ("merge", "Talent", {("challenges", "code")}),
        ("group", "Talent", {("challenges", "parent")}),
        ("order", "Manual", {("maturity-stage", "code")}),
    ],
)
def test_the_preview_shows_the_agreement_that_the_act_results_in(
    study, ada, codes, coded, act, label, changed
):
    act = ACTS[act](codes, ada)
    found = impact.touched(codes[label], membership_of(ada, study), act)
    assert not CodebookChange.objects.exists()
    assert not LogEntry.objects.exists()
    foreseen = figures(found)
    assert {place for place, (now, then) in foreseen.items() if now != then} == changed
    act()
    now = impact.rated([codes[label].section], membership_of(ada, study))
    assert {
        (s.key, level): round(impact.headline(one).value, 2) for (s, level), one in now.items()
    } == {place: then for place, (_, then) in foreseen.items()}


def test_the_preview_of_a_move_shows_both_sections(study, ada, codes, coded):
    there = make_section(study.phases.get(), "benefits")
    make_code(there, "Speed")
    act = partial(code_moves.move, codes["Talent"], to=there, by=ada, reason="it is none")
    found = impact.touched(codes["Talent"], membership_of(ada, study), act, also=[there])
    assert set(figures(found)) == {("challenges", "code"), ("benefits", "code")}
    assert figures(found)["benefits", "code"][0] is None
    assert Mark.objects.filter(answer__section=there).count() == 0


def test_the_preview_shows_why_an_act_is_refused(study, ada, codes, coded):
    act = partial(
        code_moves.move,
        codes["Talent"],
        to=study.sections.get(key="conclusion"),
        by=ada,
        reason="no",
    )
    found = impact.touched(codes["Talent"], membership_of(ada, study), act)
    assert found.refusal == "Conclusion takes no codes."
    assert found.agreement == ()


def test_previews_show_no_agreement_if_statistics_are_off(study, ada, codes, coded):
    study.statistics_off_reason = "we code together"
    study.save()
    found = impact.touched(codes["Talent"], membership_of(ada, study), ACTS["merge"](codes, ada))
    assert (found.marks, found.agreement) == (2, ())
    assert {
        (one.alpha, *(entry.alpha for entry in one.entries))
        for one in codebook_page.chapters(membership_of(ada, study))
    } <= {(None,) * count for count in range(9)}


def page(study, name, *arguments):
    return reverse(name, args=[study.slug, *arguments])


def shown(client, url, **asked):
    return " ".join(client.get(url, asked).content.decode().split())


def test_every_act_page_previews_what_is_chosen(study, ada, codes, coded, as_user):
    client = as_user(ada)
    merge = shown(client, page(study, "merge-code", codes["Talent"].pk), into=codes["Cost"].pk)
    assert (
        "Touches <b>2</b> marks in <b>2</b> papers by <b>2</b> reviewers, <b>0</b> findings"
        in merge
    )
    assert "→ <span" in merge
    group = shown(client, page(study, "code", codes["Talent"].pk), parent=codes["Cost"].pk)
    assert "by parent codes" in group
    proposed = make_code(
        codes["Cost"].section, "Budget", status="proposed", proposed_by=study.created_by
    )
    Mark.objects.filter(code=codes["Talent"]).update(code=proposed)
    decide = shown(client, page(study, "decide-proposal", proposed.pk), into=codes["Cost"].pk)
    assert "Touches <b>2</b> marks in <b>2</b> papers by <b>2</b> reviewers" in decide
    assert "→ <span" in decide
    assert not CodebookChange.objects.exists()


def test_undo_shows_a_preview_and_takes_a_reason(study, ada, codes, coded, as_user):
    code_changes.merge(codes["Talent"], into=codes["Cost"], by=ada, reason="same")
    client, url = as_user(ada), page(study, "undo-change", 2)
    text = shown(client, url)
    assert "Touches <b>2</b> marks in <b>2</b> papers by <b>2</b> reviewers" in text
    assert "→ <span" in text
    assert CodebookChange.objects.count() == 1
    assert client.post(url, {"reason": "they are two things"}).status_code == 302
    assert CodebookChange.objects.first().reason == "they are two things"
    assert Mark.objects.filter(code=codes["Talent"]).count() == 2
    assert client.post(url, {}).status_code == 302
    assert CodebookChange.objects.count() == 2


def test_a_refused_undo_says_why_in_preview_and_on_submit(study, ada, codes, coded, as_user):
    change = code_changes.merge(codes["Talent"], into=codes["Cost"], by=ada, reason="same")
    code_changes.merge(codes["Cost"], into=codes["Data quality"], by=ada, reason="same")
    client, url = as_user(ada), page(study, "undo-change", change.version)
    assert "undo version 3 first" in shown(client, url)
    refused = client.post(url, {})
    assert refused.status_code == 422
    assert "undo version 3 first" in refused.content.decode()


def test_reordering_a_scale_in_use_requires_preview_and_reason(study, ada, codes, coded, as_user):
    client, url = as_user(ada), page(study, "order-code", codes["Manual"].pk)
    place = {"after": codes["Monitored"].pk}
    met = client.post(url, place)
    assert "its order is what its stages mean" in met.content.decode()
    assert not CodebookChange.objects.exists()
    token = versions.code_token(codes["Manual"])
    assert client.post(url, {**place, "seen": token, "reason": " "}).status_code == 422
    assert (
        client.post(url, {**place, "seen": token, "reason": "it was upside down"}).status_code
        == 302
    )
    assert CodebookChange.objects.get().reason == "it was upside down"
    assert codes["Manual"].section.codes.last() == codes["Manual"]


def test_previews_for_a_blind_lead_show_no_agreement_and_no_refusal(study, ada, codes, coded):
    from tests.making import make_assignment

    make_assignment(coded[0], ada)
    acts = [
        partial(code_changes.merge, codes["Talent"], into=codes["Cost"], by=ada, reason="same"),
        partial(
            code_moves.move,
            codes["Talent"],
            to=study.sections.get(key="method"),
            by=ada,
            reason="no",
        ),
    ]
    for act in acts:
        found = impact.touched(codes["Talent"], membership_of(ada, study), act)
        assert found == (1, 1, 1, 0, True, (), "")
    change = acts[0]()
    undo = partial(codebook_undo.undo, change, by=ada)
    assert impact.touched_by_undoing(change, membership_of(ada, study), undo) == (
        1,
        1,
        1,
        0,
        True,
        (),
        "",
    )


def test_act_pages_have_a_constant_query_count(study, ada, codes, coded, as_user):
    section, client = codes["Cost"].section, as_user(ada)
    proposed = make_code(section, "Budget", status="proposed", proposed_by=study.created_by)
    into = {"into": codes["Cost"].pk}
    addresses = [
        (page(study, "merge-code", codes["Talent"].pk), into),
        (page(study, "decide-proposal", proposed.pk), into),
        (page(study, "code", codes["Talent"].pk), {"parent": codes["Cost"].pk}),
        (page(study, "near-code"), {"section": "challenges", "label": "Talents"}),
    ]

    def queries():
        counts = []
        for url, asked in addresses:
            with CaptureQueriesContext(connection) as found:
                assert client.get(url, asked).status_code == 200
            counts.append(len(found))
        return counts

    Code.objects.bulk_create(
        [Code(section=section, label=f"Code {n}", position=n + 5) for n in range(6)]
    )
    queries()
    few = queries()
    more = [Code(section=section, label=f"Code {n}", position=n + 5) for n in range(6, 500)]
    answer = Mark.objects.filter(code=codes["Cost"]).first().answer
    Mark.objects.bulk_create(
        [Mark(answer=answer, code=code) for code in Code.objects.bulk_create(more)]
    )
    assert queries() == few
