"""What stands as fact in the timeline."""

from __future__ import annotations

from collections.abc import Sequence

from incidents.enums import Certainty, Verdict


def standing_certainty(certainty: str, verdicts: Sequence[str]) -> str:
    """How certain a line of the timeline is now: a Certainty, or Verdict.REFUTED when it was found not to be so (R1).

    certainty: what its writer said. verdicts: of its addenda in the order of their recording; "" where one only adds.
    The latest verdict wins; the line itself never changes (invariant 4).
    """
    said = [verdict for verdict in verdicts if verdict]
    if not said:
        return certainty
    return Certainty.FACT if said[-1] == Verdict.CONFIRMED else Verdict.REFUTED
