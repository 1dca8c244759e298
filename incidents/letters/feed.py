"""The words of a person's calendar. Generic on purpose: a calendar is shared, and shown on walls and watches (hardening 2)."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import override

from incidents.enums import MOMENT_KINDS, SPREAD_KINDS, FollowUpState
from incidents.letters.links import absolute
from incidents.letters.reminder import page_path
from incidents.models import CalendarFeed, FollowUp, Person
from incidents.queries.calendar import zone_of
from tools.plain.ical import CANCELLED, KEPT, OPEN, Due, DueCalendar

READ_AGAIN = timedelta(hours=1)
STATES = {FollowUpState.OPEN: OPEN, FollowUpState.KEPT: KEPT, FollowUpState.CANCELLED: CANCELLED}


def calendar_of(feed: CalendarFeed, promises: list[FollowUp]) -> DueCalendar:
    """The feed's promises as entries, in its person's language and on their wall.

    An entry says which record and what kind of promise, never a title, a name or a word of what happened.
    """
    person = feed.person
    with override(person.language):
        return DueCalendar(
            name=_("うしろ"),
            maker=f"-//Ushiro//Ushiro//{person.language.upper()}",
            zone=zone_of(person),
            read_again=READ_AGAIN,
            dues=tuple(_entry(one, person, feed.uid_base) for one in promises),
        )


def _entry(one: FollowUp, person: Person, base: uuid.UUID) -> Due:
    mine = one.owner_id == person.pk
    return Due(
        uid=str(uuid.uuid5(base, str(one.pk))),
        title=_title(one, mine),
        note=_("くわしくは、うしろにサインインして開いてください。"),
        url=absolute(page_path(one)),
        due=one.due_at if one.kind in MOMENT_KINDS and one.due_at else one.due_on,
        version=one.due_version,
        made_at=one.created_at,
        changed_at=one.updated_at,
        state=STATES[FollowUpState(one.state)],
        closed_at=one.closed_at,
        is_task=mine,  # what somebody stands in for is not theirs to tick off
    )


def _title(one: FollowUp, mine: bool) -> str:
    kind = str(one.get_kind_display())
    # What another team asks shows nothing of the record that it comes from (invariant 9), its number neither.
    if one.kind in SPREAD_KINDS:
        return kind if mine else _("%(kind)s（代わりの人）") % {"kind": kind}
    words = {"reference": one.incident.reference, "kind": kind}
    if mine:
        # Translators: the title of a calendar entry, such as "K-128 effect check".
        return _("%(reference)s %(kind)s") % words
    return _("%(reference)s %(kind)s（代わりの人）") % words
