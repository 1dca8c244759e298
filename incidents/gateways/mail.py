"""The only place that talks SMTP."""

from __future__ import annotations

import smtplib
from dataclasses import dataclass
from email.errors import MessageError
from email.utils import formataddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from incidents.models import Letter


@dataclass(frozen=True)
class Answer:
    """What the mail server said. `taken`: 250. Otherwise `for_good` tells 5xx from what may pass."""

    taken: bool
    error: str = ""
    for_good: bool = False


def deliver(letter: Letter) -> Answer:
    """Hand one letter to the mail server named by SMTP_URL. Never raises for what a server or network does."""
    message = EmailMultiAlternatives(
        subject=letter.subject,
        body=letter.text,
        from_email=settings.MAIL_FROM,
        to=[formataddr((letter.to_name, letter.to_email))],
        headers={
            "Message-ID": letter.message_id,
            "Date": timezone.localtime(letter.created_at).strftime("%a, %d %b %Y %H:%M:%S %z"),
            # RFC 3834: no out-of-office answers to a machine.
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
            "Content-Language": letter.language,
        },
    )
    if letter.html:
        message.attach_alternative(letter.html, "text/html")
    try:
        message.message()
    except (ValueError, MessageError) as error:  # no mail may have such a header; trying again would not change it
        return Answer(False, f"{type(error).__name__}: {error}", for_good=True)
    try:
        message.send(using="default")
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        return Answer(False, _say(code, said), 500 <= code < 600)
    except smtplib.SMTPResponseException as error:
        # 535 (wrong password) and 530 (sign in first) mean that the settings are wrong, not the letter.
        settings_wrong = isinstance(error, smtplib.SMTPAuthenticationError) or error.smtp_code in {421, 530, 535}
        return Answer(False, _say(error.smtp_code, error.smtp_error), error.smtp_code >= 500 and not settings_wrong)
    except (smtplib.SMTPException, OSError, ValueError) as error:  # the network, or settings that somebody will mend
        return Answer(False, f"{type(error).__name__}: {error}")
    return Answer(True)


def _say(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return f"{code} {text}"
