"""The door. The only place where a key from a URL becomes a record.

Somebody who may not see a record is told what a stranger to the installation is told: that there is
nothing (404). Somebody who may see but not do is told so (403).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from incidents import rules
from incidents.enums import REVIEW_KINDS, SPREAD_KINDS, FollowUpKind, MailState
from incidents.models import (
    Absence,
    Attachment,
    CalendarFeed,
    Containment,
    Countermeasure,
    DueRequest,
    EffectCheck,
    FollowUp,
    Incident,
    Invitation,
    Jotting,
    Letter,
    Membership,
    Mending,
    Mirror,
    NamelessNote,
    Paste,
    Person,
    Question,
    ReadRequest,
    ReceivedMail,
    RootCause,
    SavedView,
    SpreadAnswer,
    Team,
    TimelineEntry,
    Why,
)
from incidents.queries import sheet
from incidents.queries.feed import hash_of
from incidents.queries.team import standing_key

Purpose = Literal["read", "edit", "lead"]
_REFERENCE = re.compile(r"K-([1-9][0-9]{0,8})\Z")


def role_in(person: Person, team_id: int) -> str | None:
    """The person's role in a team, as read for this request; None for a stranger or a deactivated person."""
    if not person.is_active:
        return None
    if person.standing is not None:
        return next((m.role for m in person.standing if m.team_id == team_id), None)
    return Membership.objects.filter(person=person, team_id=team_id).values_list("role", flat=True).first()


def may_write(person: Person, team_id: int) -> bool:
    """Whether the person is a member or lead of the team."""
    return rules.may_edit(role_in(person, team_id))


def _require(by: Person, team_id: int, to: Purpose) -> None:
    role = role_in(by, team_id)
    if to == "edit":
        rules.refuse_unless_editor(role)
    elif to == "lead":
        rules.refuse_unless_lead(role)


def get_incident(*, by: Person, key: str, to: Purpose = "read") -> Incident:
    """The incident with reference `key` ("K-128") of one of the person's teams.

    Raises Http404 when there is none for this person, NotAllowed when they may see it but not do `to`.
    """
    match = _REFERENCE.match(key)
    if match is None:
        raise Http404
    found = sheet.ask(("incident", standing_key(by)), lambda: {"incident": _incident(by)}, number=int(match[1]))[
        "incident"
    ]
    if not found:
        raise Http404
    _require(by, found[0].team_id, to)
    _remember(by, found[0])
    return found[0]


def _incident(by: Person) -> QuerySet[Incident]:
    return (
        Incident.objects.visible_to(by)
        .select_related("team", "owner", "backup", "recorded_by", "duplicate_of", "customer_closed_by")
        .filter(number=sheet.number("number"))
        .order_by("pk")[:1]
    )


def get_incidents(*, by: Person, pks: Iterable[int]) -> list[Incident]:
    """Those of the chosen incidents that the person sees; what they do not see is not there, as with no such number."""
    found = Incident.objects.visible_to(by).filter(pk__in=list(pks)).select_related("team", "owner", "backup")
    return list(found.order_by("number"))


def get_measures(*, by: Person, pks: Iterable[int]) -> list[Countermeasure]:
    """Those of the chosen countermeasures that the person sees, as get_incidents."""
    found = Countermeasure.objects.visible_to(by).filter(pk__in=list(pks))
    return list(found.select_related("incident__team", "owner").order_by("incident__number", "pk"))


def _get(queryset: QuerySet, by: Person, to: Purpose, pk: int | UUID, team_of) -> object:
    found = queryset.filter(pk=pk).first()
    if found is None:
        raise Http404
    _require(by, team_of(found), to)
    _remember(by, _record_of(found))
    return found


def _record_of(found: object) -> Incident | None:
    """The record that somebody reads with this; none for what another team was asked, and for what belongs to no record."""
    if isinstance(found, (SpreadAnswer, NamelessNote, Mirror)) or getattr(found, "kind", "") in SPREAD_KINDS:
        return None
    return getattr(getattr(found, "measure", None) or found, "incident", None)


def _remember(by: Person, incident: Incident | None) -> None:
    """A restricted record was opened; views.base.page keeps who did (domain.reading)."""
    if by.opened is not None and incident is not None and incident.restricted:
        by.opened.add(incident.pk)


