from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.models.base import Stamped


class Closure(Stamped):
    """A day on which the organisation (or one team) is closed, or works although the calendar says closed."""

    team = models.ForeignKey(
        "incidents.Team",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="closures",
        verbose_name=_("チーム"),
        help_text=_("空なら組織ぜんたいの日です。"),
    )
    day = models.DateField(_("日"))
    name = models.CharField(_("名前"), max_length=80)
    works = models.BooleanField(_("営業する日"), default=False, help_text=_("休みの日に営業するときに印をつけます。"))
    moved = 0  # open promises that the change of this day has just moved; no column

    class Meta:
        verbose_name = _("休業日")
        verbose_name_plural = pgettext_lazy("plural", "休業日")
        ordering = ["-day"]
        constraints = [
            models.UniqueConstraint(fields=["day", "team"], name="one_closure_a_day_and_team"),
            models.UniqueConstraint(
                fields=["day"], condition=models.Q(team__isnull=True), name="one_closure_a_day_of_the_organisation"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.name}"
