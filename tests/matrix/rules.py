"""Who may do what: one line a route. What is not allowed here has to be refused, in the way that the route's kind says.

    "incident-edit": form(editors),      GET and POST by those; others of the team 403, strangers 404, signed out: sign-in
    "incident": page(readers),           a page to read; a POST to it is answered as a GET
    "measure-start": act(editors),       POST alone; whoever may see the record is led on by GET
    "attachment": read(readers),         GET and HEAD alone
    "mail-done": link(gone=410),         whoever holds a good link, signed in or not; any other link is `gone`

A route about a record names the kind of object if it is not the one of its first word (OBJECTS): of="held_mail".
"""

from __future__ import annotations

from dataclasses import dataclass, replace

# Roles as in world.PRINCIPALS. `admin` administers the organisation and is a member of a team.
readers = frozenset({"viewer", "member", "lead", "admin"})
editors = frozenset({"member", "lead", "admin"})
leads = frozenset({"lead"})
mine = frozenset({"member"})  # the object is the member's own; for everybody else it is not there
keepers = frozenset({"member", "lead"})  # whoever holds the record or the promise, and the leads
signed_in = readers | {"teamless", "superuser"}
admins = frozenset({"admin", "superuser"})
everybody = signed_in | {"anonymous"}
nobody: frozenset[str] = frozenset()
team_names = frozenset({"NA", "NB"})

