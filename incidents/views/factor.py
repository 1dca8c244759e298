"""サインインの守り: one's own second factors, recovery codes, and where one is signed in."""

from __future__ import annotations

import base64

from allauth.mfa.webauthn.internal import auth as webauthn
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from incidents.domain import factor as verbs
from incidents.domain import session as sessions
from incidents.errors import Refused
from incidents.forms.account import AppCodeForm, PasskeyForm
from incidents.queries import factor as factors
from incidents.views.base import confirmed, go, page, posted, render_page, say, say_refusal, show_refusal
from tools.plain import totp
from tools.plain.device import device
from tools.plain.passkeys import passkeys_possible

NEW_SECRET = "new_app_secret"  # noqa: S105  the name of a place in the session


def _place(request: HttpRequest) -> str:
    return reverse("sign-in")


def _device(request: HttpRequest) -> str:
    return device(request.META.get("HTTP_USER_AGENT", ""))


@page
def overview(request: HttpRequest) -> HttpResponse:
    """What guards the sign-in, and the list of one's own devices."""
    person = request.user
    found = factors.factors_of(person)
    context = {
        "factors": found,
        "has_app": any(not one.is_passkey for one in found),
        "codes_left": factors.codes_left(person),
        "needed": factors.needs_factor(person),
        "passkeys": passkeys_possible(settings.SITE_URL),
        "signed_in": list(factors.signed_in(person)),
        "this_session": request.session.session_key,
    }
    return render_page(request, "incidents/person/sign_in.html", context)


@page
@confirmed
def add_app(request: HttpRequest) -> HttpResponse:
    """The QR code of a new app, and the first code that it shows."""
    person = request.user
    kept = request.session.get(NEW_SECRET)
    if not kept or request.method == "GET":
        kept = request.session[NEW_SECRET] = verbs.seal(person, totp.new_secret())
    form = AppCodeForm(request.POST or None)
    if form.is_valid():
        try:
            codes = verbs.add_app(person, by=person, stored=kept, device=_device(request), **form.values())
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            request.session.pop(NEW_SECRET)
            return _added(request, codes)
    secret = verbs.unseal(person, kept)
    context = {
        "form": form,
        "qr": _qr(totp.address(secret, person=person.email, house="Ushiro")),
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
    }
    return render_page(request, "incidents/person/factor_app.html", context)


def _qr(text: str) -> str:
    """An address for the src of an image."""
    import qrcode
    from qrcode.image.svg import SvgPathFillImage

    drawn = qrcode.make(text, image_factory=SvgPathFillImage, border=2).to_string()
    return "data:image/svg+xml;base64," + base64.b64encode(drawn).decode()


@page
@confirmed
def add_passkey(request: HttpRequest) -> HttpResponse:
    """The browser makes a passkey by static/js/passkey.js; its answer is verified against what this page asked."""
    form = PasskeyForm(request.POST or None, initial={"name": _device(request)})
    if form.is_valid():
        values = form.values()
        try:
            webauthn.parse_registration_response(values["credential"])
            bound = webauthn.complete_registration(values["credential"])
            if not bound.is_user_verified():
                raise ValidationError(_("画面のロックを解く操作が、確かめられませんでした。もう一度試してください。"))
            codes = verbs.add_passkey(request.user, by=request.user, device=_device(request), **values)
        except ValidationError as error:
            form.add_error(None, error)
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            return _added(request, codes)
    options = webauthn.begin_registration(request.user, True)
    return render_page(request, "incidents/person/factor_passkey.html", {"form": form, "options": options})


def _added(request: HttpRequest, codes: list[str]) -> HttpResponse:
    """What was added counts from here on, under a new session key (hardening, session fixation)."""
    request.session["factor"] = "has"
    request.session.cycle_key()
    if codes:
        return render_page(request, "incidents/person/factor_codes.html", {"codes": codes, "first": True})
    say(request, _("サインインの守りに加えました。"))
    return go(request, reverse("sign-in"))


@page
@confirmed
def codes(request: HttpRequest) -> HttpResponse:
    """New recovery codes, shown by the answer and never again."""
    if request.method == "POST":
        try:
            made = verbs.make_codes(request.user, by=request.user, device=_device(request))
        except Refused as refusal:
            say_refusal(request, refusal)
            return go(request, reverse("sign-in"))
        return render_page(request, "incidents/person/factor_codes.html", {"codes": made})
    context = {"left": factors.codes_left(request.user)}
    return render_page(request, "incidents/person/factor_codes_ask.html", context)


@page
@confirmed
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks first; then takes the factor away."""
    one = factors.own_factor(request.user, pk)
    if request.method != "POST":
        return render_page(request, "incidents/person/factor_remove.html", {"factor": one})
    try:
        key = request.session.session_key
        verbs.remove(request.user, pk, by=request.user, session_key=key, device=_device(request))
    except Refused as refusal:
        say_refusal(request, refusal)
    else:
        request.session.pop("factor", None)
        request.session.cycle_key()
        say(request, _("サインインの守りから外しました。"))
    return go(request, reverse("sign-in"))


def _place_of_device(request: HttpRequest, pk: int) -> str:
    factors.own_sign_in(request.user, pk)
    return reverse("sign-in")


@page
@posted(_place_of_device)
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    sessions.end(factors.own_sign_in(request.user, pk), by=request.user)
    say(request, _("その端末のサインインを終わらせました。"))
    return go(request, reverse("sign-in"))


@page
@posted(_place)
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    sessions.end_others(request.user, by=request.user, but=request.session.session_key)
    say(request, _("この端末だけに、サインインを残しました。"))
    return go(request, reverse("sign-in"))
