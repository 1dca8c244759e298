"""The operator's scanner is asked before a file has its place; what it does not call clean is not taken."""

from __future__ import annotations

import sys

import pytest

from incidents.errors import Refused
from incidents.gateways import intake, scan
from tests.incidents.gateways.test_filetype import upload
from tests.made_files import PDF

# A scanner of one line: it calls infected what holds EICAR.
SCANNER = [sys.executable, "-c", "import sys; sys.exit(b'EICAR' in open(sys.argv[1], 'rb').read())"]
SICK = PDF.replace(b"%PDF-1.7", b"%PDF-1.7 EICAR")


def left(media) -> list:
    return [file for file in media.rglob("*") if file.is_file()]


def test_clean_file_is_taken(media, settings):
    settings.ATTACHMENT_SCAN = SCANNER
    assert (media / intake.receive(upload("a.pdf", PDF)).path).read_bytes() == PDF


def test_infected_file_is_not_and_leaves_nothing(media, settings):
    settings.ATTACHMENT_SCAN = SCANNER
    with pytest.raises(Refused) as refusal:
        intake.receive(upload("a.pdf", SICK))
    assert (refusal.value.code, left(media)) == ("file_infected", [])


@pytest.mark.parametrize(
    "command",
    [
        ["/nowhere/scanner"],
        [sys.executable, "-c", "import sys; sys.exit(2)"],
        [sys.executable, "-c", "import time; time.sleep(9)"],
    ],
    ids=["missing", "fault", "silent"],
)
def test_scanner_without_an_answer_lets_nothing_in(media, settings, monkeypatch, command):
    monkeypatch.setattr(scan, "PATIENCE", 0.5)
    settings.ATTACHMENT_SCAN = command
    with pytest.raises(Refused) as refusal:
        intake.receive(upload("a.pdf", PDF))
    assert (refusal.value.code, left(media)) == ("scan_failed", [])


def test_without_a_scanner_nothing_is_asked(media, settings):
    settings.ATTACHMENT_SCAN = []
    assert intake.receive(upload("a.pdf", SICK)).size == len(SICK)


@pytest.mark.parametrize(("command", "wanted"), [(SCANNER, True), ([], True), (["/nowhere/scanner"], False)])
def test_whether_it_answers_at_all_is_asked_with_a_harmless_file(media, settings, command, wanted):
    settings.ATTACHMENT_SCAN = command
    assert (scan.answers(), left(media)) == (wanted, [])
