"""What a reviewer says of a section stays the same, whatever it passes through: form, database,
comparison, finding, files, and back.
"""

from decimal import Decimal

import pytest
from django.db import transaction
from django.http import QueryDict
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mapping.exchange.table import lines
from mapping.models import Code, Finding, User
from reviews.coding import drafts, questionnaire
from reviews.coding.forms import SectionForm
from reviews.exchange.importing import import_codings
from reviews.exchange.scope import scope_of_all
from reviews.exchange.tables.codings import ANSWERS, CODINGS, FINDINGS
from reviews.exchange.tables.records import RESOLUTIONS
from reviews.models import Answer, KeptEdit, Resolution, Summary
from reviews.settling import resolutions
from reviews.settling.answers import compared
from reviews.settling.forms import OWN, SettleForm
from tests.exchange.test_bundle import bundle_of, come_back, empty_the_site
from tests.making import make_assignment, make_code, make_paper, make_round

CODES = {
    "challenges": ["Data quality", "Model drift", "Talent", "Cost", "=1+1; a, “b”"],
    "maturity-stage": ["Manual", "Automated training", "Automated deployment", "Monitored"],
    "method": ["Case study", "Experiment", "Survey"],
}
EVIDENCE = ("quote", "page", "rationale")
JUDGED = ("absence", "none_apply", "text", "number", "yes_no")
BLANK = {"absence": "", "none_apply": False, "text": "", "number": None, "yes_no": None}
NO_EVIDENCE = dict.fromkeys(EVIDENCE, "")

# What files and forms find hard: formulas, separators, quotes, line ends.
letters = st.sampled_from([*"aZ9ä“'=+-@;,: .\"", "\n", "机"])
phrases = st.text(letters, max_size=8).map(str.strip)
evidence = st.fixed_dictionaries(dict.fromkeys(EVIDENCE, phrases))
absences = st.sampled_from(["not_reported", "unclear", "not_applicable"])


def marks_of(labels, *, most):
    """`[(label, evidence)]`: a code may be marked twice, with two quotes."""
    marks = st.lists(st.tuples(st.sampled_from(labels), evidence), min_size=1, max_size=4)
    return marks.map(lambda several: without_repeats(several[:1] * 2 if most == 1 else several))


def without_repeats(marks):
    """No mark twice, and none without evidence beside one of the same code that has some."""
    telling = {label for label, proof in marks if any(proof.values())}
    found = []
    for label, proof in marks:
        if (label, proof) not in found and (any(proof.values()) or label not in telling):
            found.append((label, proof))
    return found


def judgements(values, *, has_codes=False):
    """Whatever may be said of a section: a value, an absence, none of the codes, or nothing."""
    said = [values, absences.map(lambda word: {"absence": word}), st.just({})]
    said += [st.just({"none_apply": True})] if has_codes else []
    return st.builds(
        lambda judged, proof, confidence: {
            **BLANK,
            "marks": [],
            **judged,
            **proof,
            "confidence": confidence,
        },
        st.one_of(said),
        evidence,
        st.none() | st.integers(1, 5),
    )


def coded(key, *, most=None):
    marks = marks_of(CODES[key], most=most)
    return judgements(marks.map(lambda several: {"marks": several}), has_codes=True)


numbers = st.decimals(-9999, 9999, places=3) | st.integers(-9, 9).map(Decimal)
FORMS = st.fixed_dictionaries(
    {
        "challenges": coded("challenges"),
        "maturity-stage": coded("maturity-stage", most=1),
        "method": coded("method", most=1),
        "replicable": judgements(st.booleans().map(lambda truth: {"yes_no": truth})),
        "cases": judgements(numbers.map(lambda number: {"number": number})),
        "conclusion": judgements(phrases.filter(bool).map(lambda text: {"text": text})),
    }
)


