"""Letters of the sign-in: setting a password anew, and what has changed in how it is guarded."""

from __future__ import annotations

from django.urls import reverse

from incidents.letters.base import Rendered, render
from incidents.letters.links import absolute
from incidents.models import Person


def password_reset(person: Person, url: str) -> Rendered:
    """The link to set a new password. It holds for one hour and once."""
    return render("account/password_reset", language=person.language, context={"person": person, "url": url})


def factor_changed(person: Person, what: str, *, device: str, left: int) -> Rendered:
    """That the guard of the sign-in has changed. what: `added`, `codes`, `code_used`, `removed` or `reset`.

    device: browser and system in which it was done, "" when unknown or somebody else's.
    left: how many recovery codes have not been used.
    """
    url = absolute(reverse("sign-in"))
    context = {"person": person, "what": what, "device": device, "url": url, "left": left}
    return render("account/factor", language=person.language, context=context)
