from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.models.base import Stamped

MOST_MINUTES = 24 * 60  # of one day, which is what one row tells of


class Mending(Stamped):
    """Work spent on mending what broke, and who did it (継いだ人, A-3). Who mends is apart from where it broke.

    Kept so that the work is seen. Nothing adds it up by person, here or elsewhere (invariant 8).
    """

    incident = models.ForeignKey(
        "incidents.Incident", models.PROTECT, related_name="mendings", verbose_name=_("インシデント")
    )
    person = models.ForeignKey("incidents.Person", models.PROTECT, related_name="+", verbose_name=_("継いだ人"))
    what = models.CharField(_("したこと"), max_length=300)
    done_on = models.DateField(_("継いだ日"))
    minutes = models.PositiveIntegerField(_("かかった時間"), null=True, blank=True)
    author = models.ForeignKey("incidents.Person", models.PROTECT, related_name="+", verbose_name=_("書いた人"))
    withdrawn_at = models.DateTimeField(_("取り下げた時刻"), null=True, blank=True)
    withdrawn_reason = models.CharField(_("取り下げた理由"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("継いだ仕事")
        verbose_name_plural = pgettext_lazy("plural", "継いだ仕事")
        ordering = ["done_on", "id"]
        constraints = [
            models.CheckConstraint(
                name="mending_takes_a_day_at_most",
                condition=Q(minutes__isnull=True) | Q(minutes__gte=1, minutes__lte=MOST_MINUTES),
            ),
            models.CheckConstraint(
                name="withdrawn_mending_has_reason",
                condition=Q(withdrawn_at__isnull=True, withdrawn_reason="")
                | (Q(withdrawn_at__isnull=False) & ~Q(withdrawn_reason="")),
            ),
        ]

    def __str__(self) -> str:
        return self.what[:60]
