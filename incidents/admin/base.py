"""What every page of the console shares: read first, never delete, change only through the domain's verbs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.utils import unquote
from django.core.exceptions import BadRequest, ValidationError
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from incidents.domain import reading
from incidents.errors import Refused
from incidents.models import Incident
from incidents.models.incident import open_to


class Window(admin.ModelAdmin):
    """A page to look through: everything readable, nothing changed here but by actions.

    A subclass that changes something sets `writes` and overrides save_model to call the verb.
    """

    writes = False
    # How a row reaches its incident, as `open_to` takes it: "" for incidents themselves, None for what belongs to none.
    # For an administrator who may not read a restricted record, its rows are not there (C9).
    path: str | None = None
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # a facet would count records per value
    actions_on_bottom = False

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        rows = super().get_queryset(request)
        return rows if self.path is None else rows.filter(self.readable(request))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """As Django's; of a restricted record it is kept who opened it (domain.reading)."""
        found = super().get_object(request, object_id, from_field)
        record = found
        for step in (self.path or "").split("__") if found is not None and self.path is not None else ():
            record = getattr(record, step, None) if step else record
        if isinstance(record, Incident) and record.restricted:
            reading.note(request.user, [record.pk])
        return found

    def readable(self, request: HttpRequest) -> models.Q:
        """What of the rows the administrator may read. Asked only where `path` is set."""
        return open_to(request.user, self.path or "")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.writes and request.user.is_staff

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.writes and request.user.is_staff

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_staff

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing recorded is deleted (invariant 4)."""
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only the filters that stand beside the list: `?owner__id__exact=3` would count per person (invariant 8)."""
        beside = (*self.list_filter, self.date_hierarchy)
        named = [one for one in beside if isinstance(one, str)]
        own = [
            one.parameter_name for one in beside if isinstance(one, type) and issubclass(one, admin.SimpleListFilter)
        ]
        return lookup in own or any(lookup == name or lookup.startswith(f"{name}__") for name in named)

    # The audit trail is the only history; Django's own log would be a second one without reasons.
    def log_addition(self, *args: Any) -> None: ...

    def log_change(self, *args: Any) -> None: ...

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict | None = None) -> HttpResponse:
        url = reverse("admin:incidents_auditentry_changelist")
        return HttpResponseRedirect(f"{url}?target_type={self.opts.model_name}&target_id={self._key(object_id)}")

    def _key(self, text: str) -> int:
        """A key out of an address. Raises Http404 for what cannot be one."""
        try:
            return int(self.opts.pk.to_python(unquote(text)))
        except (ValidationError, TypeError, ValueError):
            raise Http404 from None

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        if not all(key.isascii() and key.isdigit() for key in request.POST.getlist(helpers.ACTION_CHECKBOX_NAME)):
            raise BadRequest("a chosen row has no number")
        return super().changelist_view(request, extra_context)

    # A refusal is shown in the form, and what was typed stays there.
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict | None = None,
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except (Refused, ValidationError) as refusal:
            request.refusal = refusal.sentence() if isinstance(refusal, Refused) else refusal
            return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm]:
        form = super().get_form(request, obj, change=change, **kwargs)
        refusal = getattr(request, "refusal", None)
        if refusal is None:
            return form

        class Refusing(form):
            def clean(self) -> dict[str, Any]:
                cleaned = super().clean()
                self.add_error(None, refusal)
                return cleaned

        return Refusing


def adopt(obj: models.Model, made: models.Model) -> None:
    """Let the object that Django's admin holds be the one that the verb has written."""
    obj.pk = made.pk
    obj.refresh_from_db()


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("理由"), widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}), max_length=300
    )


def ask(
    window: Window,
    request: HttpRequest,
    queryset: models.QuerySet,
    *,
    action: str,
    title: Any,
    explain: Any,
    do: Callable[..., object],
    done: Any,
    form_class: type[forms.Form] = ReasonForm,
) -> HttpResponse | None:
    """The page between an action and its verb: names what is concerned and asks the reason, then calls `do` for each.

    do: called with a record and the form's cleaned data as keywords. A refusal becomes a message and stops nothing else.
    """
    form = form_class(request.POST if "confirmed" in request.POST else None)
    if form.is_bound and form.is_valid():
        each(window, request, queryset, lambda one: do(one, **form.cleaned_data), done)
        return None
    context = {
        **window.admin_site.each_context(request),
        "title": title,
        "explain": explain,
        "form": form,
        "rows": list(queryset),
        "opts": window.opts,
        "action": action,
        "action_checkbox_name": helpers.ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "admin/ask.html", context)


def each(
    window: Window, request: HttpRequest, rows: Sequence[Any] | models.QuerySet, do: Callable[[Any], object], done: Any
) -> None:
    """Call the verb for each record and say what became of it, refusals with their reason and fix."""
    for one in rows:
        label = str(one)
        try:
            do(one)
        except Refused as refusal:
            window.message_user(request, f"{label}: {refusal.sentence()}", messages.WARNING)
        else:
            window.message_user(request, f"{label}: {done}", messages.SUCCESS)