SHOWN = frozenset({200})
LED_ON = frozenset({302})
# What a form answers to nonsense, or an act that needs no words when it is done.
ANSWERED = frozenset({200, 204, 302, 400, 422})
NOT_A_METHOD = frozenset({405})
OTHER_METHODS = ("PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass(frozen=True)
class Rule:
    """get, post: who passes. seen: by whom the object is known to exist; somebody of them who may not is told 403, others 404.

    shown, answered: the statuses of those who pass. other: those of PUT, PATCH, DELETE and OPTIONS.
    to_sign_in: whoever passes is led to the sign-in, which is what the route is for.
    query: what stands behind the address; {incidents} and {measures} are rows of both teams and of the restricted record.
    tells: whose words stand there on purpose besides one's own: "NA", "NB" are the names of the teams alone.
    door: whom a refusal sends to the sign-in; the others of a route without an object get `denied`.
    """

    get: frozenset[str] = nobody
    post: frozenset[str] | None = nobody  # None: the method is none of the route's
    seen: frozenset[str] = readers
    shown: frozenset[int] = SHOWN
    answered: frozenset[int] = ANSWERED
    other: frozenset[int] = NOT_A_METHOD
    of: str = ""
    tells: frozenset[str] = nobody
    gone: int = 0
    query: str = ""
    to_sign_in: bool = False
    door: frozenset[str] = frozenset({"anonymous"})
    denied: frozenset[int] = frozenset({403})

    def but(self, **more: object) -> Rule:
        return replace(self, **more)


def page(who: frozenset[str], **more: object) -> Rule:
    return Rule(**{"get": who, "post": who, "seen": who, "answered": SHOWN, **more})


def read(who: frozenset[str], **more: object) -> Rule:
    return Rule(**{"get": who, "post": None, "seen": who, **more})


def form(who: frozenset[str], seen: frozenset[str] = readers, **more: object) -> Rule:
    return Rule(**{"get": who, "post": who, "seen": seen, **more})


def shown(who: frozenset[str], **more: object) -> Rule:
    """A form that everybody of the team may open and `who` may send."""
    return form(who, **{"get": readers, **more})


def own(who: frozenset[str], **more: object) -> Rule:
    """A form or an act about what is somebody's own: for others of the team it is not there."""
    return form(who, seen=who, **more)


def act(who: frozenset[str], seen: frozenset[str] = readers, **more: object) -> Rule:
    return Rule(**{"get": seen, "post": who, "seen": seen, "shown": LED_ON, **more})


def link(gone: int, **more: object) -> Rule:
    return Rule(**{"get": everybody, "post": everybody, "seen": everybody, "gone": gone, **more})


def console(who: frozenset[str] = admins, post: frozenset[str] | None = None, **more: object) -> Rule:
    """A page of the console. Everybody but an administrator is sent to the sign-in."""
    rest = {"get": who, "post": who if post is None else post, "seen": admins, "door": everybody - admins}
    return Rule(**{**rest, **more})


# By the first word of an address: the kind of object that its key names (world._fill).
OBJECTS = {
    "incidents": "incident", "promises": "promise", "entries": "entry", "mails": "mail", "pastes": "paste",
    "questions": "question", "containments": "containment", "mendings": "mending", "attachments": "attachment",
    "whys": "why", "roots": "root", "measures": "measure", "due-requests": "due_request", "checks": "check",
    "follow-ups": "review", "spreads": "spread", "views": "view", "jottings": "jotting", "nameless": "nameless",
    "teams": "team", "mirrors": "mirror", "letters": "letter", "preferences": "absence",
}  # fmt: skip

_OPENED = frozenset({200, 302})
# A probe: no record in it, whatever the method. /metrics is not there without a token in the settings.
machine = Rule(everybody, everybody, everybody, shown=frozenset({200, 503}), answered=frozenset({200, 503}),
               other=frozenset({200, 503}), door=nobody)  # fmt: skip

ROUTES: dict[str, Rule] = {
    "today": page(signed_in),
    # Incident
    "incident-list": page(signed_in),
    "incident-list-hand-over": form(leads, signed_in, shown=_OPENED, query="{incidents}", denied=frozenset({302, 403})),
    "incident-list-csv": page(signed_in),
    "incident-new": form(editors, signed_in),
    "similar": act(signed_in, signed_in),
    "incident": page(readers),
    "incident-edit": form(editors),
    "incident-first-report": form(editors),
    "incident-phone": form(editors),
    "incident-waive": act(editors),
    "incident-final-report": form(editors),
    "incident-final-report-day": form(editors),
    "incident-final-report-waive": act(editors),
    "incident-readers": form(editors),  # that it is a lead or the holder the verb asks, and the form says (VERBS)
    "incident-unrestrict": act(editors),
    "incident-end": form(editors),
    "incident-reopen": form(editors),
    "incident-outside": form(editors),
    "incident-outside-reopen": form(editors),
    "incident-similar": page(readers),
    "incident-history": page(readers),
    "incident-recurrence": form(editors),
    "incident-recurrence-unlink": form(editors),
    # Promises of a minute
    "incident-promise": form(editors),
    "incident-report-again": form(editors),
    "incident-call": form(editors),
    "promise-keep": form(editors),
    "promise-move": form(editors),
    "promise-hand-over": form(editors),
    "clocks": page(signed_in),
    # Facts
    "incident-timeline": shown(editors),
    "entry-addendum": form(editors),
    "entry-mail": read(readers, of="mail_entry", shown=LED_ON),
    "received-list": page(signed_in),
    "received": page(readers),
    "received-original": read(mine),
    "received-post": act(leads, of="held_mail", get=leads),
    "received-drop": act(leads, of="held_mail", get=leads),
    "incident-paste": form(editors),
    "paste": shown(editors),
    "incident-question": form(editors),
    "question-answer": form(editors),
    "question-due": form(editors),
    "question-hand-over": form(editors),
    "question-drop": form(editors),
    "incident-containment": act(editors),
    "containment-lift": form(editors),
    "incident-mending": form(editors),
    "mending-withdraw": form(editors),
    "incident-files": form(editors),
    "attachment": read(readers),
    "attachment-withdraw": form(editors),
    # Cause
    "incident-why": act(editors),
    "incident-why-hint": act(editors),
    "incident-causes": page(readers),
    "why-evidence": form(editors),
    "why-withdraw": form(editors),
    "root-unmark": form(editors),
    "why-root": act(editors),
    "root-accept": form(leads),
    # Countermeasure and its proof
    "measure-new": form(editors),
    "measure-edit": form(editors, of="idea"),
    "measure-start": act(editors),
    "measure-done": form(editors),
    "measure-due": form(editors),
    "due-request-grant": form(leads),
    "due-request-refuse": form(leads),
    "measure-hand-over": form(editors),
    "measure-helpers": form(editors),
    "measure-terms": form(keepers),
    "measure-gain": form(editors, of="done_measure"),
    "measure-history": page(readers),
    "measure-not-doing": form(editors),
    "check": form(editors),
    "check-hand-over": form(editors),
    "follow-up-review": form(editors),
    "incident-spread": form(editors, tells=team_names),
    "spread-answer": shown(editors),
    "spread-done": form(editors, of="taken_spread"),
    "seam-list": page(signed_in, query="view=all"),
    "seam-list-hand-over": form(leads, signed_in, shown=_OPENED, query="{measures}", denied=frozenset({302, 403})),
    "seam-list-csv": page(signed_in),
    # Saved views
    "view-list": page(signed_in),
    "view-new": form(signed_in, signed_in),
    "view-edit": form(mine, mine),
    "view-choose": act(mine, mine),
    "view-unshare": act(leads, of="shared_view"),
    "view-delete": act(mine, mine),
    # まず一言
    "jotting-list": page(signed_in),
    "jotting-new": act(signed_in, signed_in),
    "jotting-drop": act(mine, mine),
    # Without a name
    "nameless-write": link(gone=404),
    "nameless-answer": link(gone=404),
    "nameless-list": page(signed_in),
    "nameless-record": form(leads),
    "nameless-reply": form(leads),
    "nameless-aside": form(leads),
    "team-nameless-move": act(leads),
    "team-nameless": act(leads),
    # Chat channels
    "mirror-list": page(signed_in),
    "mirror-new": form(leads),
    "mirror": page(leads, seen=readers),
    "mirror-start": act(leads, get=leads),
    "mirror-test": act(leads, get=leads),
    "mirror-stop": act(leads, get=leads),
    "mirror-move": form(leads),
    "mirror-key": act(leads, get=leads),
    "mirror-away": act(leads, get=leads),
    # Letters
    "letter-list": page(signed_in),
    "letter-write-today": act(signed_in, signed_in),
    "letter": page(mine),
    "letter-mail": page(mine),
    "mail-done": link(gone=410),
    "mail-due": link(gone=410),
    "mail-help": link(gone=410),
    "mail-not-mine": link(gone=410),
    "mail-away": link(gone=410),
    "mail-care": link(gone=410),
    # The person, the installation
    "care": page(signed_in),
    "care-letters": act(signed_in, signed_in),
    "preferences": form(signed_in, signed_in),
    "calendar-make": act(signed_in, signed_in),
    "calendar-off": act(signed_in, signed_in),
    "intake-make": act(signed_in, signed_in),
    "intake-off": act(signed_in, signed_in),
    "address-reached": act(signed_in, signed_in),
    "calendar-feed": link(gone=404, post=None),
    "absence": form(signed_in, signed_in),
    "absence-end": act(mine, mine),
    "setup": link(gone=404),
    # For machines that watch: no record in them
    "healthz": machine,
    "readyz": machine,
    "enginez": machine,
    "metrics": machine.but(shown=frozenset({404}), answered=frozenset({404}), other=frozenset({404})),
}

# allauth's pages. Its own classes answer PUT as they answer POST, and say of OPTIONS which methods there are.
_ELSEWHERE = frozenset({200, 302, 405})


def account(get: frozenset[str], post: frozenset[str] | None = None, **more: object) -> Rule:
    rest = {"get": get, "post": get if post is None else post, "seen": everybody, "door": nobody, "other": _ELSEWHERE}
    return Rule(**{**rest, "denied": LED_ON, **more})


ROUTES |= {
    "account_login": account(frozenset({"anonymous"})),
    "account_logout": account(signed_in, to_sign_in=True),
    "account_inactive": account(everybody, answered=NOT_A_METHOD),
    "account_signup": account(frozenset({"anonymous"})),
    "account_reauthenticate": account(signed_in, shown=frozenset({200, 302})),
    "account_change_password": account(signed_in),
    "account_set_password": account(signed_in, shown=LED_ON),
    "account_reset_password": account(everybody),
    "account_reset_password_done": account(everybody, answered=NOT_A_METHOD),
    "account_reset_password_from_key": account(everybody, shown=_ELSEWHERE, answered=_ELSEWHERE),
    "account_reset_password_from_key_done": account(everybody, answered=NOT_A_METHOD),
    "set_language": account(everybody, shown=LED_ON),
}

# The console: by model, what an administrator may do there. Nothing is ever deleted (invariant 4).
looked_at, written, changed = "looked at", "written", "changed"
CONSOLE = {
    "attachment": looked_at,
    "auditentry": looked_at,
    "closure": written,
    "containment": looked_at,
    "countermeasure": looked_at,
    "effectcheck": looked_at,
    "enginemark": looked_at,
    "followup": looked_at,
    "helpline": written,
    "importrun": looked_at,
    "incident": looked_at,
    "letter": looked_at,
    "membership": written,
    "mirror": looked_at,
    "organisation": changed,
    "paste": looked_at,
    "person": written,
    "question": looked_at,
    "receivedmail": looked_at,
    "reminderdelivery": looked_at,
    "reportclock": written,
    "team": written,
}
_BOTH = frozenset({200, 302})
ROUTES |= {
    "admin:health": console(),
    "admin:index": console(),
    "admin:login": Rule(frozenset({"anonymous"}), frozenset({"anonymous"}), everybody, LED_ON, LED_ON,
                        other=frozenset({302, 403}), door=nobody, to_sign_in=True),
    "admin:logout": Rule(nobody, everybody, everybody, answered=_BOTH, denied=frozenset({302, 405}), door=nobody, to_sign_in=True),
    "admin:password_change": console(),
    "admin:password_change_done": console(answered=NOT_A_METHOD),
    "admin:autocomplete": console(nobody, denied=frozenset({403, 405})),
    "admin:jsi18n": console(answered=NOT_A_METHOD),
    "admin:view_on_site": console(shown=frozenset({302, 404}), answered=frozenset({302, 404})),
    "admin:app_list": console(),
    "admin:catch_all": console(shown=frozenset({404}), answered=frozenset({404})),
    "admin:incidents_letter_test": console(nobody, post=admins, denied=NOT_A_METHOD),
    "admin:incidents_organisation_ladder": console(),
}  # fmt: skip


def _of_model(how: str) -> dict[str, Rule]:
    may_add = admins if how == written else nobody
    may_change = nobody if how == looked_at else admins
    return {
        "changelist": console(answered=_BOTH),
        "add": console(may_add),
        "change": console(post=may_change),
        "delete": console(nobody),
        "history": console(shown=LED_ON, answered=LED_ON),
        "old": console(shown=LED_ON, answered=LED_ON),
    }


ROUTES |= {
    f"admin:incidents_{model}_{what}": rule for model, how in CONSOLE.items() for what, rule in _of_model(how).items()
}
_no_key = frozenset({404})  # a mark is named by a word, and the trail knows numbers alone
ROUTES["admin:incidents_enginemark_history"] = console(shown=_no_key, answered=_no_key)
