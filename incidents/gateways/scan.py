"""A virus scanner of the operator's, asked before a file is kept; without one set, nothing is asked.

ATTACHMENT_SCAN is a command such as `clamdscan --fdpass --no-summary`; the path is its last word. It answers as ClamAV
does: 0 is clean, 1 is infected, everything else is no answer, and what could not be looked at is not taken.
"""

from __future__ import annotations

import logging
import subprocess
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from incidents.errors import Refused

PATIENCE = 40.0  # seconds; the web server gives up a request after sixty
log = logging.getLogger(__name__)


def refuse_infected(path: Path) -> None:
    """Raises Refused unless the scanner calls the file clean, or there is no scanner."""
    if not settings.ATTACHMENT_SCAN:
        return
    try:
        answer = subprocess.run(  # noqa: S603  the operator's command and a path of our own
            [*settings.ATTACHMENT_SCAN, str(path)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        code, said = answer.returncode, answer.stderr.decode("utf-8", "replace").strip()[-200:]
    except (OSError, subprocess.TimeoutExpired) as error:
        code, said = -1, type(error).__name__
    if code == 1:
        raise Refused(
            "file_infected",
            _("ウイルス対策ソフトが、危ないファイルだと答えました。"),
            _("開かずに、管理者に知らせてください。"),
            "attachments",
        )
    if code != 0:
        log.error("The scanner %s gave no answer: %s %s", settings.ATTACHMENT_SCAN[0], code, said.replace("\n", " "))
        raise Refused(
            "scan_failed",
            _("ウイルス対策ソフトが答えないため、確かめられません。"),
            _("管理者に知らせ、しばらくしてからもう一度お試しください。"),
            "attachments",
        )
