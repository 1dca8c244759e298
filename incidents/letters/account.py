"""Letters of the sign-in: setting a password anew."""

from __future__ import annotations

from incidents.letters.base import Rendered, render
from incidents.models import Person


def password_reset(person: Person, url: str) -> Rendered:
    """The link to set a new password. It holds for one hour and once."""
    return render("account/password_reset", language=person.language, context={"person": person, "url": url})
