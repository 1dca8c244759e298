"""Real servers for tests: each starts on a private port or socket in a folder of its own and is stopped afterwards.

As a program it starts a PostgreSQL for another command, which is how `make test` runs the unit tests on it:

    python -m tests.servers postgres -- python -m pytest -m "not integration and not browser"
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[1]


class Missing(Exception):
    """A program that the tests need is not on this machine."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until[Value](condition: Callable[[], Value], seconds: float, what: str, *, every: float = 0.02) -> Value:
    """Wait for a condition and return its value; the time is a failure's bound, not a pause."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(every)
    raise AssertionError(f"not within {seconds} s: {what}")


def listens(port: int) -> bool:
    with socket.socket() as link:
        link.settimeout(0.5)
        return link.connect_ex(("127.0.0.1", port)) == 0


# Processes -------------------------------------------------------------------------------------


class Program:
    """A process in a session of its own, with its output in a file."""

    def __init__(self, command: list[str], *, log: Path, environ: dict[str, str], folder: Path = ROOT):
        self.command, self.log = command, log
        with open(log, "ab") as out:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def signal(self, number: int) -> None:
        """To the whole group, so that no child of it stays behind."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """As a machine's fault would end it: no clean-up."""
        self.signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, patience: float = 10) -> None:
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)
        self.kill()


# PostgreSQL ------------------------------------------------------------------------------------


def _postgres_program(name: str) -> str:
    places = [Path(found).parent for found in [shutil.which(name)] if found]
    places += sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name.split(".")[0]), reverse=True
    )
    for place in places:
        if (place / name).exists():
            return str((place / name).resolve())
    raise Missing("PostgreSQL (initdb)")


