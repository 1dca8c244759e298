"""Consultations as their two people see them. Nothing here lists the threads of anybody else, nor counts them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import OuterRef, Q, Subquery

from incidents.enums import Role
from incidents.models import Adviser, Consultation, ConsultationGrant, ConsultationNote, Membership, Person
from incidents.queries import sealed

AUTHOR, ADVISER = "author", "adviser"


@dataclass(frozen=True)
class Choice:
    """Somebody who can be chosen, and why they stand there."""

    person: Person
    about: str
    teams: list[str]


@dataclass(frozen=True)
class Seen:
    """A thread as one of its two sees it. role: AUTHOR or ADVISER."""

    thread: Consultation
    role: str

    @property
    def is_mine(self) -> bool:
        return self.role == AUTHOR


@dataclass(frozen=True)
class Line:
    """A thread in a list. other: whom the reader talks to, "" when no name is shown. waits: the other one wrote last."""

    thread: Consultation
    role: str
    other: str
    waits: bool


@dataclass(frozen=True)
class Told:
    """A note, opened. who: its writer as this reader may see it."""

    text: str
    who: str
    mine: bool
    on: date


def choices(person: Person) -> list[Choice]:
    """Whom this person can choose: those whom the organisation names, and the leads of their own teams. Two queries."""
    named = list(Adviser.objects.filter(person__is_active=True).exclude(person=person).select_related("person"))
    found = {one.person_id: Choice(one.person, one.about, []) for one in named}
    own = Membership.objects.filter(person=person).values("team_id")
    leads = Membership.objects.filter(team_id__in=own, role=Role.LEAD, person__is_active=True).exclude(person=person)
    for lead in leads.select_related("person", "team").order_by("person__name", "person_id", "team__name"):
        found.setdefault(lead.person_id, Choice(lead.person, "", [])).teams.append(lead.team.name)
    return list(found.values())


def may_be_chosen(person: Person, adviser: Person) -> bool:
    return any(one.person.pk == adviser.pk for one in choices(person))


def role_in(person: Person, thread: Consultation) -> str:
    """AUTHOR, ADVISER, or "" for everybody else: leads, administrators and former advisers included."""
    if not person.is_active:
        return ""
    if sealed.is_author(thread.pk, thread.author_mark, thread.sealed_with, person.pk):
        return AUTHOR
    if thread.adviser_id != person.pk:
        return ""
    grant = ConsultationGrant.objects.filter(consultation=thread, adviser=person, until_on=None).first()
    return ADVISER if grant and sealed.is_granted(grant) else ""


def threads_written_by(person: Person) -> list[UUID]:
    """Of all threads those whose mark is this person's. One query; no column says who wrote, so each is tried.

    A mark is made in microseconds, and threads end three years after they are closed.
    """
    rows = Consultation.objects.values_list("pk", "author_mark", "sealed_with")
    return [pk for pk, mark, name in rows.iterator() if sealed.is_author(pk, mark, name, person.pk)]


def mine(person: Person) -> list[Line]:
    """What the person wrote, and what they were asked. Three queries, however many threads there are."""
    written = set(threads_written_by(person))
    last = ConsultationNote.objects.filter(consultation=OuterRef("pk")).order_by("-place")
    held = ConsultationGrant.objects.filter(adviser=person, until_on=None).values("consultation_id")
    rows = Consultation.objects.filter(Q(pk__in=written) | Q(adviser=person, pk__in=held)).select_related("adviser")
    rows = rows.annotate(answered=Subquery(last.values("grant_id")[:1])).order_by("closed_on", "-opened_on", "pk")
    rows = list(rows)
    grants = {one.consultation_id: one for one in ConsultationGrant.objects.filter(adviser=person, until_on=None)}
    names = _authors([one for one in rows if one.named and one.pk not in written])
    lines = []
    for one in rows:
        if one.pk in written:
            other = str(one.adviser) if one.adviser else ""
            waits = one.answered is not None
        elif one.pk in grants and sealed.is_granted(grants[one.pk]):
            other, waits = names.get(one.pk, ""), one.answered is None
        else:
            continue
        role = AUTHOR if one.pk in written else ADVISER
        lines.append(Line(one, role, other, waits and one.closed_on is None))
    return lines


def _authors(threads: list[Consultation]) -> dict[UUID, str]:
    ids = {}
    for one in threads:
        try:
            ids[one.pk] = sealed.author_of(one)
        except sealed.Unreadable:
            continue  # said on its own page
    people = Person.objects.in_bulk(ids.values())
    return {pk: str(people[person]) for pk, person in ids.items() if person in people}


def notes_of(seen: Seen) -> list[Told]:
    """The notes of a thread in their order, opened for one of its two. Raises Unreadable.

    The text is opened here and handed to the page; nothing keeps it.
    """
    notes = seen.thread.notes.select_related("grant__adviser")
    author = author_name(seen)
    told = []
    for note in notes:
        by_adviser = note.grant_id is not None
        mine = by_adviser != seen.is_mine and (not by_adviser or note.grant.adviser_id == seen.thread.adviser_id)
        who = str(note.grant.adviser) if by_adviser else author
        told.append(Told(sealed.text_of(note), who, mine, note.written_on))
    return told


def author_name(seen: Seen) -> str:
    """The author's name for who may know it; "" when it is not shown. Raises Unreadable."""
    if not seen.thread.named and not seen.is_mine:
        return ""
    return str(Person.objects.get(pk=sealed.author_of(seen.thread)))


def grants_of(thread: Consultation) -> list[ConsultationGrant]:
    """Who could read from when to when, the first first."""
    return list(thread.grants.select_related("adviser"))
