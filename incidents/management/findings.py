"""What `manage.py doctor` looks at: settings and servers here, the engine and the house in the two modules beside it.

Each thing that is wrong has a code, plain words, and what to do about it (docs/features/health.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import DatabaseError, connection

from incidents.gateways import imap, mail, probe, scan
from incidents.management import findings_engine, findings_house
from incidents.management.finding import FAULT, HINT, WARNING, Finding
from ushiro import checks, env

# Said by ushiro/checks.py at `check --deploy` as well. What is a warning there and breaks a promise here is a fault.
CHECKS = {
    "ushiro.W001": ("mail_off", WARNING),
    "ushiro.E001": ("mail_from_broken", FAULT),
    "ushiro.W002": ("mail_clear_text", FAULT),
    "ushiro.W003": ("cache_in_memory", FAULT),
    "ushiro.W004": ("sqlite_in_production", WARNING),
    "ushiro.E002": ("texts_missing", FAULT),
}
# The words of gateways.probe: what is wrong, and what to do.
PROBES = {
    "database_unreachable": (
        "The database {database} does not answer, or does not let us in.",
        'Start it, and compare DATABASE_URL with `psql "$DATABASE_URL"`.',
    ),
    "cache_unreachable": (
        "The cache {cache} does not answer, or does not let us in.",
        "Start it, or correct CACHE_URL. Until then nobody can sign in.",
    ),
    "broker_unreachable": (
        "The broker {broker} does not answer, or does not let us in.",
        "Start it, or correct CELERY_BROKER_URL. Until then beat rings in vain; nothing is lost meanwhile.",
    ),
    "mail_unreachable": (
        "Nobody answers at the mail server {mail}.",
        "Check host and port of SMTP_URL, and whether the firewall lets this machine out to it.",
    ),
    "mail_tls_failed": (
        "The mail server {mail} does not speak TLS as SMTP_URL says, or its certificate is not to be trusted.",
        "smtp+tls:// is STARTTLS (587), smtps:// is TLS from the first byte (465). Use the name that its certificate has.",
    ),
    "mail_password_refused": (
        "The mail server {mail} does not let us sign in.",
        "Check user and password in SMTP_URL; write @ : / # % in them as %40 %3A %2F %23 %25.",
    ),
    "mail_sender_refused": (
        "The mail server {mail} takes no mail from {sender}.",
        "Set MAIL_FROM to an address that this account may send as.",
    ),
    "mail_odd": (
        "What answers at {mail} does not behave like a mail server.",
        "Check host and port of SMTP_URL.",
    ),
    "mail_return_refused": (
        "The mail server {mail} takes no mail whose bounces go to the address of their own beside {inbound}.",
        "Let the account send as addresses with a plus in them (ushiro+…@…), or unset INBOUND_ADDRESS. Until then no letter leaves.",
    ),
    "imap_unreachable": (
        "Nobody answers at the mailbox {imap}, or the line broke.",
        "Check IMAP_HOST and IMAP_PORT, and whether the firewall lets this machine out to it.",
    ),
    "imap_tls": (
        "The mailbox {imap} does not speak TLS as IMAP_SECURITY says, or its certificate is not to be trusted.",
        "tls is TLS from the first byte (993), starttls is STARTTLS (143). Use the name that its certificate has.",
    ),
    "imap_password": (
        "The mailbox {imap} does not let us sign in.",
        "Check IMAP_USER and IMAP_PASSWORD; many services want a password made for programs.",
    ),
    "imap_folder": (
        "The mailbox {imap} has no folder {folder}.",
        "Correct IMAP_FOLDER, or make the folder. Ushiro/Done and Ushiro/Kept are made by themselves.",
    ),
    "imap_odd": (
        "What answers at {imap} does not behave like a mailbox.",
        "Check IMAP_HOST, IMAP_PORT and IMAP_SECURITY.",
    ),
    "url_unreachable": (
        "Nobody answers at {url}, the address that stands in every mail.",
        "Start the web server, or correct USHIRO_URL. From this machine the name may have to be reachable as well.",
    ),
    "url_certificate": (
        "The certificate at {url} is not to be trusted: it has run out, or belongs to another name.",
        "Renew it at the proxy that ends TLS.",
    ),
    "url_not_allowed": (
        "Ushiro answers at {url} and refuses that host name.",
        "Add the host of USHIRO_URL to ALLOWED_HOSTS.",
    ),
    "url_somebody_else": (
        "Something answers at {url}, but it is not this Ushiro.",
        "Correct USHIRO_URL, or the proxy that should lead there.",
    ),
    "url_redirects": (
        "{url} redirects to itself: the proxy ends TLS, and Ushiro does not know it.",
        "Set USHIRO_BEHIND_TLS_PROXY=1, and let the proxy set X-Forwarded-Proto (docs/operation.md).",
    ),
    "scan_missing": (
        "The virus scanner of ATTACHMENT_SCAN cannot be started ({scan}).",
        "Install it, or correct its path. Until then no file and no mail with a file is taken.",
    ),
    "scan_silent": (
        "The virus scanner of ATTACHMENT_SCAN ({scan}) gives no good answer about a clean file.",
        "Run it by hand on a text file: it has to end with 0. Until then no file and no mail with a file is taken.",
    ),
    "sending_not_writable": (
        "What the mail server took cannot be noted below {sending}.",
        "Give the folder to the user who runs the worker. Without the notes, a worker that is killed costs more second copies.",
    ),
    "disk_not_writable": (
        "Attached files cannot be written below {disk}.",
        "Give the folder to the user who runs web and worker, or name another one with USHIRO_DATA.",
    ),
    "disk_full": (
        "The disk of attached files ({disk}) has less than {free} MB left.",
        "Make room, or move USHIRO_DATA to a larger disk.",
    ),
}


def examine(rung: Mapping[str, float], *, wait: float) -> Iterator[Finding]:
    """Everything that is wrong, settings first; what cannot be asked without a database is left out without one.

    rung: the tasks that beat rings for, with their seconds. wait: seconds that a worker gets to answer a ring.
    """
    yield from _settings()
    words = _asked()
    yield from _probed(*(words[name] for name in ("disk", "cache", "address", "mail", "scan", "sending")))
    yield from _inbound(words["imap"])
    yield from _probed(words["broker"])
    gone = probe.database(probe.PATIENT)
    yield from _probed(gone)
    if gone:
        return
    try:
        missing = probe.missing_migrations()
        if missing:
            yield Finding(
                "migrations_missing",
                FAULT,
                f"{len(missing)} changes of the tables are missing, the first of them {missing[0]}.",
                "Run `manage.py migrate`, then start web, worker and beat again.",
            )
            return
        yield from findings_house.examine()
        yield from findings_engine.examine(rung, wait=wait, broker_is_there=not words["broker"])
    except DatabaseError as error:
        yield Finding(
            "database_odd",
            FAULT,
            f"The database answers, and then fails at a plain question ({type(error).__name__}).",
            "Look at the database's own log.",
        )


def _asked() -> dict[str, str]:
    """What each server answered, by its name. All are asked at once, so that many that hang last no longer than one."""
    asked: dict[str, Callable[[], str]] = {
        "disk": probe.disk,
        "sending": lambda: "" if not settings.MAIL_CONFIGURED else probe.sending(settings.DATA_DIR / "sending"),
        "cache": lambda: probe.cache(probe.PATIENT),
        "address": lambda: probe.address(settings.SITE_URL),
        "mail": _mail,
        "imap": lambda: imap.check(settings.IMAP, probe.PATIENT) if settings.IMAP and settings.INBOUND_ADDRESS else "",
        "scan": lambda: scan.check(probe.PATIENT),
        "broker": lambda: probe.broker(probe.PATIENT),
    }
    with ThreadPoolExecutor(len(asked)) as pool:
        answers = {name: pool.submit(ask) for name, ask in asked.items()}
        return {name: answer.result() for name, answer in answers.items()}


# Settings and servers ----------------------------------------------------------------------------


def _settings() -> Iterator[Finding]:
    if settings.DEBUG:
        yield Finding("debug_on", FAULT, "DEBUG is on: faults show secrets to every visitor.", "Unset DEBUG.")
    found = [
        *checks.mail_leaves_the_machine(),
        *checks.sign_in_limits_are_shared(),
        *checks.database_takes_several_writers(),
        *checks.languages_are_complete(),
    ]
    if settings.EMBEDDED:  # `make up` runs one web process, whatever WEB_WORKERS says
        found = [one for one in found if one.id != "ushiro.W003"]
    for one in found:
        code, level = CHECKS.get(one.id or "", ("check", FAULT if isinstance(one, Error) else WARNING))
        yield Finding(code, level, str(one.msg), str(one.hint or ""))
    if settings.MAIL_CONFIGURED and "ushiro.E001" not in {one.id for one in found} and not _is_address():
        yield Finding(
            "mail_from_broken",
            FAULT,
            f"MAIL_FROM is {settings.MAIL_FROM!r}, which is no mail address.",
            "Write it as Ushiro <ushiro@example.jp>.",
        )
    if settings.CELERY_BROKER_URL.startswith("memory") and settings.MODE != "test":
        yield Finding(
            "broker_in_memory",
            FAULT,
            "The broker is this process's own memory: no worker can hear what beat rings.",
            "Set CELERY_BROKER_URL, or run `make up`, which starts a broker.",
        )
    host = urlsplit(settings.SITE_URL).hostname or ""
    if not settings.HTTPS and not env.is_loopback(host):
        yield Finding(
            "url_not_https",
            WARNING,
            f"USHIRO_URL is {settings.SITE_URL}: passwords and the links of mails travel in clear text.",
            "Put a proxy with TLS in front, and let USHIRO_URL begin with https://.",
        )

    if env.text("SMTP_URL", "") and env.text("EMAIL_HOST", ""):
        yield Finding(
            "email_host_ignored",
            WARNING,
            "EMAIL_HOST is set beside SMTP_URL and is not used.",
            "Unset the one that is not meant.",
        )
    if not settings.HEARTBEAT_URL:
        yield Finding(
            "heartbeat_unset",
            HINT,
            "Nobody outside would notice when this machine is gone.",
            "Set HEARTBEAT_URL to the address of a watching service (docs/operation.md, Health).",
        )


def _is_address() -> bool:
    try:
        validate_email(parseaddr(settings.MAIL_FROM)[1])
    except ValidationError:
        return False
    return True


def _probed(*words: str) -> Iterator[Finding]:
    for word in words:
        if word:
            what, do = PROBES[word]
            yield Finding(word, FAULT, what.format(**_places()), do)


def _places() -> dict[str, object]:
    """Where each thing is, without the password that may stand in its address."""
    database = connection.settings_dict
    server = env.smtp(settings.SMTP_URL) if settings.SMTP_URL else {"host": "-", "port": 0}
    return {
        "database": _host(str(database.get("HOST") or database["NAME"]), database.get("PORT")),
        "cache": _without_secret(str(settings.CACHES["default"].get("LOCATION", ""))),
        "broker": _without_secret(settings.CELERY_BROKER_URL.partition(";")[0]),
        "mail": _host(str(server["host"]), server["port"]),
        "sender": parseaddr(settings.MAIL_FROM)[1],
        "imap": _host(str(settings.IMAP.get("host", "-")), settings.IMAP.get("port")),
        "inbound": settings.INBOUND_ADDRESS,
        "scan": " ".join(settings.ATTACHMENT_SCAN[:1]),
        "sending": settings.DATA_DIR / "sending",
        "folder": settings.IMAP.get("folder", "-"),
        "url": settings.SITE_URL,
        "disk": settings.MEDIA_ROOT,
        "free": probe.FREE_MB,
    }


def _host(host: str, port: object) -> str:
    return f"{host}:{port}" if port else host


def _without_secret(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _mail() -> str:
    if not (settings.MAIL_CONFIGURED and settings.SMTP_URL):
        return ""
    return probe.mail(env.smtp(settings.SMTP_URL), settings.MAIL_FROM, bounces_to=mail.bounces_to())


def _inbound(word: str) -> Iterator[Finding]:
    if not settings.INBOUND_ADDRESS:
        return
    domain = settings.INBOUND_ADDRESS.rpartition("@")[2]
    if "." not in domain or domain.endswith((".local", ".localdomain", ".invalid", ".test")):
        yield Finding(
            "inbound_domain",
            WARNING,
            f"Letters ask for answers to {settings.INBOUND_ADDRESS}, which no mail from outside can reach.",
            "Set INBOUND_ADDRESS to an address whose domain has a mail server.",
        )
    elif domain != parseaddr(settings.MAIL_FROM)[1].rpartition("@")[2].lower():
        yield Finding(
            "inbound_other_domain",
            WARNING,
            "INBOUND_ADDRESS and MAIL_FROM are in different domains, so that bounces go to MAIL_FROM and are not seen.",
            "Use one domain for both, or let the mail server pass the bounces of MAIL_FROM on to `receive_mail`.",
        )
    yield from _probed(f"imap_{word}" if word else "")
