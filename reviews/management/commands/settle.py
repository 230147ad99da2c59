from mapping.management.act import ActCommand, study_named
from reviews import settling


class Command(ActCommand):
    help = "Writes the findings that need no decision: unanimous answers, and those of papers that one person coded."

    def add_facts(self, parser):
        parser.add_argument("study", metavar="STUDY", help="its slug")
        parser.add_argument("--unanimous", action="store_true", help="leave papers that one person coded alone")

    def act(self, *, study, unanimous):
        outcome = settling.settle(study_named(study), is_unanimous_only=unanimous)
        return {"settled": outcome["settled"], "open": outcome["open"]}

    def report(self, outcome):
        return f"{outcome['settled']} sections settled, {outcome['open']} open."
