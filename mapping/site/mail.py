"""Every mail leaves here. Its words are templates/mail/<name>-subject.txt and <name>.txt."""

from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from mapping.site.addresses import public


def send(
    name: str,
    to: str,
    facts: dict[str, Any],
    *,
    path: str,
    reply_to: str = "",
    is_needed: bool = True,
) -> None:
    """Write the mail of this name and send it to this address.

    `path` is the page that it leads to; the templates have it as `link`, at the public address
    whatever host a request named.

    Raises OSError (smtplib's errors are such) where the mail server refuses: whoever sends it says
    so, or tries again. A mail that is not needed, since a page says the same, raises nothing, and
    is not printed either where there is no mail server.
    """
    if not (is_needed or settings.SENDS_MAIL):
        return
    context = {**facts, "link": public(path)}
    # A line break in a subject would begin another header.
    subject = " ".join(render_to_string(f"mail/{name}-subject.txt", context).split())
    body = render_to_string(f"mail/{name}.txt", context)
    message = EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, [to])
    message.reply_to = [reply_to] if reply_to else []
    message.send(fail_silently=not is_needed)