def get_measure(*, by: Person, pk: int, to: Purpose = "read") -> Countermeasure:
    """A countermeasure of one of the person's teams. Raises Http404 or NotAllowed."""
    visible = Countermeasure.objects.visible_to(by).select_related("incident__team", "owner", "backup", "root__why")
    return _get(visible, by, to, pk, lambda m: m.incident.team_id)


def get_check(*, by: Person, pk: int, to: Purpose = "read") -> EffectCheck:
    """An effect check of one of the person's teams. Raises Http404 or NotAllowed."""
    visible = EffectCheck.objects.filter(measure__in=Countermeasure.objects.visible_to(by)).select_related(
        "measure__incident__team", "measure__owner", "measure__done_by", "checker", "decided_by"
    )
    return _get(visible, by, to, pk, lambda c: c.measure.incident.team_id)


def get_due_request(*, by: Person, pk: int, to: Purpose = "read") -> DueRequest:
    """A request to move a date, in one of the person's teams. Raises Http404 or NotAllowed."""
    visible = DueRequest.objects.filter(measure__in=Countermeasure.objects.visible_to(by)).select_related(
        "measure__incident__team", "measure__owner", "asked_by"
    )
    return _get(visible, by, to, pk, lambda r: r.measure.incident.team_id)


def get_review(*, by: Person, pk: int, to: Purpose = "read") -> FollowUp:
    """A review or an anniversary of one of the person's teams. Raises Http404 or NotAllowed."""
    visible = (
        FollowUp.objects.visible_to(by)
        .filter(kind__in=REVIEW_KINDS)
        .select_related("incident__team", "owner", "root__risk_by", "review_of__not_doing_by", "review_of__owner")
    )
    return _get(visible, by, to, pk, lambda f: f.team_id)


def get_spread_answer(*, by: Person, pk: int, to: Purpose = "read") -> SpreadAnswer:
    """A question that another team has put to one of the person's teams. Raises Http404 or NotAllowed.

    The door of the asked team: the team that asks reads the answer on its own record.
    """
    visible = SpreadAnswer.objects.filter(team__in=Team.objects.visible_to(by)).select_related(
        "spread__incident__team", "team", "answered_by", "action__owner", "action__closed_by"
    )
    return _get(visible, by, to, pk, lambda a: a.team_id)


def get_why(*, by: Person, pk: int, to: Purpose = "read") -> Why:
    """A why of one of the person's teams. Raises Http404 or NotAllowed."""
    visible = Why.objects.filter(incident__in=Incident.objects.visible_to(by)).select_related("incident__team")
    return _get(visible, by, to, pk, lambda w: w.incident.team_id)


def get_root(*, by: Person, pk: int, to: Purpose = "read") -> RootCause:
    """A root cause of one of the person's teams. Raises Http404 or NotAllowed."""
    visible = RootCause.objects.filter(incident__in=Incident.objects.visible_to(by)).select_related(
        "incident__team", "why"
    )
    return _get(visible, by, to, pk, lambda r: r.incident.team_id)


def get_entry(*, by: Person, pk: int, to: Purpose = "read") -> TimelineEntry:
    """A timeline line of one of the person's teams. Raises Http404 or NotAllowed."""
    visible = TimelineEntry.objects.filter(incident__in=Incident.objects.visible_to(by)).select_related(
        "incident__team", "addendum_to"
    )
    return _get(visible, by, to, pk, lambda e: e.incident.team_id)


def get_mending(*, by: Person, pk: int, to: Purpose = "read") -> Mending:
    """Work on the mending of a record of one of the person's teams. Raises Http404 or NotAllowed."""
    visible = Mending.objects.filter(incident__in=Incident.objects.visible_to(by)).select_related(
        "incident__team", "person"
    )
    return _get(visible, by, to, pk, lambda m: m.incident.team_id)


def get_question(*, by: Person, pk: int, to: Purpose = "read") -> Question:
    """A question of one of the person's teams. Raises Http404 or NotAllowed."""
    visible = Question.objects.filter(incident__in=Incident.objects.visible_to(by)).select_related(
        "incident__team", "entry", "follow_up__owner"
    )
    return _get(visible, by, to, pk, lambda q: q.incident.team_id)


