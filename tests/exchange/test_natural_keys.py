"""What is kept as JSON names things by keys that mean the same in every database and file, and what
was kept before they did says the same today.
"""

import csv
import io
import json
import re
from datetime import datetime

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from mapping.codebook import changes as codebook_changes
from mapping.codebook.history import in_words
from mapping.judgement import values
from mapping.models import (
    Code,
    CodebookChange,
    FindingMark,
    LastNumber,
    LogEntry,
    PaperImport,
    Section,
    User,
)
from mapping.people.membership import change_role
from reviews.blindness.reconstruction import former_rights
from reviews.codebook import code_changes, code_moves, template, undo
from reviews.coding import drafts, questionnaire
from reviews.exchange.bundle import format_one
from reviews.exchange.bundle.reader import BundleError
from reviews.exchange.bundle.restore import restore
from reviews.exchange.references import References
from reviews.models import (
    Answer,
    Assignment,
    KeptEdit,
    Mark,
    Remark,
    Resolution,
    Round,
    Summary,
)
from reviews.rounds import assignments, lifecycle
from reviews.settling import discussion, resolutions, unanimous
from reviews.settling.answers import compared
from tests.earlier import sites
from tests.exchange.test_bundle import bundle_of, come_back, empty_the_site, files_in, tampered
from tests.exchange.test_hostile_bundle import rewritten
from tests.making import make_code, make_paper, make_round, make_section, make_summary

NATURAL = {Code: "number", Round: "number", Section: "key", User: "username"}
MOMENTS = {
    "first": (Assignment, "assigned_at"),
    "last": (Assignment, "assigned_at"),
    "paper_import": (PaperImport, "at"),
    "remark": (Remark, "at"),
    "replaces": (Resolution, "decided_at"),
    "resolution": (Resolution, "decided_at"),
    "undid": (LogEntry, "at"),
}


def code(study, label):
    return Code.objects.get(section__study=study, label=label)


def settle(study, paper, key, by):
    everything = Summary.objects.filter(assignment__round__study=study)
    section = study.sections.get(key=key)
    (said,) = compared(study, everything, [section], papers=[paper.pk])
    current = resolutions.in_force(paper, section)
    return resolutions.resolve(
        paper,
        section,
        settled=said.comparison.with_evidence(said.comparison.options[0].judgement),
        basis=said.comparison.options[0].basis,
        cause="oversight",
        rationale="why",
        seen=current and current.pk,
        by=by,
    )


@pytest.fixture
def high_keys(db):
    """In a new database the first code has 1 for its primary key, as for its number."""
    with connection.cursor() as cursor:
        for table in ("mapping_code", "reviews_round"):
            cursor.execute("SELECT setval(%s, nextval(%s) + 1000)", [f"{table}_id_seq"] * 2)


