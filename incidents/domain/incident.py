from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit, care, clock, final_clock
from incidents.domain.told import tell
from incidents.enums import EDITING_ROLES, SILENT_ENDS, EntryKind, IncidentKind, Role, Severity, Stage
from incidents.errors import Refused
from incidents.models import Incident, IncidentReader, Membership, Organisation, Person, Team
from incidents.queries import access, reader
from incidents.queries.incident import record_facts


def editor(by: Person, incident: Incident) -> str | None:
    """The person's role. Raises NotAllowed when it may not write; asked again here because a form can be old."""
    role = access.role_in(by, incident.team_id)
    rules.refuse_unless_editor(role)
    return role


def lock(incident: Incident) -> Incident:
    """The incident's row, held until the transaction ends: two steps at once become one after the other."""
    return Incident.objects.select_for_update(of=("self",)).select_related("team").get(pk=incident.pk)


def lock_both(one: Incident, other: Incident) -> tuple[Incident, Incident]:
    """Both rows, taken in the order of their keys, so that two links at once cannot wait for each other."""
    held = {row.pk: lock(row) for row in sorted((one, other), key=lambda row: row.pk)}
    return held[one.pk], held[other.pk]


@transaction.atomic  # the row stays held between the two statements, so that two callers never overlap
def take_numbers(count: int = 1) -> int:
    """Reserve `count` consecutive reference numbers and return the first. Never handed out twice."""
    Organisation.objects.filter(pk=1).update(next_incident_number=F("next_incident_number") + count)
    return Organisation.objects.values_list("next_incident_number", flat=True).get(pk=1) - count


def refresh_stage(incident: Incident, *, by: Person | None) -> Stage:
    """Compute the stage from the record and keep it, with its trace. Call it at the end of every verb."""
    old, new = incident.stage, rules.stage_of(record_facts(incident))
    if new != old:
        incident.stage = new
        incident.mended_at = timezone.now() if new == Stage.MENDED else None
        incident.save(update_fields=["stage", "mended_at", "updated_at"])
        audit.note(by, "incident.stage_moved", incident, stage=(old, new))
    return new


@transaction.atomic
def report(
    *,
    by: Person,
    team: Team,
    title: str,
    noticed_at: datetime,
    who_waits: str = "",
    kind: str = IncidentKind.INCIDENT,
    with_care: bool = True,
    readers: Iterable[Person] = (),
    **known: Any,
) -> Incident:
    """Record a crack from the three fields: what, when noticed, who waits (C1).

    noticed_at: aware; the first-report clock counts from it.
    who_waits: empty when nobody outside the team does; then no clock runs.
    with_care: plan the words of the first and the seventh day (P4); not for what is told after the fact.
    readers: with restricted=True, who reads it besides those it belongs to; it is so from its first moment (C9).
    known: further fields of Incident, when they are known already. Without a severity the suggestion is taken: S4 for
    a near miss or a concern, whatever effects say otherwise (B-4).
    Raises NotAllowed for a viewer, Refused for times that cannot be and for readers without a lead.
    """
    rules.refuse_unless_editor(access.role_in(by, team.pk))
    rules.refuse_times(
        now=timezone.now(),
        noticed_at=noticed_at,
        occurred_at=known.get("occurred_at"),
        recognised_at=known.get("recognised_at"),
    )
    incident = Incident(
        number=take_numbers(),
        team=team,
        kind=kind,
        title=title,
        noticed_at=noticed_at,
        who_waits=who_waits,
        recorded_by=by,
        owner=known.pop("owner", None) or by,
        **known,
    )
    incident.severity = incident.severity or rules.suggest_severity(incident.effects, kind)
    clock.reckon(incident)
    named = list(readers)
    if incident.restricted:
        refuse_readers(incident, named, by=by)
    incident.save(force_insert=True)
    if incident.restricted:
        name_readers(incident, named)  # before anything is planned: who is told depends on who may read
    clock.follow(incident, by=by)
    tell(incident, by=by, kind=EntryKind.NOTE, text=title, event_at=noticed_at)
    audit.note(by, "incident.reported", incident)
    if incident.restricted:
        told = reader_names(incident)
        audit.note(by, "incident.restricted", incident, restricted=(False, True), readers=("", told))
    refresh_stage(incident, by=by)
    if with_care and kind == IncidentKind.INCIDENT:
        care.begin(by)
    return incident