def get_attachment(*, by: Person, pk: int, to: Purpose = "read") -> Attachment:
    """A file of a record of one of the person's teams; one that was taken back is opened by a lead alone.

    Raises Http404 or NotAllowed.
    """
    visible = Attachment.objects.filter(incident__in=Incident.objects.visible_to(by)).select_related(
        "incident__team", "measure", "uploaded_by"
    )
    found = _get(visible, by, to, pk, lambda a: a.incident.team_id)
    if found.withdrawn_at is not None and to == "read":
        _require(by, found.incident.team_id, "lead")
    return found


def get_containment(*, by: Person, pk: int, to: Purpose = "read") -> Containment:
    """A containment of one of the person's teams. Raises Http404 or NotAllowed."""
    visible = Containment.objects.filter(incident__in=Incident.objects.visible_to(by)).select_related("incident__team")
    return _get(visible, by, to, pk, lambda c: c.incident.team_id)


def get_paste(*, by: Person, pk: int, to: Purpose = "read") -> Paste:
    """A pasted text of one of the person's teams. Raises Http404 or NotAllowed."""
    visible = Paste.objects.filter(incident__in=Incident.objects.visible_to(by)).select_related("incident__team")
    return _get(visible, by, to, pk, lambda p: p.incident.team_id)


def get_promise(*, by: Person, pk: int, to: Purpose = "read") -> FollowUp:
    """A promise of a minute of one of the person's teams. Raises Http404 or NotAllowed."""
    visible = FollowUp.objects.visible_to(by).filter(kind__in=[FollowUpKind.PROMISE, FollowUpKind.NEXT_REPORT])
    visible = visible.select_related("incident__team", "team", "owner", "backup")
    return _get(visible, by, to, pk, lambda f: f.team_id)


def get_nameless(*, by: Person, pk: UUID, to: Purpose = "read") -> NamelessNote:
    """A published note without a name to one of the person's teams. Raises Http404 or NotAllowed."""
    visible = NamelessNote.objects.visible_to(by).select_related("team", "incident")
    return _get(visible, by, to, pk, lambda n: n.team_id)


def get_mirror(*, by: Person, pk: int, to: Purpose = "read") -> Mirror:
    """A chat channel of one of the person's teams. Raises Http404 or NotAllowed."""
    return _get(Mirror.objects.visible_to(by).select_related("team"), by, to, pk, lambda m: m.team_id)


def get_jotting(*, by: Person, pk: int) -> Jotting:
    """A line that the person jotted down themselves. Raises Http404."""
    found = Jotting.objects.of(by).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def get_absence(*, by: Person, pk: int) -> Absence:
    """An absence that the person told of themselves. Raises Http404."""
    found = Absence.objects.filter(person=by, pk=pk).select_related("person", "stand_in").first()
    if found is None or not by.is_active:
        raise Http404
    return found


def get_mail(*, by: Person, pk: int, to: Purpose = "read") -> ReceivedMail:
    """A mail that came in: of a line of a record that the person reads, their own draft, or one that waits for a lead.

    What only was kept has no page: a bounce, an answer by a machine, a stranger's mail. Raises Http404 or NotAllowed.
    """
    rows = ReceivedMail.objects.select_related("incident__team", "person", "entry")
    found = rows.filter(pk=pk).first()
    if found is None or not by.is_active:
        raise Http404
    if found.state == MailState.DRAFTED:
        if found.person_id != by.pk or to != "read":
            raise Http404
        return found
    seen = found.state in {MailState.POSTED, MailState.HELD, MailState.DROPPED}
    if not seen or not Incident.objects.visible_to(by).filter(pk=found.incident_id).exists():
        raise Http404
    _require(by, found.incident.team_id, "lead" if found.state != MailState.POSTED else to)
    _remember(by, found.incident)
    return found


def get_letter(*, by: Person, pk: int) -> Letter:
    """A letter that was addressed to the person. Raises Http404."""
    found = Letter.objects.addressed_to(by).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def get_view(*, by: Person, pk: int) -> SavedView:
    """A saved view of the person's own, or shared with one of their teams. Raises Http404."""
    found = SavedView.objects.visible_to(by).select_related("person", "team").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def get_team(*, by: Person, slug: str, to: Purpose = "read") -> Team:
    """A team that the person belongs to. Raises Http404 or NotAllowed."""
    found = Team.objects.visible_to(by).filter(slug=slug).first()
    if found is None:
        raise Http404
    _require(by, found.pk, to)
    return found


