"""What was said through the links of mails."""

from __future__ import annotations

from incidents.models import MailReply


def said_by(mark: str) -> bool:
    """Whether the link with this mark has spoken already."""
    return MailReply.objects.filter(mark=mark).exists()
