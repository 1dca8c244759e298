"""Whether what Ushiro leans on answers: database, cache, broker, mail server, its own address, its disk, its clock.

Each probe has a time limit of its own, changes nothing, and never raises: it answers with "" or with one word for what
is wrong, the same word in /readyz, in `manage.py doctor` and in docs/features/health.md. No password and no server's
words stand in an answer.
"""

from __future__ import annotations

import http.client
import json
import logging
import os
import smtplib
import socket
import ssl
import tempfile
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from kombu import Connection
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)
SHORT = 2.0  # seconds that a page's question may last
PATIENT = 5.0  # seconds that an operator's may
FREE_MB = 200  # less room than this on the disk of attachments is too little
# What Celery calls them, and what the client does.
_AS_REDIS = {"redis": "redis", "valkey": "redis", "rediss": "rediss", "valkeys": "rediss", "redis+socket": "unix"}
_known: set[tuple[str, str]] = set()


# Database --------------------------------------------------------------------------------------


def database(seconds: float = SHORT) -> str:
    """ "" or `database_unreachable`.

    PostgreSQL is asked on a connection of its own: the pool would let a page wait for ten seconds.
    """
    try:
        if connection.vendor == "postgresql":
            _ask_postgres(seconds)
        else:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
    except Exception:  # whatever a driver raises, the answer is the same
        log.debug("the database does not answer", exc_info=True)
        return "database_unreachable"
    return ""


def _ask_postgres(seconds: float) -> None:
    import psycopg

    told = connection.get_connection_params()
    plain = {name: told[name] for name in ("dbname", "user", "password", "host", "port") if told.get(name)}
    plain |= {name: value for name, value in told.items() if name.startswith("ssl") and isinstance(value, str)}
    # libpq counts whole seconds, and takes 1 for 2.
    with psycopg.connect(
        **plain,
        connect_timeout=max(int(seconds), 2),
        options=f"-c statement_timeout={int(seconds * 1000)}",
        autocommit=True,
    ) as link:
        link.execute("SELECT 1")


def missing_migrations() -> list[str]:
    """Names of the tables' changes that this code knows and the database does not have. Raises DatabaseError."""
    if not _known:  # which there are is read from the disk once a process
        _known.update(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)
    applied = set(MigrationRecorder(connection).applied_migrations())
    return sorted(f"{app}.{name}" for app, name in _known - applied)


def migrations() -> str:
    """ "", `migrations_missing`, or `database_unreachable`."""
    try:
        return "migrations_missing" if missing_migrations() else ""
    except (DatabaseError, OSError):
        return "database_unreachable"


def clock_skew() -> timedelta:
    """How far this machine's clock is ahead of the database's. Raises DatabaseError.

    On SQLite both are this machine's, and the answer is nothing but the way there and back.
    """
    text = "to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS')"
    if connection.vendor == "sqlite":
        text = "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')"
    before = datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {text}", [])
        (told,) = cursor.fetchone()
    after = datetime.now(UTC)
    there = datetime.fromisoformat(told).replace(tzinfo=UTC)
    return before + (after - before) / 2 - there


# Cache and broker ------------------------------------------------------------------------------


def cache(seconds: float = SHORT) -> str:
    """ "" or `cache_unreachable`. A cache in the process's own memory is always there."""
    told = settings.CACHES["default"]
    if not told["BACKEND"].endswith("RedisCache"):
        return ""
    return "" if _redis_answers(told["LOCATION"], seconds) else "cache_unreachable"


def broker(seconds: float = SHORT, url: str = "") -> str:
    """ "" or `broker_unreachable`: nobody there, or one who does not let us in. Of several, one has to answer."""
    urls = [one.strip() for one in (url or settings.CELERY_BROKER_URL).split(";")]
    return "" if any(_broker_answers(one, seconds) for one in urls) else "broker_unreachable"


def _broker_answers(url: str, seconds: float) -> bool:
    scheme, _, rest = url.partition("://")
    if scheme in _AS_REDIS:
        return _redis_answers(f"{_AS_REDIS[scheme]}://{rest}", seconds)
    options = {"read_timeout": seconds, "write_timeout": seconds} if "amqp" in scheme else {}
    try:
        with Connection(url, connect_timeout=seconds, transport_options=options) as link:
            # The transport itself: the connection would try a second time after two seconds.
            link.transport.close_connection(link.transport.establish_connection())
    except Exception:  # each transport has faults of its own
        log.debug("the broker does not answer", exc_info=True)
        return False
    return True


def _redis_answers(url: str, seconds: float) -> bool:
    """Asked once: the client's own three tries, each with its time limit, would be a page's whole patience."""
    try:
        with closing(
            redis.Redis.from_url(
                url, socket_timeout=seconds, socket_connect_timeout=seconds, retry=Retry(NoBackoff(), 0)
            )
        ) as link:
            return bool(link.ping())
    except (redis.RedisError, OSError, ValueError):
        return False


# Mail ------------------------------------------------------------------------------------------


