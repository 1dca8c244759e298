"""チャットに写す: a lead connects a channel, tries it, lets it run, stops it, puts it away. Sending is domain/mirroring.py."""

from __future__ import annotations

import secrets

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit, mirroring
from incidents.enums import MirrorKind, MirrorState
from incidents.errors import Refused
from incidents.letters.mirror import why_words
from incidents.models import Mirror, Person, Team
from incidents.queries import access
from tools.plain import chatplaces
from tools.plain.webaddress import BadAddress

MOST = 10  # mirrors of one team
# A word that programs which look for secrets in texts can find.
PREFIX = "ushirohook_"
OPTIONS = ("name", "language", "morning", "clock", "titles")


def _lead(by: Person, team_id: int) -> None:
    rules.refuse_unless_lead(access.role_in(by, team_id))


def _held(mirror: Mirror, by: Person) -> Mirror:
    """The mirror as it is now, for a lead of its team, until the transaction ends. Raises NotAllowed, Refused."""
    _lead(by, mirror.team_id)
    fresh = Mirror.objects.select_for_update(of=("self",)).select_related("team").get(pk=mirror.pk)
    if fresh.state == MirrorState.ENDED:
        raise Refused("mirror_put_away", _("この写しは、もう片づけられています。"), _("新しく作ってください。"))
    return fresh


def _place(kind: str, address: str, token: str) -> chatplaces.Place:
    """Where it is to be sent. The network is asked when it is tried; here only what the address itself says."""
    try:
        place = chatplaces.read(kind, address)
    except BadAddress as fault:
        raise Refused(
            "mirror_address",
            why_words(fault.code),
            _("サービスの画面に出るアドレスを、そのまま貼ってください。"),
        ) from None
    if kind == MirrorKind.CHATWORK and not (token.isascii() and token.isalnum() and 8 <= len(token) <= 200):
        raise Refused(
            "mirror_token",
            _("ChatworkのAPIトークンを読み取れません。"),
            _("Chatworkの「サービス連携」の画面に出る英数字を貼ってください。"),
        )
    return place


def _refuse_silent(morning: bool, clock: bool) -> None:
    if not (morning or clock):
        raise Refused("mirror_shows_nothing", _("写すものが選ばれていません。"), _("一つ以上選んでください。"))


@transaction.atomic
def add(
    team: Team,
    *,
    by: Person,
    kind: str,
    name: str,
    address: str,
    token: str = "",
    language: str = "ja",
    morning: bool = True,
    clock: bool = True,
    titles: bool = False,
) -> Mirror:
    """Connect a channel to the team. Nothing is sent there before it was tried (`switch_on`).

    address: as the service shows it; token: of a Chatwork account. The key of a webhook is made here and stands in the
    returned mirror's `secret`. Raises NotAllowed, Refused.
    """
    _lead(by, team.pk)
    Team.objects.select_for_update().get(pk=team.pk)  # two forms at once come one after the other
    _refuse_silent(morning, clock)
    place = _place(kind, address, token)
    if Mirror.objects.filter(team=team).exclude(state=MirrorState.ENDED).count() >= MOST:
        raise Refused(
            "too_many_mirrors",
            _("一つのチームで写せる先は%(n)sか所までです。") % {"n": MOST},
            _("使っていないものを片づけてください。"),
        )
    made = Mirror.objects.create(
        team=team,
        kind=kind,
        name=name.strip(),
        address=place.address,
        secret=_secret(kind, token),
        host=place.host,
        tail=place.tail,
        language=language,
        morning=morning,
        clock=clock,
        titles=titles,
        created_by=by,
    )
    audit.note(by, "mirror.added", made, kind=("", kind), host=("", place.host), titles=(False, titles))
    return made


def _secret(kind: str, token: str) -> str:
    if kind == MirrorKind.CHATWORK:
        return token
    return PREFIX + secrets.token_urlsafe(32) if kind == MirrorKind.WEBHOOK else ""