SENT_AGAIN = timedelta(days=1)


@transaction.atomic
def report_once(
    *, by: Person, team: Team, title: str, noticed_at: datetime, also: Q | None = None, **known: Any
) -> Incident:
    """As `report`; a form that comes a second time, because its answer was lost on the way, makes no second record.

    The same person, word for word the same, within a day: that is the same form. The person's row is held meanwhile,
    so that two sendings at once become one after the other. also: what else makes it the same form.
    """
    Person.objects.select_for_update().get(pk=by.pk)
    same = {name: known[name] for name in ("who_waits", "kind", "body", "restricted") if name in known}
    recent = Incident.objects.filter(recorded_by=by, created_at__gte=timezone.now() - SENT_AGAIN, end="")
    made = recent.filter(team=team, title=title, noticed_at=noticed_at, **same).filter(also or Q()).first()
    return made or report(by=by, team=team, title=title, noticed_at=noticed_at, **known)


def _refuse_new_times(incident: Incident, fields: dict[str, Any]) -> None:
    """Only where one of the times changes: an imported record may hold what nobody would be let to write."""
    names = ("noticed_at", "occurred_at", "recognised_at")
    if all(fields.get(name, getattr(incident, name)) == getattr(incident, name) for name in names):
        return
    rules.refuse_times(
        now=timezone.now(),
        first_reported_at=incident.first_reported_at,
        **{name: fields.get(name, getattr(incident, name)) for name in names},
    )


@transaction.atomic
def edit(incident: Incident, *, by: Person, another_waits: bool = False, **fields: Any) -> Incident:
    """Change descriptive fields; the trace keeps the old values. Raises NotAllowed, Refused.

    another_waits: after a 不要, somebody else than before waits now, so that the first-report clock starts again. It
    does so by itself when nobody waited before.
    """
    role = editor(by, incident)
    current = lock(incident)
    rules.refuse_change(current.stage)
    _refuse_new_times(current, fields)
    _refuse_hands(current, fields, by=by, role=role)
    fields |= _decided_severity(current, fields)
    changes = {
        name: (getattr(current, name), value) for name, value in fields.items() if getattr(current, name) != value
    }
    wait = {name: fields.get(name, getattr(current, name)) for name in ("who_waits", "kind")}
    anew = clock.waits_anew(current, **wait, another=another_waits)
    if not changes and not anew:
        return current
    running, waived = current.clock_is_running, current.first_report_waived
    for name, (_old, value) in changes.items():
        setattr(current, name, value)
    if anew:
        changes |= clock.restart(current)
        if current.final_report_waived:  # it spoke of whoever waited before
            changes["final_report_waived"] = (current.final_report_waived, "")
            current.final_report_waived = ""
    elif {"who_waits", "noticed_at", "kind", "severity"} & changes.keys():
        if running:
            clock.refuse_silence(current)
        clock.reckon(current)
    current.save()
    clock.follow(current, by=by)
    audit.note(by, "incident.edited", current, **changes)
    if {"severity", "severity_reason"} & changes.keys():
        _tell_severity(current, by=by, old=changes.get("severity", (current.severity,))[0], of_kind="kind" in changes)
    if anew or DECIDE_FINAL_REPORT & changes.keys():
        final_clock.follow(current, by=by, begin=anew or bool(BEGIN_FINAL_REPORT & changes.keys()))
    if anew:
        said = {"who": current.who_waits, "reason": waived}
        text = _("%(who)s が待っています。一次報告の時計が、また動きはじめました（前に不要とした理由: %(reason)s）。")
        tell(current, by=by, kind=EntryKind.NOTE, text=text % said)
    refresh_stage(current, by=by)
    return current


BEGIN_FINAL_REPORT = frozenset({"severity", "kind", "who_waits"})
DECIDE_FINAL_REPORT = BEGIN_FINAL_REPORT | {"owner", "backup"}


def _decided_severity(current: Incident, fields: dict[str, Any]) -> dict[str, str]:
    """The severity that the edit comes to, and its reason. Raises Refused.

    A reason that stands on the record stays there until another one is written, whatever the effects become.
    """
    reason = fields.get("severity_reason", "").strip()
    decided = {"severity_reason": reason or current.severity_reason}
    asked = {name: fields[name] for name in ("severity", "effects", "kind") if name in fields}
    if any(getattr(current, name) != value for name, value in asked.items()):
        decided["severity"] = rules.severity_after(
            old=current.severity,
            wanted=asked.get("severity", current.severity),
            effects=asked.get("effects", current.effects),
            reason=reason,
            kept=current.severity_reason,
            kind=asked.get("kind", current.kind),
            of_kind=rules.is_severity_of_kind(
                current.severity, kind=current.kind, effects=current.effects, reason=current.severity_reason
            ),
        )
    return decided


