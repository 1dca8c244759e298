"""`manage.py up`: check the machine, make the settings, start everything, keep it running, stop it cleanly.

One small process without Django. It starts the bundled Valkey, prepares the database in a process of
its own, then runs the web server, the worker and the beat, and starts again whichever of them ends.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import http.client
import json
import os
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from ushiro import embedded_broker, preflight
from ushiro.env import EMBEDDED_FILE, ROOT, data_folder, flag, is_loopback
from ushiro.preflight import CannotStart
from ushiro.supervisor import CONFIGURATION_FAULT, STOP_PATIENCE, Child, Supervisor, last_refusal, say

READY_PATIENCE = 90.0
EMPTY = "empty"  # noted beside the fingerprint while the database has no person


def state_of(folder: Path, database: Path) -> str:
    """A fingerprint of everything that `prepare` acts on: packages, migrations, static files, the database's own tables."""
    digest = hashlib.sha256()
    lock = ROOT / "requirements.lock"
    digest.update(lock.read_bytes() if lock.exists() else b"")
    sources = [ROOT / "ushiro" / "settings.py", *ROOT.glob("*/migrations/*.py")]
    sources += [Path(top, name) for top, _, names in os.walk(ROOT / "static") for name in names]
    for file in sorted(sources):
        status = file.stat()
        digest.update(f"{file} {status.st_size} {status.st_mtime_ns}\n".encode())
    digest.update(str((folder / "staticfiles" / "staticfiles.json").exists()).encode())
    # A backup put back from an older version must be migrated although no source file changed.
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection,
    ):
        digest.update(
            repr(connection.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()).encode()
        )
    return digest.hexdigest()


def start_broker(supervisor: Supervisor, folder: Path, path: Path, environ: Mapping[str, str]) -> None:
    """Start Valkey and wait until it answers. A damaged append-only file is put aside: what is due stands in the database."""
    home = folder / "broker"
    program = embedded_broker.find_server()
    for attempt in (1, 2):
        home.mkdir(mode=0o700, exist_ok=True)
        child = Child(
            "broker",
            embedded_broker.command(program, path),
            log=folder / "log" / "broker.log",
            environ=environ,
            folder=home,
        )
        supervisor.start(child)
        until = time.monotonic() + 15
        while child.ended() is None and time.monotonic() < until and not supervisor.stopping:
            if embedded_broker.ask(path, "PING").startswith(b"+PONG"):
                return
            supervisor.pause(0.02)
        if supervisor.stopping:
            return
        supervisor.drop(child)
        if attempt == 1 and home.exists():
            aside = folder / f"broker-damaged-{time.strftime('%Y%m%d-%H%M%S')}"
            home.rename(aside)
            say(
                f"ブローカーの記録を読めないので脇に置きました / the broker could not read its file, put aside: {aside}"
            )
    raise CannotStart(
        f"The bundled broker {program} does not start; read {folder / 'log' / 'broker.log'}, or name another broker with CELERY_BROKER_URL."
    )


def programs(folder: Path, host: str, port: int, environ: Mapping[str, str]) -> list[Child]:
    """The three Django processes. Worker and beat may be killed at any moment (acks_late), so they never linger."""
    python, log = sys.executable, folder / "log"
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    web = ["--worker-class", "gthread", "--workers", "1", "--threads", "4", "--max-requests", "0"]
    web += ["--graceful-timeout", "2", "--no-control-socket"]
    worker = ["worker", "-P", "threads", "-c", "2", "--without-gossip", "--without-mingle", "--loglevel", "INFO"]
    beat = ["beat", "--schedule", str(folder / "beat-schedule"), "--pidfile=", "--loglevel", "WARNING"]
    celery = [python, "-m", "celery", "-A", "ushiro"]
    return [
        Child(
            "web", [python, "-m", "gunicorn", "ushiro.wsgi", "--bind", bind, *web], log=log / "web.log", environ=environ
        ),
        Child("worker", [*celery, *worker], log=log / "worker.log", environ=environ, death_signal=signal.SIGKILL),
        Child("beat", [*celery, *beat], log=log / "beat.log", environ=environ, death_signal=signal.SIGKILL),
    ]


def prepare(
    supervisor: Supervisor, folder: Path, arguments: list[str], environ: Mapping[str, str]
) -> dict[str, object]:
    """Bring tables and static files up to date, unless nothing has changed since the last time.

    Returns: what to show on a first start (sign_ins, setup_url). Raises: CannotStart.
    """
    stamp, database = folder / "prepared", folder / preflight.DATABASE_FILE
    known, _, left = (stamp.read_text(encoding="ascii") if stamp.exists() else "").partition(" ")
    own_database = "DATABASE_URL" not in environ
    if known == state_of(folder, database) and database.exists() is own_database:
        if own_database and left != EMPTY:
            return {}
        # Another server's tables cannot be looked at from here; the static files are the slow part.
        arguments = [*arguments, "--static-is-ready", *(["--tables-are-ready"] if own_database else [])]
    else:
        say("準備しています（表・静的ファイル）… / preparing tables and static files …")
    log = folder / "log" / "prepare.log"
    log.unlink(missing_ok=True)
    command = [sys.executable, "-m", "ushiro.prepare", *arguments]
    code = supervisor.run_once(Child("prepare", command, log=log, environ=environ, death_signal=signal.SIGKILL))
    if code is None:
        return {}
    if code != 0:
        sentence = last_refusal(log) or f"Preparing the database and the static files failed; read {log}."
        raise CannotStart(sentence, code if code > 0 else 1)
    answer: dict[str, object] = json.loads(log.read_text(encoding="utf-8").splitlines()[-1])
    log.unlink()  # it holds the set-up link
    # While nobody has used the link, each start asks for a new one.
    stamp.write_text(f"{state_of(folder, database)} {EMPTY if answer.get('setup_url') else ''}", encoding="ascii")
    return answer


