"""One person's data in the console: their copy, what an erasure would do, the erasure, and texts that still name them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from incidents.admin.base import ReasonForm
from incidents.domain import erasure, export
from incidents.errors import NotAllowed, Refused
from incidents.gateways import personalfile
from incidents.models import Person
from incidents.queries import mentions
from incidents.queries.calendar import today_of

COPY, ERASE, FIND = "incidents_person_copy", "incidents_person_erase", "incidents_person_mentions"


class FindForm(forms.Form):
    words = forms.CharField(
        label=_("探すことば"),
        help_text=_("一行にひとつずつ。名前の書き方がいくつかあるときは、並べてください。"),
        widget=forms.Textarea(attrs={"rows": 5, "class": "vLargeTextField"}),
        max_length=1_000,
    )

    def listed(self) -> list[str]:
        return self.cleaned_data["words"].splitlines()[:20]


def urls(window: Any) -> list[URLPattern]:
    """The three pages of a person, below their own."""

    def guarded(view: Any, name: str, end: str) -> URLPattern:
        def opened(request: HttpRequest, pk: int) -> HttpResponse:
            if not window.has_change_permission(request):
                raise PermissionDenied
            found = Person.objects.filter(pk=pk).first()
            if found is None:
                raise Http404
            return view(window, request, found)

        return path(f"<int:pk>/{end}/", window.admin_site.admin_view(opened), name=name)

    return [guarded(copy, COPY, "copy"), guarded(erase, ERASE, "erase"), guarded(find, FIND, "mentions")]


def links(person: Person) -> str:
    """The ways to them, for the person's page."""
    ways = [(COPY, _("写しを作る")), (FIND, _("名前の出てくる記録を探す"))]
    if not person.erased_at:
        ways.append((ERASE, _("この方の記録を消す")))
    return format_html_join(
        " / ", '<a href="{}">{}</a>', ((reverse(f"admin:{name}", args=[person.pk]), words) for name, words in ways)
    )


def _page(window: Any, request: HttpRequest, person: Person, template: str, title: Any, **more: Any) -> HttpResponse:
    context = {
        **window.admin_site.each_context(request),
        "title": title,
        "opts": window.opts,
        "person": person,
        **more,
    }
    return TemplateResponse(request, f"admin/incidents/person/{template}.html", context)


def copy(window: Any, request: HttpRequest, person: Person) -> HttpResponse:
    """What is kept of them but for what is theirs alone, to be handed over; a reason first."""
    form = ReasonForm(request.POST or None)
    if not form.is_valid():
        return _page(window, request, person, "copy", _("写しを作る"), form=form)
    made = personalfile.write(export.copy_of(person, by=request.user, **form.cleaned_data), name=person.name)
    name = f"ushiro_{person.pk}_{today_of(request.user):%Y-%m-%d}.zip"
    return FileResponse(made, as_attachment=True, filename=name, content_type="application/zip")


def erase(window: Any, request: HttpRequest, person: Person) -> HttpResponse:
    """GET shows what would be done, counted by table; POST with a reason does it."""
    title = _("この方の記録を消す")
    form = ReasonForm(request.POST or None)
    try:
        steps = erasure.preview(person, by=request.user)
        if form.is_valid():
            erasure.erase(person, by=request.user, **form.cleaned_data)
            window.message_user(request, _("名前と設定を消しました。"), messages.SUCCESS)
            return HttpResponseRedirect(reverse("admin:incidents_person_change", args=[person.pk]))
    except NotAllowed:
        raise PermissionDenied from None
    except Refused as refused:
        return _page(window, request, person, "erase", title, refusal=refused.sentence())
    return _page(window, request, person, "erase", title, form=form, steps=steps)


def find(window: Any, request: HttpRequest, person: Person) -> HttpResponse:
    """Records whose texts hold the name: where, never the words. Nothing of the form is kept."""
    spelt = [] if person.erased_at else mentions.spellings(person)
    form = FindForm(request.POST or None, initial={"words": "\n".join(spelt)})
    found = mentions.find(form.listed(), by=request.user) if form.is_valid() else None
    context = {"form": form, "found": found, "most": mentions.MOST}
    return _page(window, request, person, "mentions", _("名前の出てくる記録を探す"), **context)
