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
            known = ", ".join(one.name for one in rounds) or "none"
            rounds = [one for one in rounds if one.name == name]
            if not rounds:
                raise CommandError(f"There is no round “{name}”. Rounds here: {known}.")
        return agreement_tables.of_study(study, rounds, level)

    def report(self, outcome):
        lines = []
        if outcome["statistics_off"]:
            lines.append(
                f"This study works without agreement statistics: {outcome['statistics_off']}"
            )
        for one in outcome["sections"]:
            head = (
                f"{one['round']} · {one['label']} ({one['kind']}): "
                f"{counted(one['papers'], 'papers')}, "
            )
            head += counted(one["raters"], "raters")
            alpha = one["coefficients"][one["primary"]]
            percent = one["percent_agreement"]
            agreed = "" if percent is None else f", {percent:.0%} agree"
            lines.append(f"{head}{agreed}, {one['primary']} {self.in_words(alpha)}")
            if one.get("not_independent"):
                lines.append(f"  {one['not_independent']} not independent left out")
            lines += [
                f"  declared after the first submission: {change}" for change in one["changed_late"]
            ]
        return "\n".join(lines) or "Nothing was submitted yet."

    def in_words(self, found):
        if found["value"] is None:
            return f"undefined: {found['reason']}"
        if found["low"] is None:
            return f"{found['value']:.3f}"
        return f"{found['value']:.3f} [{found['low']:.3f}, {found['high']:.3f}]"
