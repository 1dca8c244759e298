"""One thing that `manage.py doctor` has found.

Nothing secret stands in a finding: of an address its host, of a fault its kind, of people how many.
"""

from __future__ import annotations

from dataclasses import dataclass

# A fault breaks what Ushiro promises, a warning may do so or breaks something else; a hint is only worth knowing.
FAULT, WARNING, HINT = "fault", "warning", "hint"


@dataclass(frozen=True)
class Finding:
    """code: told in docs/features/health.md. level: one of the three above. what: is wrong. do: about it."""

    code: str
    level: str
    what: str
    do: str