def _as_postgres(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root: then the command runs as the system's user postgres."""
    if os.geteuid() != 0:
        return command
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        raise Missing("the system user postgres (PostgreSQL does not run as root)") from None
    if shutil.which("setpriv"):
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--", *command]
    return ["runuser", "-u", "postgres", "--", *command]


class Postgres:
    """A PostgreSQL cluster of its own. It forgets on a crash what it had not written: it lives for minutes.

    durable: a commit waits until the system has it, as on a server; what the process had in hand survives `kill -9`.
    """

    def __init__(self, *, durable: bool = False) -> None:
        initdb, server = _postgres_program("initdb"), _postgres_program("postgres")
        self.folder = Path(tempfile.mkdtemp(prefix="ushiro-pg-"))
        self.folder.chmod(0o755)
        data = self.folder / "data"
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        environ = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": str(self.folder)}
        made = subprocess.run(
            _as_postgres(
                [initdb, "-D", str(data), "-U", "ushiro", "-E", "UTF8", "--locale=C.UTF-8", "-A", "trust", "--no-sync"]
            ),
            cwd=self.folder,
            env=environ,
            capture_output=True,
            text=True,
        )
        if made.returncode:
            raise RuntimeError(made.stderr)
        self.port = free_port()
        options = [
            "fsync=off",
            f"synchronous_commit={'on' if durable else 'off'}",
            "full_page_writes=off",
            "max_connections=200",
            "listen_addresses=127.0.0.1",
        ]
        command = [server, "-D", str(data), "-p", str(self.port), "-k", str(self.folder)]
        for option in options:
            command += ["-c", option]
        self._command, self._environ = _as_postgres(command), environ
        self._start()
        try:
            until(self._answers, 30, "PostgreSQL answers")
        except AssertionError:
            said = self.program.said
            self.stop()
            raise RuntimeError(said) from None

    def _start(self) -> None:
        log = self.folder.with_suffix(".log")
        self.program = Program(self._command, log=log, environ=self._environ, folder=self.folder)

    def crash(self) -> None:
        """kill -9, and started again."""
        self.program.kill()

        def again() -> bool:
            if self.program.process.poll() is not None:  # children of the dead one still held its memory
                self._start()
            return self._answers()

        until(again, 60, "PostgreSQL answers again")

    def _answers(self) -> bool:
        try:
            self.run("SELECT 1")
        except Exception:
            return False
        return True

    def url(self, name: str = "postgres") -> str:
        return f"postgres://ushiro@127.0.0.1:{self.port}/{name}"

    def run(self, sql: str) -> None:
        import psycopg

        with psycopg.connect(self.url(), autocommit=True, connect_timeout=2) as link:
            link.execute(sql)

    def stop(self) -> None:
        self.program.signal(signal.SIGINT)  # fast shutdown: sessions are cut off
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.program.process.wait(10)
        self.program.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.program.log.unlink(missing_ok=True)


# Broker ----------------------------------------------------------------------------------------


class Broker:
    """The bundled Valkey on a private socket, with its append-only file, as `make up` runs it."""

    def __init__(self, folder: Path):
        from ushiro import embedded_broker
        from ushiro.preflight import CannotStart

        try:
            self._server = embedded_broker.find_server()
        except CannotStart:
            raise Missing("valkey-server (or redis-server)") from None
        self._command, self._ask = embedded_broker.command, embedded_broker.ask
        # Short, because a socket's path has room for about 100 bytes.
        self._place = Path(tempfile.mkdtemp(prefix="ushiro-b-"))
        self.socket = self._place / "broker.sock"
        self.url = f"{embedded_broker.SCHEME}{self.socket}"
        self._log = folder / "broker.log"
        self.start()

    def start(self) -> None:
        self.socket.unlink(missing_ok=True)
        command = self._command(self._server, self.socket)
        self.program = Program(command, log=self._log, environ=dict(os.environ), folder=self._place)
        until(lambda: self._ask(self.socket, "PING").startswith(b"+PONG"), 10, "the broker answers")

    def kill(self) -> None:
        self.program.kill()

    def lose_everything(self) -> None:
        """As if the disk had gone: the append-only file with all that waited in it."""
        self.kill()
        for entry in self._place.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()

    def flush(self) -> None:
        self._ask(self.socket, "FLUSHALL")

    def stop(self) -> None:
        self.program.stop()
        shutil.rmtree(self._place, ignore_errors=True)


class Rabbit:
    """The RabbitMQ that runs on this machine, in a virtual host of its own."""

    def __init__(self) -> None:
        if not listens(5672):
            raise Missing("RabbitMQ on 127.0.0.1:5672 (guest/guest)")
        self.host = f"ushiro-test-{os.getpid()}"
        control = shutil.which("rabbitmqctl")
        made = control and not subprocess.run([control, "add_vhost", self.host], capture_output=True).returncode
        if made:
            rights = ["set_permissions", "-p", self.host, "guest", ".*", ".*", ".*"]
            subprocess.run([control, *rights], capture_output=True, check=True)
        else:
            self.host = "/"
        self._control = control if made else ""
        self.url = f"amqp://guest:guest@127.0.0.1:5672/{quote(self.host, safe='')}"

    def stop(self) -> None:
        if self._control:
            subprocess.run([self._control, "delete_vhost", self.host], capture_output=True)


# Mail ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Accepted:
    """A message that the server has taken (250), as its bytes came over the wire."""

    data: bytes
    sender: str
    recipients: list[str]
    at: float
    over_tls: bool

    @property
    def message(self) -> Any:
        import email
        import email.policy

        return email.message_from_bytes(self.data, policy=email.policy.default)


class Inbox:
    """What an SMTP server does with what it is handed."""

    def __init__(self) -> None:
        self.accepted: list[Accepted] = []
        self.refused: list[str] = []
        self.hold = 0.0
        self._answers: list[str] = []
        self.refuses: dict[str, str] = {}  # what is said to RCPT TO of an address
        self.data_begun = threading.Event()

    def answer(self, line: str, times: int = 1) -> None:
        """Say "451 4.7.1 come back later" (or another code) to the next messages instead of taking them."""
        self._answers += [line] * times

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.refuses:
            self.refused.append(self.refuses[address])
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        import asyncio

        self.data_begun.set()
        if self.hold:
            await asyncio.sleep(self.hold)
        if self._answers:
            self.refused.append(self._answers[0])
            return self._answers.pop(0)
        over_tls = server.transport.get_extra_info("ssl_object") is not None
        self.accepted.append(Accepted(envelope.content, envelope.mail_from, envelope.rcpt_tos, time.time(), over_tls))
        return "250 2.0.0 taken"

    def wait(self, count: int = 1, seconds: float = 30) -> list[Accepted]:
        until(lambda: len(self.accepted) >= count, seconds, f"{count} messages accepted ({len(self.accepted)} were)")
        return self.accepted


class Certificate:
    """A self-made certificate for 127.0.0.1, localhost and `names`; its file is also what a client has to trust."""

    def __init__(self, folder: Path, *, names: tuple[str, ...] = ()):
        if not shutil.which("openssl"):
            raise Missing("openssl")
        self.file, self.key = folder / "mail.crt", folder / "mail.key"
        also = "".join(f",DNS:{name}" for name in names)
        subprocess.run(
            [*"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext".split()]
            + [f"subjectAltName=DNS:localhost,IP:127.0.0.1{also}"]
            + ["-keyout", str(self.key), "-out", str(self.file)],
            check=True,
            capture_output=True,
        )

    def run_out(self) -> None:
        """Make it one of January 2020."""
        folder = self.file.parent
        (folder / "ca.cnf").write_text(
            f"[ca]\ndefault_ca=a\n[a]\ndatabase={folder}/index\nserial={folder}/serial\nnew_certs_dir={folder}\n"
            "default_md=sha256\npolicy=p\nx509_extensions=x\n[p]\ncommonName=supplied\n"
            "[x]\nsubjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:TRUE\n"
        )
        (folder / "index").touch()
        (folder / "serial").write_text("01\n")
        for command in (
            f"openssl req -new -key {self.key} -subj /CN=localhost -out {folder}/asked",
            f"openssl ca -batch -selfsign -config {folder}/ca.cnf -in {folder}/asked -keyfile {self.key} -out {self.file} "
            "-startdate 20200101000000Z -enddate 20200201000000Z -notext",
        ):
            subprocess.run(command.split(), check=True, capture_output=True)

    @property
    def context(self) -> ssl.SSLContext:
        made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        made.load_cert_chain(self.file, self.key)
        return made


class MailServer:
    """aiosmtpd on a private port. kind: "smtp" (clear text), "smtp+tls" (offers STARTTLS) or "smtps"."""

    def __init__(self, kind: str = "smtp", certificate: Certificate | None = None):
        from aiosmtpd.controller import Controller

        self.kind, self.inbox, self.port = kind, Inbox(), free_port()
        options: dict[str, Any] = {"hostname": "127.0.0.1", "port": self.port}
        if kind == "smtps":
            options["ssl_context"] = certificate.context
        elif kind == "smtp+tls":
            options |= {"tls_context": certificate.context}
        self._controller = Controller(self.inbox, **options)
        self._controller.start()

    @property
    def url(self) -> str:
        return f"{self.kind}://127.0.0.1:{self.port}?timeout=5"

    def stop(self) -> None:
        self._controller.stop()


class Dovecot:
    """A dovecot on private ports with the mailbox `ushiro`, password `secret`; its mail lies in a Maildir."""

    USER, PASSWORD = "ushiro", 'sec"ret\\ 1'

    def __init__(self, certificate: Certificate):
        program = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")
        if not program:
            raise Missing("dovecot (Debian: dovecot-imapd)")
        self._place = Path(tempfile.mkdtemp(prefix="ushiro-imap-"))  # short: sockets lie in it
        self._place.chmod(0o755)
        self.port, self.tls_port = free_port(), free_port()
        self.mail = self._place / "mail"
        for name in ("new", "cur", "tmp"):
            (self.mail / name).mkdir(parents=True)
        owner = self._owner()
        for found in [self.mail, *self.mail.iterdir()]:
            os.chown(found, owner.pw_uid, owner.pw_gid)
        (self._place / "users").write_text(f"{self.USER}:{{PLAIN}}{self.PASSWORD}\n", encoding="utf-8")
        (self._place / "dovecot.conf").write_text(self._settings(certificate, owner), encoding="utf-8")
        command = [program, "-F", "-c", str(self._place / "dovecot.conf")]
        self.program = Program(command, log=self._place / "out", environ=dict(os.environ), folder=self._place)
        until(lambda: listens(self.port), 10, f"dovecot listens ({self.program.said})")

    def _owner(self) -> pwd.struct_passwd:
        """Dovecot gives no mail to root: then it is the system user mail's."""
        return pwd.getpwnam("mail") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())

    def _settings(self, certificate: Certificate, owner: pwd.struct_passwd) -> str:
        me = pwd.getpwuid(os.geteuid())
        unprivileged = f"default_internal_user = {me.pw_name}\ndefault_login_user = {me.pw_name}\n" if me.pw_uid else ""
        return (
            unprivileged
            + f"""
base_dir = {self._place}/run
state_dir = {self._place}/run
log_path = {self._place}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{certificate.file}
ssl_key = <{certificate.key}
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:{self.mail}
passdb {{
  driver = passwd-file
  args = {self._place}/users
}}
userdb {{
  driver = static
  args = uid={owner.pw_uid} gid={owner.pw_gid} home={self.mail}
}}
namespace {{
  inbox = yes
  separator = .
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {self.port}
  }}
  inet_listener imaps {{
    port = {self.tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
"""
        )

    def deliver(self, raw: bytes, number: int) -> None:
        """As a delivery agent does: written beside, then moved in."""
        beside = self.mail / "tmp" / f"{number:010d}.M0.test"
        beside.write_bytes(raw)
        owner = self._owner()
        os.chown(beside, owner.pw_uid, owner.pw_gid)
        beside.rename(self.mail / "new" / beside.name)

    def count(self, folder: str = "") -> int:
        """How many mails lie in a folder, as the disk has them."""
        place = self.mail / f".{folder}" if folder else self.mail
        return sum(len(list((place / name).iterdir())) for name in ("new", "cur") if (place / name).exists())

    def settings(self, security: str) -> dict[str, object]:
        port = self.tls_port if security == "tls" else self.port
        place = {"host": "localhost", "port": port, "user": self.USER, "password": self.PASSWORD}
        return {**place, "security": security, "folder": "INBOX"}

    def environ(self, security: str = "tls") -> dict[str, str]:
        place = self.settings(security)
        return {f"IMAP_{name.upper()}": str(value) for name, value in place.items()}

    def stop(self) -> None:
        self.program.stop(patience=3)
        shutil.rmtree(self._place, ignore_errors=True)


