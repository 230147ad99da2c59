from pathlib import Path

from django.core.management.base import CommandError

from mapping.management.act import ActCommand, file_content, study_named, user_named
from mapping.site.plurals import counted
from reviews.exchange.importing import import_summaries
from reviews.exchange.importing.summaries import ENDINGS


class Command(ActCommand):
    help = (
        "Imports filled-in summary templates (Markdown or Org) as draft summaries of one reviewer."
    )

    def add_facts(self, parser):
        parser.add_argument("study", help="the study's slug")
        parser.add_argument("path", metavar="FILE-or-FOLDER")
        parser.add_argument(
            "--reviewer", required=True, metavar="USER", help="whose summaries they are"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="only say what would be imported"
        )

    def act(self, study, path, reviewer, dry_run):
        reviewer = user_named(reviewer)
        files = [file_content(file) for file in files_at(Path(path))]
        # Whoever may use the command line runs the server; the drafts are written in the reviewer's
        # own name.
        return import_summaries(
            study_named(study), files=files, reviewer=reviewer, by=reviewer, is_dry_run=dry_run
        )

    def report(self, outcome):
        lines = [
            f"{counted(outcome['summaries'], 'draft summaries')} of "
            f"{counted(outcome['papers'], 'papers')}, {outcome['new_papers']} of them new."
        ]
        lines += [f"{skip['file']}: {skip['reason']}." for skip in outcome["skipped"]]
        lines += outcome["not_independent"]
        lines += [
            f"{paper['file']}: made a paper of “{paper['title']}”; {paper['reason']}."
            for paper in outcome["possible"]
        ]
        lines += [
            f"{paper['file']}, line {paper['line']}: “{paper['title']}”."
            for paper in outcome["read"]
        ]
        lines += [
            (
                f"{line['file']}, line {line['line']}: “{line['text']}” in {line['section']} is "
                f"{line['meaning']}."
            )
            for line in outcome["absences"]
        ]
        lines += [unplaced_line(line) for line in outcome["unplaced"]]
        lines += ["Nothing was written: this was a dry run."] if outcome["dry_run"] else []
        return "\n".join(lines)


def unplaced_line(line):
    reason = f" ({line['reason']})" if line["reason"] else ""
    return f"{line['file']}, line {line['line']}, found no place{reason}: {line['text']}"


def files_at(path):
    if not path.is_dir():
        return [path]
    files = sorted(
        file for file in path.rglob("*") if file.suffix.lower() in ENDINGS and file.is_file()
    )
    if not files:
        raise CommandError(f"There is no Markdown or Org file in {path}.")
    return files
