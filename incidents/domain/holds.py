"""保全: what is needed as proof is not thrown away and not erased, until somebody lifts it with a reason (hardening 3f.3)."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents.domain import audit
from incidents.domain.organisation import refuse_unless_administrator
from incidents.errors import Refused
from incidents.models import Incident, LegalHold, Person, Team


@transaction.atomic
def place(
    *, by: Person, reason: str, team: Team | None = None, incident: Incident | None = None, person: Person | None = None
) -> LegalHold:
    """Hold a team, a record or a person: one of the three. Raises NotAllowed, Refused."""
    refuse_unless_administrator(by)
    if not reason.strip():
        raise Refused("hold_without_reason", _("保全の理由がありません。"), _("なぜ残しておくのかを書いてください。"))
    if [team, incident, person].count(None) != 2:
        raise Refused(
            "hold_of_one", _("保全する相手が決まっていません。"), _("チーム、記録、人のどれか一つを選んでください。")
        )
    same = LegalHold.objects.filter(team=team, incident=incident, person=person, lifted_at=None).first()
    if same is not None:
        raise Refused("held_already", _("もう保全しています。"), _("いまの保全をひらいて確かめてください。"))
    made = LegalHold.objects.create(team=team, incident=incident, person=person, reason=reason.strip())
    audit.note(by, "hold.placed", made, reason=made.reason)
    return made


@transaction.atomic
def lift(hold: LegalHold, *, by: Person, reason: str) -> None:
    """What was held follows its term again. Raises NotAllowed, Refused when it is lifted already."""
    refuse_unless_administrator(by)
    now = timezone.now()
    if not LegalHold.objects.filter(pk=hold.pk, lifted_at=None).update(
        lifted_at=now, lifted_reason=reason[:300], updated_at=now
    ):
        raise Refused("hold_lifted", _("この保全は、もう解かれています。"), _("一覧を読み直してください。"))
    audit.note(by, "hold.lifted", hold, reason=reason)
