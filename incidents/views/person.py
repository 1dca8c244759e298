from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import FileResponse, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from incidents.domain import export
from incidents.domain import person as verbs
from incidents.errors import Refused
from incidents.forms.account import PreferencesForm
from incidents.gateways import personalfile
from incidents.letters.addresses import intake_address
from incidents.queries.calendar import today_of
from incidents.queries.feed import feed_of
from incidents.views.base import THEME_COOKIE, go, page, posted, render_page, say, show_refusal

YEAR = 365 * 24 * 3600


@page
def preferences(request: HttpRequest) -> HttpResponse:
    """わたしの設定. The brightness belongs to the browser, all else to the person."""
    initial = {name: getattr(request.user, name) for name in verbs.OWN}
    if initial["paused_until"] and not request.user.pauses_on(today_of(request.user)):
        initial["paused_until"] = None  # over: no choice that still stands
    initial["theme"] = request.COOKIES.get(THEME_COOKIE, "auto")
    form = PreferencesForm(request.POST or None, initial=initial)
    if form.is_valid():
        values = dict(form.cleaned_data)
        theme = values.pop("theme")
        try:
            person = verbs.set_preferences(request.user, by=request.user, **values)
        except ValidationError as error:
            form.add_error(None, error)
        except Refused as refused:
            show_refusal(form, refused)
        else:
            with translation.override(person.language):
                say(request, _("設定を保存しました。"))
            response = go(request, reverse("preferences"))
            response.set_cookie(THEME_COOKIE, theme, max_age=YEAR, samesite="Lax", secure=settings.HTTPS, httponly=True)
            response.set_cookie(settings.LANGUAGE_COOKIE_NAME, person.language, max_age=YEAR, samesite="Lax")
            return response
    context = {
        "form": form,
        "feed": feed_of(request.user),
        "inbound": bool(settings.INBOUND_ADDRESS),
        "intake": intake_address(request.user),
    }
    return render_page(request, "incidents/person/preferences.html", context)


@page
@posted(lambda request: reverse("preferences") + "#copy")
def copy(request: HttpRequest) -> HttpResponse:
    """わたしの写し: everything that is kept of the person, as a file for them alone."""
    made = personalfile.write(export.copy_of(request.user, by=request.user), name=request.user.name)
    day = today_of(request.user)
    return FileResponse(made, as_attachment=True, filename=f"ushiro_{day:%Y-%m-%d}.zip", content_type="application/zip")