@pytest.fixture
def history(high_keys, study, ada, ben, cleo):
    """Every act that keeps keys of other things; two merges of which one sets a mark aside that the
    other had moved.
    """
    challenges, more = (
        study.sections.get(key="challenges"),
        make_section(study.phases.get(), "strategies"),
    )
    main = make_round(study, "Main")
    papers = [make_paper(study) for _ in range(4)]
    assignments.hand_out(main, reviewers=[ben, cleo], per_paper=2, by=ada)
    assignments.undo_hand_out(main, by=ada)
    assignments.hand_out(main, reviewers=[ben, cleo], per_paper=2, by=ada)
    said = ["Cost", "Talent", "Model drift"]
    for paper, labels in zip(papers, (said, said[:1], said[1:]), strict=False):
        for reviewer in (ben, cleo):
            make_summary(paper, reviewer, round=main, answers={"challenges": labels})
    unanimous.settle(study, by=ada)
    make_summary(papers[3], ben, round=main, answers={"challenges": ["Data quality"]})
    draft = make_summary(
        papers[3], cleo, round=main, submitted=False, answers={"challenges": ["Data quality"]}
    )
    talent = code(study, "Talent")
    drafts.keep(draft.answers.get(section=challenges), with_mark(talent), 0, None)
    settle(study, papers[0], "challenges", ada)
    code_changes.merge(talent, into=code(study, "Cost"), by=ada, reason="one")
    code_changes.merge(code(study, "Cost"), into=code(study, "Model drift"), by=ada, reason="two")
    code_changes.split(
        code(study, "Data quality"),
        into=[{"label": "Noise"}, {"label": "Gaps"}],
        by=ada,
        reason="two things",
    )
    code_changes.merge(
        code(study, "Data quality"), into=code(study, "Noise"), by=ada, reason="after all"
    )
    moved = make_code(more, "Reuse")
    answer = Answer.objects.filter(summary=draft).first()
    Mark.objects.create(answer=answer, code=code(study, "Gaps"))
    code_moves.move(code(study, "Gaps"), to=more, by=ada, reason="it is one")
    code_changes.edit(moved, by=ada, facts={"parent": code(study, "Gaps")}, reason="part of it")
    discussion.remark(papers[0], challenges, text="Well.", by=ada)
    drafts.propose_code(more, label="New", definition="", reason="lacking", by=ben)
    lifecycle.close_round(main, by=ada)
    return study


def with_mark(of_code):
    return values.Judgement(marks=(values.Mark(of_code.pk),))


def all_that_is_kept(study):
    return [
        (row, column, getattr(row, column))
        for app, model, way, columns, _ in format_one.COLUMNS
        for row in apps.get_model(app, model).objects.filter(**{way: study.pk}).order_by("pk")
        for column in columns
    ]


class AsBefore:
    """The same JSON with primary keys, as it was kept before."""

    def __init__(self):
        self.gone = {}  # marks of findings that were set aside, which come back: {uid: pk}
        self.lost = set()  # moments of what will not

    def __call__(self, kept):
        renamed = self.renamed(References(self.pk)(kept))
        # Whoever hands out called people by their user names then too.
        return {**renamed, "loads": kept["loads"]} if "loads" in kept else renamed

    def pk(self, model, key):
        name = NATURAL.get(model, "uid")
        found = model.objects.filter(**{name: key}).values_list("pk", flat=True).first()
        return found or self.pk_of_gone(key)

    def pk_of_gone(self, uid):
        return self.gone.setdefault(uid, 10**6 + len(self.gone))

    def renamed(self, kept):
        if isinstance(kept, list):
            return [self.renamed(one) for one in kept]
        if not isinstance(kept, dict):
            return kept
        kept = {name: self.one(name, inner) for name, inner in kept.items()}
        if "beside" in kept:
            kept["pk"] = self.pk_of_gone(kept.pop("uid"))
            kept["finding_id"] = 1
        if "assignment" in kept:
            summaries = Summary.objects.filter(
                assignment=kept.pop("assignment"), revision=kept["revision"]
            )
            kept["summary"] = summaries.get().pk
        return kept

    def one(self, name, inner):
        if name in MOMENTS and isinstance(inner, str):
            model, column = MOMENTS[name]
            found = model.objects.filter(**{column: inner}).values_list("pk", flat=True).first()
            if found is None:
                self.lost.add(inner)
            return found or 10**7
        return self.renamed(inner)


def without(lost, kept):
    """Nobody can say when assignments were made that are gone: a hand-out that was undone."""
    if isinstance(kept, list):
        return [without(lost, one) for one in kept]
    if isinstance(kept, dict):
        return {name: without(lost, one) for name, one in kept.items()}
    return None if isinstance(kept, str) and kept in lost else kept


def test_what_was_kept_before_becomes_what_the_same_acts_keep_today(history):
    before, changed = AsBefore(), 0
    then = [(row, column, kept, before(kept)) for row, column, kept in all_that_is_kept(history)]
    translation = format_one.FromDatabase(apps, history)
    translation.set_aside = {pk: uid for uid, pk in before.gone.items()}
    for row, column, kept, old in then:
        assert translation(old) == without(before.lost, kept), (row, column)
        changed += old != kept
    assert len(before.gone) == 3
    assert changed > 20


