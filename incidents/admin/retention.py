"""保存期間 and 保全 in the console: the terms with what they would let go, the rounds that were made, and what is held."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from incidents.admin.base import Window, adopt, ask
from incidents.domain import holds, retention
from incidents.errors import Refused
from incidents.models import Incident, LegalHold, Organisation, RecordRead, RetentionRun
from incidents.models.incident import open_to
from incidents.rules.retention import LONGEST, TERMS, days_of


class TermsForm(forms.Form):
    """A number of days for each class; empty means for ever."""

    def __init__(self, *args: Any, chosen: dict[str, Any], **kwargs: Any):
        super().__init__(*args, **kwargs)
        for name, term in TERMS.items():
            self.fields[name] = forms.IntegerField(
                label=term.label,
                help_text=term.explain,
                required=False,
                min_value=0,
                max_value=LONGEST,
                initial=days_of(chosen, name) or (None if term.least else 0),
            )


def page(window: Any, request: HttpRequest) -> HttpResponse:
    """GET shows the terms and what is past them today; 保存する changes them, いま片づける lets go, both by their verb."""
    if not window.has_change_permission(request):
        raise PermissionDenied
    chosen = Organisation.objects.get(pk=1).retention
    form = TermsForm(request.POST if "keep" in request.POST else None, chosen=chosen)
    here = HttpResponseRedirect(reverse("admin:incidents_organisation_retention"))
    if request.method == "POST" and "apply" in request.POST:
        made = retention.run(by=request.user, apply=True)
        gone = sum(one["gone"] for one in made.counts.values())
        window.message_user(request, _("%(n)d件を片づけました。") % {"n": gone}, messages.SUCCESS)
        return here
    if form.is_valid():
        try:
            retention.set_terms(by=request.user, terms=form.cleaned_data)
        except Refused as refused:
            form.add_error(None, refused.sentence())
        else:
            window.message_user(request, _("保存期間を変えました。"), messages.SUCCESS)
            return here
    found = retention.look()
    context = {
        **window.admin_site.each_context(request),
        "title": _("保存期間"),
        "opts": window.opts,
        "form": form,
        "rows": [(field, found.get(field.name), TERMS[field.name].told) for field in form],
        "last": RetentionRun.objects.filter(applied=True).first(),
    }
    return TemplateResponse(request, "admin/retention.html", context)


@admin.register(RetentionRun)
class RetentionRunAdmin(Window):
    list_display = ("at", "applied", "in_words")
    list_filter = ("applied", "at")
    fields = ("at", "applied", "in_words")

    @admin.display(description=_("片づけた件数"))
    def in_words(self, obj: RetentionRun) -> str:
        lines = (
            (TERMS[name].label, one["past"], one["held"], one["gone"])
            for name, one in obj.counts.items()
            if name in TERMS and one["past"]
        )
        row = _("<li>{}: 過ぎたもの {}、保全 {}、片づけ {}</li>")
        return format_html("<ul>{}</ul>", format_html_join("", row, lines))


class HoldForm(forms.ModelForm):
    """A record is named by its number: a list of all would show their titles."""

    number = forms.RegexField(
        r"^(?:K-)?[1-9][0-9]{0,8}$", label=_("記録の番号"), help_text=_("K-128 のように入れます。"), required=False
    )

    class Meta:
        model = LegalHold
        fields = ("team", "person", "reason")

    def __init__(self, *args: Any, by: Any = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.by = by

    def clean_number(self) -> Incident | None:
        number = self.cleaned_data["number"].removeprefix("K-")
        if not number:
            return None
        found = Incident.objects.filter(open_to(self.by), number=int(number)).first()
        if found is None:
            raise forms.ValidationError(_("その番号の記録は見つかりません。"))
        return found

    def validate_constraints(self) -> None: ...  # the verb refuses in words


@admin.register(LegalHold)
class LegalHoldAdmin(Window):
    """What is needed as proof. A hold is placed here with its reason, and lifted by the action with another."""

    writes = True
    path = "incident"
    list_display = ("__str__", "kind_in_words", "reason", "created_at", "lifted_at")
    list_select_related = ("team", "incident", "person")
    list_filter = ("lifted_at",)
    form = HoldForm
    fields = ("team", "number", "person", "reason")
    actions = ("lift",)

    def readable(self, request: HttpRequest) -> models.Q:
        return models.Q(incident=None) | super().readable(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request)

    def get_fields(self, request: HttpRequest, obj: LegalHold | None = None) -> tuple[str, ...]:
        if obj is None:
            return self.fields
        return ("team", "incident", "person", "reason", "created_at", "lifted_at", "lifted_reason")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return partial(super().get_form(request, obj, change=change, **kwargs), by=request.user)

    @admin.display(description=_("相手"))
    def kind_in_words(self, obj: LegalHold) -> str:
        held = "team" if obj.team_id else "person" if obj.person_id else "incident"
        return str(obj._meta.get_field(held).verbose_name)

    def save_model(self, request: HttpRequest, obj: LegalHold, form: forms.ModelForm, change: bool) -> None:
        said = form.cleaned_data
        held = {"team": said["team"], "incident": said["number"], "person": said["person"]}
        adopt(obj, holds.place(by=request.user, reason=said["reason"], **held))

    @admin.action(description=_("保全を解く"))
    def lift(self, request: HttpRequest, queryset: models.QuerySet[LegalHold]) -> HttpResponse | None:
        return ask(
            self,
            request,
            queryset,
            action="lift",
            title=_("保全を解く"),
            explain=_("保存期間を過ぎたものは、次の見回りで片づきます。"),
            do=lambda one, reason: holds.lift(one, by=request.user, reason=reason),
            done=_("解きました。"),
        )


@admin.register(RecordRead)
class RecordReadAdmin(Window):
    """Who opened a restricted record, and when: for whoever may read it, and for nobody else. No filter and no search by person."""

    path = "incident"
    list_display = ("hour", "reference", "person", "door")
    list_select_related = ("incident", "person")
    list_filter = ("door", "hour")
    search_fields = ("incident__number",)
    date_hierarchy = "hour"
    fields = ("hour", "reference", "person", "door")

    @admin.display(description=_("記録"))
    def reference(self, obj: RecordRead) -> str:
        return format_html("{}", obj.incident.reference)
