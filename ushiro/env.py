"""Typed readers of the environment. A missing or unsafe value stops the start with one sentence."""

from __future__ import annotations

import ipaddress
import json
import os
import re
import sys
import zoneinfo
from collections.abc import MutableMapping
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent
EMBEDDED_FILE = "ushiro.env"


class Misconfigured(SystemExit):
    """A start that must not go on. Printed as one sentence; the exit code is 78 (EX_CONFIG of sysexits.h)."""

    def __init__(self, sentence: str):
        super().__init__(78)
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


def refuse(sentence: str) -> Misconfigured:
    """Say why on stderr and return the exception to raise; it ends gunicorn, celery and manage.py alike."""
    sys.stderr.write(f"Ushiro does not start: {sentence}\n")
    return Misconfigured(sentence)


def as_finding(sentence: str, *, as_json: bool) -> str:
    """A refusal as `manage.py doctor` tells what it finds; of the settings themselves, before Django could be asked."""
    do = "docs/operation.md lists every setting; no process of Ushiro starts before this one is right."
    if not as_json:
        return f"FAULT   settings_refused: {sentence}\n        {do}\nFaults: 1. Warnings: 0.\n"
    finding = {"code": "settings_refused", "level": "fault", "what": sentence, "do": do}
    told = {"ok": False, "faults": 1, "warnings": 0, "findings": [finding]}
    return json.dumps(told, ensure_ascii=False) + "\n"


def text(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, "").strip()
    if value:
        return value
    if default is None:
        raise refuse(f"{name} is not set. docs/operation.md lists every setting; `make up` sets all of them itself.")
    return default


def number(name: str, default: int) -> int:
    value = text(name, str(default))
    try:
        return int(value)
    except ValueError:
        raise refuse(f"{name} must be a whole number, not {value!r}.") from None


def flag(name: str, default: bool = False) -> bool:
    value = text(name, "1" if default else "0").lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise refuse(f"{name} must be 1 or 0, not {value!r}.")


def is_zone(name: str) -> bool:
    """Whether this machine knows a time zone of that name."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list without its blanks."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def consult_keys(mode: str) -> tuple[str, list[str]]:
    """The key that seals consultations, and older ones that still open them. Raises Misconfigured on none or a weak one.

    USHIRO_CONSULT_KEY holds it, or USHIRO_CONSULT_KEY_FILE names a file of its own: the key on the first line, older ones
    below. The tests' mode makes one for the process.
    """
    from tools.plain import sealed  # not before the packages are there

    file, name = text("USHIRO_CONSULT_KEY_FILE", ""), "USHIRO_CONSULT_KEY"
    given = [text(name, ""), *words("USHIRO_CONSULT_KEY_FALLBACKS")]
    if not given[0] and file:
        given, name = _lines_of(file), "The key in USHIRO_CONSULT_KEY_FILE"
    if not given[0] and mode == "test":
        given[0] = sealed.new_key()
    how = (
        "Make one with: python3 -c 'import base64, secrets; print(base64.b64encode(secrets.token_bytes(32)).decode())'"
    )
    if not given[0]:
        raise refuse(f"USHIRO_CONSULT_KEY is not set; it seals what is written in consultations. {how}")
    for place, one in enumerate(given):
        try:
            sealed.read_key(one)
        except sealed.BadKey as fault:
            which = name if place == 0 or file else "A key of USHIRO_CONSULT_KEY_FALLBACKS"
            raise refuse(f"{which} is not 32 random bytes in base64: {fault}. {how}") from None
    return given[0], given[1:]


def _lines_of(file: str) -> list[str]:
    try:
        lines = Path(file).expanduser().read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it holds no key"
        raise refuse(
            f"USHIRO_CONSULT_KEY_FILE names {file}, which cannot be read ({why}); put it back from where you keep it."
        ) from None
    return lines or [""]


def data_folder() -> Path:
    """Where secrets, the embedded database and the broker's files live (USHIRO_DATA, default ./var)."""
    return Path(os.environ.get("USHIRO_DATA") or ROOT / "var").expanduser().absolute()


def load_embedded(environ: MutableMapping[str, str]) -> None:
    """Take over what `make up` wrote into its data folder, for values the environment does not give itself.

    Does nothing when USHIRO_MODE or a database is named by the environment: then somebody configured
    this process on purpose, and mixing two installations would be worse than a refusal.
    """
    if environ.get("USHIRO_MODE") or environ.get("DATABASE_URL"):
        return
    file = data_folder() / EMBEDDED_FILE
    if not file.is_file():
        return
    for line in file.read_text(encoding="utf-8").splitlines():
        name, sign, value = line.partition("=")
        if sign and not name.startswith("#"):
            environ.setdefault(name.strip(), value.strip())


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine and no other."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def is_https(url: str) -> bool:
    """Whether an address begins with https:// and names a host and, if any, a port that there can be."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname) and parts.port != 0 and not set(url) & set(" \r\n\t")
    except ValueError:
        return False


def is_place(entry: str) -> bool:
    """Whether an entry is a host, or host:port, as an address of https names it."""
    from tools.plain import webaddress  # not before the packages are there

    try:
        return webaddress.read(f"https://{entry}").target == "/" and "/" not in entry
    except webaddress.BadAddress:
        return False


def refuse_test_mode(mode: str) -> None:
    """Serving in the tests' mode would mean a passing secret key and none of the refusals. Raises Misconfigured."""
    if mode == "test" and "pytest" not in sys.modules:
        raise refuse("USHIRO_MODE=test is for the tests alone; unset it, or say production or embedded.")


def smtp(url: str) -> dict[str, object]:
    """Options of Django's SMTP mailer out of smtp://user:password@host:port, smtp+tls:// or smtps://.

    smtp+tls is STARTTLS (port 587 unless given), smtps is TLS from the first byte (465), smtp is clear text (25)
    and meant for a relay on the same machine. Both TLS kinds verify the certificate (RFC 8314).
    """
    parts = urlsplit(url)
    ports = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
    if parts.scheme not in ports or not parts.hostname:
        raise refuse("SMTP_URL must look like smtp+tls://user:password@mail.example.jp:587 (or smtps://, smtp://).")
    try:
        port = parts.port or ports[parts.scheme]
    except ValueError:
        raise refuse("SMTP_URL names a port that is not a number between 1 and 65535.") from None
    timeout = parse_qs(parts.query, keep_blank_values=True).get("timeout", ["10"])[0]
    if not (timeout.isascii() and timeout.isdigit() and 1 <= int(timeout[:9]) <= 60):
        raise refuse("SMTP_URL names a timeout that is not a whole number of seconds between 1 and 60.")
    return {
        "host": parts.hostname,
        "port": port,
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "use_tls": parts.scheme == "smtp+tls",
        "use_ssl": parts.scheme == "smtps",
        "timeout": int(timeout),
    }


def is_mailbox(address: str) -> bool:
    """Whether it is one plain address with room for `+` and a token before its @ (64 octets, RFC 5321 4.5.3.1.1)."""
    return bool(re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,19}@[a-z0-9-]+(\.[a-z0-9-]+)*", address))
