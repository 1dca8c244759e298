"""What `manage.py check --deploy` says about an installation, beside Django's own list.

Settings refuse what is unsafe (ushiro/settings.py); these are warnings about what works, but not well.
"""

from __future__ import annotations

from collections.abc import Callable
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from ushiro import env


def _deploy(check: Callable[[], list[CheckMessage]]) -> Callable[[], list[CheckMessage]]:
    @register("ushiro", deploy=True)
    def run(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
        return check()

    return check


@_deploy
def mail_leaves_the_machine() -> list[CheckMessage]:
    """Reminders are the product: without a mail server they wait in the outbox."""
    if not settings.MAIL_CONFIGURED:
        return [
            Warning(
                "No mail leaves this installation.", hint="Set SMTP_URL (docs/operation.md, Mail).", id="ushiro.W001"
            )
        ]
    found: list[CheckMessage] = []
    _, address = parseaddr(settings.MAIL_FROM)
    if "@" not in address or address.rpartition("@")[2].lower() == "localhost":
        hint = "Set MAIL_FROM to an address of a domain that your mail server may send for."
        found.append(
            Error(f"MAIL_FROM is {settings.MAIL_FROM!r}, which other mail servers refuse.", hint=hint, id="ushiro.E001")
        )
    options = env.smtp(settings.SMTP_URL)
    if not options["use_tls"] and not options["use_ssl"] and not env.is_loopback(str(options["host"])):
        hint = "Use smtp+tls:// (port 587) or smtps:// (port 465)."
        found.append(Warning("Mail goes to another machine in clear text.", hint=hint, id="ushiro.W002"))
    return found


@_deploy
def sign_in_limits_are_shared() -> list[CheckMessage]:
    """With several web processes each would count failed sign-ins for itself."""
    memory = settings.CACHES["default"]["BACKEND"].endswith("LocMemCache")
    if memory and env.number("WEB_WORKERS", 2) > 1:
        hint = "Set CACHE_URL=redis://..., or WEB_WORKERS=1."
        return [Warning("Sign-in limits are counted in each web process on its own.", hint=hint, id="ushiro.W003")]
    return []


@_deploy
def database_takes_several_writers() -> list[CheckMessage]:
    """SQLite is right for one machine; several web and worker processes wait for each other on it."""
    if settings.PRODUCTION and settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        hint = "Set DATABASE_URL=postgres://..."
        return [Warning("Production runs on SQLite, which has one writer at a time.", hint=hint, id="ushiro.W004")]
    return []


@_deploy
def languages_are_complete() -> list[CheckMessage]:
    """Each language needs its compiled catalogue, or its pages fall back to the source texts unnoticed."""
    missing = [
        code
        for code, _ in settings.LANGUAGES
        if not any((folder / code / "LC_MESSAGES" / "django.mo").exists() for folder in settings.LOCALE_PATHS)
    ]
    if missing:
        return [
            Error(
                f"Compiled texts are missing for: {', '.join(missing)}.", hint="Run `make messages`.", id="ushiro.E002"
            )
        ]
    return []
