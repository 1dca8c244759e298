"""The effect check of a countermeasure."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from incidents.enums import MeasureStatus, Severity
from incidents.errors import Refused

# The day's window by severity in calendar days (V1).
CHECK_WINDOW_DAYS = {Severity.S1: 180, Severity.S2: 90, Severity.S3: 30, Severity.S4: 30}


def refuse_outcome(
    *, measure_status: str, check_open: bool, owner_id: int | None, by_id: int, note: str, done_by_id: int | None = None
) -> None:
    """Raises Refused unless somebody else judges a done measure, with what was seen (invariant 3, V2).

    Somebody else than its owner, and than whoever said できました for them.
    """
    if not check_open:
        raise Refused("check_closed", _("この効果確認は、もう終わっています。"))
    if owner_id is not None and owner_id == by_id:
        raise Refused(
            "checker_is_owner",
            _("ご自身が担当した対策は、ご自身では確かめられません。"),
            _("担当ではない方に頼んでください。"),
        )
    if done_by_id is not None and done_by_id == by_id:
        raise Refused(
            "checker_did_it",
            _("ご自身が「できました」とした対策は、ご自身では確かめられません。"),
            _("担当でも実施した方でもない方に、確かめる人を変えてください。"),
        )
    if measure_status != MeasureStatus.DONE:
        raise Refused("not_done", _("対策がまだ実施されていません。"), _("担当の方の「できました」を待ってください。"))
    if not note.strip():
        raise Refused(
            "no_observation",
            _("何を見て判断したかが書かれていません。"),
            _("件数や日付など、見たことを一行書いてください。"),
        )
