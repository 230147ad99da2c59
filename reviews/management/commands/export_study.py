import os
import tempfile
from pathlib import Path

from django.core.management.base import CommandError

from mapping.management.act import ActCommand, study_named
from mapping.site.plurals import counted
from reviews.exchange.bundle import writer
from reviews.exchange.scope import scope_of_all
from reviews.models import Summary


class Command(ActCommand):
    help = "Writes the replication bundle of a study: all of section 7 in one ZIP."
    # Reading is of one moment by itself: see `writer.one_moment`.
    is_atomic = False

    def add_facts(self, parser):
        parser.add_argument("study", help="the study's slug")
        parser.add_argument("target", metavar="TARGET.zip")
        parser.add_argument("--pseudonyms", action="store_true", help="call people R1, R2 …")

    def act(self, study, target, pseudonyms):
        study, target = study_named(study), Path(target)
        scope = scope_of_all(study, with_pseudonyms=pseudonyms)
        try:
            rows = write_whole(scope, target)
        except OSError as error:
            raise CommandError(f"{target} cannot be written: {error.strerror}.") from error
        drafts = Summary.objects.filter(assignment__round__study=study).drafts().count()
        return {"study": study.slug, "file": str(target), "rows": rows, "drafts_left_out": drafts}

    def report(self, outcome):
        lines = [f"{outcome['file']} holds the study “{outcome['study']}”:"]
        lines += [f"  {name}: {counted(rows, 'rows')}" for name, rows in outcome["rows"].items()]
        drafts = outcome["drafts_left_out"]
        stay = (
            "stays here: nobody has submitted it"
            if drafts == 1
            else "stay here: nobody has submitted them"
        )
        lines += [f"{counted(drafts, 'drafts')} {stay}."] if drafts else []
        return "\n".join(lines)


def write_whole(scope, target):
    """Write to a temporary file first: a bundle that breaks off never stands under its name."""
    descriptor, temporary = tempfile.mkstemp(dir=target.resolve().parent, prefix=".bundle-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            rows = writer.write(scope, file)
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return rows
