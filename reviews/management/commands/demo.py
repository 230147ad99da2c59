from django.conf import settings
from django.core.management.base import CommandError

from mapping.management.act import ActCommand
from reviews.management import demo

LOCAL = {"127.0.0.1", "localhost", "::1"}


class Command(ActCommand):
    help = "Make the demo study, once, and print its accounts."

    def add_facts(self, parser):
        parser.add_argument(
            "--password", help="of the demo accounts; needed on a server that others reach"
        )
        parser.add_argument(
            "--address", default=settings.PUBLIC_URL, help="what to print as the address"
        )

    def act(self, password, address):
        if password is None and settings.PUBLIC.hostname not in LOCAL:
            raise CommandError(
                "Others reach this server: give the demo accounts a --password of your own."
            )
        study, is_new = demo.make(password or "concord-demo")
        members = study.memberships.select_related("user").order_by("pk")
        accounts = [{"username": member.user.username, "role": member.role} for member in members]
        return {
            "study": study.slug,
            "is_new": is_new,
            "address": address,
            "accounts": accounts,
            "password": "as given" if password else "concord-demo",
        }

    def report(self, outcome):
        width = max(len(account["username"]) for account in outcome["accounts"])
        lines = [
            f"Concord is at {outcome['address']}/",
            f"Demo study: {outcome['address']}/s/{outcome['study']}/",
        ]
        lines += [
            f"  {account['username']:<{width}}  {account['role']}"
            for account in outcome["accounts"]
        ]
        return "\n".join([*lines, f"Password of each: {outcome['password']}"])
