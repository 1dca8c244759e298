"""The address of a person's calendar (U9): made, made anew, switched off. Whoever has it reads without signing in."""

from __future__ import annotations

import secrets
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents.domain import audit
from incidents.errors import NotAllowed
from incidents.models import CalendarFeed, Person
from incidents.queries.feed import hash_of

# A word that programs which look for secrets in texts can find.
PREFIX = "ushirocal_"


@transaction.atomic
def make(person: Person, *, by: Person) -> str:
    """Give the person's calendar an address; one that there was leads nowhere from now on.

    Returns its secret part, which is kept as a hash only: nobody can be shown it again. Raises NotAllowed.
    """
    _refuse_unless_own(person, by)
    Person.objects.select_for_update().get(pk=person.pk)  # two presses at once come one after the other
    feed = CalendarFeed.objects.filter(person=person).first() or CalendarFeed(person=person)
    renewed, token = feed.is_open, PREFIX + secrets.token_urlsafe(32)
    feed.token_hash, feed.made_at, feed.last_read_on = hash_of(token), timezone.now(), None
    feed.save()
    audit.note(by, "feed.renewed" if renewed else "feed.made", person)
    return token


@transaction.atomic
def switch_off(person: Person, *, by: Person) -> None:
    """The person's calendar has no address any more; without one nothing happens. Raises NotAllowed."""
    _refuse_unless_own(person, by)
    end(person, by=by)


def end(person: Person, *, by: Person) -> None:
    """Shut the feed as a part of another change, such as a deactivation: inside its transaction, its right asked there."""
    changed = CalendarFeed.objects.filter(person=person).exclude(token_hash="")
    if changed.update(token_hash="", made_at=None, last_read_on=None, updated_at=timezone.now()):
        audit.note(by, "feed.switched_off", person)


def note_read(feed: CalendarFeed, *, today: date) -> None:
    """Remember the day on which the feed was last read; at most one write a day, and no trace: it says nothing of a record."""
    if feed.last_read_on != today:
        CalendarFeed.objects.filter(pk=feed.pk, token_hash=feed.token_hash).update(last_read_on=today)


def _refuse_unless_own(person: Person, by: Person) -> None:
    if by.pk != person.pk or not by.is_active:
        raise NotAllowed(
            "not_own_feed", _("カレンダーのアドレスは、ご本人だけが作れます。"), _("ご本人の設定で行ってください。")
        )
