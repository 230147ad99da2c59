import io
import json
import zipfile

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from mapping.codebook import versions
from mapping.judgement.stored import settled_as_json
from mapping.judgement.values import BLANK
from mapping.models import (
    Code,
    CodebookChange,
    Finding,
    LogEntry,
    PaperImport,
    PaperSource,
    Study,
    User,
)
from mapping.papers import changes as paper_changes
from reviews.agreement import frozen
from reviews.codebook import code_changes
from reviews.codebook import undo as codebook_undo
from reviews.exchange.bundle import writer
from reviews.exchange.bundle.reader import BundleError
from reviews.exchange.bundle.restore import restore
from reviews.exchange.scope import scope_of_all
from reviews.management.demo import make as make_demo
from reviews.models import (
    Answer,
    Assignment,
    Deferral,
    EarlyLook,
    Mark,
    Mention,
    RecodingTask,
    Remark,
    Resolution,
    Summary,
)
from reviews.settling import resolutions, unanimous
from reviews.settling.answers import compared
from tests.making import (
    absent,
    make_answer,
    make_assignment,
    make_code,
    make_paper,
    make_round,
    make_summary,
)


def bundle_of(study, **how):
    target = io.BytesIO()
    writer.write(scope_of_all(study, **how), target)
    return target.getvalue()


