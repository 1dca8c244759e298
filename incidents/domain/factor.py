"""Second factors of the sign-in (P2): an authenticator app, passkeys, recovery codes. allauth keeps the rows and asks for them.

The app's secret is sealed with a key that comes from USHIRO_SECRET_KEY (earlier ones still open it) and bound to its
person; of a recovery code only a keyed hash is kept. A code serves once: the app's by the number of its step, which only
grows, a recovery code by going out of the row. Both are asked under the row's lock, so that two tries at the same moment
come one after the other.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
import unicodedata
import uuid
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from incidents.domain import audit, letter, session
from incidents.domain.organisation import refuse_unless_administrator
from incidents.enums import LetterKind
from incidents.errors import NotAllowed, Refused
from incidents.letters import account as words
from incidents.models import Person
from incidents.queries import factor as factors
from incidents.queries.factor import FACTORS, Kind
from tools.plain import sealed, totp

CODES = 10
# 12 signs of 31: 59 bits. Without letters that look like others (0 O, 1 I L).
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 12
MOST_PASSKEYS = 10


def _keys(purpose: str) -> list[bytes]:
    return [sealed.key_for(purpose, key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def _place(person: Person) -> str:
    return f"totp:{person.pk}"


def seal(person: Person, secret: str) -> str:
    """An app's secret as it may be stored, for this person alone."""
    return sealed.seal(secret, _keys("totp")[0], place=_place(person))


def unseal(person: Person, stored: str) -> str:
    """The secret again. Raises sealed.NotOpened when the key has been lost, or the row is somebody else's."""
    return sealed.unseal(stored, _keys("totp"), place=_place(person))


# Setting up ------------------------------------------------------------------------------------


@transaction.atomic
def add_app(person: Person, *, by: Person, stored: str, code: str, device: str = "") -> list[str]:
    """Take an authenticator app on. stored: its secret as `seal` gave it; code: what the app shows now.

    Returns the recovery codes, which are shown this once; none when the person has some already. Raises Refused
    (`app_is_there`, `code_wrong`), NotAllowed.
    """
    _refuse_unless_own(person, by)
    Person.objects.select_for_update().get(pk=person.pk)
    if Authenticator.objects.filter(user=person, type=Kind.TOTP).exists():
        raise Refused(
            "app_is_there",
            _("認証アプリは、もう登録されています。"),
            _("替えるときは、いまのものを先に外してください。"),
        )
    try:
        step = totp.step_of(unseal(person, stored), code, now=time.time())
    except sealed.NotOpened:
        step = None
    if step is None:
        raise Refused(
            "code_wrong",
            _("コードが合いませんでした。"),
            _("アプリにいま出ている6けたを入れてください。合わないときは、端末の時計を確かめてください。"),
        )
    Authenticator.objects.create(user=person, type=Kind.TOTP, data={"secret": stored, "step": step})
    return _added(person, "app", device)


@transaction.atomic
def add_passkey(person: Person, *, by: Person, name: str, credential: dict[str, Any], device: str = "") -> list[str]:
    """Take a passkey on whose registration the caller has verified. Returns recovery codes as `add_app`.

    Raises Refused (`passkeys_full`), NotAllowed.
    """
    _refuse_unless_own(person, by)
    Person.objects.select_for_update().get(pk=person.pk)
    if Authenticator.objects.filter(user=person, type=Kind.WEBAUTHN).count() >= MOST_PASSKEYS:
        raise Refused(
            "passkeys_full", _("パスキーが多すぎます。"), _("使っていないパスキーを外してから、加えてください。")
        )
    data = {"name": name.strip()[:60] or device[:60] or "passkey", "credential": credential}
    Authenticator.objects.create(user=person, type=Kind.WEBAUTHN, data=data)
    return _added(person, "passkey", device)


def _added(person: Person, kind: str, device: str) -> list[str]:
    audit.note(person, "factor.added", person, factor=(None, kind))
    _tell(person, "added", device)
    return [] if factors.codes_left(person) else _new_codes(person)


@transaction.atomic
def make_codes(person: Person, *, by: Person, device: str = "") -> list[str]:
    """New recovery codes; earlier ones end. They are returned this once. Raises Refused (`no_factor`), NotAllowed."""
    _refuse_unless_own(person, by)
    Person.objects.select_for_update().get(pk=person.pk)
    if not factors.has_factor(person):
        raise Refused(
            "no_factor",
            _("予備のコードは、認証アプリかパスキーと一緒に使います。"),
            _("先に、どちらかを登録してください。"),
        )
    made = _new_codes(person)
    audit.note(by, "factor.codes_made", person)
    _tell(person, "codes", device)
    return made


