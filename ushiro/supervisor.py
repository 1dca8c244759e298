"""Keeps a handful of programs running: starts again what ended, ends all of them cleanly. No Django, no settings."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from ushiro.env import ROOT
from ushiro.preflight import CannotStart

LOG_LIMIT = 5 * 1024 * 1024
FIRST_DELAY, LONGEST_DELAY, STEADY_AFTER = 0.5, 30.0, 60.0
STOP_PATIENCE = 3.5
CONFIGURATION_FAULT = 78  # what ushiro.env's refusals exit with; starting again would not help
_libc = ctypes.CDLL(None) if sys.platform.startswith("linux") else None


def tie_to(parent: int, death_signal: int) -> None:
    """In the child, before its program: have the kernel send death_signal when the supervisor is gone, however it went."""
    if _libc is not None:
        _libc.prctl(1, death_signal, 0, 0, 0)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)


class Child:
    """One program under watch: its process, its log file and when it may be started again."""

    def __init__(
        self,
        name: str,
        command: list[str],
        *,
        log: Path,
        environ: Mapping[str, str],
        folder: Path = ROOT,
        death_signal: int = signal.SIGTERM,
    ):
        self.name, self.command, self.log, self.environ, self.folder = name, command, log, environ, folder
        self.death_signal = death_signal
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self.delay = FIRST_DELAY
        self.start_at: float | None = None

    def start(self) -> None:
        """Run the program in a session of its own: Ctrl-C in the terminal reaches only the supervisor."""
        parent, death_signal = os.getpid(), self.death_signal
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(  # noqa: S603  our own command lines
                self.command,
                cwd=self.folder,
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # The supervisor has no threads, so running Python between fork and exec is safe here.
                preexec_fn=lambda: tie_to(parent, death_signal),
            )
        self.started, self.start_at = time.monotonic(), None

    def ended(self) -> int | None:
        """The exit code (negative: the signal) of a process that has ended; None while it runs or was never started."""
        return self.process.poll() if self.process else None

    def send(self, number: int) -> None:
        """Signal the whole group: gunicorn's own workers must not outlive it."""
        if self.process:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    def plan_restart(self) -> float:
        """Clear the group's remains and choose when to start again. Returns: the seconds until then."""
        self.send(signal.SIGKILL)
        self.process = None
        if time.monotonic() - self.started >= STEADY_AFTER:
            self.delay = FIRST_DELAY
        wait, self.delay = self.delay, min(self.delay * 2, LONGEST_DELAY)
        self.start_at = time.monotonic() + wait
        return wait

    def trim_log(self) -> None:
        """Keep one old log. Copied and cut in place, since a running child holds the file open (for appending)."""
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
            os.truncate(self.log, 0)


class Supervisor:
    """Keeps children running until a signal asks it to stop."""

    def __init__(self) -> None:
        self.children: list[Child] = []
        self.stopping = False
        self._trim_at = 0.0
        self._bell, self._rope = socket.socketpair()
        self._bell.setblocking(False)
        self._rope.setblocking(False)
        signal.set_wakeup_fd(self._rope.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)

    def _ask_to_stop(self, *_: object) -> None:
        self.stopping = True

    def start(self, child: Child) -> None:
        """Start a child and watch it from now on. Append the broker first: it is stopped last."""
        child.trim_log()
        self.children.append(child)
        child.start()

    def pause(self, seconds: float) -> None:
        """Sleep until something happens: a signal, the end of a child, or the time is over."""
        select.select([self._bell], [], [], max(0.0, seconds))
        with contextlib.suppress(BlockingIOError):
            self._bell.recv(4096)

    def run_once(self, child: Child) -> int | None:
        """Run a child to its end. Returns: its exit code, or None when a signal stopped the wait."""
        child.trim_log()
        child.start()
        while (code := child.ended()) is None and not self.stopping:
            self.pause(0.5)
        if code is None:
            child.send(signal.SIGKILL)
        return code

    def look_after(self) -> None:
        """One round: note who ended, start whose time has come.

        Raises: CannotStart when a child refused its configuration, because it would refuse it again.
        """
        for child in self.children:
            code = child.ended()
            if code == CONFIGURATION_FAULT:
                raise CannotStart(
                    last_refusal(child.log) or f"{child.name} refused its settings; read {child.log}.", code
                )
            if code is not None:
                wait = child.plan_restart()
                how = f"signal {-code}" if code < 0 else f"code {code}"
                say(
                    f"{child.name} が止まったので {wait:g} 秒後に起動し直します / {child.name} ended ({how}), starting again in {wait:g} s: {child.log}"
                )
            if child.start_at is not None and time.monotonic() >= child.start_at:
                child.start()
        if time.monotonic() >= self._trim_at:
            self._trim_at = time.monotonic() + 60
            for child in self.children:
                child.trim_log()

    def next_event(self, longest: float = 30.0) -> float:
        """Seconds until a child has to be started again, at most `longest`."""
        times = [child.start_at for child in self.children if child.start_at is not None]
        return min([longest, *(moment - time.monotonic() for moment in times)])

    def stop(self) -> None:
        """Stop all children: everything but the broker together, and the broker when nobody writes to it any more."""
        self.stopping = True
        broker = [child for child in self.children if child.name == "broker"]
        others = [child for child in self.children if child.name != "broker"]
        self._end(others, STOP_PATIENCE)
        self._end(broker, 1.0)
        self.children.clear()

    def drop(self, child: Child) -> None:
        """End one child and watch it no more."""
        self._end([child], 1.0)
        self.children.remove(child)

    def _end(self, children: Iterable[Child], patience: float) -> None:
        running = [child for child in children if child.process and child.ended() is None]
        for child in running:
            child.send(signal.SIGTERM)
        until = time.monotonic() + patience
        while any(child.ended() is None for child in running) and time.monotonic() < until:
            self.pause(min(0.2, until - time.monotonic()))
        for child in running:
            child.send(signal.SIGKILL)
            if child.process:
                child.process.wait()


def say(line: str = "") -> None:
    """One line on the terminal. A terminal that has gone away is no reason to stop."""
    with contextlib.suppress(OSError):
        print(line, flush=True)  # noqa: T201


def last_refusal(log: Path) -> str:
    """The sentence with which a child refused to start, out of its log."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    sentences = [line.partition("does not start: ")[2] for line in lines[-50:] if "does not start: " in line]
    return sentences[-1] if sentences else ""