def files_in(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def empty_the_site():
    """Names and addresses are free again, as on a site that has never seen the study."""
    for study in Study.objects.all():
        Study.objects.filter(pk=study.pk).update(slug=f"old-{study.pk}")
    for user in User.objects.all():
        User.objects.filter(pk=user.pk).update(username=f"old-{user.pk}", email="")


def tampered(content, name, change):
    files = files_in(content)
    files[name] = change(files[name])
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, text in files.items():
            if text is not None:
                archive.writestr(each, text)
    return target.getvalue()


def come_back(content):
    return restore(io.BytesIO(content)).study


def papers_hard_to_write_down(study, ada):
    """Two papers whose words look like formulas, with imports, confirmed and only looked at."""
    nasty = make_paper(
        study,
        '=HYPERLINK("x")\nand "quotes", commas',
        key="größe 1",
        doi="10.1/x",
        extra={"note": "ä"},
        year=None,
    )
    other = make_paper(study, "'=not a formula", key="second")
    file = PaperImport.objects.create(
        study=study,
        file_name="scopus.bib",
        state="confirmed",
        by=ada,
        new=2,
        problems=[{"line": 3}],
    )
    PaperImport.objects.create(study=study, file_name="only-looked-at.bib", by=ada)
    PaperSource.objects.create(
        paper=nasty, paper_import=file, source="Scopus", line=7, entry_key="x"
    )
    PaperSource.objects.create(paper=other)
    paper_changes.delete_paper(make_paper(study, "Gone"), by=ada)
    return nasty, other


def a_codebook_with_a_past(study, ada, ben):
    """A parent, a chain of merges, a proposal of a label that is there already, and a change that
    was undone.
    """
    challenges, drift = study.sections.get(key="challenges"), Code.objects.get(label="Model drift")
    parent = make_code(challenges, "People", position=9)
    Code.objects.filter(label="Talent").update(parent=parent)
    merged = make_code(challenges, "Concept drift", status="merged", merged_into=drift)
    make_code(challenges, "Drift again", status="merged", merged_into=merged)
    make_code(challenges, "Talent", status="proposed", proposed_by=ben, reason="ben saw it")
    change = versions.record_change(
        study,
        CodebookChange.Act.MERGE,
        by=ada,
        before={"codes": {str(merged.number): {"parent_id": parent.number, "label": "$x"}}},
        after={"codes": [drift.number]},
        section=challenges,
        code=merged,
        reason="the same",
    )
    undo = versions.record_change(
        study, CodebookChange.Act.UNDO, by=ada, before={}, after={}, code=merged
    )
    CodebookChange.objects.filter(pk=undo.pk).update(undoes=change)
    return change


def a_closed_pilot(study, nasty, ada, ben, cleo):
    """Every kind of answer, absence and evidence, a blank and a second revision; then frozen.
    Returns Ben's summary.
    """
    pilot, challenges = (
        make_round(study, "Pilot", kind="pilot", guidance="- read all"),
        study.sections.get(key="challenges"),
    )
    hers = {
        "challenges": ["Data quality", "Model drift", "Cost"],
        "maturity-stage": "Manual",
        "method": [],
        "replicable": True,
        "cases": "-2.5",
        "conclusion": "-minus\r\nand a line",
    }
    one = make_summary(nasty, ben, round=pilot, answers=hers)
    two = make_summary(
        nasty, cleo, round=pilot, answers={"challenges": [], "maturity-stage": absent("unclear")}
    )
    make_answer(two, "replicable", absent("not_applicable"))
    answer = one.answers.get(section=challenges)
    Answer.objects.filter(pk=answer.pk).update(
        confidence=4, quote="whole", page="1", rationale="because", version=3
    )
    drift, proposed = Code.objects.get(label="Model drift"), Code.objects.get(status="proposed")
    Mark.objects.create(
        answer=answer, code=drift, quote="\t=1+1", page="4", rationale="again", position=3
    )
    Mark.objects.create(answer=answer, code=proposed, position=4)
    blank = Answer.objects.create(
        summary=two, section=study.sections.get(key="method"), confidence=2, rationale="?"
    )
    assert not blank.absence
    Summary.objects.create(
        assignment=one.assignment,
        revision=2,
        submitted_at=timezone.now(),
        reopened_by=ada,
        reopened_reason="typo",
    )
    pilot.frozen_agreement = frozen.freeze(pilot)
    pilot.closed_at, pilot.closed_by = timezone.now(), ada
    pilot.save()
    return one


def decisions_of_every_sort(study, nasty, other, ada, ben):
    """Settled, undone, of a code that was merged since, by somebody who has left, deferred."""
    zoe = User.objects.create(username="zoe", name="Zoe Gone")
    challenges = study.sections.get(key="challenges")
    everything = Summary.objects.filter(assignment__round__study=study)
    for said in compared(study, everything, papers=[nasty.pk]):
        section = study.sections.get(pk=said.section)
        if said.comparison.options and section.key in {"challenges", "replicable", "conclusion"}:
            option = said.comparison.options[0]
            settled = said.comparison.with_evidence(option.judgement)
            decided = resolutions.resolve(
                nasty,
                section,
                settled=settled,
                basis="other",
                by=ada,
                cause="oversight",
                rationale="Ada said so",
            )
    resolutions.undo(decided, by=ada)
    code_changes.merge(
        Code.objects.get(label="Cost"),
        into=Code.objects.get(label="Model drift"),
        by=ada,
        reason="the same",
    )
    Resolution.objects.create(
        paper=other,
        section=challenges,
        basis="adopted",
        adopted_from=ben,
        reviewers=1,
        content={"settled": settled_as_json(BLANK)},
        decided_at=timezone.now(),
        decided_by=zoe,
    )
    Deferral.objects.create(paper=nasty, section=challenges, note="later", by=ada)


@pytest.fixture
def full(study, ada, ben, cleo, olga):
    """A study with something in every file, and with all that is hard to write down."""
    nasty, other = papers_hard_to_write_down(study, ada)
    change = a_codebook_with_a_past(study, ada, ben)
    one = a_closed_pilot(study, nasty, ada, ben, cleo)
    main = make_round(study, "Main")
    make_summary(other, cleo, round=main, submitted=False, answers={"conclusion": "half a thought"})
    late = make_assignment(other, ben, round=main)
    Assignment.objects.filter(pk=late.pk).update(withdrawn_at=timezone.now())
    decisions_of_every_sort(study, nasty, other, ada, ben)

    challenges = study.sections.get(key="challenges")
    remark = Remark.objects.create(
        paper=nasty, section=challenges, by=cleo, text="@ben: +1, says Ben Reviewer"
    )
    Mention.objects.create(remark=remark, user=ben)
    EarlyLook.objects.create(paper=other, phase=study.phases.get(), user=ada, reason="had to")
    RecodingTask.objects.create(
        assignment=one.assignment, section=challenges, change=change, code=change.code
    )
    LogEntry.objects.record(
        study,
        ada,
        "hand-out",
        "Handed out",
        round=one.assignment.round.number,
        first=one.assignment.assigned_at.isoformat(),
        loads={ben.username: 1},
    )
    line = LogEntry.objects.record(study, None, "settle", "by itself", paper=nasty, codes=3)
    LogEntry.objects.record(study, ada, "undo-hand-out", "Undid", undid=line.at.isoformat())
    return study


@pytest.mark.parametrize("with_pseudonyms", [False, True])
def test_a_study_that_goes_out_and_comes_in_goes_out_as_the_same_files(full, with_pseudonyms):
    first = bundle_of(full, with_pseudonyms=with_pseudonyms)
    empty_the_site()
    again = bundle_of(come_back(first), with_pseudonyms=with_pseudonyms)
    before, after = files_in(first), files_in(again)
    assert before.keys() == after.keys()
    if with_pseudonyms:
        # Moments at which people joined stay at home under pseudonyms; nothing else may differ.
        assert before["team.csv"] == after["team.csv"]
    for name in before:
        assert after[name] == before[name], name
    assert again == first


def test_papers_that_share_a_doi_come_back(study, ada):
    make_paper(study, "One", key="one", doi="10.1000/x")
    make_paper(study, "Two", key="two", doi="10.1000/x", shares_doi=True)
    first = bundle_of(study)
    empty_the_site()
    again = come_back(first)
    assert list(again.papers.order_by("pk").values_list("key", "doi", "shares_doi")) == [
        ("one", "10.1000/x", False),
        ("two", "10.1000/x", True),
    ]
    assert files_in(bundle_of(again))["papers.csv"] == files_in(first)["papers.csv"]


def test_the_demo_comes_back_too(db):
    study, _ = make_demo("a long enough password")
    first = files_in(bundle_of(study))
    empty_the_site()
    again = files_in(bundle_of(come_back(bundle_of_again(first))))
    assert again == first


def test_papers_of_which_a_table_knew_no_title_go_by_their_doi_or_key_and_come_back(
    study, ada, tmp_path
):
    table = tmp_path / "articles.csv"
    table.write_text(
        "key,doi,journal\nwith2020doi,10.1234/abc,Phytopathology\nA286,,Phytopathology\n"
    )
    call_command("import_papers", study.slug, str(table), verbosity=0)
    assert dict(study.papers.values_list("key", "title")) == {
        "with2020doi": "10.1234/abc",
        "A286": "A286",
    }
    first = bundle_of(study)
    empty_the_site()
    assert files_in(bundle_of(come_back(first))) == files_in(first)


def test_none_of_the_codes_comes_back_and_every_file_says_so(study, ben, cleo):
    paper = make_paper(study)
    for reviewer in (ben, cleo):
        make_summary(
            paper, reviewer, answers={"challenges": None, "method": None, "maturity-stage": None}
        )
    unanimous.settle(study)
    first = bundle_of(study)
    before = files_in(first)
    assert before["codings.csv"].count(",none_apply,") == 4
    assert before["findings.csv"].count(",,none_apply,,") == 2
    assert before["findings_wide.csv"].count("none_apply") == 3
    empty_the_site()
    here = come_back(first)
    for said in (
        Answer.objects.filter(summary__assignment__round__study=here),
        Finding.objects.of(here),
    ):
        assert set(said.values_list("section__key", "none_apply", "absence")) == {
            ("challenges", True, ""),
            ("method", True, ""),
            ("maturity-stage", True, ""),
        }
    assert files_in(bundle_of(here)) == before


def bundle_of_again(files):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return target.getvalue()


def test_a_bundle_is_the_same_bytes_whenever_it_is_made(full):
    assert bundle_of(full) == bundle_of(full)


def test_what_was_merged_before_is_still_taken_back_exactly_in_the_study_that_came_in(full, ada):
    codings = files_in(bundle_of(full))["codings.csv"]
    first = bundle_of(full)
    empty_the_site()
    here = come_back(first)
    change = here.codebook_changes.get(act="merge", code__label="Cost")
    codebook_undo.undo(change, by=here.created_by)
    assert (
        Mark.objects.filter(
            answer__summary__assignment__round__study=here, code__label="Cost"
        ).count()
        == 1
    )
    assert (
        Mark.objects.filter(
            answer__summary__assignment__round__study=full, code__label="Cost"
        ).count()
        == 0
    )
    undone = files_in(bundle_of(here))["codings.csv"]
    assert undone != codings
    assert undone.count("Cost") == codings.count("Cost") + 1


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        (
            "codings.csv",
            lambda text: text.replace("paper,", "article,", 1),
            "codings.csv has a column “article”",
        ),
        ("codings.csv", lambda text: None, "The bundle has no codings.csv."),
        (
            "codings.csv",
            lambda text: text.replace("Data quality", "Data purity"),
            "is no one code of the section",
        ),
        (
            "codings.csv",
            lambda text: text + "second,coding,Main,ben,1,method,code,Survey,,,,,,,1\r\n",
            "no such answer",
        ),
        ("codings.csv", lambda text: text + '"never closed', "codings.csv, line"),
        ("papers.csv", lambda text: text.replace("10.1/x", "10.1/x\x00"), "NUL"),
        ("papers.csv", lambda text: "paper\r\nx,y\r\n", "papers.csv has a column “paper”"),
        (
            "log.csv",
            lambda text: text.replace('""round"": 1', '""round"": 99'),
            "is not in the bundle",
        ),
        ("study.json", lambda text: "[]", "study.json holds no JSON object."),
        ("study.json", lambda text: text.replace(": 2,", ": 7,", 1), "another format"),
        ("protocol.json", lambda text: "{", "protocol.json"),
        ("team.csv", lambda text: text.replace("lead", "owner"), "team.csv, line 2, column role"),
        (
            "rounds.csv",
            lambda text: text.replace("coding", "reading"),
            "there is no phase “reading”",
        ),
        ("summaries.csv", lambda text: text.replace("browser", "\u0000"), "summaries.csv"),
    ],
)
def test_what_is_damaged_is_refused_in_one_line_and_nothing_is_written(full, name, change, words):
    broken = tampered(bundle_of(full), name, change)
    counts = {model: model.objects.count() for model in (Study, User, Code, Mark, LogEntry)}
    with pytest.raises(BundleError) as refusal:
        restore(io.BytesIO(broken))
    (said,) = refusal.value.messages
    assert words in said
    assert "\n" not in said
    assert {model: model.objects.count() for model in counts} == counts


