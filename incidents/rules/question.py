"""The steps of an open question."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from incidents.errors import Refused


def refuse_question_step(*, is_open: bool) -> None:
    """Raises Refused when the question has been answered or dropped already."""
    if not is_open:
        raise Refused("question_closed", _("この問いは、もう終わっています。"), "", "questions")
