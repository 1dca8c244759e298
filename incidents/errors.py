"""How a step is refused: one shape for page, admin, mail link and (later) API."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext as _


class Refused(Exception):
    """A step that the record does not allow yet.

    code: stable word for tests and the API, such as "no_root_cause".
    reason: one translated sentence, what is missing.
    fix: one translated sentence, what would mend it.
    fix_anchor: the part of the incident page where it is mended, or "".
    """

    def __init__(self, code: str, reason: str | Promise, fix: str | Promise = "", fix_anchor: str = ""):
        super().__init__(code)
        self.code = code
        self.reason = reason
        self.fix = fix
        self.fix_anchor = fix_anchor

    def sentence(self) -> str:
        """Reason and fix as one line in the reader's language, the same wherever it is shown."""
        if not self.fix:
            return str(self.reason)
        # Translators: two whole sentences, one after the other.
        return _("%(reason)s%(fix)s") % {"reason": self.reason, "fix": self.fix}


class NotAllowed(Refused):
    """The person may see the record but not do this."""
