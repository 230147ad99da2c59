from django.core.management.base import CommandError
from django.db import transaction

from mapping.management.act import ActCommand, lead_of, study_named, user_named
from mapping.models import User
from mapping.site.plurals import counted
from reviews.blindness import independence
from reviews.rounds import assignments, lifecycle


class Command(ActCommand):
    help = (
        "Hands out papers in a round: balanced loads and pairs, nobody their own paper, "
        "repeatable by seed."
    )

    def add_facts(self, parser):
        parser.add_argument("study", metavar="STUDY", help="its slug")
        parser.add_argument(
            "--round", required=True, metavar="NAME", help="opened when there is none of this name"
        )
        parser.add_argument(
            "--phase", metavar="KEY", help="of a new round; default: the study's last phase"
        )
        parser.add_argument(
            "--per-paper", type=int, default=2, metavar="K", help="reviewers per paper (2)"
        )
        parser.add_argument(
            "--overlap",
            type=int,
            default=100,
            metavar="PERCENT",
            help="share of papers read by K, the rest by one (100)",
        )
        parser.add_argument(
            "--reviewers", nargs="+", metavar="USER", help="default: everybody who codes"
        )
        parser.add_argument(
            "--papers",
            type=int,
            metavar="N",
            help="so many, drawn by lot; default: all that are left",
        )
        parser.add_argument(
            "--capacity", type=int, metavar="N", help="the most papers anybody takes in this round"
        )
        parser.add_argument(
            "--seed", type=int, default=0, help="the same seed gives the same plan (0)"
        )
        parser.add_argument(
            "--by", metavar="USER", help="in whose name; default: the study's first lead"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="show the plan and write nothing"
        )

    def act(self, *, study, round, phase, reviewers, papers, capacity, by, dry_run, **wishes):
        study = study_named(study)
        by = user_named(by) if by else lead_of(study)
        round = self.round_named(study, round, phase, by)
        reviewers = self.reviewers_named(study, reviewers)
        wishes |= {
            "reviewers": reviewers,
            "sample": papers,
            "capacity": self.capacities(reviewers, capacity),
        }
        proposal = assignments.hand_out(round, by=by, **wishes)
        if dry_run:
            transaction.set_rollback(True)
        return {
            "round": round.name,
            "assigned": proposal.assigned,
            "papers": proposal.papers_given,
            "loads": proposal.plan.loads,
            "pairs": [
                {"reviewers": [first.username, second.username], "papers": count}
                for first, second, count in proposal.pairs
            ],
            "own": [
                {"paper": paper.key, "reviewer": user.username} for paper, user in proposal.own
            ],
            "not_independent": [independence.facts(*row) for row in proposal.not_independent],
            "warnings": [text for text, _ in proposal.warnings],
            "problems": [
                {"paper": paper.key, "missing": missing, "reason": why}
                for paper, missing, why in proposal.problems
            ],
            "dry_run": dry_run,
        }

    def round_named(self, study, name, phase, by):
        round = study.rounds.filter(name=" ".join(name.split())).select_related("phase").first()
        if round:
            if phase and round.phase.key != phase:
                raise CommandError(f"The round “{round}” belongs to the phase “{round.phase.key}”.")
            return round
        phases = {phase.key: phase for phase in study.phases.all()}
        if phase and phase not in phases:
            raise CommandError(
                f"There is no phase “{phase}”. Phases here: {', '.join(phases) or 'none'}."
            )
        if not phases:
            raise CommandError("This study has no phase yet: its template is empty.")
        chosen = phases[phase] if phase else list(phases.values())[-1]
        return lifecycle.create_round(study, phase=chosen, name=name, by=by)

    def reviewers_named(self, study, names):
        if names:
            return [user_named(name) for name in names]
        return list(User.objects.filter(memberships__in=study.memberships.able_to_code()))

    def capacities(self, reviewers, most):
        return {} if most is None else dict.fromkeys(reviewers, most)

    def report(self, outcome):
        verb = "would be handed out" if outcome["dry_run"] else "handed out"
        papers, assigned = (
            counted(outcome["papers"], "papers"),
            counted(outcome["assigned"], "assignments"),
        )
        lines = [f"{papers} in “{outcome['round']}”, {assigned} {verb}."]
        lines += [f"  {name}: {load} in all" for name, load in outcome["loads"].items()]
        lines += [
            f"  {' and '.join(pair['reviewers'])} share {pair['papers']}"
            for pair in outcome["pairs"]
        ]
        lines += [f"  skipped: {own['reviewer']} wrote {own['paper']}" for own in outcome["own"]]
        lines += [f"  {text}" for text in outcome["warnings"]]
        lines += [
            f"  {problem['paper']}: {problem['missing']} missing ({problem['reason']})"
            for problem in outcome["problems"]
        ]
        return "\n".join(lines)
