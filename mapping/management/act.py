"""What the commands share: a short report, or one JSON object; wrong input is one line on standard
error.
"""

import json
import sys
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.template.defaultfilters import filesizeformat

from mapping.models import Membership, Study, User
from mapping.parsers.characters import UNFIT, is_fit, shown


class ActCommand(BaseCommand):
    """An act of Concord as a command. Subclasses fill `add_facts`, `act` and `report`.

    `act` returns a dict, which `--json` prints as it stands. Everything it writes is one
    transaction.
    """

    requires_migrations_checks = False
    is_atomic = True

    def add_arguments(self, parser):
        parser.add_argument(
            "--json", action="store_true", dest="as_json", help="print one JSON object"
        )
        self.add_facts(parser)

    def add_facts(self, parser):
        """The command's own arguments."""

    def act(self, **facts):
        raise NotImplementedError

    def report(self, outcome):
        """The outcome in a few lines for people."""
        raise NotImplementedError

    def refusal(self, outcome):
        """One line if the outcome is a refusal: it is reported all the same, and the command
        fails.
        """

    def run_from_argv(self, argv):
        # argparse would print its usage and exit with status 2.
        self._called_from_command_line = True
        parser = self.create_parser(argv[0], argv[1])
        parser.called_from_command_line = False
        try:
            parser.parse_args(argv[2:])
        except CommandError as error:
            self.stderr.write(str(error))
            sys.exit(1)
        super().run_from_argv(argv)

    def handle(self, *args, as_json=False, **options):
        facts = {name: value for name, value in options.items() if name not in self.BASE_OPTIONS}
        refuse_unfit(facts)
        try:
            if self.is_atomic:
                with transaction.atomic():
                    outcome = self.act(**facts)
            else:
                outcome = self.act(**facts)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(
            json.dumps(outcome, cls=DjangoJSONEncoder, ensure_ascii=False)
            if as_json
            else self.report(outcome)
        )
        refusal = self.refusal(outcome)
        if refusal:
            raise CommandError(refusal)

    BASE_OPTIONS = frozenset(
        {
            "verbosity",
            "settings",
            "pythonpath",
            "traceback",
            "no_color",
            "force_color",
            "skip_checks",
            "stdout",
            "stderr",
        }
    )


def refuse_unfit(facts):
    """Bytes that are no UTF-8 come in from the command line as half characters, which nothing here
    can keep.
    """
    for value in facts.values():
        for text in value if isinstance(value, list | tuple) else [value]:
            if isinstance(text, str) and not is_fit(text):
                raise CommandError(f"“{shown(text)}” {UNFIT}: rename it, or write it in UTF-8.")


def file_content(path):
    """(name, bytes) of a file to import; one that is too large is not read."""
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > settings.IMPORT_LIMIT:
            raise CommandError(
                f"{path.name} has {filesizeformat(size)}; at most "
                f"{filesizeformat(settings.IMPORT_LIMIT)} are taken."
            )
        return path.name, path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error


def study_named(slug):
    try:
        return Study.objects.get(slug=slug)
    except Study.DoesNotExist:
        known = ", ".join(Study.objects.values_list("slug", flat=True)[:10]) or "none"
        raise CommandError(f"There is no study “{slug}”. Studies here: {known}.") from None


def user_named(name):
    user = User.objects.known_as(name).first()
    if user is None:
        raise CommandError(f"There is no user “{name}”.")
    return user


def lead_of(study):
    """In whose name a command acts when it is not told: the study's first lead."""
    return (
        Membership.objects.leads()
        .filter(study=study)
        .order_by("pk")
        .select_related("user")
        .first()
        .user
    )
