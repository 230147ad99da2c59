from pathlib import Path

from django.core.management.base import CommandError

from mapping.management.act import ActCommand, user_named
from mapping.protocol import files as protocol_files
from mapping.site.plurals import counted


class Command(ActCommand):
    help = "Create a study from a template and print its slug."

    def add_facts(self, parser):
        parser.add_argument("title", metavar="TITLE")
        parser.add_argument(
            "--lead", metavar="USER", required=True, help="user name or e-mail address of its lead"
        )
        parser.add_argument(
            "--template",
            metavar="NAME-or-FILE.json",
            default="blank",
            help=(
                f"a built-in template ({', '.join(protocol_files.BUILT_IN)}) or a protocol file; "
                "default: blank"
            ),
        )

    def act(self, title, lead, template):
        lead = user_named(lead)
        if not lead.is_active:
            raise CommandError(f"{lead.username} is deactivated and cannot lead a study.")
        found = template_called(template)
        # What a built-in template says of itself is not what this study is about.
        description = "" if template in protocol_files.BUILT_IN else found.description
        study = protocol_files.create_study(
            title=title,
            lead=lead,
            by=lead,
            protocol=found.in_use(),
            description=description,
            template_name=Path(template).stem,
        )
        return {
            "study": study.slug,
            "title": study.title,
            "template": study.template_name,
            "sections": len(found.in_use().sections),
            "notes": list(found.notes),
        }

    def report(self, outcome):
        sections = counted(outcome["sections"], "sections")
        made = (
            f"{outcome['study']}: “{outcome['title']}” with {sections} from {outcome['template']}."
        )
        return "\n".join([made, *outcome["notes"]])


def template_called(name):
    """A built-in template by its name, or the protocol file at this path."""
    if name in protocol_files.BUILT_IN:
        return protocol_files.built_in(name)
    path = Path(name)
    if not path.is_file():
        raise CommandError(
            f"“{name}” is neither a built-in template ({', '.join(protocol_files.BUILT_IN)}) nor a "
            "protocol file."
        )
    try:
        with path.open("rb") as file:
            # One byte more than may be there: enough to see that there is too much.
            return protocol_files.read(file.read(protocol_files.LIMIT + 1), path.name)
    except OSError as error:
        raise CommandError(f"{path.name} cannot be read: {error.strerror}.") from None
    except protocol_files.ProtocolError as refused:
        raise CommandError(str(refused)) from None
