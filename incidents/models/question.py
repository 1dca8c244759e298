from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.models.base import Stamped


class Question(Stamped):
    """What is not known yet, with somebody who finds it out until a day (R1). Its FollowUp reminds them."""

    incident = models.ForeignKey(
        "incidents.Incident", models.PROTECT, related_name="questions", verbose_name=_("インシデント")
    )
    entry = models.ForeignKey(
        "incidents.TimelineEntry",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="questions",
        verbose_name=_("経緯"),
    )
    text = models.CharField(_("問い"), max_length=300)
    asked_by = models.ForeignKey("incidents.Person", models.PROTECT, related_name="+", verbose_name=_("尋ねた人"))
    answer = models.TextField(_("答え"), blank=True)
    answered_by = models.ForeignKey(
        "incidents.Person", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("答えた人")
    )
    answered_at = models.DateTimeField(_("答えた時刻"), null=True, blank=True)

    class Meta:
        verbose_name = _("問い")
        verbose_name_plural = pgettext_lazy("plural", "問い")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="answered_question_has_answer_person_and_time",
                condition=Q(answer="", answered_by__isnull=True, answered_at__isnull=True)
                | (~Q(answer="") & Q(answered_by__isnull=False, answered_at__isnull=False)),
            )
        ]

    def __str__(self) -> str:
        return self.text
