from django.template.defaultfilters import pluralize

from mapping.management.act import ActCommand, file_content, lead_of, study_named
from mapping.site.plurals import counted
from reviews.exchange.importing import import_codings
from reviews.exchange.importing.options import pairs


class Command(ActCommand):
    help = "Imports independent codings from a spreadsheet: codings.csv, or a file like it."

    def add_facts(self, parser):
        parser.add_argument("study", help="the study's slug")
        parser.add_argument("file", metavar="FILE.csv")
        parser.add_argument("--round", default="", dest="round_name", help="the round of all rows")
        parser.add_argument(
            "--create",
            action="store_true",
            help="make missing papers, reviewers (without login), sections and codes",
        )
        parser.add_argument(
            "--columns", default="", help="other headings: paper=doi,reviewer=rater"
        )
        parser.add_argument(
            "--absence", default="", help="other words for an absence: NA=not_applicable"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="only say what would be imported"
        )

    def act(self, study, file, round_name, create, columns, absence, dry_run):
        study = study_named(study)
        name, content = file_content(file)
        return import_codings(
            study,
            file_name=name,
            content=content,
            by=lead_of(study),
            round_name=round_name,
            may_create=create,
            columns=pairs(columns, "--columns"),
            absences=pairs(absence, "--absence"),
            is_dry_run=dry_run,
        )

    def refusal(self, outcome):
        count = len(outcome["problems"])
        return count and (
            f"{count} row{'s were' if count > 1 else ' was'} refused, so nothing was imported."
        )

    def report(self, outcome):
        made = ", ".join(
            counted(count, noun) for noun, count in outcome["created"].items() if count
        )
        summaries, marks, rows = (
            counted(outcome[noun], noun) for noun in ("summaries", "marks", "rows")
        )
        lines = [f"{summaries} with {marks} from {rows}."]
        lines += [f"Made {made}."] if made else []
        lines += [
            f"New {noun}: {'; '.join(names)}." for noun, names in outcome["made"].items() if names
        ]
        for absence in outcome["absences"]:
            word, meaning = absence["word"], absence["meaning"]
            rows = f"{absence['rows']} row{pluralize(absence['rows'])}"
            lines.append(f"“{word}” in {absence['section']} becomes “{meaning}”: {rows}.")
        lines += [f"Round: {', '.join(outcome['rounds'])}."] if outcome["rounds"] else []
        lines += (
            [f"Columns left aside: {', '.join(outcome['ignored'])}."] if outcome["ignored"] else []
        )
        lines += outcome["notes"]
        lines += ["Nothing was written: this was a dry run."] if outcome["dry_run"] else []
        lines += [
            f"{problem['file']}, line {problem['line']}: {problem['reason']}"
            for problem in outcome["problems"]
        ]
        return "\n".join(lines)