# A watching service outside ---------------------------------------------------------------------


class Watch:
    """A watching service: a TLS server on a private port that keeps what it was asked, and does `act` with each link."""

    def __init__(self, certificate: Certificate, act: Callable[[ssl.SSLSocket], None]):
        self.asked: list[bytes] = []
        self._act, self._context = act, certificate.context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _from = self._socket.accept()
            except OSError:
                return
            try:
                with plain, self._context.wrap_socket(plain, server_side=True) as link:
                    self.asked.append(link.recv(4096))
                    self._act(link)
            except OSError:
                continue

    def stop(self) -> None:
        self._socket.close()


# A whole installation --------------------------------------------------------------------------


def manage(*arguments: str, environ: dict[str, str]) -> str:
    """Run a command of manage.py to its end. Returns its output."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120
    )
    if done.returncode:
        raise AssertionError(f"manage.py {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout


def base_environ(folder: Path, **values: str) -> dict[str, str]:
    """The environment of a process of the real settings; nothing of the tests' own settings leaks into it."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    return {
        **kept,
        "PYTHONUNBUFFERED": "1",
        "DJANGO_SETTINGS_MODULE": "ushiro.settings",
        "USHIRO_MODE": "embedded",
        "USHIRO_DATA": str(folder),
        "MAIL_FROM": "うしろ <ushiro@example.jp>",
        **values,
    }


