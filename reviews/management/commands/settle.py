from mapping.management.act import ActCommand, study_named
from mapping.models import Finding
from mapping.site.plurals import counted
from reviews.settling import unanimous as settling_unanimous


class Command(ActCommand):
    help = (
        "Writes the findings that need no decision: unanimous answers, and those of papers "
        "that one person coded."
    )

    def add_facts(self, parser):
        parser.add_argument("study", metavar="STUDY", help="its slug")
        parser.add_argument(
            "--unanimous", action="store_true", help="leave papers that one person coded alone"
        )

    def act(self, *, study, unanimous):
        study = study_named(study)
        outcome = settling_unanimous.settle(study, is_unanimous_only=unanimous)
        # Most settle themselves before anybody asks: where the study stands counts them too.
        settled = Finding.objects.of(study).filter(section__in=study.sections.in_use()).count()
        return {"settled": settled, "new": outcome["settled"], "open": outcome["open"]}

    def report(self, outcome):
        now = counted(outcome["new"], "sections")
        return f"{now} settled now, {outcome['settled']} in all, {outcome['open']} open."