def zip_with(*entries):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return target.getvalue()


def link():
    entry = zipfile.ZipInfo("log.csv")
    entry.external_attr = 0o120777 << 16
    return entry


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no zip at all", "no sound ZIP"),
        (b"PK\x03\x04" + b"x" * 100, "no sound ZIP"),
        (zip_with(("../papers.csv", "x")), "outside of itself"),
        (zip_with(("/etc/passwd", "x")), "outside of itself"),
        (zip_with(("C:\\papers.csv", "x")), "outside of itself"),
        (zip_with(("virus.exe", "x")), "no file of a bundle"),
        (zip_with(("log.csv", "x"), ("log.csv", "y")), "two files called log.csv"),
        (zip_with((link(), "/etc/passwd")), "no plain file"),
        (zip_with(("log.csv", "0" * 20_000_000)), "grows more than"),
        (zip_with(("log.csv", "x")), "The bundle has no papers.csv"),
    ],
)
def test_a_hostile_zip_is_refused(db, content, words):
    with pytest.raises(BundleError, match=words):
        restore(io.BytesIO(content))


def test_a_bundle_that_is_too_large_or_whose_bytes_were_changed_is_refused(full, settings):
    sound = bundle_of(full)
    settings.BUNDLE_LIMIT = 1000
    with pytest.raises(BundleError, match="at most 1000"):
        restore(io.BytesIO(sound))
    settings.BUNDLE_LIMIT = 10**9
    middle = sound.index(b"codings.csv") + 60
    with pytest.raises(BundleError):
        restore(io.BytesIO(sound[:middle] + bytes([sound[middle] ^ 255]) + sound[middle + 1 :]))