def posted(section, judgement):
    """The judgement as the browser sends it."""
    fields = QueryDict(mutable=True)
    prefix = f"{section.key}-"
    fields[f"{prefix}version"] = "0"
    fields[f"{prefix}absence"] = "none_apply" if judgement["none_apply"] else judgement["absence"]
    fields[f"{prefix}confidence"] = str(judgement["confidence"] or "")
    for name in (*EVIDENCE, "text"):
        fields[prefix + name] = judgement[name].replace("\n", "\r\n")
    fields[f"{prefix}number"] = "" if judgement["number"] is None else str(judgement["number"])
    fields[f"{prefix}yes_no"] = {True: "yes", False: "no", None: ""}[judgement["yes_no"]]
    for label, proof in judgement["marks"]:
        code = str(Code.objects.get(section=section, label=label).pk)
        fields.appendlist(f"{prefix}codes", code)
        fields.appendlist(f"{prefix}mark-code", code)
        for name in EVIDENCE:
            fields.appendlist(f"{prefix}mark-{name}", proof[name].replace("\n", "\r\n"))
    return fields


def fill_in(assignment, form):
    """Through the form of the page into a draft, which is then submitted."""
    for sheet in questionnaire.of(assignment).sections:
        section = assignment.round.phase.sections.get(key=sheet.key)
        bound = SectionForm(sheet, posted(section, form[sheet.key]))
        assert bound.is_valid(), bound.errors
        draft = drafts.open_summary(assignment)
        drafts.save_answer(
            draft, section, bound.content, based_on=0, by=assignment.reviewer, kept_edit=None
        )
    drafts.submit(drafts.open_summary(assignment), by=assignment.reviewer)


def proof_of(row):
    return {name: getattr(row, name) for name in EVIDENCE}


def facts_of(answer, *names):
    """An answer or a finding as the database has it."""
    return {
        **{name: getattr(answer, name) for name in (*JUDGED, *names)},
        "marks": [(mark.code.label, proof_of(mark)) for mark in answer.marks.all()],
    }


def answers_in(summaries):
    """`{(reviewer, section): facts}`; who saved nothing at all, and who saved a blank, say the
    same.
    """
    answers = Answer.objects.filter(summary__in=summaries).select_related("section")
    found = {
        (
            answer.summary.assignment.reviewer.username.removeprefix("old-"),
            answer.section.key,
        ): facts_of(answer, "confidence", *EVIDENCE)
        for answer in answers.prefetch_related("marks__code")
    }
    empty = {**BLANK, **NO_EVIDENCE, "confidence": None, "marks": []}
    return {key: facts for key, facts in found.items() if facts != empty}


def findings_in(study):
    findings = Finding.objects.filter(paper__study=study).select_related("section")
    return {finding.section.key: facts_of(finding) for finding in findings}


def meaning(key, judgement):
    """What is compared: blanks in a text aside. None where nothing is said."""
    judged = {name: judgement[name] for name in JUDGED}
    judged["text"] = " ".join(judged["text"].split())
    codes = frozenset(label for label, _ in judgement["marks"])
    return None if judged == BLANK and not codes else (*judged.values(), codes)


def settled_facts(key, judgement, codes, both):
    """The finding where the team says what this judgement says, with these codes."""
    marks = [mark for one in both for mark in one["marks"]]
    quotes = []
    for label in CODES.get(key, ()):
        if label in codes:
            proofs = [proof for code, proof in marks if code == label]
            length = lambda proof: [len(proof[name]) for name in EVIDENCE]  # noqa: E731
            quotes.append((label, max(proofs, key=length)))
    return {name: judgement[name] for name in JUDGED} | {"marks": quotes}


