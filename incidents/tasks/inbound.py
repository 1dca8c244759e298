from __future__ import annotations

from celery import shared_task
from django.conf import settings

from incidents.tasks import mailbox


@shared_task(name="inbound.poll")
def poll() -> int:
    """Take over what waits in the mailbox. Two rounds at once find the same mails, and each of them is taken once."""
    return mailbox.poll().taken if settings.IMAP else 0
