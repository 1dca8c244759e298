"""What must be true before `make up` starts anything, and the file of settings it keeps.

Each fault is a CannotStart with one sentence: what is wrong and how to mend it. No Django here: these
questions are asked before settings exist.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import socket
import sqlite3
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from ushiro.env import EMBEDDED_FILE

DATABASE_FILE = "ushiro.sqlite3"
QUICK_CHECK_SECONDS = 2.0
# Values an operator may give by the environment; they are kept beside the others so that a
# `manage.py` typed next to the running server meets the same database and the same mail server.
GIVEN = (
    "DATABASE_URL",
    "DATABASE_POOL_MIN",
    "DATABASE_POOL_MAX",
    "DATABASE_STATEMENT_TIMEOUT",
    "DATABASE_PREPARE",
    "CACHE_URL",
    "SMTP_URL",
    "EMAIL_HOST",
    "EMAIL_PORT",
    "REMINDER_LEASE_SECONDS",
    "REMINDER_BACKOFF",
    "REMINDER_POLICY",
    "SMTP_ALLOW_CLEARTEXT",
    "MAIL_FROM",
    "INBOUND_ADDRESS",
    "IMAP_HOST",
    "IMAP_PORT",
    "IMAP_USER",
    "IMAP_PASSWORD",
    "IMAP_SECURITY",
    "IMAP_FOLDER",
    "HEARTBEAT_URL",
    "EGRESS_ALLOW",
    "EGRESS_CA_FILE",
    "METRICS_TOKEN",
    "TIME_ZONE",
    "ATTACHMENT_FILE_MB",
    "ATTACHMENT_INCIDENT_MB",
    "ATTACHMENT_TEAM_MB",
    "ATTACHMENT_SCAN",
    "USHIRO_SECRET_KEY_FALLBACKS",
    "USHIRO_AUDIT_KEY",
    "USHIRO_AUDIT_KEY_FALLBACKS",
    "USHIRO_BEHIND_TLS_PROXY",
)


class CannotStart(Exception):
    """A start that must not go on; its text is the one sentence for the operator."""

    def __init__(self, sentence: str, code: int = 1):
        super().__init__(sentence)
        self.code = code


def check_python() -> None:
    """Raise CannotStart on a Python older than 3.12."""
    if sys.version_info < (3, 12):  # noqa: UP036
        found = ".".join(map(str, sys.version_info[:3]))
        raise CannotStart(
            f"Ushiro needs Python 3.12 or newer and this is {found}; run `make install`, which looks for one."
        )


def check_folder(folder: Path) -> None:
    """Make the data folder (mode 0700) or prove that the one there is ours and writable."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        names = {entry.name for entry in folder.iterdir()}
        ours = not names or not names.isdisjoint({EMBEDDED_FILE, DATABASE_FILE, "up.lock"})
        if not ours:
            raise CannotStart(
                f"The data folder {folder} holds other things already; name an empty or a new folder with `make up DATA=FOLDER`."
            )
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
        probe = folder / f".probe-{secrets.token_hex(4)}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise CannotStart(
            f"The data folder {folder} cannot be written ({error.strerror}); "
            "give your user the right to write there, or name another folder with `make up DATA=FOLDER`."
        ) from None


