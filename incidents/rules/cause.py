"""The mark of a root cause."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from incidents.enums import MeasureStatus
from incidents.errors import Refused


def refuse_unmark(measure_statuses: Sequence[str], *, withdrawn: bool) -> None:
    """Raises Refused while a measure still leans on the root cause; what was decided against or failed does not."""
    if withdrawn:
        raise Refused("root_withdrawn", _("この真因の印は、もう外されています。"), "", "causes")
    if any(status not in {MeasureStatus.NOT_DOING, MeasureStatus.INEFFECTIVE} for status in measure_statuses):
        raise Refused(
            "measure_leans",
            _("この真因に向けた対策があります。"),
            _("先に、その対策の真因を選び直すか、実施しないと決めてください。"),
            "measures",
        )
