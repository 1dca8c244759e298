"""約束の条件: who stands in for a promised measure, and what of it was promised outside."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit, countermeasure, ledger
from incidents.domain.incident import editor, lock, refresh_stage, tell
from incidents.enums import COVERING_STATUSES, RUNNING_STATUSES, WEAK_STRENGTHS, EntryKind, MeasureStatus, Role
from incidents.errors import NotAllowed, Refused
from incidents.models import Countermeasure, Incident, Person

TERMS = ("backup", "promised_outside", "promised_to", "promised_what", "weak_reason")
_OUTSIDE = frozenset({"promised_outside", "promised_to", "promised_what"})


def refuse_unless_theirs(measure: Countermeasure, *, by: Person) -> None:
    """Raises NotAllowed for everybody but the measure's owner and the leads of its team."""
    role = editor(by, measure.incident)
    if role != Role.LEAD and by.pk != measure.owner_id:
        raise NotAllowed(
            "not_owner",
            _("約束の条件は、担当かリーダーが変えます。"),
            _("担当の方か、チームのリーダーに頼んでください。"),
        )


@transaction.atomic
def set_terms(measure: Countermeasure, *, by: Person, reason: str = "", **terms: Any) -> Countermeasure:
    """Change who stands in, or what was promised outside, of a measure that is promised and not done yet.

    weak_reason is a lead's alone, and may come later: a severity that rises, or a strong measure that is given up, can
    leave a weak one alone after it was promised (invariant 2).
    terms: names of TERMS; what is not named stays. reason: required to take the promise outside away, and kept in
    the timeline. Raises NotAllowed, Refused; when nothing would change nothing is written.
    """
    editor(by, measure.incident)
    incident = lock(measure.incident)
    measure = Countermeasure.objects.select_related("incident__team", "owner", "backup", "follow_up").get(pk=measure.pk)
    refuse_unless_theirs(measure, by=by)
    rules.refuse_change(incident.stage)
    _refuse_status(measure, terms)
    _refuse_words(measure, terms)
    if terms.get("promised_outside") is False:
        terms |= {"promised_to": "", "promised_what": ""}
    old = {name: getattr(measure, name) for name in TERMS}
    changes = {name: (old[name], value) for name, value in terms.items() if old[name] != value}
    if not changes:
        return measure
    if "backup" in changes:
        _refuse_backup(incident, measure, terms["backup"])
    if changes.keys() & _OUTSIDE:
        _refuse_promise(measure, terms, changes, reason)
    if "weak_reason" in changes:
        _refuse_excuse(measure, by=by)
    for name, (_before, value) in changes.items():
        setattr(measure, name, value)
    measure.save(update_fields=[*changes, "updated_at"])
    helpers = countermeasure.help_by(measure, None) if "backup" in changes else {}
    audit.note(by, "measure.terms_changed", measure, reason=reason, **changes, **helpers)
    _tell(incident, measure, changes, by=by, reason=reason)
    if "backup" in changes:
        ledger.change_backup(measure.follow_up, backup=measure.backup)
    if "weak_reason" in changes:
        refresh_stage(incident, by=by)
    return measure


def may_excuse(measure: Countermeasure, role: str | None) -> bool:
    """Whether a person of this role can say why it goes on with this weak measure."""
    return role == Role.LEAD and _is_weak(measure)


def _is_weak(measure: Countermeasure) -> bool:
    return measure.strength in WEAK_STRENGTHS and measure.status in COVERING_STATUSES


def _refuse_excuse(measure: Countermeasure, *, by: Person) -> None:
    if not may_excuse(measure, editor(by, measure.incident)):
        raise NotAllowed(
            "weak_needs_lead",
            _("弱い対策だけで進める判断は、リーダーが行います。"),
            _("リーダーに頼むか、強い対策を足してください。"),
        )


def _refuse_status(measure: Countermeasure, terms: dict[str, Any]) -> None:
    if _is_weak(measure) and terms.keys() <= {"weak_reason"}:
        return  # what is done can still be a weak one alone
    if measure.status == MeasureStatus.PROPOSED:
        raise Refused(
            "not_committed",
            _("この対策は、まだ約束されていません。"),
            _("案のあいだは、「整えて約束する」で書きかえられます。"),
        )
    if measure.status not in RUNNING_STATUSES:
        raise Refused("not_running", _("この対策は、いま実施中ではありません。"))


def _refuse_backup(incident: Incident, measure: Countermeasure, backup: Person | None) -> None:
    if backup is not None and backup.pk == measure.owner_id:
        raise Refused(
            "backup_is_owner",
            _("担当と代わりの人が同じです。"),
            _("代わりの人には別の方を選ぶか、決めないままにしてください。"),
        )
    countermeasure.members_only(incident, backup)


def _refuse_words(measure: Countermeasure, terms: dict[str, Any]) -> None:
    """Words of a promise without its tick would be thrown away; they are asked about instead."""
    if terms.get("promised_outside", measure.promised_outside):
        return
    new = [name for name in ("promised_to", "promised_what") if terms.get(name, "") not in {"", getattr(measure, name)}]
    if new:
        raise Refused(
            "promise_not_ticked",
            _("約束した相手か、約束したことが書かれていますが、「お客様にお約束した対策です」に印がありません。"),
            _("印をつけるか、書いたものを消してください。"),
        )


def _refuse_promise(measure: Countermeasure, terms: dict[str, Any], changes: dict[str, Any], reason: str) -> None:
    """A promise outside names to whom and what; it is taken away with a reason alone."""
    now = {name: terms.get(name, getattr(measure, name)) for name in _OUTSIDE}
    if not now["promised_outside"]:
        if not reason.strip():
            raise Refused(
                "no_reason",
                _("お客様へのお約束を外す理由が書かれていません。"),
                _("先方とどう話がついたのかを、一行書いてください。"),
            )
        return
    if not now["promised_to"].strip():
        raise Refused("no_to_whom", _("だれに約束したかが書かれていません。"), _("約束した相手を書いてください。"))
    if not now["promised_what"].strip():
        raise Refused("no_promise", _("何を約束したかが書かれていません。"), _("一行書いてください。"))


def _tell(incident: Incident, measure: Countermeasure, changes: dict[str, Any], *, by: Person, reason: str) -> None:
    """One line for each of the two things that may have changed."""
    if "backup" in changes:
        said = {"title": measure.title, "name": measure.backup or "–"}
        tell(incident, by=by, kind=EntryKind.MEASURE, text=_("代わりの人: %(title)s（%(name)s）") % said)
    if "weak_reason" in changes:
        said = {"title": measure.title, "reason": measure.weak_reason.strip() or "–"}
        tell(incident, by=by, kind=EntryKind.MEASURE, text=_("弱い対策だけで進める理由: %(title)s。%(reason)s") % said)
    if not changes.keys() & _OUTSIDE:
        return
    said = {"title": measure.title, "to": measure.promised_to, "what": measure.promised_what, "reason": reason.strip()}
    if measure.promised_outside:
        text = _("対策を外に約束: %(title)s（%(to)s へ、%(what)s）") % said
    else:
        text = _("外への約束を外しました: %(title)s。%(reason)s") % said
    tell(incident, by=by, kind=EntryKind.PROMISE, text=text)
