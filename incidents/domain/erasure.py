"""Erasing a person: their row names nobody any more, what was theirs alone goes, and what the house recorded stays.

What becomes of each field stands in the inventory (incidents/rules/privacy.toml). Nothing recorded is deleted (invariant
4): the records lead to 退職された方 n from then on. Names that others wrote into texts are listed, not changed.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from incidents.domain import audit, letter, redaction, search
from incidents.domain.organisation import refuse_unless_administrator
from incidents.enums import LetterState, MailState
from incidents.errors import Refused
from incidents.models import (
    AuditEntry,
    ImportRun,
    Incident,
    Letter,
    Organisation,
    Person,
    ReceivedMail,
    TimelineEntry,
)
from incidents.queries import holds
from incidents.queries.personal import whose
from incidents.rules import privacy

# What has an act of its own below, because a row alone does not say whose it is or there is more to do.
BY_HAND = {"incidents.Person", "incidents.Letter", "incidents.AuditEntry", "incidents.ImportRun", "sessions.Session"}
PRIVATE_MAIL = (MailState.DRAFTED, MailState.NOTED, MailState.REFUSED, MailState.DROPPED)
CHUNK = 500


@dataclass(frozen=True)
class Step:
    """What the erasure does to how many rows of a table: deleted, or changed in these fields."""

    title: str
    deletes: bool
    fields: tuple[str, ...]
    rows: int


@dataclass(frozen=True)
class Name:
    """old, email: what named the person. new: what stands there from now on. is_unique: nobody else has the name."""

    person: Person
    old: str
    email: str
    new: str
    is_unique: bool

    @property
    def told(self) -> list[str]:
        """What may be taken out wherever it stands: a name that a second person has would take theirs out as well."""
        return [self.email, self.old] if self.is_unique else [self.email]


def refuse_erasure(person: Person, *, by: Person) -> None:
    """Raises NotAllowed, Refused: for oneself, somebody who still signs in, is erased already or is held as proof."""
    refuse_unless_administrator(by)
    if person.pk == by.pk:
        raise Refused("own_standing", _("ご自身は消せません。"), _("別の管理者に頼んでください。"))
    if person.erased_at:
        raise Refused("erased_already", _("この方の記録は、もう消してあります。"))
    if person.is_active:
        raise Refused(
            "still_active",
            _("この方は、まだサインインできます。"),
            _("先に、約束を引き継ぎ、「有効」の印を外してください。"),
        )
    if holds.holds_person(person):
        raise Refused(
            "held",
            _("この方か、関わる記録やチームが保全されています。"),
            _("保全を解いてから、もう一度行ってください。"),
        )


def preview(person: Person, *, by: Person) -> list[Step]:
    """What the erasure would do, counted by table; nothing changes. Raises as `refuse_erasure`."""
    refuse_erasure(person, by=by)
    return [step for step in _steps(person) if step.rows]


@transaction.atomic
def erase(person: Person, *, by: Person, reason: str) -> list[Step]:
    """Pseudonymise a person for good. Returns what was done. Raises as `refuse_erasure`.

    reason: why, kept in the trail; the person's own name in it is taken out with all others.
    """
    person = Person.objects.select_for_update().get(pk=person.pk)
    refuse_erasure(person, by=by)
    done = [step for step in _steps(person) if step.rows]
    name = _name_of(person)
    touched = list(Incident.objects.filter(_has_part(person)).values_list("pk", flat=True))
    _letters(name)
    for model, table in _tables():
        _one_table(model, table, name)
    ReceivedMail.objects.filter(person=person, state__in=PRIVATE_MAIL).update(subject="", text="", quoted="")
    _person(name)
    if name.is_unique:  # else nobody can say whose import it was
        ImportRun.objects.filter(by_label=name.old).update(by_label=name.new)
    reason = _without(reason, name)
    redaction.erase_person(person, by=by, label=name.new, names=name.told, reason=reason)
    for session in _sessions(person):
        session.delete()
    search.write(touched)
    audit.note(by, "person.erased", name.person, reason=reason, rows=("", sum(one.rows for one in done)))
    return done


def _name_of(person: Person) -> Name:
    house = Organisation.objects.get(pk=1)
    with translation.override(house.language):
        new = _("退職された方 %(n)d") % {"n": person.pk}
    alone = not Person.objects.filter(name=person.name).exclude(pk=person.pk).exists()
    return Name(person, person.name, person.email, new, alone)


def _has_part(person: Person) -> Q:
    lines = TimelineEntry.objects.filter(author=person).values("incident")
    return Q(owner=person) | Q(backup=person) | Q(recorded_by=person) | Q(pk__in=lines)


def _tables() -> Iterator[tuple[type[models.Model], privacy.Table]]:
    """What goes by the inventory alone."""
    for label, table in privacy.inventory().items():
        if label not in BY_HAND and (table.wrote or table.named):
            yield apps.get_model(label), table


def _rows(model: type[models.Model], table: privacy.Table, person: Person) -> QuerySet:
    wrote, named = whose(table, person)
    return model._default_manager.filter(wrote | named if table.goes else wrote)


def _changed(table: privacy.Table) -> list[str]:
    return [name for name, one in table.fields.items() if one.erase in {"blank", "default", "pseudonym"}]


def _steps(person: Person) -> Iterator[Step]:
    """Each table with what is done there and to how many rows, in the order of the inventory."""
    name = _name_of(person)
    for model, table in _tables():
        fields = _changed(table)
        if table.goes or fields:
            count = _rows(model, table, person).count()
            labels = tuple(str(model._meta.get_field(one).verbose_name) for one in fields)
            yield Step(str(model._meta.verbose_name_plural), table.goes, labels, count)
    yield Step(str(Person._meta.verbose_name), False, (str(_("名前、アドレス、パスワード、設定")),), 1)
    yield Step(str(Letter._meta.verbose_name_plural), False, (str(_("宛先、件名、本文")),), person.letters.count())
    trail = redaction.count_naming(person, names=name.told)
    yield Step(str(AuditEntry._meta.verbose_name_plural), False, (str(_("名前とアドレス")),), trail)
    yield Step(str(_("サインイン")), True, (), sum(1 for _one in _sessions(person)))


def _one_table(model: type[models.Model], table: privacy.Table, name: Name) -> None:
    rows = _rows(model, table, name.person)
    if table.goes:
        rows.delete()
        return
    for field in (model._meta.get_field(one) for one in _changed(table)):
        erase = table.fields[field.name].erase
        if erase == "pseudonym":
            new: Any = "" if "address" in field.name or "email" in field.name else name.new
            rows.exclude(**{field.name: ""}).update(**{field.name: new})
        else:
            rows.update(**{field.name: _empty(field) if erase == "blank" else field.get_default()})


def _empty(field: models.Field) -> Any:
    if field.null:
        return None
    return {} if isinstance(field, models.JSONField) else ""


def _letters(name: Name) -> None:
    """What waits is taken back; of what went there stays that and when it went, never to whom or what."""
    rows = Letter.objects.filter(recipient=name.person)
    for one in rows.exclude(state__in=[*letter.DONE_WITH, LetterState.SENDING]):
        letter.cancel(one, by=None, reason="erased")
    while letter.forget_bodies(rows):
        pass
    rows.update(to_name=name.new, to_email=nowhere(), subject="", error="")


def nowhere() -> str:
    """An address that can never be reached (RFC 2606) and is nobody's."""
    return f"{uuid.uuid4().hex}@erased.invalid"


def _person(name: Name) -> None:
    person, fields = name.person, privacy.inventory()["incidents.Person"].fields_with("default")
    for field in (Person._meta.get_field(one) for one in fields):
        setattr(person, field.name, field.get_default())
    person.name, person.email, person.last_login = name.new, nowhere(), None
    person.is_active, person.is_admin, person.erased_at = False, False, timezone.now()
    person.link_round += 1  # no link of a mail that lies about acts any more
    person.set_unusable_password()
    person.save()


def _sessions(person: Person) -> list[Session]:
    """Their sign-ins. A session names nobody in a column, so each that still holds is opened."""
    key = str(person.pk)
    rows = Session.objects.filter(expire_date__gt=timezone.now())
    return [one for one in rows.iterator(chunk_size=CHUNK) if one.get_decoded().get("_auth_user_id") == key]


def _without(text: str, name: Name) -> str:
    for words in name.told:
        text = text.replace(words, name.new)
    return text
