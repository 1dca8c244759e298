"""What every view shares: how a page or its htmx fragment is answered, how a refusal is shown, the frame around it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from incidents.domain import reading
from incidents.enums import ReadDoor
from incidents.errors import NotAllowed, Refused
from incidents.forms.meanwhile import WholeForm
from incidents.queries import audit, engine, promise
from incidents.queries import frame as frames
from incidents.queries import team as teams

THEME_COOKIE = "ushiro_theme"
THEMES = ("auto", "light", "dark")
# Where a session keeps the short name of the team that somebody looks at.
CHOSEN_TEAM = "team"


def render_page(
    request: HttpRequest, template: str, context: dict[str, Any], *, partial: str = "", status: int = 200
) -> HttpResponse:
    """The whole page, or its named partial when htmx asked for a part and the page has one."""
    if partial and request.htmx and not request.htmx.boosted and not request.htmx.history_restore_request:
        template = f"{template}#{partial}"
    return render(request, template, context, status=status)


def go(request: HttpRequest, url: str) -> HttpResponse:
    """Leave for another page: by redirect, or as htmx understands it when a fragment was asked for."""
    if request.htmx and not request.htmx.boosted:
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


def is_ours(url: str) -> bool:
    """Whether an address that came from outside (`next`) is a path of this house (hardening, open redirect)."""
    return url.startswith("/") and url_has_allowed_host_and_scheme(url, allowed_hosts=None)


def page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page for somebody signed in. What the door refuses is answered as a calm page, never as a fault."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated and request.method == "POST":
            return _sign_in_first(request, acts_only=getattr(view, "acts_only", False))
        return _signed_in(request, *args, **kwargs)

    @login_required
    @wraps(view)
    def _signed_in(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        request.user.standing = teams.my_memberships(request.user)  # once for the page, its queries and its frame
        request.user.opened = set()
        try:
            answer = view(request, *args, **kwargs)
        except NotAllowed as refusal:
            answer = render(request, "403.html", {"refusal": refusal}, status=403)
        if request.user.opened and answer.status_code < 400:
            reading.note(request.user, request.user.opened, door=getattr(view, "door", ReadDoor.PAGE))
        return answer

    return guarded


def opens_by(door: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Says by which door a view opens a restricted record, where that is no page."""

    def marked(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        view.door = door
        return view

    return marked


def posted(place: Callable[..., str]) -> Callable[..., Callable[..., HttpResponse]]:
    """A view that acts and has no page of its own. Whoever opens its address is led to the place where its form stands.

    Such an address is opened by a reload of a refused form, and by the way back from the sign-in.
    place: takes the request and the address's keys; it opens the door (queries.access) before it names a record.
    """

    def acting(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def only(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method in {"GET", "HEAD"}:
                return HttpResponseRedirect(place(request, *args, **kwargs))
            if request.method != "POST":
                return HttpResponseNotAllowed(["POST"])
            return view(request, *args, **kwargs)

        only.acts_only = True
        return only

    return acting


def _sign_in_first(request: HttpRequest, *, acts_only: bool) -> HttpResponse:
    """A form of a page whose session has ended: the browser goes to the sign-in, and from there back to that page.

    For htmx a plain redirect would put the sign-in page where the form stands, and what was typed would be gone.
    acts_only: the address has no page of its own; the form stood on the page that the browser names.
    """
    if request.htmx:
        back = _page_behind(request) or request.get_full_path()
        return HttpResponse(status=204, headers={"HX-Redirect": redirect_to_login(back).url})
    back = _came_from(request) if acts_only else ""
    return redirect_to_login(back or request.get_full_path())


def _page_behind(request: HttpRequest) -> str:
    """The page of ours on which htmx says a part is asked for; "" when it says nothing, another house or nonsense."""
    try:
        return request.htmx.current_url_abs_path or ""
    except ValueError:  # no address at all
        return ""


def _came_from(request: HttpRequest) -> str:
    """The page of ours from which the browser says it came; "" when it says nothing or another house."""
    try:
        came = urlsplit(request.headers.get("Referer", ""))
    except ValueError:  # no address at all
        return ""
    if came.netloc != request.get_host():
        return ""
    return came._replace(scheme="", netloc="", fragment="").geturl()


def show_refusal(form: Any, refusal: Refused) -> None:
    """Put a refusal beside what was typed: at the field that the form names for it, or above the whole."""
    name = getattr(form, "beside", {}).get(refusal.code)
    form.add_error(name if name in getattr(form, "fields", ()) else None, sentence(refusal))


def sentence(refusal: Refused) -> str:
    return refusal.sentence()


def act(
    request: HttpRequest, form: Any, verb: Callable[..., Any], *, said: str, to: str, over: Any = None
) -> HttpResponse | None:
    """One form, one verb: on success say so and leave for `to`; None when the form has to be shown (again).

    verb: takes by= and the form's values. A refusal stands in the form beside what was typed.
    over: whose trace tells what the form writes over, where it is a WholeForm; somebody else was faster: nothing is saved.
    """
    if not form.is_valid() or (isinstance(form, WholeForm) and refuse_stale(form, over, request.user)):
        return None
    try:
        verb(by=request.user, **form.values())
    except Refused as refusal:
        show_refusal(form, refusal)
        return None
    say(request, said)
    return go(request, to)


def refuse_overlap(form: Any, target: Any, by: Any, *, stored_as: dict[str, str] | None = None) -> bool:
    """Whether others changed meanwhile the very fields that this person changed too: said in the form, nothing saved.

    stored_as: names in the trace for the form's names where they differ.
    """
    stored_as = stored_as or {}
    theirs = audit.edits_since(target, form.cleaned_data.get("seen") or 0, by)
    both = [name for name in form.mine() if stored_as.get(name, name) in theirs.names]
    if not both or not form.data.get("shown"):
        return False
    form.look_again(seen=audit.last_seen(target), current={name: form.initial.get(name) for name in both})
    show_refusal(form, _changed_meanwhile())
    form.meanwhile = theirs.lines
    return True


def refuse_stale(form: Any, target: Any, by: Any) -> bool:
    """Whether somebody else changed what a WholeForm writes over since it was opened: said in the form, nothing saved."""
    if not form.is_stale():
        return False
    theirs = audit.last_change(target, form.writes, now=getattr(form, "now", None))
    if theirs and theirs.actor_id == by.pk:
        return False  # in another window, by the same person
    form.look_again()
    show_refusal(form, _changed_meanwhile())
    form.meanwhile = audit.lines_of(theirs) if theirs else []
    return True


def _changed_meanwhile() -> Refused:
    return Refused(
        "changed_meanwhile",
        _("ほかの方が同じ所を変えました。あなたの書いたものは、そのまま残してあります。"),
        _("変わった所を見て、よければもう一度保存してください。"),
    )


def say(request: HttpRequest, text: str) -> None:
    messages.success(request, text)


def say_refusal(request: HttpRequest, refusal: Refused) -> None:
    messages.warning(request, sentence(refusal))


def chosen_slug(request: HttpRequest) -> str:
    """The short name of the team that was chosen for this session, "" for all; whether it is still theirs is asked later."""
    return str(request.session.get(CHOSEN_TEAM, ""))


class Frame:
    """What base.html shows around each page; each part is read only when the template asks for it."""

    def __init__(self, request: HttpRequest):
        self._request = request
        self.person = request.user
        wanted = request.COOKIES.get(THEME_COOKIE, "auto")
        self.theme = wanted if wanted in THEMES else "auto"
        self.mail_configured = settings.MAIL_CONFIGURED

    @cached_property
    def memberships(self) -> list:
        return teams.my_memberships(self.person)

    @property
    def team_names(self) -> str:
        return _("、").join(m.team.name for m in self.memberships[:2]) + (" …" if len(self.memberships) > 2 else "")

    @property
    def several_teams(self) -> list:
        """The person's teams when there is something to choose, by name."""
        teams_ = [membership.team for membership in self.memberships]
        return teams_ if len(teams_) > 1 else []

    @property
    def chosen_team(self) -> Any:
        """The team that the person looks at in this session, while they belong to it; None for all of them."""
        return next((one for one in self.several_teams if one.slug == chosen_slug(self._request)), None)

    @property
    def role_label(self) -> str:
        roles = {membership.role for membership in self.memberships}
        if len(roles) > 1:
            return ""  # one word for several roles would be wrong for one of the teams
        if roles:
            return str(self.memberships[0].get_role_display())
        return _("管理者") if self.person.is_admin else ""

    @cached_property
    def _around(self) -> frames.Around:
        """As the page has read it together with its own rows, when it has."""
        return getattr(self._request, "around", None) or frames.around(self.person)

    @cached_property
    def _clocks(self) -> list:
        """Running first reports that concern the person, but for one that the page itself shows large."""
        here = self._request.path
        if self._request.htmx:
            here = _page_behind(self._request) or here  # the strip alone is asked again
        if here == reverse("today"):
            return []  # 今日 shows them large
        here = here.partition("?")[0]
        return [
            one
            for one in self._around.clocks
            if here not in {url := one.incident.get_absolute_url(), f"{url}first-report/"}
        ]

    @property
    def clocks(self) -> list:
        """The nearest of them."""
        return self._clocks[: promise.STRIP]

    @property
    def more_clocks(self) -> bool:
        """Whether further ones run, which 今日 shows."""
        return len(self._clocks) > promise.STRIP

    @property
    def counts(self) -> dict[str, str]:
        found = self._around
        counts = {"today": found.pressing, "incidents": found.incidents, "seams": found.seams}
        return {name: frames.shown(count) for name, count in counts.items() if count}

    @property
    def engine_warning(self) -> str:
        # The house's calendar is asked only when something is silent at all: every page comes by here.
        if self._around.engine_is_silent and engine.stood_still_in_business_hours():
            return _("お知らせの仕組みが2時間以上止まっています。管理者に知らせてください。")
        return ""


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the frame of the page, or what little of it somebody signed out sees."""
    if not getattr(request, "user", None):
        return {"frame": {"theme": "auto"}}
    built = Frame(request)
    if not request.user.is_authenticated:
        return {"frame": {"theme": built.theme, "person": None}}
    return {"frame": built}
