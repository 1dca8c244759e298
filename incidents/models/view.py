from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from incidents.models.person import Person


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, person: Person) -> SavedViewQuerySet:
        """The person's own views, and those that a lead shared with one of their teams."""
        if not getattr(person, "is_active", False) or person.pk is None:
            return self.none()
        if person.standing is not None:
            return self.filter(Q(person=person) | Q(team__in=[m.team_id for m in person.standing]))
        return self.filter(
            Q(person=person) | Q(team__in=person.memberships.values("team"))  # no join: a view is there once
        )


class SavedView(models.Model):
    """A list as somebody likes to see it: filters and order under a name. Theirs alone, or shared with a team."""

    class Of(models.TextChoices):
        INCIDENTS = "incidents", pgettext_lazy("plural", "インシデント")
        MEASURES = "measures", pgettext_lazy("plural", "対策")

    person = models.ForeignKey("incidents.Person", models.CASCADE, related_name="saved_views", verbose_name=_("人"))
    of = models.CharField(_("一覧"), max_length=10, choices=Of)
    name = models.CharField(_("名前"), max_length=60)
    query = models.CharField(_("条件"), max_length=3000)
    team = models.ForeignKey(
        "incidents.Team",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="shared_views",
        verbose_name=_("いっしょに使うチーム"),
    )
    created_at = models.DateTimeField(_("保存した時刻"), auto_now_add=True)
    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("保存した見方")
        verbose_name_plural = pgettext_lazy("plural", "保存した見方")
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["person", "of", "name"], name="one_view_a_name")]

    def __str__(self) -> str:
        return self.name


class DefaultView(models.Model):
    """The view with which a list opens for somebody; one for each list."""

    person = models.ForeignKey("incidents.Person", models.CASCADE, related_name="default_views", verbose_name=_("人"))
    of = models.CharField(_("一覧"), max_length=10, choices=SavedView.Of)
    view = models.ForeignKey(SavedView, models.CASCADE, related_name="default_rows", verbose_name=_("保存した見方"))

    class Meta:
        verbose_name = _("はじめに開く見方")
        verbose_name_plural = pgettext_lazy("plural", "はじめに開く見方")
        constraints = [models.UniqueConstraint(fields=["person", "of"], name="one_default_view_a_list")]

    def __str__(self) -> str:
        return f"{self.person} / {self.view}"
