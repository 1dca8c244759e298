"""まず一言: written from every page, read by its writer alone."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents.domain import jotting as verbs
from incidents.errors import Refused
from incidents.forms.jotting import JottingForm
from incidents.queries import access
from incidents.queries import jotting as lines
from incidents.views.base import is_ours, page, posted, render_page, say, show_refusal


def _back(request: HttpRequest) -> str:
    """The page from which the line was written: one of ours, else the list of lines."""
    wanted = request.POST.get("next", "")
    return wanted if is_ours(wanted) else reverse("jotting-list")


def _show(request: HttpRequest, form: JottingForm) -> HttpResponse:
    found = lines.mine(request.user, request.GET.get("page"))
    now = timezone.now()
    context = {"form": form, "page": found, "lines": [(one, lines.is_old(one, now)) for one in found.object_list]}
    return render_page(request, "incidents/jotting/list.html", context)


@page
def jotting_list(request: HttpRequest) -> HttpResponse:
    return _show(request, JottingForm())


@page
@posted(lambda request: reverse("jotting-list"))
def new(request: HttpRequest) -> HttpResponse:
    """Keep the line and go back to where it was written; what cannot be kept stays in the field."""
    form = JottingForm(request.POST)
    if form.is_valid():
        try:
            verbs.jot(by=request.user, **form.cleaned_data)
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            say(request, _("書きとめました。あなただけに見えます。"))
            return HttpResponseRedirect(_back(request))
    return _show(request, form)


def _line(request: HttpRequest, pk: int) -> str:
    access.get_jotting(by=request.user, pk=pk)
    return reverse("jotting-list")


@page
@posted(_line)
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    verbs.drop(access.get_jotting(by=request.user, pk=pk), by=request.user)
    say(request, _("一言を手放しました。"))
    return HttpResponseRedirect(_back(request))
