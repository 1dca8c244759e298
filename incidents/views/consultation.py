"""相談: pages for the two of a thread, and for nobody else. What is written here is kept in no draft, session or message."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from incidents.domain import consultation as verbs
from incidents.errors import NotAllowed, Refused
from incidents.forms.consultation import AdviserForm, ConsultationForm, NoteForm, ReplyDayForm
from incidents.queries import access, care
from incidents.queries import consultation as threads
from incidents.queries.sealed import Unreadable
from incidents.views.base import act, go, page, posted, render_page, say, say_refusal, show_refusal

UNREADABLE = 409  # the page is ours and calm; nothing that was asked for can be shown


def _opened(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page on which something sealed is opened. What does not open leaves a trace and is said plainly, never as a fault."""

    @page
    @sensitive_post_parameters()
    @wraps(view)
    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Unreadable as fault:
            verbs.report_unreadable(fault.code)
            context = {"key_is_missing": fault.code == "no_key"}
            return render(request, "incidents/consultation/unreadable.html", context, status=UNREADABLE)

    return opened


def _address(pk: UUID) -> str:
    return reverse("consultation", args=[pk])


@_opened
def box(request: HttpRequest) -> HttpResponse:
    """相談: the reader's own threads, those they were asked in, and help outside."""
    lines = threads.mine(request.user)
    context = {
        "mine": [one for one in lines if one.role == threads.AUTHOR],
        "asked": [one for one in lines if one.role == threads.ADVISER],
        "groups": care.grouped(care.help_lines(request.user)),
    }
    return render_page(request, "incidents/consultation/box.html", context)


@_opened
def begin(request: HttpRequest) -> HttpResponse:
    """Choose the person, then write. Who will read stands above the field before anything is written."""
    choices = threads.choices(request.user)
    chosen = AdviserForm(request.POST or None, choices=choices)
    context: dict[str, Any] = {"choices": choices}
    if not chosen.is_valid():
        return render_page(request, "incidents/consultation/choose.html", {**context, "form": chosen})
    adviser = chosen.values()["adviser"]
    writes = "text" in request.POST
    form = ConsultationForm(request.POST if writes else None, choices=choices, initial={"adviser": adviser.pk})
    if writes and form.is_valid():
        try:
            thread = verbs.begin(by=request.user, **form.values())
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            say(request, _("お届けしました。"))
            return go(request, _address(thread.pk))
    return render_page(request, "incidents/consultation/write.html", {**context, "form": form, "adviser": adviser})


@_opened
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A thread; its form goes on with it."""
    seen = access.get_consultation(by=request.user, pk=pk)
    form = NoteForm(request.POST or None)
    if answered := act(request, form, partial(verbs.write, seen.thread), said=_("お届けしました。"), to=_address(pk)):
        return answered
    return render_page(request, "incidents/consultation/thread.html", {**_thread(seen), "form": form})


def _thread(seen: threads.Seen) -> dict[str, Any]:
    return {
        "thread": seen.thread,
        "is_mine": seen.is_mine,
        "notes": threads.notes_of(seen),
        "author": threads.author_name(seen),
        "grants": threads.grants_of(seen.thread) if seen.is_mine else [],
    }


@_opened
def promise(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The adviser says until when they answer."""
    seen = access.get_consultation(by=request.user, pk=pk)
    _only(not seen.is_mine, "not_adviser", _("お返事の日は、相談を受けた方が決めます。"))
    form = ReplyDayForm(request.POST or None, initial={"on": seen.thread.reply_due_on})
    verb = partial(verbs.promise_reply, seen.thread)
    if done := act(request, form, verb, said=_("お返事の日を伝えました。"), to=_address(pk)):
        return done
    return _small(request, pk, form, title=_("お返事の日を決める"))


@_opened
def change(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The author asks somebody else from now on."""
    seen = access.get_consultation(by=request.user, pk=pk)
    _only(seen.is_mine, "not_author", _("相談する相手は、相談した方が選びます。"))
    choices = [one for one in threads.choices(request.user) if one.person.pk != seen.thread.adviser_id]
    form = AdviserForm(request.POST or None, choices=choices)
    verb = partial(verbs.change_adviser, seen.thread)
    if done := act(request, form, verb, said=_("相談する相手を変えました。"), to=_address(pk)):
        return done
    return _small(request, pk, form, title=_("相談する相手を変える"), thread=seen.thread, changes=True)


def _only(allowed: bool, code: str, reason: str) -> None:
    if not allowed:
        raise NotAllowed(code, reason)


def _small(request: HttpRequest, pk: UUID, form: Any, **context: Any) -> HttpResponse:
    return render_page(request, "incidents/consultation/form.html", {"form": form, "back_url": _address(pk), **context})


def _place(request: HttpRequest, pk: UUID) -> str:
    access.get_consultation(by=request.user, pk=pk)
    return _address(pk)


@page
@posted(_place)
def close(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End the thread, from its own page."""
    seen = access.get_consultation(by=request.user, pk=pk)
    try:
        verbs.close(seen.thread, by=request.user)
    except Refused as refusal:
        say_refusal(request, refusal)
    else:
        say(request, _("終わりにしました。"))
    return go(request, _address(pk))