def test_a_site_of_before_is_written_anew_once_and_undoes_what_it_did(history, ada):
    before = AsBefore()
    for row, column, kept in all_that_is_kept(history):
        type(row).objects.filter(pk=row.pk).update(**{column: before(kept)})
    format_one.bring_up_to_date(apps, None)

    assert not history.log.filter(facts__has_key="pk").exists()
    for label in ("Cost", "Talent"):
        undo.undo(history.codebook_changes.get(act="merge", code__label=label), by=ada)
    marks = FindingMark.objects.values_list("finding__paper", "code__label")
    papers = list(history.papers.order_by("pk").values_list("pk", flat=True))
    assert {label for paper, label in marks if paper == papers[0]} == {
        "Cost",
        "Talent",
        "Model drift",
    }
    assert {label for paper, label in marks if paper == papers[2]} == {"Talent", "Model drift"}


def test_the_admin_sites_line_about_another_record_names_no_person(study, ada):
    member = study.memberships.get(user=ada)
    lines = {}
    for model in ("membership", "paper"):
        facts = {"model": model, "pk": member.pk, "fields": ["role"]}
        lines[model] = LogEntry.objects.record(study, ada, "changed-in-admin", "", **facts)
    format_one.bring_up_to_date(apps, None)
    for line in lines.values():
        line.refresh_from_db()
    assert lines["membership"].facts["user"] == "ada"
    assert lines["paper"].facts == {"model": "paper", "fields": ["role"]}


def test_a_moment_is_looked_up_as_it_stands_in_utc_whatever_zone_a_file_has():
    noon = datetime.fromisoformat("2026-02-03T12:00:00+02:00")
    assert format_one.written(noon) == "2026-02-03T10:00:00+00:00"


def test_an_older_release_is_not_given_the_new_keys_for_primary_keys(db):
    migration = MigrationLoader(connection).get_migration_by_prefix("reviews", "0006")
    assert not migration.operations[-1].reversible


def test_the_history_of_codes_that_went_with_their_section_stays(study, ada):
    trial = make_section(study.phases.get(), "on-trial")
    for label in ("One", "Two"):
        codebook_changes.add(trial, by=ada, facts={"label": label})
    one = code(study, "One")
    codebook_changes.edit(one, by=ada, facts={"label": "Uno"}, reason="in Italian")
    before = AsBefore()
    kept = [(row, column, before(kept)) for row, column, kept in all_that_is_kept(study)]
    template.remove_section(trial, by=ada)
    for row, column, old in kept:
        type(row).objects.filter(pk=row.pk).update(**{column: old})
    LastNumber.objects.filter(study=study.pk, of="code").update(number=one.number - 1)
    format_one.bring_up_to_date(apps, None)

    first, _, change = study.codebook_changes.exclude(act="section").order_by("version")
    assert in_words(study, [change]) == [[("a code: label", "One", "Uno")]]
    assert set(first.after["codes"]) == set(change.after["codes"]) == {str(one.number)}
    assert make_code(study.sections.get(key="challenges"), "New").number == one.number + 2


def test_people_called_by_numbers_are_in_the_log_what_they_are_called(study, ada, ben):
    User.objects.filter(pk=ben.pk).update(username="2021001")
    loads = {"loads": {"2021001": 4, str(ada.pk): 1}}
    assert format_one.FromDatabase(apps, study)(loads) == loads
    from_file = format_one.FromFile({}, {"2021001": ben, "ada": ada}, {})
    ben.username = "2021001-2"
    assert from_file({"loads": {"2021001": 4, "ada": 1, "gone": 3, "$user:ada": 1}}) == {
        "loads": {"2021001-2": 4, "ada": 1}
    }


