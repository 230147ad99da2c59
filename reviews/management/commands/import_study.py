from pathlib import Path

from django.core.management.base import CommandError

from mapping.management.act import ActCommand, user_named
from mapping.models import Paper, User
from mapping.site.plurals import counted
from reviews.exchange.bundle.restore import restore
from reviews.exchange.importing.options import pairs
from reviews.models import Summary


class Command(ActCommand):
    help = (
        "Makes a study of a bundle. Everybody in it gets an account without login; nobody's "
        "account is taken over."
    )

    def add_facts(self, parser):
        parser.add_argument("file", metavar="FILE.zip")
        parser.add_argument(
            "--slug", help="the study's slug here; otherwise its own, or one that is free"
        )
        parser.add_argument(
            "--as",
            default="",
            dest="known",
            metavar="ben=benjamin,…",
            help="who of the bundle is which user here",
        )

        parser.add_argument(
            "--lead", metavar="USER", help="who leads it here, whoever led it there"
        )

    def act(self, file, slug, known, lead):
        path = Path(file)
        people = {name: user_named(user) for name, user in pairs(known, "--as").items()}
        if len(set(people.values())) < len(people):
            raise CommandError("--as names one user of this site twice.")
        try:
            with path.open("rb") as source:
                site = restore(source, known=people, slug=slug, lead=lead and user_named(lead))
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
        return {
            "study": site.study.slug,
            "papers": len(site.made[Paper]),
            "summaries": len(site.made[Summary]),
            "people": len(site.made[User]),
            "renamed": site.renamed,
        }

    def report(self, outcome):
        counts = ", ".join(
            counted(outcome[noun], noun) for noun in ("papers", "summaries", "people")
        )
        lines = [f"The study “{outcome['study']}”: {counts}."]
        lines += [
            f"“{there}” is called “{here}” here." for there, here in outcome["renamed"].items()
        ]
        return "\n".join(lines)