def _refuse_hands(incident: Incident, fields: dict[str, Any], *, by: Person, role: str | None) -> None:
    """Raises Refused unless a new owner or backup works in the team.

    On a restricted record they read it from then on: only who may name readers names somebody who is none yet (C9).
    """
    for name in ("owner", "backup"):
        person = fields.get(name)
        if person is None or person.pk == getattr(incident, f"{name}_id"):
            continue
        if access.role_in(person, incident.team_id) not in EDITING_ROLES:
            raise Refused(
                "not_in_team",
                _("%(name)sさんは、このチームの記録を受け持てません。") % {"name": person},
                _("チームのメンバーから選んでください。"),
            )
        decides = role == Role.LEAD or by.pk == incident.owner_id
        if incident.restricted and not decides and person.pk not in reader.readers(incident):
            raise not_reader(person)


def not_reader(person: Person) -> Refused:
    return Refused(
        "not_reader",
        _("%(name)sさんは、この記録を読む人に入っていません。") % {"name": person},
        _("先に「読む人」に加えてから、選んでください。"),
    )


def refuse_readers(incident: Incident, named: Iterable[Person], *, by: Person) -> None:
    """Who alone is to read a record: people of its team, whoever decides it, and a lead, so that no promise falls silent.

    Raises Refused.
    """
    wanted = {person.pk for person in named}
    roles = dict(
        Membership.objects.filter(team=incident.team_id, person__is_active=True).values_list("person_id", "role")
    )
    if any(pk not in roles for pk in wanted):
        raise Refused("not_in_team", _("チームの外の方は選べません。"), _("チームの中から選んでください。"))
    may_read = {*wanted, incident.owner_id, incident.backup_id, incident.recorded_by_id}
    if not any(roles.get(pk) == Role.LEAD for pk in may_read):
        raise Refused(
            "no_lead_reader",
            _("リーダーが一人も読めません。"),
            _("お約束が宙に浮かないように、リーダーを一人は選んでください。"),
        )
    if by.pk not in may_read:
        raise Refused("shuts_self_out", _("ご自身が読めなくなります。"), _("ご自身も選んでください。"))


def name_readers(incident: Incident, named: Sequence[Person]) -> None:
    """Let these be the record's named readers, and nobody else."""
    incident.reader_rows.exclude(person__in=named).delete()
    rows = [IncidentReader(incident=incident, person=person) for person in named]
    IncidentReader.objects.bulk_create(rows, ignore_conflicts=True)


def reader_names(incident: Incident) -> str:
    """The named readers as the trace says them."""
    return ", ".join(str(row.person) for row in incident.reader_rows.select_related("person").order_by("pk"))


def _tell_severity(incident: Incident, *, by: Person, old: str, of_kind: bool) -> None:
    """of_kind: the kind changed in the same edit, and where nobody gave a reason it is the reason."""
    names = {"old": Severity(old).label if old else "–", "new": incident.get_severity_display() or "–"}
    if old == incident.severity:
        said = {"now": names["new"], "reason": incident.severity_reason}
        text = _("重大度: %(now)s のまま（%(reason)s）") % said
    elif of_kind and not incident.severity_reason:
        said = {**names, "kind": incident.get_kind_display()}
        text = _("重大度: %(old)s → %(new)s（種類が%(kind)sになったため）") % said
    elif incident.severity_reason:
        text = _("重大度: %(old)s → %(new)s（%(reason)s）") % {**names, "reason": incident.severity_reason}
    else:
        text = _("重大度: %(old)s → %(new)s") % names
    tell(incident, by=by, kind=EntryKind.SEVERITY, text=text)


def already_reported() -> Refused:
    """Somebody else was faster: what this person told stands in the form, and has another place to go."""
    return Refused(
        "already_reported",
        _("一次報告はもう記録されています。"),
        _("そのあとに伝えたことは、続報として記録してください。ほかは経緯に書いてください。"),
        "promises",
    )


