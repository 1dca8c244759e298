"""What others hear of what somebody said through a link of their mail: an offer to help, and who should hold a promise."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.utils.translation import override

from incidents.enums import SPREAD_KINDS
from incidents.letters import links
from incidents.letters.base import Rendered, render
from incidents.letters.reminder import page_path
from incidents.models import MailReply, Person
from tools.plain.daytext import long_day


def ask_help(reply: MailReply, *, to: Person, today: date) -> Rendered:
    """Somebody asks for a hand: what for, until when, in their words. today: the reader's."""
    return render("reply/ask_help", language=to.language, context=_context(reply, to, today))


def not_mine(reply: MailReply, *, to: Person, today: date) -> Rendered:
    """Somebody thinks that a promise is not theirs; the reader decides. today: the reader's."""
    return render("reply/not_mine", language=to.language, context=_context(reply, to, today))


def _context(reply: MailReply, to: Person, today: date) -> dict:
    follow_up = reply.follow_up
    asked = follow_up.kind in SPREAD_KINDS  # shows nothing of the record that asks (invariant 9)
    with override(to.language):
        what, kind_label = follow_up.what, str(follow_up.get_kind_display())
    return {
        "person": to,
        "who": reply.person,
        "owner": follow_up.owner,
        "what": what,
        "words": reply.words,
        "reference": kind_label if asked else follow_up.incident.reference,
        "incident": follow_up.incident.team.name if asked else follow_up.incident.title,
        "team": follow_up.team.name,
        "due": long_day(follow_up.due_on, to.language, today=today),
        "page_url": links.absolute(page_path(follow_up)),
        "site_url": settings.SITE_URL,
    }