class Installation:
    """Web, worker and beat as real processes on one database, one broker and one mail server.

    The test itself works on the same database (`incidents.models` and the domain's verbs as usual).
    """

    def __init__(self, folder: Path, *, environ: dict[str, str], broker: Any, mail: MailServer):
        self.folder, self.environ, self.broker, self.mail = folder, environ, broker, mail
        self.inbox = mail.inbox
        self.programs: list[Program] = []
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environ["USHIRO_URL"] = self.url

    def _run(self, name: str, command: list[str], **values: str) -> Program:
        number = len(self.programs)
        started = Program(command, log=self.folder / f"{name}-{number}.log", environ={**self.environ, **values})
        self.programs.append(started)
        return started

    def worker(self, pool: str = "threads", **values: str) -> Program:
        """A Celery worker that has connected to the broker. pool: "threads" or "prefork"."""
        celery = [sys.executable, "-m", "celery", "-A", "ushiro", "worker", "--loglevel", "INFO"]
        options = ["--without-gossip", "--without-mingle", "-P", pool, "-c", "2", "-n", f"w{len(self.programs)}@%h"]
        started = self._run("worker", [*celery, *options], **values)
        until(lambda: "ready." in started.said or started.process.poll() is not None, 60, "the worker is ready")
        assert started.process.poll() is None, started.said
        return started

    def beat(self, tick: float | None = 1, **values: str) -> Program:
        """Celery beat. tick: seconds between two rings of each entry; None keeps the real table."""
        number = len(self.programs)
        command = [sys.executable, "-m", "celery", "-A", "ushiro", "beat", "--pidfile=", "--loglevel", "INFO"]
        if tick is not None:
            values["USHIRO_TICK"] = str(tick)
        return self._run("beat", [*command, "--schedule", str(self.folder / f"beat-{number}")], **values)

    def web(self, app: str = "ushiro.wsgi", **values: str) -> Program:
        """Gunicorn with the real settings, answering on `url`. app: what it serves, as gunicorn names it."""
        bind = {"WEB_BIND": f"127.0.0.1:{self.port}", "WEB_WORKERS": "1", "WEB_GRACEFUL_SECONDS": "2"}
        if not (self.folder / "staticfiles").exists():
            manage("collectstatic", "--noinput", environ=self.environ)
        started = self._run("web", [sys.executable, "-m", "gunicorn", app], **bind, **values)
        until(lambda: listens(self.port) or started.process.poll() is not None, 60, "the web server listens")
        assert started.process.poll() is None, started.said
        return started

    def ring(self, task: str, **ids: int) -> None:
        """Ask for a task through the broker, as beat and `later` do."""
        self.producer.send_task(task, kwargs=ids)

    @property
    def producer(self) -> Any:
        from celery import Celery

        if not hasattr(self, "_producer"):
            self._producer = Celery("probe", broker=self.broker.url, set_as_current=False)
            self._producer.conf.task_publish_retry = False
            self._producer.conf.broker_connection_timeout = 2
        return self._producer

    def stop(self) -> None:
        for program in reversed(self.programs):
            program.stop(patience=5)
        if hasattr(self, "_producer"):
            self._producer.close()