def settle_by(paper, section, way, form, by):
    """Through the form of the comparison page. Returns the option that was chosen."""
    everything = Summary.objects.filter(assignment__round__study=paper.study)
    said = next(iter(compared(paper.study, everything, [section], papers=[paper.pk])))
    choices = list(section.codes.order_by("position", "pk"))
    found = SettleForm(None, section=section, compared_answers=said, choices=choices).ways
    chosen = found[way % len(found)]
    own = form[section.key] if chosen.value == OWN else {**BLANK, "marks": []}
    fields = QueryDict(mutable=True)
    fields.update({"way": chosen.value, "cause": "oversight", "rationale": "Read again."})
    fields.update({"absence": own["absence"], "text": own["text"], "seen": ""})
    fields["none_apply"] = "on" if own["none_apply"] else ""
    fields["number"] = "" if own["number"] is None else str(own["number"])
    fields["yes_no"] = {True: "yes", False: "no", None: ""}[own["yes_no"]]
    labels = {label for label, _ in own["marks"]}
    fields.setlist("codes", [str(code.pk) for code in choices if code.label in labels])
    bound = SettleForm(fields, section=section, compared_answers=said, choices=choices)
    assert bound.is_valid(), bound.errors
    resolutions.resolve(
        paper,
        section,
        settled=bound.settled,
        basis=bound.basis,
        adopted_from=User.objects.filter(pk=bound.adopted_from).first(),
        by=by,
        cause="oversight",
        rationale="Read again.",
    )
    return chosen.value


class Rollback(Exception):
    pass


def in_a_try(act):
    """Run it and leave the database as it was: hypothesis runs many in one test."""
    try:
        with transaction.atomic():
            act()
            raise Rollback
    except Rollback:
        pass


def check_findings(paper, his, hers, way, by):
    """What both say settled itself; the lead settles the rest, and each finding says so."""
    for section in paper.study.sections.all():
        key, both = section.key, (his[section.key], hers[section.key])
        told = [one for one in both if meaning(key, one)]
        chosen = "take-a"
        if len({meaning(key, one) for one in told}) > 1:
            assert key not in findings_in(paper.study)
            chosen = settle_by(paper, section, way, his, by)
        if not told:
            assert key not in findings_in(paper.study)
            continue
        one = told[1] if chosen.casefold() == "take-b" else told[0]
        codes = [{label for label, _ in each["marks"]} for each in told]
        if chosen in {"union", "common"}:
            together = set.union if chosen == "union" else set.intersection
            one, codes = BLANK, together(*codes)
        else:
            codes = {label for label, _ in one["marks"]}
        assert findings_in(paper.study)[key] == settled_facts(key, one, codes, both)


def file_of(table, study):
    return "".join(lines(table, scope_of_all(study)))


FILES = {table.name: table for table in (CODINGS, ANSWERS, FINDINGS, RESOLUTIONS)}


def check_codings_come_back(study, paper, by, before):
    """codings.csv alone holds all but the evidence of a whole answer beside its marks, and
    blanks.
    """
    file = file_of(CODINGS, study).encode()
    outcome = import_codings(
        study, file_name="codings.csv", content=file, by=by, round_name="Again"
    )
    assert outcome["problems"] == []
    again = answers_in(Summary.objects.filter(assignment__round__name="Again"))
    wanted = {
        key: facts | (NO_EVIDENCE if facts["marks"] else {})
        for key, facts in before.items()
        if meaning(key[1], facts)
    }
    assert again == wanted