def test_nobodys_account_is_taken_over_unless_one_says_who_is_whom(full, ben, tmp_path, capsys):
    target = tmp_path / "study.zip"
    call_command("export_study", full.slug, str(target), "--json")
    assert json.loads(capsys.readouterr().out)["drafts_left_out"] == 1
    call_command("import_study", str(target), "--as", "ben=ben", "--json")
    found = json.loads(capsys.readouterr().out)
    here = Study.objects.get(slug=found["study"])
    assert here.slug != full.slug
    assert found["renamed"]["ada"] == "ada-2"
    assert "ben" not in found["renamed"]
    assert here.memberships.filter(user=ben).exists()
    new = User.objects.get(username="ada-2")
    assert (new.has_usable_password(), new.email) == (False, "")


def test_the_commands_refuse_in_one_line(full, tmp_path):
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("export_study", full.slug, str(tmp_path / "nowhere" / "x.zip"))
    (tmp_path / "broken.zip").write_bytes(b"PK")
    with pytest.raises(CommandError, match="no sound ZIP"):
        call_command("import_study", str(tmp_path / "broken.zip"))
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_study", str(tmp_path / "missing.zip"))


def test_under_pseudonyms_no_file_names_anybody(full):
    for name, text in files_in(bundle_of(full, with_pseudonyms=True)).items():
        if not name.startswith("analysis"):
            for called in ("ben", "cleo", "Ben Reviewer", "Ada Lead", "zoe"):
                assert not any(called == word.strip("@:.,;\"'()") for word in text.split()), (
                    name,
                    called,
                )
            assert "Ben Reviewer" not in text, name
