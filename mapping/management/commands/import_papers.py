from django.db import transaction

from mapping import importing
from mapping.management.act import ActCommand, file_content, lead_of, study_named


class Command(ActCommand):
    help = "Imports files of references: BibTeX, RIS, CSV or Excel."

    def add_facts(self, parser):
        parser.add_argument("study", help="the study's slug")
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument("--source", default="", help="where the files come from: Scopus, snowballing …")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be imported")

    def act(self, study, files, source, dry_run):
        study = study_named(study)
        by = lead_of(study)
        imports = []
        for path in files:
            name, content = file_content(path)
            preview = importing.preview(study, file_name=name, content=content, source=source, by=by)
            # In a dry run too: the second file is judged beside the papers of the first.
            imports.append(importing.confirm(preview, by=by))
        if dry_run:
            transaction.set_rollback(True)
        return outcome(imports) | {"dry_run": dry_run}

    def report(self, outcome):
        is_dry = outcome["dry_run"]
        lines = [
            f"{outcome['new']} new, {outcome['duplicate']} duplicate, {outcome['refused']} refused"
            + (": nothing was written." if is_dry else ".")
        ]
        for kind in ("problems", "notes"):
            lines += [f"{place(one)}: {one['reason']}" for one in outcome[kind]]
        return "\n".join(lines)


def outcome(imports):
    """Counts over all files, with every entry that was not taken as it stands."""
    problems = [problem for one in imports for problem in one.problems]
    duplicates = [
        {"file": one.file_name, "line": entry["line"], "reason": entry["why"], "paper": entry["which"]}
        for one in imports
        for entry in one.records
        if entry["outcome"] == importing.DUPLICATE
    ]
    return {
        "new": sum(one.new for one in imports),
        "duplicate": sum(one.duplicate for one in imports),
        "refused": sum(one.refused for one in imports),
        # Every entry that did not become a paper, and why.
        "problems": [*(short(problem) for problem in problems if problem["is_refusal"]), *duplicates],
        "notes": [short(problem) for problem in problems if not problem["is_refusal"]],
    }


def short(problem):
    return {name: problem[name] for name in ("file", "line", "reason")}


def place(problem):
    return f"{problem['file']}, line {problem['line']}" if problem["line"] else problem["file"]
