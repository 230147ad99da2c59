from django.core.exceptions import ValidationError
from django.db import transaction

from mapping.management.act import ActCommand, file_content, lead_of, study_named
from mapping.papers import duplicates, importing


class Command(ActCommand):
    help = "Imports files of references: BibTeX, RIS, CSV or Excel."

    def add_facts(self, parser):
        parser.add_argument("study", help="the study's slug")
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument(
            "--source", default="", help="where the files come from: Scopus, snowballing …"
        )
        parser.add_argument(
            "--keep-duplicates",
            nargs="+",
            default=[],
            metavar="NAME",
            help=(
                "take these entries although they look like others: key, line, FILE:LINE, or “all”"
            ),
        )
        parser.add_argument(
            "--leave-out",
            nargs="+",
            default=[],
            metavar="NAME",
            help="take these entries for the papers that they are possibly the same as, likewise",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="only say what would be imported"
        )

    def act(self, study, files, source, keep_duplicates, leave_out, dry_run):
        study = study_named(study)
        by = lead_of(study)
        imports, unknown = [], {*keep_duplicates, *leave_out}
        for path in files:
            name, content = file_content(path)
            preview = importing.preview(
                study, file_name=name, content=content, source=source, by=by
            )
            unknown -= choose(preview, keep_duplicates, leave_out)
            # In a dry run too: the second file is judged beside the papers of the first.
            imports.append(importing.confirm(preview, by=by))
        if unknown - {"all"}:
            listed = ", ".join(f"“{name}”" for name in sorted(unknown - {"all"}))
            raise ValidationError(
                f"No entry called {listed} looks like another one: give its key, or its line."
            )
        if dry_run:
            transaction.set_rollback(True)
        return outcome(imports) | {"dry_run": dry_run}

    def report(self, outcome):
        is_dry = outcome["dry_run"]
        lines = [
            f"{outcome['new']} new, {outcome['duplicate']} duplicate, {outcome['refused']} refused"
            + (": nothing was written." if is_dry else ".")
        ]
        lines += [f"{place(one)}: {one['reason']}" for one in outcome["problems"]]
        for one in (*outcome["possible"], *outcome["kept"]):
            what = "taken" if one["taken"] else "left out"
            lines.append(f"{place(one)}: “{one['key']}” {what}, although {one['reason']}")
        if any(one["taken"] for one in outcome["possible"]):
            lines.append(
                "What is the same after all is left out with --leave-out and its key or line."
            )
        lines += [f"{place(one)}: {one['reason']}" for one in outcome["notes"]]
        return "\n".join(lines)


def choose(preview, keep, leave):
    """Decide about entries as the options have it; returns the names that meant something here."""
    kept, left = duplicates.named_places(preview, keep), duplicates.named_places(preview, leave)
    taken = {place: True for places in kept.values() for place in places}
    out = {place: False for places in left.values() for place in places}
    for place in taken.keys() & out.keys():
        raise ValidationError(
            f"“{preview.records[place]['key']}” cannot be both kept and left out."
        )
    if taken or out:
        duplicates.choose(preview, taken | out)
    return kept.keys() | left.keys()


def outcome(imports):
    """Counts over all files, with every entry that was not taken as it stands."""
    problems = [problem for one in imports for problem in one.problems]
    entries = [
        (one, entry) for one in imports for entry in one.records if duplicates.is_choice(entry)
    ]
    left_out = [told(*pair) for pair in entries if pair[1]["outcome"] == importing.DUPLICATE]
    for one in left_out:
        one["reason"] = (
            f"“{one['key'] or one['line']}” falls on the paper “{one['paper']}”: {one['reason']}"
        )
    return {
        "new": sum(one.new for one in imports),
        "duplicate": sum(one.duplicate for one in imports),
        "refused": sum(one.refused for one in imports),
        # Every entry that did not become a paper, and why.
        "problems": [*(short(problem) for problem in problems if problem["is_refusal"]), *left_out],
        # What a person has to decide, and duplicates that were taken all the same.
        "possible": [told(*pair) for pair in entries if duplicates.is_question(pair[1])],
        "kept": [
            told(*pair)
            for pair in entries
            if pair[1]["outcome"] == importing.NEW and not duplicates.is_question(pair[1])
        ],
        "notes": [short(problem) for problem in problems if not problem["is_refusal"]],
    }


def told(paper_import, entry):
    """One entry that looks like another one, as the report has it."""
    return {
        "file": paper_import.file_name,
        "line": entry["line"],
        "key": entry["key"],
        "reason": entry["why"],
        "paper": entry["which"],
        "like": entry["like"],
        "taken": entry["outcome"] == importing.NEW,
        "differs": [
            dict(zip(("field", "here", "there"), one, strict=True)) for one in entry["differs"]
        ],
    }


def short(problem):
    return {name: problem[name] for name in ("file", "line", "reason")}


def place(problem):
    return f"{problem['file']}, line {problem['line']}" if problem["line"] else problem["file"]