def _new_codes(person: Person) -> list[str]:
    codes = ["".join(secrets.choice(ALPHABET) for _sign in range(CODE_LENGTH)) for _code in range(CODES)]
    digests = [_digest(person, code, _keys("recovery")[0]) for code in codes]
    Authenticator.objects.update_or_create(
        user=person, type=Kind.RECOVERY_CODES, defaults={"data": {"digests": digests}}
    )
    return [f"{code[:4]}-{code[4:8]}-{code[8:]}" for code in codes]


def _digest(person: Person, code: str, key: bytes) -> str:
    return hmac.new(key, f"{person.pk}:{code}".encode(), hashlib.sha256).hexdigest()


# Asked at the sign-in --------------------------------------------------------------------------


@transaction.atomic
def use_code(person: Person, typed: str, *, device: str = "") -> Authenticator | None:
    """The row whose code was typed, an app's or a recovery code; None when none. A code that was used is none."""
    Person.objects.select_for_update().get(pk=person.pk)
    rows = {one.type: one for one in Authenticator.objects.filter(user=person).exclude(type=Kind.WEBAUTHN)}
    app, kept = rows.get(Kind.TOTP), rows.get(Kind.RECOVERY_CODES)
    if app and _app_says(person, app, typed):
        return app
    if kept and _takes_out(person, kept, typed):
        audit.note(person, "factor.code_used", person, codes=(None, len(kept.data["digests"])))
        _tell(person, "code_used", device)
        return kept
    return None


def _app_says(person: Person, app: Authenticator, typed: str) -> bool:
    try:
        secret = unseal(person, app.data["secret"])
    except sealed.NotOpened:
        return False
    step = totp.step_of(secret, typed, now=time.time(), after=app.data.get("step", -1))
    if step is None:
        return False
    app.data = {"secret": seal(person, secret), "step": step}  # under the present key, whichever opened it
    app.save(update_fields=["data"])
    return True


def _takes_out(person: Person, kept: Authenticator, typed: str) -> bool:
    code = "".join(sign for sign in unicodedata.normalize("NFKC", typed).upper() if sign.isalnum())
    if len(code) != CODE_LENGTH:
        return False
    wanted = {_digest(person, code, key) for key in _keys("recovery")}
    left = [digest for digest in kept.data.get("digests", []) if digest not in wanted]
    if len(left) == len(kept.data.get("digests", [])):
        return False
    kept.data = {"digests": left}
    kept.save(update_fields=["data"])
    return True


# Taken away ------------------------------------------------------------------------------------


@transaction.atomic
def remove(person: Person, pk: int, *, by: Person, session_key: str = "", device: str = "") -> None:
    """Take one factor away. Without any left the recovery codes go too, and every session but `session_key` ends.

    Raises Refused (`factor_needed`) for the last one of somebody who needs one, NotAllowed, Http404.
    """
    _refuse_unless_own(person, by)
    Person.objects.select_for_update().get(pk=person.pk)
    gone = factors.own_factor(person, pk)
    rest = Authenticator.objects.filter(user=person, type__in=FACTORS).exclude(pk=pk)
    if not rest.exists() and factors.needs_factor(person):
        raise Refused(
            "factor_needed",
            _("あなたの役割には、二つめの確認が必要です。"),
            _("ほかの認証アプリかパスキーを加えてから、これを外してください。"),
        )
    Authenticator.objects.filter(pk=pk).delete()
    if not rest.exists():
        Authenticator.objects.filter(user=person).delete()
        session.end_all(person, but=session_key)
    audit.note(by, "factor.removed", person, factor=("passkey" if gone.is_passkey else "app", None))
    _tell(person, "removed", device)


@transaction.atomic
def reset(person: Person, *, by: Person, reason: str) -> None:
    """For somebody who has lost their devices: all factors go, and they are signed out everywhere. Raises NotAllowed, Refused.

    An administrator does not do it for themselves: whoever has their session would.
    """
    refuse_unless_administrator(by)
    if by.pk == person.pk:
        raise Refused(
            "own_factors",
            _("ご自身のぶんは、ここでは外せません。"),
            _("「サインインの守り」のページで替えてください。"),
        )
    gone, _rows = Authenticator.objects.filter(user=person).delete()
    session.end_all(person)
    if gone:
        audit.note(by, "factor.reset", person, reason=reason)
        _tell(person, "reset", "")


def _refuse_unless_own(person: Person, by: Person) -> None:
    if by.pk != person.pk or not by.is_active:
        raise NotAllowed(
            "not_own_factor", _("サインインの守りは、ご本人だけが変えられます。"), _("ご本人の設定で行ってください。")
        )


def _tell(person: Person, what: str, device: str) -> None:
    """A letter about each change: whoever did not make it has to know."""
    letter.post(
        kind=LetterKind.ACCOUNT,
        key=f"factor:{person.pk}:{uuid.uuid4()}",
        to=person,
        rendered=words.factor_changed(person, what, device=device, left=factors.codes_left(person)),
    )