def get_team_of_people(*, by: Person, slug: str, to: Purpose = "read") -> Team:
    """The team whose people are looked at: its own, and the organisation's administrators, who read no record by it.

    to: "lead" for who decides who belongs to it. Raises Http404 or NotAllowed.
    """
    if by.is_staff and (found := Team.objects.filter(slug=slug).first()) is not None:
        return found
    return get_team(by=by, slug=slug, to=to)


def get_membership(*, by: Person, pk: int) -> Membership:
    """Somebody's place in a team, for whoever decides about it: the person, its leads, an administrator.

    Raises Http404, NotAllowed for a colleague.
    """
    found = Membership.objects.filter(pk=pk).select_related("person", "team").first()
    if found is None or not by.is_active:
        raise Http404
    if found.person_id != by.pk:
        get_team_of_people(by=by, slug=found.team.slug, to="lead")
    return found


def get_invitation(*, by: Person, pk: int) -> Invitation:
    """An invitation into a team, for its leads and an administrator. Raises Http404 or NotAllowed."""
    found = Invitation.objects.filter(pk=pk).select_related("team", "invited_by").first()
    if found is None:
        raise Http404
    get_team_of_people(by=by, slug=found.team.slug, to="lead")
    return found


def person_of(invitation: Invitation) -> Person | None:
    """Whoever is registered with the address to which an invitation went; asked only when somebody comes with it."""
    return Person.objects.filter(email=invitation.email).first()


def get_closed_record(*, by: Person, key: str) -> Incident:
    """A record of one of the person's teams that is for few, and not for them (C9): its number may be spoken of.

    Raises Http404 for every other one, those of other teams above all.
    """
    match = _REFERENCE.match(key)
    mine = Team.objects.visible_to(by)
    found = Incident.objects.filter(number=int(match[1]), team__in=mine, restricted=True) if match else None
    record = found.exclude(pk__in=Incident.objects.visible_to(by).values("pk")).first() if found is not None else None
    if record is None:
        raise Http404
    return record


def get_read_request(*, by: Person, pk: int, to: Purpose = "edit") -> ReadRequest:
    """Somebody's request to read a record that the person reads. Raises Http404 or NotAllowed."""
    visible = ReadRequest.objects.filter(incident__in=Incident.objects.visible_to(by)).select_related(
        "incident__team", "person"
    )
    return _get(visible, by, to, pk, lambda r: r.incident.team_id)


def person_for_link(person_id: int) -> Person | None:
    """Whose mail a signed link stands in, or None once the account is no longer active."""
    return Person.objects.filter(pk=person_id, is_active=True).first()


def feed_at(token: str) -> CalendarFeed | None:
    """The calendar behind an address, or None for one that is wrong, renewed, switched off or somebody's who is gone."""
    found = CalendarFeed.objects.filter(token_hash=hash_of(token), person__is_active=True)
    return found.select_related("person").first()


def person_for_absence_link(*, person_id: int, link_round: int) -> Person | None:
    """Whose absence a signed link tells of, or None once they work in no team any more, or the link has ended."""
    person = person_for_link(person_id)
    if person is None or person.link_round != link_round:
        return None
    roles = Membership.objects.filter(person=person).values_list("role", flat=True)
    return person if any(map(rules.may_edit, roles)) else None


def follow_up_for_link(*, follow_up_id: int, person_id: int, link_round: int) -> tuple[FollowUp, Person] | None:
    """What a signed link in a mail points at, or None once the person has lost the standing it was given for.

    Asked again on each use: an active account, which was neither shut nor given another address meanwhile (link_round),
    a role that may write in the team, and still the owner or the backup of this promise, or whoever hears of it while
    one of them is away.
    """
    from incidents.queries import absence  # asks this module for roles

    person = person_for_link(person_id)
    if person is None or person.link_round != link_round:
        return None
    found = (
        FollowUp.objects.visible_to(person)
        .select_related(
            "incident__team",
            "team",
            "owner",
            "measure",
            "check_plan__measure",
            "question",
            "review_of",
            "root__why",
            "spread_answer__spread",
            "spread_action__spread",
        )
        .filter(pk=follow_up_id)
        .first()
    )
    if found is None or not rules.may_edit(role_in(person, found.team_id)):
        return None
    if person.pk in {found.owner_id, found.backup_id} or absence.covered_by(person.pk, found, absence.away_now()):
        return found, person
    return None