# Pairs of what was kept, and what is kept, of things whose key today is ten times what it was.
pks = st.integers(1, 99)
texts = st.text(st.sampled_from("a$:1 ü"), max_size=6)
ONE = sorted(set(format_one.SINGLE) - {"summary", "pk", "beside"})
leaves = st.one_of(
    st.tuples(st.sampled_from(ONE), pks).map(
        lambda pair: ({pair[0]: pair[1]}, {pair[0]: pair[1] * 10})
    ),
    st.tuples(st.sampled_from(sorted(format_one.LISTS)), st.lists(pks, max_size=3)).map(
        lambda pair: ({pair[0]: pair[1]}, {pair[0]: [pk * 10 for pk in pair[1]]})
    ),
    st.tuples(st.sampled_from(["marks", "finding_marks"]), st.dictionaries(pks, st.lists(pks))).map(
        lambda pair: (
            {pair[0]: {str(pk): inner for pk, inner in pair[1].items()}},
            {pair[0]: {str(pk * 10): [one * 10 for one in inner] for pk, inner in pair[1].items()}},
        )
    ),
    pks.map(lambda pk: ({"papers": pk}, {"papers": pk})),
    texts.map(lambda text: ({"note": text}, {"note": text})),
)


def under(name):
    return lambda pairs: (
        {name: [before for before, _ in pairs]},
        {name: [after for _, after in pairs]},
    )


kept_pairs = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3).map(under("steps")), max_leaves=8
)


class TenTimes(format_one.FromDatabase):
    def __init__(self):
        pass

    def find(self, kind, value):
        return None if value is None else int(value) * 10


@given(kept_pairs)
def test_whatever_was_kept_each_key_is_translated_once_and_nothing_else(pair):
    before, after = pair
    assert TenTimes()(json.loads(json.dumps(before))) == after


def test_numbers_are_the_studys_own_and_none_is_given_twice(study, ada):
    challenges, first = study.sections.get(key="challenges"), Code.objects.order_by("pk").first()
    numbers = list(Code.objects.filter(section__study=study).values_list("number", flat=True))
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    new = codebook_changes.add(challenges, by=ada, facts={"label": "New"})
    assert new.number == len(numbers) + 1
    Code.objects.filter(pk=new.pk).update(status="retired")
    CodebookChange.objects.filter(code=new).delete()
    new.delete()
    assert make_code(challenges, "Another").number == len(numbers) + 2
    first.refresh_from_db()
    assert first.number == 1
    one = make_round(study)
    lifecycle.remove_round(one, by=ada)
    assert (one.number, make_round(study).number) == (1, 2)


def test_a_study_that_comes_in_keeps_its_numbers_and_goes_on_behind_them(history):
    first = bundle_of(history)
    numbers = dict(history.rounds.values_list("name", "number"))
    codes = set(Code.objects.filter(section__study=history).values_list("label", "number"))
    uids = set(Mark.objects.filter(code__section__study=history).values_list("uid", flat=True))
    drafts_own = Mark.objects.filter(answer__summary__submitted_at=None).values_list(
        "uid", flat=True
    )
    uids -= set(drafts_own)
    empty_the_site()
    here = come_back(first)
    assert dict(here.rounds.values_list("name", "number")) == numbers
    assert set(Code.objects.filter(section__study=here).values_list("label", "number")) == codes
    marks = Mark.objects.filter(code__section__study=here)
    assert set(marks.values_list("uid", flat=True)) == uids
    new = make_code(here.sections.get(key="challenges"), "Later")
    assert new.number == max(number for _, number in codes) + 1
    assert make_round(here).number == max(numbers.values()) + 1


