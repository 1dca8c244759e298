"""減ったもの: what a countermeasure took away, steps and minutes a month, as somebody tells it (A-4). Never worked out."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit
from incidents.domain.incident import editor, lock
from incidents.errors import Refused
from incidents.models import Countermeasure, Person
from incidents.models.countermeasure import MOST_SAVED, MOST_STEPS

FIELDS = ("steps_removed", "minutes_saved")


@transaction.atomic
def tell_gain(
    measure: Countermeasure, *, by: Person, steps_removed: int | None, minutes_saved: int | None
) -> Countermeasure:
    """Say how many steps fell away and how many minutes a month; None takes it back. Raises NotAllowed, Refused."""
    editor(by, measure.incident)
    lock(measure.incident)
    measure = Countermeasure.objects.select_related("incident__team").get(pk=measure.pk)
    rules.refuse_gain(status=measure.status)
    keep(measure, by=by, steps_removed=steps_removed, minutes_saved=minutes_saved)
    return measure


def keep(measure: Countermeasure, *, by: Person, **gain: int | None) -> None:
    """Set what is named of FIELDS, with its trace. Inside the caller's transaction, which has asked the rest."""
    changes = {name: (getattr(measure, name), value) for name, value in gain.items() if getattr(measure, name) != value}
    if not changes:
        return
    most = {"steps_removed": MOST_STEPS, "minutes_saved": MOST_SAVED}
    if any(value is not None and not 1 <= value <= most[name] for name, value in gain.items()):
        raise Refused(
            "gain_out_of_range",
            _("減ったものの数が、1より小さいか、大きすぎます。"),
            _("数を確かめてください。わからないときと、減っていないときは、空のままにします。"),
            "measures",
        )
    for name, (_before, value) in changes.items():
        setattr(measure, name, value)
    measure.save(update_fields=[*changes, "updated_at"])
    audit.note(by, "measure.gain_told", measure, **changes)