@transaction.atomic
def edit(mirror: Mirror, *, by: Person, name: str, language: str, morning: bool, clock: bool, titles: bool) -> Mirror:
    """Change what a channel is shown, and under which name it stands here. Raises NotAllowed, Refused."""
    fresh = _held(mirror, by)
    _refuse_silent(morning, clock)
    new = {"name": name.strip(), "language": language, "morning": morning, "clock": clock, "titles": titles}
    changes = {field: (getattr(fresh, field), value) for field, value in new.items() if getattr(fresh, field) != value}
    if changes:
        for field, value in new.items():
            setattr(fresh, field, value)
        fresh.save(update_fields=[*OPTIONS, "updated_at"])
        audit.note(by, "mirror.edited", fresh, **changes)
    return fresh


@transaction.atomic
def move(mirror: Mirror, *, by: Person, address: str, token: str = "") -> Mirror:
    """Give a channel another address (or another token); it waits until the new one was tried. Raises NotAllowed, Refused."""
    fresh = _held(mirror, by)
    place = _place(fresh.kind, address, token)
    fresh.address, fresh.host, fresh.tail = place.address, place.host, place.tail
    if fresh.kind == MirrorKind.CHATWORK:
        fresh.secret = token
    fresh.state, fresh.failures, fresh.failing_since, fresh.why = MirrorState.NEW, 0, None, ""
    fresh.save()
    mirroring.cancel_all(fresh, reason="moved")
    audit.note(by, "mirror.moved", fresh, host=(mirror.host, place.host))
    return fresh


@transaction.atomic
def renew_key(mirror: Mirror, *, by: Person) -> str:
    """Another key for a webhook's signature; the old one signs nothing from now on.

    Returns it: nobody can be shown it again. Raises NotAllowed, Refused.
    """
    fresh = _held(mirror, by)
    if not fresh.is_signed:
        raise Refused("mirror_has_no_key", _("署名の鍵があるのは、Webhookだけです。"))
    fresh.secret = _secret(fresh.kind, "")
    fresh.save(update_fields=["secret", "updated_at"])
    audit.note(by, "mirror.key_renewed", fresh)
    return fresh.secret


def refuse_unless_reached(word: str) -> None:
    """Raise Refused when the trial did not arrive. word: what tasks.mirror.try_out gave; "" when it did."""
    if word:
        raise Refused(
            "mirror_not_reached",
            why_words(word),
            _("アドレスと、サービスの側の設定を確かめて、もう一度ためしてください。"),
        )


@transaction.atomic
def switch_on(mirror: Mirror, *, by: Person, word: str) -> Mirror:
    """Let a channel be shown what the team is told, from the next morning or the next clock on.

    word: what the trial just sent gave (tasks.mirror.try_out); what did not arrive is not switched on. Raises NotAllowed,
    Refused.
    """
    fresh = _held(mirror, by)
    refuse_unless_reached(word)
    if fresh.address != mirror.address:
        raise Refused("mirror_moved", _("ためしている間に、送り先が変わりました。"), _("もう一度ためしてください。"))
    if not fresh.is_on:
        fresh.state, fresh.on_at, fresh.off_at = MirrorState.ON, timezone.now(), None
        fresh.failures, fresh.failing_since, fresh.why = 0, None, ""
        fresh.save()
        audit.note(by, "mirror.on", fresh)
    return fresh


@transaction.atomic
def switch_off(mirror: Mirror, *, by: Person) -> Mirror:
    """Show a channel nothing more; what was to be shown is taken back. Raises NotAllowed, Refused."""
    fresh = _held(mirror, by)
    if fresh.state != MirrorState.OFF:
        fresh.state, fresh.off_at, fresh.why = MirrorState.OFF, timezone.now(), ""
        fresh.save()
        mirroring.cancel_all(fresh, reason="switched_off")
        audit.note(by, "mirror.off", fresh)
    return fresh


@transaction.atomic
def put_away(mirror: Mirror, *, by: Person) -> Mirror:
    """Forget a channel's address and key for good; what was shown there stays in the ledger. Raises NotAllowed, Refused."""
    fresh = _held(mirror, by)
    fresh.state, fresh.address, fresh.secret = MirrorState.ENDED, "", ""
    fresh.off_at = timezone.now()
    fresh.save()
    mirroring.cancel_all(fresh, reason="switched_off")
    audit.note(by, "mirror.put_away", fresh)
    return fresh