def test_whoever_gets_another_user_name_is_called_so_in_what_was_kept(history, ben):
    kept = Resolution.objects.filter(paper__study=history).first()
    assert set(kept.content["said"]) == {"ben", "cleo"}
    words = kept.content["said"]["ben"]
    User.objects.filter(pk=ben.pk).update(username="benjamin")
    kept.refresh_from_db()
    assert set(kept.content["said"]) == {"benjamin", "cleo"}
    assert kept.content["said"]["benjamin"] == words
    line = history.log.filter(act="hand-out").first()
    assert set(line.facts["loads"]) == {"benjamin", "cleo"}
    assert "$" not in json.dumps(line.facts)
    come_back(bundle_of(history))


def test_who_once_led_is_known_by_another_user_name_too(history, ada, ben, cleo):
    membership = history.memberships.get(user=ben)
    change_role(membership, role="lead", by=ada)
    change_role(membership, role="reviewer", by=ada)
    User.objects.filter(pk=ben.pk).update(username="benjamin")
    User.objects.filter(pk=cleo.pk).update(username="ben")
    lines = history.log.filter(act="change-role")
    assert [line.facts["user"] for line in lines] == ["benjamin", "benjamin"]


def test_lines_that_came_in_keep_their_names_and_say_whose_they_are(history, ada, ben):
    change_role(history.memberships.get(user=ben), role="lead", by=ada)
    bundle = bundle_of(history)
    empty_the_site()
    here = come_back(bundle)
    person = here.memberships.get(user__username="ben").user
    User.objects.filter(pk=person.pk).update(username="benjamin")
    User.objects.filter(pk=person.pk).update(username="benny")
    assert here.log.get(act="change-role").facts["user"] == "ben"
    assert here.log.get(act="import-study").facts["renamed"] == {"ben": "benny"}
    log = files_in(bundle_of(here, with_pseudonyms=True))["log.csv"]
    assert "change-role" in log
    assert not re.search(r"\bben\b", log)
    roles = former_rights(apps, here).roles[person.pk]
    assert [span.value for span in roles] == ["reviewer", "lead"]


def test_a_section_with_another_key_is_called_so_in_what_moved(study, ada):
    more = make_section(study.phases.get(), "strategies")
    change = code_moves.move(code(study, "Cost"), to=more, by=ada, reason="it is one")
    facts = {name: getattr(more, name) for name in ("label", "kind", "help")}
    template.edit_section(more, by=ada, facts={**facts, "key": "ways"})
    change.refresh_from_db()
    cost = code(study, "Cost")
    assert change.after["codes"][str(cost.number)]["section_id"] == "ways"
    undo.undo(change, by=ada)
    assert code(study, "Cost").section.key == "challenges"


@pytest.fixture
def of_format_one(db):
    return (sites.FOLDER / "1571af6" / "mlops-demo.zip").read_bytes()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda kept: {**kept, "note": "$mark:1"}, "a reference where none belongs"),
        (lambda kept: {**kept, "tasks": [7]}, "a reference to a recodingtask belongs"),
        (lambda kept: {**kept, "marks": {"7": []}}, "a reference to a code belongs"),
        (lambda kept: {**kept, "tasks": ["$user:ben"]}, "a reference to a recodingtask belongs"),
        (lambda kept: {**kept, "tasks": ["$recodingtask:99"]}, "not in the bundle"),
        (
            lambda kept: {**kept, "set_aside": [{"pk": 7, "finding_id": None, "beside": None}]},
            "a reference to a set-aside belongs",
        ),
    ],
)
def test_a_bundle_of_format_one_names_things_of_its_own_study_alone(change, words, of_format_one):
    broken = rewritten(of_format_one, "codebook_changes.csv", "before", change, act="merge")
    with pytest.raises(BundleError, match=words):
        restore(io.BytesIO(broken))


def test_what_a_uid_names_twice_is_refused(history):
    def same(text):
        header, first, second, *rest = text.splitlines(keepends=True)
        uid = first.rstrip("\r\n").rpartition(",")[2]
        return "".join([header, first, f"{second.rpartition(',')[0]},{uid}\r\n", *rest])

    with pytest.raises(BundleError, match=r"assignments.csv has the uid \d+ twice"):
        restore(io.BytesIO(tampered(bundle_of(history), "assignments.csv", same)))