class Databases:
    """Migrated databases of both kinds; each kind is migrated once and copied from then on."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._postgres: Postgres | None = None
        self._count = 0

    @property
    def postgres(self) -> Postgres:
        if self._postgres is None:
            self._postgres = Postgres()
        return self._postgres

    def make(self, kind: str) -> str:
        """The address of a fresh database. kind: "sqlite" or "postgresql"."""
        self._count += 1
        return self._postgres_copy() if kind == "postgresql" else self._sqlite_copy()

    def _migrate(self, url: str) -> None:
        key = "kintsugi-0123456789-" * 4
        manage("migrate", "-v0", environ=base_environ(self.folder, DATABASE_URL=url, USHIRO_SECRET_KEY=key))

    def _sqlite_copy(self) -> str:
        template = self.folder / "template.sqlite3"
        if not template.exists():
            self._migrate(f"sqlite:///{template}")
        copy = self.folder / f"db{self._count}.sqlite3"
        with contextlib.closing(sqlite3.connect(template)) as old, contextlib.closing(sqlite3.connect(copy)) as new:
            old.backup(new)
        return f"sqlite:///{copy}"

    def _postgres_copy(self) -> str:
        if not getattr(self, "_template", False):
            self.postgres.run("CREATE DATABASE template_ushiro")
            self._migrate(self.postgres.url("template_ushiro"))
            self._template = True
        name = f"ushiro{self._count}"
        self.postgres.run(f"CREATE DATABASE {name} TEMPLATE template_ushiro")
        return self.postgres.url(name)

    def stop(self) -> None:
        if self._postgres is not None:
            self._postgres.stop()


@contextlib.contextmanager
def work_on(url: str) -> Iterator[None]:
    """Let this thread's default connection be the database at `url`, without a test transaction around it."""
    import environ
    from django.db import connections
    from django.db.utils import ConnectionHandler

    described = environ.Env.db_url_config(url)
    described["ENGINE"] = described["ENGINE"].replace("django.db.backends.", "ushiro.database.")
    if url.startswith("sqlite"):
        described["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA foreign_keys=ON;",
        }
    before = connections["default"]
    connections["default"] = ConnectionHandler({"default": described})["default"]
    try:
        yield
    finally:
        connections["default"].close()
        connections["default"] = before


def main(arguments: list[str]) -> int:
    """`postgres -- COMMAND…`: run the command with DATABASE_URL naming a PostgreSQL started for it."""
    if arguments[:2] != ["postgres", "--"] or len(arguments) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        server = Postgres()
    except Missing as missing:
        required = os.environ.get("USHIRO_REQUIRE_ALL") == "1"
        print(f"\n*** {missing} is not on this machine; the tests on PostgreSQL are NOT run. ***\n", file=sys.stderr)
        return 1 if required else 0
    try:
        return subprocess.run(arguments[2:], env={**os.environ, "DATABASE_URL": server.url("postgres")}).returncode
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