def answers(host: str, port: int) -> bool:
    """Whether the sign-in page is there: `/` followed to its end is a 200."""
    path = "/"
    try:
        for _ in range(4):
            link = http.client.HTTPConnection(host, port, timeout=1)
            with contextlib.closing(link):
                link.request("GET", path, headers={"Host": f"127.0.0.1:{port}"})
                reply = link.getresponse()
                if reply.status not in {301, 302, 303, 307, 308}:
                    return reply.status == 200
                path = reply.getheader("Location", "/")
    except (OSError, http.client.HTTPException):
        pass
    return False


def show(answer: Mapping[str, object], url: str, folder: Path) -> None:
    """The few lines a person needs: where to go, how to get in, where the logs are, how to stop."""
    say()
    say("  Ushiro が動いています / Ushiro is running")
    say(f"  開く / open         {url}/")
    sign_ins = answer.get("sign_ins")
    if isinstance(sign_ins, list) and sign_ins:
        say("  見本のサインイン / sample sign-ins:")
        for label, email, password in sign_ins:
            say(f"    {email}  {password}  {label}")
        if "//127.0.0.1" not in url and "//localhost" not in url:
            say(
                "    注意：見本のパスワードは公開されています。他の人が使う場合は SAMPLE=0 で / careful: these passwords are public; SAMPLE=0 starts without"
            )
    if answer.get("setup_url"):
        say(f"  はじめの設定（一度だけ使えるリンク） / set-up link, works once:\n    {answer['setup_url']}")
    say(f"  記録 / logs         {folder / 'log'}")
    say("  止める / stop       Ctrl-C")
    say()


def run(host: str, port: int, folder: Path, arguments: list[str]) -> None:
    """Check, start and look after everything until a signal asks to stop. Raises: CannotStart."""
    preflight.check_python()
    if os.environ.get("USHIRO_MODE", "embedded") != "embedded":
        raise CannotStart(
            "`make up` runs the embedded mode; unset USHIRO_MODE, or start the services of deploy/ for production.",
            CONFIGURATION_FAULT,
        )
    if flag("DEBUG") and not is_loopback(host):
        raise CannotStart(
            f"DEBUG=1 shows secrets to every visitor, and HOST={host} lets others in; unset one of them.",
            CONFIGURATION_FAULT,
        )
    preflight.check_folder(folder)
    os.umask(0o077)
    lock, killed_before = preflight.take_lock(folder)
    supervisor = Supervisor()
    file = folder / EMBEDDED_FILE
    kept = preflight.read_values(file)
    embedded_broker.clear_leftover(kept.get("CELERY_BROKER_URL", ""))
    preflight.check_port(host, port, patience=STOP_PATIENCE if killed_before else 0)
    if not os.environ.get("DATABASE_URL"):
        preflight.check_database(folder / preflight.DATABASE_FILE, seen_before=(folder / "prepared").exists())
    own_broker = not os.environ.get("CELERY_BROKER_URL")
    path = embedded_broker.socket_path(folder)
    values = preflight.embedded_values(folder, host, port, f"{embedded_broker.SCHEME}{path}", os.environ)
    preflight.write_values(file, values)
    environ = {**os.environ, **values, "DJANGO_SETTINGS_MODULE": "ushiro.settings", "PYTHONUNBUFFERED": "1"}
    (folder / "log").mkdir(mode=0o700, exist_ok=True)
    try:
        if own_broker:
            start_broker(supervisor, folder, path, environ)
        answer = {} if supervisor.stopping else prepare(supervisor, folder, arguments, environ)
        if not supervisor.stopping:
            for child in programs(folder, host, port, environ):
                supervisor.start(child)
        local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  looked up, not bound  # nosec B104
        ready, until = False, time.monotonic() + READY_PATIENCE
        while not supervisor.stopping:
            supervisor.look_after()
            if not ready and (ready := answers(local, port)):
                show(answer, values["USHIRO_URL"], folder)
            if not ready and time.monotonic() > until:
                raise CannotStart(f"The web server does not answer on port {port}; read {folder / 'log' / 'web.log'}.")
            supervisor.pause(supervisor.next_event() if ready else 0.1)
        say("止めています … / stopping …")
    finally:
        supervisor.stop()
        if own_broker and path.parent != folder:
            shutil.rmtree(path.parent, ignore_errors=True)
        preflight.give_back(lock)


def main(arguments: list[str]) -> int:
    """The command line of `manage.py up`. Returns: the exit code; a fault is one sentence on stderr."""
    parser = argparse.ArgumentParser(prog="manage.py up", description="Run all of Ushiro on this machine.")
    parser.add_argument("--host", default=os.environ.get("USHIRO_HOST") or "127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--data", type=Path, default=None, help="data folder (default: USHIRO_DATA or ./var)")
    parser.add_argument("--no-sample", action="store_true", help="start empty and print a set-up link")
    chosen = parser.parse_args(arguments)
    folder = chosen.data.expanduser().absolute() if chosen.data else data_folder()
    try:
        run(chosen.host, chosen.port, folder, ["--no-sample"] if chosen.no_sample else [])
    except CannotStart as fault:
        sys.stderr.write(f"Ushiro does not start: {fault}\n")
        return fault.code
    say("止まりました / stopped")
    return 0
