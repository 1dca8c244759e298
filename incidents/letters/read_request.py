"""Letters about 閲覧のお願い. Neither holds a word of the record: its number is all that who asks knows too."""

from __future__ import annotations

from django.urls import reverse

from incidents.letters import links
from incidents.letters.base import Rendered, render
from incidents.models import Person, ReadRequest


def asked(request: ReadRequest, *, to: Person) -> Rendered:
    """To whoever decides: who asks, for which record, why."""
    context = {
        "person": to,
        "who": request.person,
        "reference": request.incident.reference,
        "reason": request.reason,
        "url": links.absolute(reverse("incident-readers", args=[request.incident.reference])),
    }
    return render("reader/asked", language=to.language, context=context)


def answered(request: ReadRequest) -> Rendered:
    """To whoever asked: whether they may read it now, or why not."""
    context = {
        "person": request.person,
        "reference": request.incident.reference,
        "granted": request.state == ReadRequest.State.GRANTED,
        "answer": request.answer,
        "url": links.absolute(request.incident.get_absolute_url()),
    }
    return render("reader/answered", language=request.person.language, context=context)
