from django.core.management.base import CommandError

from mapping.management.act import ActCommand, study_named
from mapping.site.plurals import counted
from reviews.agreement import tables as agreement_tables
from reviews.agreement.ratings import CODE, PARENT


class Command(ActCommand):
    help = (
        "The agreement statistics of every section, round by round; for closed rounds as they "
        "stood at closing."
    )

    def add_facts(self, parser):
        parser.add_argument("study", metavar="STUDY", help="its slug")
        parser.add_argument(
            "--round", metavar="NAME", help="default: all rounds, one after another"
        )
        parser.add_argument(
            "--level",
            choices=[CODE, PARENT],
            default=CODE,
            help="parent: a code counts as the one it stands under",
        )

    def act(self, *, study, round, level):
        study = study_named(study)
        rounds = list(study.rounds.select_related("phase"))
        if round is not None:
            name = " ".join(round.split())
            known = ", ".join(round.name for round in rounds) or "none"
            rounds = [round for round in rounds if round.name == name]
            if not rounds:
                raise CommandError(f"There is no round “{name}”. Rounds here: {known}.")
        return agreement_tables.of_study(study, rounds, level)

    def report(self, outcome):
        lines = []
        if outcome["statistics_off"]:
            lines.append(
                f"This study works without agreement statistics: {outcome['statistics_off']}"
            )
        for section in outcome["sections"]:
            lines += self.section_lines(section)
        return "\n".join(lines) or "Nothing was submitted yet."

    def section_lines(self, section):
        head = (
            f"{section['round']} · {section['label']} ({section['kind']}): "
            f"{counted(section['papers'], 'papers')}, {counted(section['raters'], 'raters')}"
        )
        percent = section["percent_agreement"]
        agreed = "" if percent is None else f", {percent:.0%} agree"
        primary = section["primary"]
        yield f"{head}{agreed}, {primary} {self.in_words(section['coefficients'][primary])}"
        if section.get("not_independent"):
            yield f"  {section['not_independent']} not independent left out"
        for change in section["changed_late"]:
            yield f"  declared after the first submission: {change}"

    def in_words(self, coefficient):
        value, low, high = (coefficient[name] for name in ("value", "low", "high"))
        if value is None:
            return f"undefined: {coefficient['reason']}"
        return f"{value:.3f}" if low is None else f"{value:.3f} [{low:.3f}, {high:.3f}]"
