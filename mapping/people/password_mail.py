"""Mails with a link to a new password, queued in the database and sent in the background.

For every address a request does the same, and no more than a row: neither the answer nor its time
tells who has an account. The row stays until the mail server has the mail, also where this process
ends before.
"""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Timer

from django.conf import settings
from django.db import Error, close_old_connections, connection, transaction
from django.utils import timezone

from mapping.models import PasswordMail
from mapping.people.forms import PasswordMailForm

_GOOD_FOR = timedelta(days=1)
_SECONDS_UNTIL_NEXT_TRY = 60
_logger = logging.getLogger(__name__)
_sender = ThreadPoolExecutor(1, thread_name_prefix="password-mail")


def ask_for(email: str) -> None:
    """Queue a mail to this address."""
    PasswordMail.objects.create(email=email)
    send_soon()


def send_soon() -> None:
    if settings.SENDS_MAIL_IN_REQUEST:
        send_waiting()
    else:
        _sender.submit(send_in_background)


def send_left_over() -> None:
    """Send what another process left when it ended."""
    _sender.submit(send_in_background)


def send_in_background() -> None:
    """Send what waits, in a thread of its own; try again after a minute where something could not
    be sent.
    """
    close_old_connections()
    try:
        is_done = send_waiting()
    except Error:
        _logger.exception("Password mails wait for the database.")
        is_done = False
    finally:
        connection.close()
    if not is_done:
        again = Timer(_SECONDS_UNTIL_NEXT_TRY, send_soon)
        again.daemon = True
        again.start()


def send_waiting() -> bool:
    """Send what waits; returns whether nothing is left to try again."""
    PasswordMail.objects.filter(asked_at__lt=timezone.now() - _GOOD_FOR).delete()
    sent = [send(pk) for pk in PasswordMail.objects.order_by("pk").values_list("pk", flat=True)]
    return all(sent)


@transaction.atomic
def send(pk: int) -> bool:
    """Send one waiting mail; returns whether nothing of it is left to try again."""
    # Each process has a sender of its own; what one is sending the others pass by.
    waiting = PasswordMail.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
    if waiting is None:
        return True
    form = PasswordMailForm({"email": waiting.email})
    try:
        if form.is_valid():
            form.save(domain_override=settings.PUBLIC_URL)
    except OSError as error:  # smtplib's errors are such
        _logger.warning("A password mail could not be sent and is tried again: %s", error)
        return False
    waiting.delete()
    return True
