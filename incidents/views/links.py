"""Signed one-purpose links from mails: GET shows, POST acts. A scanner that follows them changes nothing.

Nobody is signed in here. What a page shows, the mail has shown already. ushiro.middleware.MailLinkMiddleware stands
before these pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from incidents.domain import absence as absences
from incidents.domain import countermeasure, promise
from incidents.domain import reply as replies
from incidents.enums import FollowUpKind, FollowUpState, MailAct, RequestState
from incidents.errors import Refused
from incidents.forms.absence import STAND_IN_UNCLEAR, AbsenceByNameForm
from incidents.forms.countermeasure import DoneForm
from incidents.forms.due_request import DueRequestForm
from incidents.forms.promise import KeepForm
from incidents.forms.reply import HelpForm, NotMineForm
from incidents.letters import links
from incidents.models import Absence, FollowUp, Person
from incidents.queries import absence, access
from incidents.queries.calendar import zone_of
from incidents.queries.reply import said_by
from incidents.views.base import show_refusal

# Hidden fields, which are nobody's words.
OF_STAND_INS = {"stand_in_not_in_team", "stand_in_away"}
NOT_TYPED = {"page_token", "csrfmiddlewaretoken", "stood", "seen", "shown"}


def linked(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page behind a link of a mail."""

    @never_cache
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def opened(request: HttpRequest, token: str) -> HttpResponse:
        response = view(request, token)
        response.headers.setdefault("Content-Language", request.LANGUAGE_CODE)
        return response

    return opened


@contextmanager
def _as_read_by(request: HttpRequest, person: Person) -> Iterator[None]:
    """In the language and on the wall of whom the mail was written to."""
    request.LANGUAGE_CODE = person.language
    with translation.override(person.language), timezone.override(zone_of(person)):
        yield


def gone(request: HttpRequest, *, changed: bool = False) -> HttpResponse:
    """The link is none, or none any more. What was typed on its page stands there to be copied.

    changed: it was good until the promise got another date or owner, and whose it is may know.
    """
    typed = []
    if request.method == "POST":
        typed = [text for name, text in request.POST.items() if name not in NOT_TYPED and text.strip()]
    return render(request, "incidents/links/gone.html", {"typed": typed, "changed": changed}, status=410)


def _refuse_old_page(request: HttpRequest, form: Any, token: str) -> bool:
    """Whether the form stood on a page of another link, or on one that lay for more than a day; said in the form."""
    if links.opened_lately(token, request.POST.get("page_token", "")):
        return False
    show_refusal(
        form,
        Refused(
            "page_too_old",
            _("このページを開いてから、時間がたちました。"),
            _("書いたものは残っています。確かめて、もう一度押してください。"),
        ),
    )
    return True


def _form_page(request: HttpRequest, token: str, template: str, context: dict[str, Any]) -> HttpResponse:
    return render(request, template, {**context, "page_token": links.page_token(token)})


def _promise_of(link: links.Link | None) -> tuple[FollowUp, Person] | None:
    if link is None:
        return None
    return access.follow_up_for_link(follow_up_id=link.follow_up_id, person_id=link.person_id, link_round=link.round)


def _complete(follow_up: FollowUp, person: Person, values: dict[str, Any]) -> None:
    countermeasure.complete(follow_up.measure, by=person, **values)


def _keep(follow_up: FollowUp, person: Person, values: dict[str, Any]) -> None:
    promise.keep(follow_up, by=person, **values)


# What can be done from the mail with a note or evidence alone; the others are answered on pages of their own.
DONE = {FollowUpKind.COUNTERMEASURE: (DoneForm, _complete), FollowUpKind.PROMISE: (KeepForm, _keep)}


@linked
def done(request: HttpRequest, token: str) -> HttpResponse:
    """できました of a countermeasure, 守りました of a promise by word."""
    link = links.read_done(token)
    found = _promise_of(link)
    if found is None or found[0].kind not in DONE:
        return gone(request)
    follow_up, person = found
    build, do = DONE[found[0].kind]
    with _as_read_by(request, person):
        context = {"follow_up": follow_up, "measure": follow_up.measure, "person": person}
        moved = follow_up.state == FollowUpState.OPEN and follow_up.due_version != link.due_version
        if follow_up.state != FollowUpState.OPEN and request.method != "POST":
            kept = follow_up.state == FollowUpState.KEPT
            return render(request, f"incidents/links/{'already' if kept else 'over'}.html", context)
        if moved and request.method != "POST":
            return gone(request, changed=True)
        form = build(request.POST if request.method == "POST" else None)
        if form.is_valid() and not _refuse_old_page(request, form, token):
            try:
                if moved:
                    raise _changed()
                do(follow_up, person, form.cleaned_data)
            except Refused as refusal:
                show_refusal(form, refusal)
            else:
                return render(request, "incidents/links/thanks.html", context)
        return _form_page(request, token, "incidents/links/done.html", {**context, "form": form})


