from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from incidents.domain import person as verbs
from incidents.forms.account import PreferencesForm
from incidents.views.base import THEME_COOKIE, go, page, render_page, say

YEAR = 365 * 24 * 3600


@page
def preferences(request: HttpRequest) -> HttpResponse:
    """わたしの設定. The brightness belongs to the browser, all else to the person."""
    initial = {name: getattr(request.user, name) for name in verbs.PREFERENCES}
    initial["theme"] = request.COOKIES.get(THEME_COOKIE, "auto")
    form = PreferencesForm(request.POST or None, initial=initial)
    if form.is_valid():
        values = dict(form.cleaned_data)
        theme = values.pop("theme")
        try:
            person = verbs.set_preferences(request.user, by=request.user, **values)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            with translation.override(person.language):
                say(request, _("設定を保存しました。"))
            response = go(request, reverse("preferences"))
            response.set_cookie(THEME_COOKIE, theme, max_age=YEAR, samesite="Lax", secure=settings.HTTPS, httponly=True)
            response.set_cookie(settings.LANGUAGE_COOKIE_NAME, person.language, max_age=YEAR, samesite="Lax")
            return response
    return render_page(request, "incidents/person/preferences.html", {"form": form})
