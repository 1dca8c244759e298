from __future__ import annotations

import secrets
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from incidents.domain import audit, credential, feed, orphaned, unreached
from incidents.domain.organisation import audit_changes, refuse_unless_administrator
from incidents.domain.team import leads_again, refuse_last_lead_leaving
from incidents.errors import NotAllowed, Refused
from incidents.letters import addresses
from incidents.models import Person, Team
from incidents.models.person import normalise_email
from incidents.queries.calendar import today_of

PREFERENCES = ("name", "language", "time_zone", "digest_hour", "quiet_from", "quiet_until")
# What nobody chooses for somebody else.
OWN = (*PREFERENCES, "paused_until", "mirrored")
LONGEST_PAUSE = timedelta(days=31)
STANDING = ("email", "is_active", "is_admin")


@transaction.atomic
def set_preferences(person: Person, *, by: Person, **values: Any) -> Person:
    """Change what a person chooses for themselves: names of OWN. Raises ValidationError, Refused.

    mirrored: whether the team's chat channel shows the person's own promises in its morning message.
    paused_until: the last day without the morning's letter about one's own promises; None for no pause. What one is
    told as a stand-in or a lead, and what is told to others about one's promises, goes on.
    """
    until = values.get("paused_until")
    if until is not None and until != person.paused_until:
        refuse_pause(until, today=today_of(person))
    changes = {
        name: (getattr(person, name), values[name])
        for name in OWN
        if name in values and values[name] != getattr(person, name)
    }
    for name, (_old, new) in changes.items():
        setattr(person, name, new)
    person.full_clean(exclude=["password"])
    if changes:
        person.save(update_fields=list(changes))
        audit.note(by, "person.preferences_changed", person, **changes)
    return person


@transaction.atomic
def make_intake(person: Person, *, by: Person) -> str:
    """Give the person an address to which they forward mail; one that there was leads nowhere from now on.

    Returns the address; it can be shown again. Raises NotAllowed.
    """
    _refuse_unless_own_intake(person, by)
    renewed = bool(person.intake_key)
    person.intake_key = secrets.token_hex(12)
    person.save(update_fields=["intake_key"])
    audit.note(by, "intake.renewed" if renewed else "intake.made", person)
    return addresses.intake_address(person)


@transaction.atomic
def end_intake(person: Person, *, by: Person) -> None:
    """The person's address for forwarded mail leads nowhere any more. Raises NotAllowed."""
    _refuse_unless_own_intake(person, by)
    credential.end_intake(person, by=by)


def _refuse_unless_own_intake(person: Person, by: Person) -> None:
    if by.pk != person.pk or not by.is_active:
        raise NotAllowed(
            "not_own_intake", _("転送先のアドレスは、ご本人だけが作れます。"), _("ご本人の設定で行ってください。")
        )


def refuse_pause(until: date, *, today: date) -> None:
    """Raises Refused for a pause that is over before it begins, or so long that it would be silence (U1)."""
    if until < today:
        raise Refused("pause_over", _("その日は、もう過ぎています。"), _("今日か、これからの日を入れてください。"))
    if until > today + LONGEST_PAUSE:
        raise Refused(
            "pause_too_long",
            _("お知らせの休みが長すぎます。"),
            _("%(days)d日までにしてください。長いお休みには、約束を引き継いでください。")
            % {"days": LONGEST_PAUSE.days},
        )


@transaction.atomic
def create_person(*, by: Person, email: str, name: str, **values: Any) -> Person:
    """Register somebody, without a password: they set their own by a letter.

    values: further names of PREFERENCES, and is_admin. Raises NotAllowed, ValidationError when the address is taken.
    """
    refuse_unless_administrator(by)
    known = {key: values[key] for key in (*PREFERENCES, "is_admin") if key in values}
    person = Person.objects.create_user(email, None, name=name, **known)
    audit.note(by, "person.created", person, is_admin=(False, person.is_admin))
    return person


@transaction.atomic
def edit_person(person: Person, *, by: Person, **values: Any) -> Person:
    """Change names of PREFERENCES and STANDING. Deactivating ends the sign-in at once; what they wrote stays.

    Deactivating and another address end every session and the links of the mails that are out, for good; deactivating
    and the end of an administrator's role also the calendar's address and the invitations they sent.

    Letters to somebody deactivated are not sent: standing is asked again at that moment.
    Raises NotAllowed, ValidationError, Refused when the acting person would shut themselves out.
    """
    refuse_unless_administrator(by)
    person = Person.objects.select_for_update().get(pk=person.pk)
    if person.erased_at:
        raise Refused("erased_already", _("この方の記録は、もう消してあります。"), _("あらためて登録してください。"))
    wanted = {key: values[key] for key in (*PREFERENCES, *STANDING) if key in values}
    if "email" in wanted:
        wanted["email"] = normalise_email(wanted["email"])
    if person.pk == by.pk and not (wanted.get("is_active", True) and wanted.get("is_admin", True)):
        raise Refused(
            "own_standing",
            _("ご自身の管理者の役割やサインインは、ご自身では外せません。"),
            _("別の管理者に頼んでください。"),
        )
    if person.is_active and not wanted.get("is_active", True):
        refuse_last_lead_leaving(person)
    changes = audit_changes(person, wanted)
    if changes:
        person.full_clean(exclude=["password"])
        person.save(update_fields=list(changes))
        audit.note(by, "person.edited", person, **changes)
        if "email" in changes:
            unreached.clear(person, by=by)  # what came back from the old address says nothing of this one
        if changes.get("is_active") == (False, True):
            leads_again(person)
        if "email" in changes or not person.is_active:
            credential.end_links(person)
            credential.end_sessions(person)
        elif changes.get("is_admin") == (True, False):
            credential.end_standing(person, by=by)
    if changes.get("is_active") == (True, False):
        orphaned.tell(person, teams=Team.objects.filter(memberships__person=person))
    if not person.is_active:
        # Each of them would lead on to whoever has found it meanwhile, once the person comes back.
        feed.end(person, by=by)
        credential.end_intake(person, by=by)
        credential.end_invitations(person, by=by)
    return person
