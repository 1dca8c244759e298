"""What a sending process notes, and what is read of it once it has died."""

from __future__ import annotations

import subprocess
import sys
import uuid

from incidents.gateways.sentlog import SentLog, left_behind

CLAIM, OTHER = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))
DYING = """
import os, signal, sys
from pathlib import Path
from incidents.gateways.sentlog import SentLog
with SentLog(Path(sys.argv[1])) as log:
    log.note(7, sys.argv[2])
    log.clear()
    log.note(8, sys.argv[2])
    log.note(9, sys.argv[2])
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_had_seen_is_read_once(tmp_path):
    done = subprocess.run([sys.executable, "-c", DYING, str(tmp_path), CLAIM])
    assert done.returncode == -9
    assert list(left_behind(tmp_path)) == [[(8, CLAIM), (9, CLAIM)]]
    assert list(left_behind(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


def test_what_a_living_process_notes_is_its_own_and_goes_with_it(tmp_path):
    with SentLog(tmp_path) as log:
        assert list(tmp_path.iterdir()) == []  # nothing sent, nothing written
        log.note(1, CLAIM)
        assert list(left_behind(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


def test_after_a_trouble_it_stays_for_whoever_sends_next(tmp_path):
    try:
        with SentLog(tmp_path) as log:
            log.note(1, OTHER)
            raise OSError("database away for good")
    except OSError:
        pass
    assert list(left_behind(tmp_path)) == [[(1, OTHER)]]


def test_a_line_that_was_cut_off_says_nothing(tmp_path):
    (tmp_path / "taken-x").write_text(f"1 {CLAIM}\n2 {CLAIM[:20]}")
    assert list(left_behind(tmp_path)) == [[(1, CLAIM)]]


def test_a_folder_that_cannot_be_written_costs_the_note_and_nothing_else(tmp_path):
    (tmp_path / "file").write_text("")
    with SentLog(tmp_path / "file" / "sending") as log:
        log.note(1, CLAIM)
    assert list(left_behind(tmp_path / "nowhere")) == []