@transaction.atomic
def record_first_report(
    incident: Incident, *, by: Person, channel: str, reported_at: datetime, note: str = ""
) -> Incident:
    """Stop the clock: the other side has been told the facts. `reported_at` is aware.

    A late report is recorded all the same; lateness is shown as a fact (B-3). Raises NotAllowed, Refused.
    """
    editor(by, incident)
    current = lock(incident)
    rules.refuse_report(current.stage)
    if current.first_reported_at:
        raise already_reported()
    if current.noticed_at.replace(second=0, microsecond=0) <= reported_at:
        reported_at = max(reported_at, current.noticed_at)  # a browser's field has no seconds
    if reported_at < current.noticed_at:
        raise Refused(
            "report_before_notice",
            _("一次報告の時刻が、気づいた時刻より前です。"),
            _("どちらかの時刻を直してください。"),
            "first-report",
        )
    if rules.is_ahead(reported_at, timezone.now()):
        raise Refused(
            "report_in_future",
            _("一次報告の時刻が未来になっています。"),
            _("伝えた時刻を入れてください。"),
            "first-report",
        )
    current.first_reported_at = reported_at
    current.first_report_channel = channel
    current.save(update_fields=["first_reported_at", "first_report_channel", "updated_at"])
    clock.follow(current, by=by)
    said = _("%(channel)sで一次報告") % {"channel": current.get_first_report_channel_display()}
    tell(current, by=by, kind=EntryKind.FIRST_REPORT, text=f"{said}: {note}" if note else said, event_at=reported_at)
    audit.note(by, "incident.first_reported", current, first_reported_at=(None, reported_at), channel=("", channel))
    final_clock.follow(current, by=by)
    refresh_stage(current, by=by)
    return current


@transaction.atomic
def waive_first_report(incident: Incident, *, by: Person, reason: str) -> Incident:
    """Say why no first report is needed; the reason that was given first stays. Raises NotAllowed, Refused."""
    editor(by, incident)
    current = lock(incident)
    rules.refuse_report(current.stage)
    if current.first_reported_at:
        raise already_reported()
    if current.first_report_waived:
        raise Refused(
            "already_waived",
            _("一次報告は、もう不要とされています（理由: %(reason)s）。") % {"reason": current.first_report_waived},
            _("書き足すことは、経緯に書いてください。"),
            "timeline",
        )
    if not reason.strip():
        raise Refused("no_reason", _("不要な理由が書かれていません。"), _("理由を一行書いてください。"), "first-report")
    _waive(current, by=by, reason=reason)
    refresh_stage(current, by=by)
    return current


def _waive(incident: Incident, *, by: Person, reason: str) -> None:
    incident.first_report_waived = reason
    incident.save(update_fields=["first_report_waived", "updated_at"])
    clock.follow(incident, by=by)
    tell(incident, by=by, kind=EntryKind.FIRST_REPORT, text=_("一次報告は不要: %(reason)s") % {"reason": reason})
    audit.note(by, "incident.first_report_waived", incident, reason=reason)


@transaction.atomic
def end_otherwise(
    incident: Incident, *, by: Person, end: str, reason: str, duplicate_of: Incident | None = None
) -> Incident:
    """Come to an end other than gold: repaired only, duplicate or withdrawn, always with a reason (A-10).

    Promises already given stay open and go on being reminded (invariant 7). A running first-report clock and a final
    report that is still to come go on after 修理のみ; at the other two the clock ends as 不要, for the same reason, and
    the final report is not owed any more. Raises NotAllowed, Refused.
    """
    editor(by, incident)
    named = duplicate_of if end == Stage.DUPLICATE else None
    if named is not None and named.team_id == incident.team_id and named.pk != incident.pk:
        current, original = lock_both(incident, named)
    else:
        current, original = lock(incident), None
    _refuse_end(current, by=by, end=end, reason=reason, named=named, original=original)
    if end in SILENT_ENDS and current.clock_is_running:
        _waive(current, by=by, reason=clock.waiver_of(reason))
    current.end, current.end_reason = end, reason
    current.duplicate_of = original
    current.save(update_fields=["end", "end_reason", "duplicate_of", "updated_at"])
    clock.follow(current, by=by)
    tell(current, by=by, kind=EntryKind.END, text=f"{Stage(end).label}: {reason}")
    audit.note(by, "incident.ended", current, reason=reason, end=("", end))
    final_clock.follow(current, by=by, begin=False)
    refresh_stage(current, by=by)
    return current