@pytest.mark.parametrize(
    ("name", "column", "act", "change"),
    [
        ("log.csv", "facts", "hand-out", {"first": "2026-02-30T10:00:00+00:00"}),
        ("log.csv", "facts", "hand-out", {"last": "2026-02-03T10:00:00+02:00"}),
        ("codebook_changes.csv", "before", "merge", {"set_aside": [{"beside": 1, "uid": 2**63}]}),
        ("codebook_changes.csv", "before", "merge", {"set_aside": [{"beside": 1, "uid": 0}]}),
    ],
)
def test_what_no_page_or_act_could_read_is_refused(name, column, act, change, history):
    bundle = bundle_of(history)
    beside = FindingMark.objects.first().uid
    for row in change.get("set_aside", []):
        row["beside"] = beside
    broken = rewritten(bundle, name, column, lambda kept: {**kept, **change}, act=act)
    with pytest.raises(BundleError, match="is not what is kept there"):
        restore(io.BytesIO(broken))


def test_a_line_of_a_hand_out_without_its_assignments_closes_no_page(history):
    bundle = rewritten(bundle_of(history), "log.csv", "facts", only_the_round, act="hand-out")
    empty_the_site()
    here = come_back(bundle)
    round = here.rounds.get()
    assert not assignments.batch_of(round, assignments.last_hand_out(round)).exists()


def only_the_round(kept):
    return {"round": kept["round"]}


@pytest.mark.parametrize("uid", ["0", "-1", "x", "²", str(2**53 + 1), "9" * 5000])
def test_what_is_no_uid_of_a_mark_is_refused(uid, history):
    def other(text):
        header, *rows = csv.reader(io.StringIO(text, newline=""))
        place = header.index("mark_uids")
        for row in rows:
            row[place] = " ".join(uid for _ in row[place].split())
        target = io.StringIO()
        csv.writer(target).writerows([header, *rows])
        return target.getvalue()

    with pytest.raises(BundleError, match="not the uids of the answer's marks"):
        restore(io.BytesIO(tampered(bundle_of(history), "answers.csv", other)))


@pytest.mark.parametrize("act", ["merge", "move"])
def test_more_marks_take_no_more_queries_to_merge_move_or_take_back(act, study, ada, ben, cleo):
    more = make_section(study.phases.get(), "strategies")
    acts = {
        "merge": lambda one: code_changes.merge(one, into=target, by=ada, reason="one"),
        "move": lambda one: code_moves.move(one, to=more, by=ada, reason="one"),
    }
    target, counts = code(study, "Talent"), {}
    for label, times in (("Cost", 1), ("Model drift", 4)):
        for _ in range(times):
            make_summary(make_paper(study), ben, answers={"challenges": [label, "Data quality"]})
        with CaptureQueriesContext(
            connection,
        ) as queries:
            change = acts[act](code(study, label))
        did = len(queries)
        with CaptureQueriesContext(connection) as queries:
            undo.undo(change, by=ada)
        counts[times] = (did if act == "merge" else 0, len(queries))
    assert counts[1] == counts[4]


def test_the_command_says_which_newer_format_it_does_not_read(history, tmp_path):
    newer = tampered(bundle_of(history), "study.json", lambda text: text.replace(": 2,", ": 3,", 1))
    (tmp_path / "newer.zip").write_bytes(newer)
    with pytest.raises(Exception, match="another format than 2"):
        call_command("import_study", str(tmp_path / "newer.zip"), verbosity=0)


def test_a_kept_edit_offers_the_code_that_it_named(history, cleo):
    edit = KeptEdit.objects.get()
    assert edit.content["marks"][0]["code"] == code(history, "Talent").number
    form = questionnaire.of(edit.answer.summary.assignment)
    (offered,) = next(sheet for sheet in form.sections if sheet.key == "challenges").kept
    assert offered.content.codes == [code(history, "Talent").pk]