def take_lock(folder: Path) -> tuple[TextIO, bool]:
    """Hold the data folder until this process ends.

    Returns: the open lock file (keep it referenced), and whether the holder before was killed.
    Raises: CannotStart when another `make up` holds it.
    """
    lock = open(folder / "up.lock", "a+", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        pid = lock.read().strip() or "unknown"
        lock.close()
        raise CannotStart(
            f"Another `make up` (process {pid}) is running on {folder}; stop it with Ctrl-C, or name another folder with `make up DATA=FOLDER`."
        ) from None
    lock.seek(0)
    killed_before = bool(lock.read().strip())
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock, killed_before


def give_back(lock: TextIO) -> None:
    """Let go of the data folder after a clean end; an empty lock file is what tells it from a kill."""
    lock.truncate(0)
    lock.close()


def check_port(host: str, port: int, patience: float = 0) -> None:
    """Raise CannotStart unless host:port can be listened on.

    patience: seconds to wait for it; the web server of a killed supervisor needs a moment to go.
    """
    until = time.monotonic() + patience
    if not 0 < port < 65536:
        raise CannotStart(f"PORT must be a number between 1 and 65535, not {port}.")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        while not _can_listen(*found[:3], found[4]):
            if time.monotonic() >= until:
                other = f"`make up PORT={port % 65535 + 1}`"
                raise CannotStart(
                    f"Port {port} on {host} is taken by another program; choose another one, for example {other}."
                )
            time.sleep(0.1)
    except socket.gaierror:
        raise CannotStart(
            f"The address {host} is not known on this machine; leave HOST out to listen on 127.0.0.1."
        ) from None
    except OSError as error:
        if error.errno == errno.EACCES:
            sentence = (
                f"Port {port} needs administrator rights; choose one above 1023, for example `make up PORT=8000`."
            )
        else:
            sentence = f"Cannot listen on {host} port {port} ({error.strerror}); choose others with `make up HOST=127.0.0.1 PORT=8000`."
        raise CannotStart(sentence) from None


def _can_listen(family: int, kind: int, protocol: int, address: tuple) -> bool:
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            return True
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise


def check_database(file: Path, *, seen_before: bool) -> None:
    """Raise CannotStart when the SQLite file is there but is not a sound database.

    A big file is looked at for two seconds only: a start must stay quick, and SQLite reports what it
    meets later.
    """
    broken = (
        f"The database file {file} is damaged ({{}}); move it away and put a backup in its place, "
        "as the backup section of docs/operation.md tells."
    )
    if not file.exists():
        return
    if file.stat().st_size == 0:
        if seen_before:
            raise CannotStart(broken.format("it is empty"))
        return
    try:
        with open(file, "rb") as stream:
            if stream.read(16) != b"SQLite format 3\0":
                raise CannotStart(broken.format("it does not begin like an SQLite file"))
        connection = sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True, timeout=5)
        until = time.monotonic() + QUICK_CHECK_SECONDS
        connection.set_progress_handler(lambda: time.monotonic() > until, 100_000)
        try:
            verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        finally:
            connection.close()
    except PermissionError:
        raise CannotStart(
            f"The database file {file} cannot be read or written; give it to the user who runs `make up`."
        ) from None
    except sqlite3.OperationalError as error:
        if "interrupt" in str(error):
            return
        raise CannotStart(
            f"The database file {file} cannot be opened ({error}); close what uses it and check who owns it."
        ) from None
    except sqlite3.DatabaseError as error:
        raise CannotStart(broken.format(error)) from None
    if verdict != "ok":
        raise CannotStart(broken.format(" ".join(str(verdict).split())[:120]))


def outside_address() -> str:
    """The address other machines reach this one by, as far as it can tell; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def read_values(file: Path) -> dict[str, str]:
    """The NAME=value lines of the settings file; empty when it is not there."""
    if not file.is_file():
        return {}
    pairs = (line.partition("=") for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return {name.strip(): value.strip() for name, sign, value in pairs if sign}


def embedded_values(folder: Path, host: str, port: int, broker_url: str, environ: Mapping[str, str]) -> dict[str, str]:
    """All settings of this start. What the environment gives wins; the secret key is made once and kept.

    Raises: CannotStart when the kept secret has been cut or emptied by hand.
    """
    kept = read_values(folder / EMBEDDED_FILE)
    key = kept.get("USHIRO_SECRET_KEY", "")
    if kept and len(key) < 50 and not environ.get("USHIRO_SECRET_KEY"):
        raise CannotStart(
            f"The line USHIRO_SECRET_KEY in {folder / EMBEDDED_FILE} is missing or too short; "
            "put the file back from a backup, or delete it to have a new key made (everybody signs in again)."
        )
    shown = outside_address() if host in {"0.0.0.0", "::"} else host  # noqa: S104  compared, not bound
    hosts = ["127.0.0.1", "localhost", "[::1]"]
    hosts += [
        name for name in (f"[{shown}]" if ":" in shown else shown, socket.gethostname().lower()) if name not in hosts
    ]
    values = {
        "USHIRO_MODE": "embedded",
        "USHIRO_SECRET_KEY": key or secrets.token_urlsafe(50),
        "USHIRO_DATA": str(folder),
        "USHIRO_URL": f"http://{f'[{shown}]' if ':' in shown else shown}:{port}",
        "ALLOWED_HOSTS": ",".join(hosts),
        "CELERY_BROKER_URL": broker_url,
    }
    for name in (*values, *GIVEN):
        if environ.get(name, "").strip() and name not in {"USHIRO_MODE", "USHIRO_DATA"}:
            values[name] = environ[name].strip()
    return values


def write_values(file: Path, values: Mapping[str, str]) -> None:
    """Write the settings file as a whole: mode 0600 from its first byte, and never half a file."""
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(
            "# Written by `make up` at each start. The secret key is made once: keep it, and keep this file private.\n"
        )
        stream.writelines(f"{name}={value}\n" for name, value in values.items())
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(draft, file)
