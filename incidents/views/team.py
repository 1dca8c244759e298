"""チーム: who belongs to it, who is invited, how somebody leaves; and which team one looks at."""

from __future__ import annotations

from functools import partial

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import invitation as invitations
from incidents.domain import leaving as leavings
from incidents.domain import organisation
from incidents.domain import team as verbs
from incidents.enums import Role
from incidents.errors import Refused
from incidents.forms.team import InviteForm, LeaveForm, RoleForm, TeamForm
from incidents.models import Invitation, Membership, Team
from incidents.queries import access, leaving, people
from incidents.queries import team as teams
from incidents.views.base import CHOSEN_TEAM, act, go, page, posted, render_page, say, say_refusal, show_refusal


def _place(team: Team) -> str:
    return reverse("team", args=[team.slug])


@page
def team_list(request: HttpRequest) -> HttpResponse:
    """One's own teams; an administrator finds every team here."""
    mine = teams.my_memberships(request.user)
    others = teams.all_but([one.team_id for one in mine]) if request.user.is_staff else []
    return render_page(request, "incidents/team/list.html", {"mine": mine, "others": others})


@page
def new(request: HttpRequest) -> HttpResponse:
    organisation.refuse_unless_administrator(request.user)
    form = TeamForm(request.POST or None)
    if form.is_valid():
        try:
            made = verbs.create_team(by=request.user, **form.values())
        except ValidationError as error:
            form.add_error(None, error)
        else:
            say(request, _("チームを作りました。次に、リーダーになる方を招待してください。"))
            return go(request, _place(made))
    return render_page(request, "incidents/team/new.html", {"form": form})


@page
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """Who belongs to the team, with their role; for its leads and administrators also who is invited."""
    team = access.get_team_of_people(by=request.user, slug=slug)
    manages = request.user.is_staff or access.role_in(request.user, team.pk) == Role.LEAD
    members = people.of(team)
    context = {
        "team": team,
        "members": [(one, RoleForm(initial={"role": one.role}, auto_id=f"role-{one.pk}")) for one in members],
        "own": next((one for one in members if one.person_id == request.user.pk), None),
        "manages": manages,
        "invited": people.invited(team) if manages else [],
    }
    return render_page(request, "incidents/team/detail.html", context)


@page
def invite(request: HttpRequest, slug: str) -> HttpResponse:
    team = access.get_team_of_people(by=request.user, slug=slug, to="lead")
    form = InviteForm(request.POST or None)
    if form.is_valid():
        try:
            made, url = invitations.invite(team, by=request.user, **form.values())
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            return _sent(request, made, url)
    return render_page(request, "incidents/team/invite.html", {"form": form, "team": team})


def _sent(request: HttpRequest, made: Invitation, url: str) -> HttpResponse:
    """Said in the same words whoever has the address; without a mail server the link stands on this one answer."""
    if url:
        return render_page(request, "incidents/team/link.html", {"invitation": made, "url": url, "team": made.team})
    say(request, _("%(email)s に招待の手紙を出しました。") % {"email": made.email})
    return go(request, _place(made.team))


def _team_of_invitation(request: HttpRequest, pk: int) -> str:
    return _place(access.get_invitation(by=request.user, pk=pk).team)


@page
@posted(_team_of_invitation)
def send_again(request: HttpRequest, pk: int) -> HttpResponse:
    one = access.get_invitation(by=request.user, pk=pk)
    try:
        made, url = invitations.send_again(one, by=request.user, language=request.user.language)
    except Refused as refusal:
        say_refusal(request, refusal)
        return go(request, _place(one.team))
    return _sent(request, made, url)


@page
@posted(_team_of_invitation)
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    one = access.get_invitation(by=request.user, pk=pk)
    try:
        invitations.revoke(one, by=request.user)
    except Refused as refusal:
        say_refusal(request, refusal)
    else:
        say(request, _("招待を取り消しました。"))
    return go(request, _place(one.team))


@page
@posted(lambda request, pk: _place(access.get_membership(by=request.user, pk=pk).team))
def role(request: HttpRequest, pk: int) -> HttpResponse:
    """Another role for somebody of the team, by a lead of it or an administrator."""
    one = access.get_membership(by=request.user, pk=pk)
    access.get_team_of_people(by=request.user, slug=one.team.slug, to="lead")
    form = RoleForm(request.POST)
    if form.is_valid():
        try:
            verbs.set_membership(by=request.user, person=one.person, team=one.team, role=form.cleaned_data["role"])
        except Refused as refusal:
            say_refusal(request, refusal)
        else:
            say(request, _("%(name)sさんの役割を変えました。") % {"name": one.person})
    return go(request, _place(one.team))


@page
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    """Leave a team, or take somebody out of it: what they hold there, and to whom each of it goes."""
    one: Membership = access.get_membership(by=request.user, pk=pk)
    held = leaving.of(one, by=request.user)
    sent = request.POST if request.method == "POST" else None
    form = LeaveForm(sent, items=held.items, people=teams.can_take_over(one), leads=people.leads(one.team))
    own = one.person_id == request.user.pk
    said = _("チームを離れました。") if own else _("%(name)sさんをチームから外しました。") % {"name": one.person}
    stays = request.user.is_staff or not own
    to = _place(one.team) if stays else reverse("team-list")
    if answer := act(request, form, partial(leavings.leave, one), said=said, to=to):
        return answer
    context = {"form": form, "membership": one, "team": one.team, "held": held, "own": own}
    context["works"] = rules.may_edit(one.role)
    return render_page(request, "incidents/team/leave.html", context)


@page
@posted(lambda request: reverse("incident-list"))
def choose(request: HttpRequest) -> HttpResponse:
    """Look at one team, or at all of one's own: remembered for this session, and where the lists open."""
    slug = request.POST.get("team", "")
    if slug:
        access.get_team(by=request.user, slug=slug)
        request.session[CHOSEN_TEAM] = slug
    else:
        request.session.pop(CHOSEN_TEAM, None)
    # Of where they were only the lists are known here: an address that was sent leads nowhere else.
    seams = request.POST.get("next", "") == reverse("seam-list")
    narrowed = f"team={slug}" if slug else "all=1"
    return go(
        request, f"{reverse('seam-list')}?view=all&{narrowed}" if seams else f"{reverse('incident-list')}?{narrowed}"
    )
