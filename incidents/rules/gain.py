"""What the mending gave."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from incidents.enums import MeasureStatus
from incidents.errors import Refused


def refuse_gain(*, status: str) -> None:
    """What a measure took away is told once it is in force (A-4). Raises Refused."""
    if status not in {MeasureStatus.DONE, MeasureStatus.EFFECTIVE}:
        raise Refused(
            "not_in_force",
            _("この対策は、まだ実施されていないか、もう続いていません。"),
            _("実施したあとで書いてください。"),
            "measures",
        )
