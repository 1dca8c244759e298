"""Letters about 閲覧のお願い. Neither holds a word of the record: its number is all that who asks knows too."""

from __future__ import annotations

from django.urls import reverse

from incidents.letters import links
from incidents.letters.base import Rendered, render
from incidents.models import Person, ReadRequest


def asked(wish: ReadRequest, *, to: Person) -> Rendered:
    """To whoever decides: who asks, for which record, why."""
    context = {
        "person": to,
        "who": wish.person,
        "reference": wish.incident.reference,
        "reason": wish.reason,
        "url": links.absolute(reverse("incident-readers", args=[wish.incident.reference])),
    }
    return render("reader/asked", language=to.language, context=context)


def answered(wish: ReadRequest) -> Rendered:
    """To whoever asked: whether they may read it now, or why not."""
    context = {
        "person": wish.person,
        "reference": wish.incident.reference,
        "granted": wish.state == ReadRequest.State.GRANTED,
        "answer": wish.answer,
        "url": links.absolute(wish.incident.get_absolute_url()),
    }
    return render("reader/answered", language=wish.person.language, context=context)