def _refuse_end(
    current: Incident, *, by: Person, end: str, reason: str, named: Incident | None, original: Incident | None
) -> None:
    """Raises Refused. named: what was given as the original; original: the same where it can be one, else None."""
    if current.end:
        raise Refused("ended", _("この記録はもう終わっています。"))
    if current.stage == Stage.MENDED:
        raise Refused(
            "mended",
            _("この記録は金継ぎになっています。"),
            _("直したいことは、経緯への追記で残してください。また起きたときは、再発としてつないでください。"),
        )
    if not reason.strip():
        raise Refused("no_reason", _("理由が書かれていません。"), _("あとで読む人のために、理由を一行書いてください。"))
    if named is not None and named.team_id != current.team_id:
        raise of_another_team(named, by=by)
    if named is not None:
        _refuse_unseen(named, by=by)
    if end == Stage.DUPLICATE and original is None:
        raise Refused(
            "no_original",
            _("どの記録と重複しているかが決まっていません。"),
            _("元の記録の番号（K-…）を入れてください。"),
        )
    if original is not None and original.end in SILENT_ENDS:
        raise Refused(
            "original_ended",
            _("元とする記録は、取下げか重複で終わっています。"),
            _("続いている記録の番号を入れるか、先にその記録を開き直してください。"),
        )
    if end in SILENT_ENDS:
        _refuse_leaving_duplicates(current, by=by)


def _refuse_leaving_duplicates(current: Incident, *, by: Person) -> None:
    """Raises Refused while other records say that they are the same as this one: their story would lead nowhere."""
    pointing = Incident.objects.filter(duplicate_of=current, end=Stage.DUPLICATE)
    if not pointing.exists():
        return
    # A restricted one is not named to somebody who may not read it (invariant 9).
    seen = [one.reference for one in pointing.visible_to(by).order_by("number")[:5]]
    raise Refused(
        "has_duplicates",
        _("この記録を元とする重複の記録があります（%(references)s）。") % {"references": _("、").join(seen)}
        if seen
        else _("この記録を元とする重複の記録があります。"),
        _("先にその記録を開き直し、別の元の記録を選んでください。"),
        "links",
    )


def of_another_team(original: Incident, *, by: Person) -> Refused:
    """What is said of a record of another team; where the person may not see it, as of a number that is not there."""
    _refuse_unseen(original, by=by)
    return Refused(
        "other_team",
        _("%(reference)s は、別のチームの記録です。") % {"reference": original.reference},
        _("同じチームの記録の番号を入れてください。別のチームには「ほかのチームに尋ねる」で知らせられます。"),
    )


def _refuse_unseen(original: Incident, *, by: Person) -> None:
    """Raises Refused where the person may not see the other record, with the sentence for a number that is not there."""
    if not Incident.objects.visible_to(by).filter(pk=original.pk).exists():
        raise Refused("original_not_found", _("その番号の記録は見つかりません。"))


@transaction.atomic
def reopen(incident: Incident, *, by: Person, reason: str) -> Incident:
    """Take up a record again that ended without gold. Raises NotAllowed, Refused.

    A 不要 that came with that end goes with it: whoever waited waits again.
    """
    editor(by, incident)
    current = lock(incident)
    if not current.end:
        raise Refused("not_ended", _("この記録は終わっていません。"))
    if not reason.strip():
        raise Refused("no_reason", _("理由が書かれていません。"), _("開き直す理由を一行書いてください。"))
    changes = {"end": (current.end, "")}
    waived = current.first_report_waived
    if waived and current.end in SILENT_ENDS and waived == clock.waiver_of(current.end_reason):
        current.first_report_waived = ""
        changes["first_report_waived"] = (waived, "")
    current.end, current.end_reason, current.duplicate_of = "", "", None
    current.save(update_fields=["end", "end_reason", "duplicate_of", "first_report_waived", "updated_at"])
    clock.follow(current, by=by)
    tell(current, by=by, kind=EntryKind.END, text=_("開き直しました: %(reason)s") % {"reason": reason})
    if current.clock_is_running and "first_report_waived" in changes:
        tell(current, by=by, kind=EntryKind.NOTE, text=_("一次報告の時計が、また動いています。"))
    audit.note(by, "incident.reopened", current, reason=reason, **changes)
    final_clock.follow(current, by=by)
    refresh_stage(current, by=by)
    return current