def _say(
    request: HttpRequest,
    token: str,
    act: MailAct,
    *,
    build: Callable[[FollowUp, Any], Any],
    verb: Callable[..., Any],
    only: Callable[[FollowUp], bool] = lambda follow_up: True,
) -> HttpResponse:
    """One act of a mail about one promise. only: which promises it is for. build: the form for what was posted, or None."""
    link = links.read_act(act, token)
    found = _promise_of(link)
    if found is None or not only(found[0]):
        return gone(request)
    follow_up, person = found
    posted = request.POST if request.method == "POST" else None
    with _as_read_by(request, person):
        context = {"follow_up": follow_up, "person": person, "act": act.value, "mine": follow_up.owner_id == person.pk}
        if said_by(link.mark):
            return render(request, "incidents/links/said.html", {**context, "again": True})
        moved = follow_up.due_version != link.due_version
        if posted is None and follow_up.state != FollowUpState.OPEN:
            return render(request, "incidents/links/over.html", context)
        if posted is None and moved:
            return gone(request, changed=True)
        form = build(follow_up, posted)
        if form.is_valid() and not _refuse_old_page(request, form, token):
            try:
                if moved and follow_up.state == FollowUpState.OPEN:
                    raise _changed()
                made = verb(follow_up, by=person, mark=link.mark, **form.values())
            except Refused as refusal:
                if refusal.code == "already_said":
                    return render(request, "incidents/links/said.html", {**context, "again": True})
                show_refusal(form, refusal)
            else:
                granted = act == MailAct.DUE and made[1].state == RequestState.GRANTED
                follow_up.refresh_from_db(fields=["due_on", "due_at"])
                return render(request, "incidents/links/said.html", {**context, "granted": granted})
        return _form_page(request, token, "incidents/links/act.html", {**context, "form": form})


def _changed() -> Refused:
    return Refused(
        "promise_changed",
        _("このメールのあとで、期限か担当が変わりました。"),
        _("新しいお知らせのリンクを使うか、サインインして確かめてください。"),
    )


@linked
def due(request: HttpRequest, token: str) -> HttpResponse:
    """期限を相談する: another date and why; a lead answers."""

    def build(follow_up: FollowUp, posted: Any) -> DueRequestForm:
        return DueRequestForm(
            posted,
            promised_outside=follow_up.measure.promised_outside,
            standing=follow_up.due_on,
            initial={"due_on": follow_up.due_on},
        )

    return _say(request, token, MailAct.DUE, build=build, verb=replies.ask_due, only=_of_measure)


def _of_measure(follow_up: FollowUp) -> bool:
    """Only the date of a countermeasure moves by a request (M3)."""
    return follow_up.measure_id is not None


@linked
def ask_help(request: HttpRequest, token: str) -> HttpResponse:
    """手伝いを頼む: a few words to those who can lend a hand."""
    return _say(request, token, MailAct.HELP, build=lambda _one, posted: HelpForm(posted), verb=replies.ask_help)


@linked
def not_mine(request: HttpRequest, token: str) -> HttpResponse:
    """担当ちがい: the leads hear of it and decide; until then nothing changes."""
    return _say(request, token, MailAct.NOT_MINE, build=lambda _one, posted: NotMineForm(posted), verb=replies.not_mine)


@linked
def away(request: HttpRequest, token: str) -> HttpResponse:
    """不在にします: from when, until when, and who stands in."""
    link = links.read_away(token)
    person = access.person_for_absence_link(person_id=link.person_id, link_round=link.round) if link else None
    if person is None:
        return gone(request)
    with _as_read_by(request, person):
        people = absence.colleagues(person)
        form = AbsenceByNameForm(request.POST if request.method == "POST" else None, people=people)
        if form.is_valid() and not _refuse_old_page(request, form, token):
            try:
                made = absences.plan(person, by=person, **form.values())
            except Refused as refusal:
                if same := _planned(person, **form.values()):
                    return render(request, "incidents/links/away_said.html", {"absence": same, "again": True})
                show_refusal(form, _stand_in_unclear() if refusal.code in OF_STAND_INS else refusal)
            else:
                return render(request, "incidents/links/away_said.html", {"absence": made})
        return _form_page(request, token, "incidents/links/away.html", {"person": person, "form": form})


def _stand_in_unclear() -> Refused:
    """What a page from a mail says of every stand-in that cannot be one: not who is away, nor who there is."""
    return Refused("stand_in_unclear", STAND_IN_UNCLEAR)


def _planned(person: Person, *, starts_on: date, ends_on: date, stand_in: Person | None) -> Absence | None:
    """The very absence that is asked for, when it stands already: the button was pressed twice."""
    wanted = (starts_on, ends_on, stand_in)
    standing = absence.of_person(person)
    return next((one for one in standing if (one.starts_on, one.ends_on, one.stand_in) == wanted), None)
