"""A virus scanner of the operator's, asked before a file is kept; without one set, nothing is asked.

ATTACHMENT_SCAN is a command such as `clamdscan --fdpass --no-summary`; the path is its last word. It answers as ClamAV
does: 0 is clean, 1 is infected, everything else is no answer, and what could not be looked at is not taken.
"""

from __future__ import annotations

import logging
import os
import subprocess
import tempfile
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from incidents.errors import Refused
from incidents.gateways import filestore

PATIENCE = 40.0  # seconds; the web server gives up a request after sixty
log = logging.getLogger(__name__)


def answers() -> bool:
    """Whether the scanner calls a harmless file clean; True where there is none to ask."""
    # Where the others lie, so that the scanner can read it as it can them.
    with tempfile.NamedTemporaryFile(dir=filestore.incoming(), suffix=".txt") as harmless:
        harmless.write(b"ushiro\n")
        harmless.flush()
        os.fchmod(harmless.fileno(), 0o640)
        try:
            refuse_infected(Path(harmless.name))
        except Refused:
            return False
    return True


def refuse_infected(path: Path) -> None:
    """Raises Refused unless the scanner calls the file clean, or there is no scanner."""
    if not settings.ATTACHMENT_SCAN:
        return
    code, said = _asked(path, PATIENCE)
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


def check(seconds: float) -> str:
    """Whether the scanner calls a clean file clean: "", `scan_missing` (it cannot be started) or `scan_silent`."""
    if not settings.ATTACHMENT_SCAN:
        return ""
    # Where attached files lie, if it is there: a scanner that runs as somebody else has to be let in as far as that.
    place = Path(settings.MEDIA_ROOT) / filestore.INCOMING
    try:
        with tempfile.NamedTemporaryFile(
            prefix=".doctor-", suffix=".txt", dir=place if place.is_dir() else None
        ) as file:
            os.fchmod(file.fileno(), 0o640)
            file.write(b"ushiro\n")
            file.flush()
            code, said = _asked(Path(file.name), seconds)
    except OSError:
        return "scan_silent"
    if said in {"FileNotFoundError", "PermissionError"}:
        return "scan_missing"
    return "" if code == 0 else "scan_silent"


def _asked(path: Path, seconds: float) -> tuple[int, str]:
    """The scanner's exit code with its last words; -1 and the kind of the fault when there is none."""
    try:
        answer = subprocess.run(  # noqa: S603  the operator's command and a path of our own
            [*settings.ATTACHMENT_SCAN, str(path)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return -1, type(error).__name__
    return answer.returncode, answer.stderr.decode("utf-8", "replace").strip()[-200:]
