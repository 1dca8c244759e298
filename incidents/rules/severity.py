"""How far it reaches: the effect questions of B-4, and the severity they come to."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from incidents.enums import LIGHTER_KINDS, IncidentKind, Severity
from incidents.errors import Refused

# The effect questions of B-4. About effect, never about fault; the codes are stored and never change.
EFFECTS: tuple[tuple[str, Severity, str | Promise], ...] = (
    ("legal_report", Severity.S1, _("法令に基づく報告が要るかもしれない")),
    ("danger", Severity.S1, _("健康や安全に関わる")),
    ("many_or_sensitive", Severity.S1, _("1,000人を超える個人情報、または配慮が要る個人情報に関わる")),
    ("over_million", Severity.S1, _("金額が100万円以上")),
    ("press", Severity.S1, _("報道や行政から問い合わせがあった")),
    ("several_outside", Severity.S2, _("社外の複数の相手に及ぶ")),
    ("personal_data", Severity.S2, _("個人情報が関わる")),
    ("over_hundred_thousand", Severity.S2, _("金額が10万円以上")),
    ("legal_deadline", Severity.S2, _("法定の期限を過ぎた")),
    ("core_stopped", Severity.S2, _("主な業務が1時間以上止まった")),
    ("one_outside", Severity.S3, _("社外の一人・一社に及ぶ（従業員が受け手のときも）")),
    ("some_money", Severity.S3, _("金額が10万円未満")),
    ("inside_only", Severity.S4, _("チームの中だけで済んだ")),
)


def suggest_severity(codes: Sequence[str], kind: str = IncidentKind.INCIDENT) -> str:
    """The severity of the heaviest line of B-4 that holds, or "" when none is known. Unknown codes count for nothing.

    「near miss」 is a line of S4 itself: a near miss or a concern is S4 without any answer. Answers that are heavier win
    there too, because the highest matching line counts: who ticks an effect says that something was reached after all.
    """
    found = [severity for code, severity, _label in EFFECTS if code in codes]
    if kind in LIGHTER_KINDS:
        found.append(Severity.S4)
    return min(found, default="")


def is_severity_of_kind(severity: str, *, kind: str, effects: Sequence[str], reason: str) -> bool:
    """Whether the severity stands for no more than that it is a near miss or a concern: nobody gave a reason for it."""
    return kind in LIGHTER_KINDS and severity == Severity.S4 and not suggest_severity(effects) and not reason.strip()


def severity_after(
    *,
    old: str,
    wanted: str,
    effects: Sequence[str],
    reason: str,
    kept: str = "",
    kind: str = IncidentKind.INCIDENT,
    of_kind: bool = False,
) -> str:
    """The severity that an edit comes to: what was chosen, or the suggestion for 影響から決める (`wanted` is empty).

    kept: the reason that stands on the record already; it goes on speaking for a severity that stays.
    kind: the record's, as the edit leaves it. of_kind: the old severity stood for the old kind alone
    (`is_severity_of_kind`): nobody decided it, so it is suggested anew, and may become open again.
    Raises Refused when a set severity changes, or differs from what the effects suggest, without a reason (C5), and
    when there is no effect to decide from: a severity that was decided is never emptied.
    """
    if of_kind:
        wanted = "" if wanted == old else wanted
        old = ""
    suggested = suggest_severity(effects, kind)
    if old and not wanted and not suggested:
        raise Refused(
            "no_effects",
            _("影響の答えがまだないため、影響からは決められません。"),
            _("当てはまる影響に印をつけるか、重大度を選んでください。"),
        )
    new = wanted or suggested
    lighter = bool(suggested) and new > suggested
    if new == old and not (lighter and not reason.strip() and not kept.strip()):
        return old
    if old and new != old and not reason.strip():
        raise Refused(
            "severity_change_needs_reason",
            _("重大度を変える理由が書かれていません。"),
            _("何がわかって変わったのかを一行書いてください。"),
        )
    if suggested and new != suggested and not reason.strip():
        raise Refused(
            "severity_differs",
            _("影響の答えから出る重大度と違います。"),
            _("そう判断した理由を一行書くか、重大度を「影響から決める」にするか、影響の答えを見直してください。"),
        )
    return new