@pytest.mark.django_db
@settings(
    max_examples=15,
    deadline=None,
    # An example takes seconds: to look for the smallest one that fails would take half an hour.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(his=FORMS, hers=st.none() | FORMS, way=st.integers(0, 11))
def test_what_is_said_of_a_section_comes_back_from_everywhere_as_it_was_typed(
    study, ada, ben, cleo, his, hers, way
):
    hers = his if hers is None else hers

    def run():
        study.sections.update(is_required=False, asks_confidence=True)
        make_code(study.sections.get(key="challenges"), CODES["challenges"][-1])
        paper, round = make_paper(study, key="one"), make_round(study, "Main")
        for reader in (ben, cleo):
            make_assignment(paper, reader, round=round)
        for reader, form in ((ben, his), (cleo, hers)):
            fill_in(round.assignments.get(reviewer=reader), form)
        typed = {
            (name, key): form[key] for name, form in (("ben", his), ("cleo", hers)) for key in form
        }
        typed = {
            key: facts
            for key, facts in typed.items()
            if meaning(key[1], facts) or facts["confidence"] or proof_in(facts)
        }
        assert answers_in(Summary.objects.filter(assignment__round=round)) == typed
        check_findings(paper, his, hers, way, ada)
        in_a_try(lambda: check_codings_come_back(study, paper, ada, typed))
        bundle, settled = bundle_of(study), findings_in(study)
        files = {name: file_of(table, study) for name, table in FILES.items()}
        empty_the_site()
        there = come_back(bundle)
        assert answers_in(Summary.objects.filter(assignment__round__study=there)) == typed
        assert findings_in(there) == settled
        assert {name: file_of(table, there) for name, table in FILES.items()} == files

    in_a_try(run)


def proof_in(facts):
    return any(facts[name] for name in EVIDENCE)


@pytest.mark.django_db
def test_decisions_and_kept_edits_are_stored_in_the_layout_that_bundles_have(study, ada, ben, cleo):
    """Sites and bundles made before hold these; what is read back must not depend on who wrote."""
    challenges, cases = study.sections.get(key="challenges"), study.sections.get(key="cases")
    drift, talent = (Code.objects.get(label=label).pk for label in ("Model drift", "Talent"))
    paper, round = make_paper(study), make_round(study, "Main")
    his, hers = (make_assignment(paper, reader, round=round) for reader in (ben, cleo))
    proof = {"quote": "“It drifts”", "page": "4", "rationale": "said twice"}
    draft = drafts.open_summary(his)
    marks = [{"code": talent}, {"code": drift, **proof}]
    told = {"marks": marks, "confidence": 3, "quote": "all of it"}
    first = drafts.save_answer(draft, challenges, told, based_on=0, by=ben)
    drafts.save_answer(draft, cases, {"number": "2.50"}, based_on=0, by=ben)
    drafts.save_answer(draft, challenges, {"none_apply": True}, based_on=0, by=ben)
    drafts.save_answer(draft, cases, {"number": "1e1", "page": "9"}, based_on=0, by=ben)
    kept = KeptEdit.objects.order_by("pk").values_list("content", flat=True)
    empty = {"absence": "", "none_apply": False, "text": "", "number": None, "yes_no": None}
    empty |= {"marks": [], "confidence": None, "quote": "", "page": "", "rationale": ""}
    assert list(kept) == [empty | {"none_apply": True}, empty | {"number": "10", "page": "9"}]
    KeptEdit.objects.all().delete()
    assert first.answer.version == 1

    drafts.submit(draft, by=ben)
    draft = drafts.open_summary(hers)
    drafts.save_answer(draft, challenges, {"marks": [{"code": drift}]}, based_on=0, by=cleo)
    drafts.save_answer(draft, cases, {"number": "2.5"}, based_on=0, by=cleo)
    drafts.submit(draft, by=cleo)
    settle_by(paper, challenges, 0, {}, ada)
    decided = {one.section.key: one.content for one in Resolution.objects.all()}
    settled = {"codes": [], "absence": "", "none_apply": False, "text": "", "number": None}
    settled |= {"yes_no": None, "quotes": []}
    said = {"codes": [], "absence": "", "text": "", "value": None, "is_blank": False}
    drift, talent = (Code.objects.get(pk=pk).number for pk in (drift, talent))
    assert decided["challenges"] == {
        "settled": settled
        | {"codes": [drift, talent], "quotes": [[drift, "“It drifts”", "4", "said twice"]]},
        "said": {
            "ben": said | {"codes": [talent, drift]},
            "cleo": said | {"codes": [drift]},
        },
        "replaces": None,
    }
    assert decided["cases"] == {
        "settled": settled | {"number": "2.500000"},
        "said": {
            "ben": said | {"value": "2.500000"},
            "cleo": said | {"value": "2.500000"},
        },
        "replaces": None,
    }