def mail(server: dict[str, Any], sender: str, seconds: float = PATIENT, *, bounces_to: str = "") -> str:
    """Whether the mail server would take a letter of ours; nothing is sent. server: as ushiro.env.smtp gives it.

    bounces_to: the sender of the envelope, where it is not `sender`. Returns "", `mail_unreachable`, `mail_tls_failed`,
    `mail_password_refused`, `mail_sender_refused`, `mail_return_refused` or `mail_odd`.
    """
    host, port = str(server["host"]), int(server["port"])
    context = ssl.create_default_context()
    make = smtplib.SMTP_SSL if server["use_ssl"] else smtplib.SMTP
    options = {"context": context} if server["use_ssl"] else {}
    try:
        link = make(host, port, timeout=seconds, **options)
    except ssl.SSLError:
        return "mail_tls_failed"
    except smtplib.SMTPServerDisconnected:  # it took the connection, and then said nothing
        return "mail_unreachable"
    except smtplib.SMTPException:
        return "mail_odd"
    except OSError:
        return "mail_unreachable"
    try:
        return _talk(link, server, context, parseaddr(sender)[1], bounces_to)
    finally:
        with suppress(smtplib.SMTPException, OSError):
            link.quit()
        link.close()


def _talk(link: smtplib.SMTP, server: dict[str, Any], context: ssl.SSLContext, sender: str, bounces_to: str) -> str:
    try:
        if server["use_tls"]:
            link.starttls(context=context)
        link.ehlo_or_helo_if_needed()
        if server["username"]:
            link.login(str(server["username"]), str(server["password"]))
        code, _said = link.mail(sender)
        link.rset()
        of_bounces = link.mail(bounces_to)[0] if bounces_to else 250
        link.rset()
    except (ssl.SSLError, smtplib.SMTPNotSupportedError) as error:
        # The same class says that the server offers no STARTTLS, and that it lets nobody sign in.
        return "mail_password_refused" if "AUTH" in str(error) else "mail_tls_failed"
    except smtplib.SMTPAuthenticationError:
        return "mail_password_refused"
    except smtplib.SMTPException:
        return "mail_odd"
    except OSError:
        return "mail_unreachable"
    if code in {250, 251}:
        return "" if of_bounces in {250, 251} else "mail_return_refused"
    return "mail_password_refused" if code in {530, 535} else "mail_sender_refused"


# Our own address, our disk -----------------------------------------------------------------------


def address(url: str, seconds: float = PATIENT) -> str:
    """Whether Ushiro itself answers at the address that stands in every mail.

    Returns "", `url_unreachable`, `url_certificate`, `url_not_allowed` (it answers, and refuses this host),
    `url_somebody_else`, or `url_redirects` (a page leads to itself, because Ushiro does not know of the proxy's TLS).
    """
    try:
        parts = urlsplit(url)
        status, text, _place = _asked(parts, "/healthz", seconds)
    except ssl.SSLCertVerificationError:
        return "url_certificate"
    except (OSError, ValueError, http.client.HTTPException):
        return "url_unreachable"
    if status == 400:
        return "url_not_allowed"
    try:
        ours = status == 200 and json.loads(text) == {"ok": True}
    except ValueError:
        ours = False
    if not ours:
        return "url_somebody_else"
    try:  # the front door is let through by TLS alone, as /healthz is not
        door, _text, leads_to = _asked(parts, "/", seconds)
    except (OSError, ValueError, http.client.HTTPException):
        return "url_unreachable"
    return "url_redirects" if door in {301, 302, 307, 308} and leads_to == f"{url.rstrip('/')}/" else ""


def _asked(parts: SplitResult, path: str, seconds: float) -> tuple[int, bytes, str]:
    """Status, the first words and the place that is named instead."""
    make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    with closing(make(parts.hostname or "", parts.port, timeout=seconds)) as link:
        link.request("GET", f"{parts.path}{path}", headers={"User-Agent": "Ushiro doctor"})
        answer = link.getresponse()
        return answer.status, answer.read(4096), answer.getheader("Location") or ""


def disk(folder: Path | None = None) -> str:
    """Whether an attached file could be kept: "", `disk_not_writable` or `disk_full`."""
    place = _there(folder or Path(settings.MEDIA_ROOT))
    try:
        _write(place)
        left = os.statvfs(place)
    except OSError:
        return "disk_not_writable"
    return "disk_full" if left.f_bavail * left.f_frsize < FREE_MB * 1024 * 1024 else ""


def sending(folder: Path) -> str:
    """Whether a sending process could note what it sees taken: "" or `sending_not_writable`."""
    try:
        _write(_there(folder))
    except OSError:
        return "sending_not_writable"
    return ""


def _there(place: Path) -> Path:
    """The folder, or the nearest above it: it is made with the first file, and until then its parent has to take it."""
    while not place.exists() and place.parent != place:
        place = place.parent
    return place


def _write(place: Path) -> None:
    number, name = tempfile.mkstemp(prefix=".doctor-", dir=place)
    try:
        os.write(number, b"ushiro")
        os.fsync(number)
    finally:
        os.close(number)
        os.unlink(name)


def resolves(host: str) -> bool:
    """Whether a host name has an address at all."""
    try:
        return bool(socket.getaddrinfo(host, None))
    except (OSError, UnicodeError):
        return False
