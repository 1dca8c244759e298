from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class SavedView(models.Model):
    """A list as somebody likes to see it: filters and order under a name, theirs alone."""

    class Of(models.TextChoices):
        INCIDENTS = "incidents", pgettext_lazy("plural", "インシデント")
        MEASURES = "measures", pgettext_lazy("plural", "対策")

    person = models.ForeignKey("incidents.Person", models.CASCADE, related_name="saved_views", verbose_name=_("人"))
    of = models.CharField(_("一覧"), max_length=10, choices=Of)
    name = models.CharField(_("名前"), max_length=60)
    query = models.CharField(_("条件"), max_length=600)
    created_at = models.DateTimeField(_("保存した時刻"), auto_now_add=True)

    class Meta:
        verbose_name = _("保存した見方")
        verbose_name_plural = pgettext_lazy("plural", "保存した見方")
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["person", "of", "name"], name="one_view_a_name")]

    def __str__(self) -> str:
        return self.name
