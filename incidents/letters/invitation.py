"""The letter that lets somebody into a team."""

from __future__ import annotations

from django.urls import reverse

from incidents.enums import Role
from incidents.letters import links
from incidents.letters.base import Rendered, render
from incidents.models import Invitation


def url_of(token: str) -> str:
    """The address behind 「招待を開く」; it holds the only copy of the token that there is in clear."""
    return links.absolute(reverse("mail-join", args=[token]))


def invitation(one: Invitation, token: str, *, language: str) -> Rendered:
    """Who invites into which team, and until when. Nothing in it depends on who the address belongs to."""
    context = {
        "team": one.team.name,
        "by": one.invited_by,
        "role": Role(one.role).label,
        "until": one.expires_at,
        "url": url_of(token),
    }
    return render("invitation/invite", language=language, context=context)
