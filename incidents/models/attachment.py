from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


def storage_name(attachment: Attachment, name: str) -> str:
    """Named by what it holds: nothing of what somebody called the file reaches the disk."""
    return f"attachments/{attachment.sha256[:2]}/{attachment.sha256}"


class Attachment(models.Model):
    """A file of a record, with its hash; never changed, taken back with a reason (C8)."""

    incident = models.ForeignKey(
        "incidents.Incident", models.PROTECT, related_name="attachments", verbose_name=_("インシデント")
    )
    # Evidence of a measure that was done (M6); empty for the record's own files.
    measure = models.ForeignKey(
        "incidents.Countermeasure",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="attachments",
        verbose_name=_("対策"),
    )
    name = models.CharField(_("ファイル名"), max_length=200)
    media_type = models.CharField(_("種類"), max_length=100)
    size = models.PositiveBigIntegerField(_("大きさ"))
    sha256 = models.CharField(_("照合値（SHA-256）"), max_length=64, db_index=True)
    file = models.FileField(upload_to=storage_name, max_length=120)
    uploaded_by = models.ForeignKey(
        "incidents.Person", models.PROTECT, null=True, related_name="+", verbose_name=_("添えた人")
    )
    created_at = models.DateTimeField(_("添えた時刻"), auto_now_add=True)
    withdrawn_at = models.DateTimeField(_("取り下げた時刻"), null=True, blank=True)
    withdrawn_reason = models.CharField(_("取り下げた理由"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("添付")
        verbose_name_plural = pgettext_lazy("plural", "添付")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="withdrawn_attachment_has_reason",
                condition=Q(withdrawn_at__isnull=True) | ~Q(withdrawn_reason=""),
            ),
            # Two people who hand in the same file at once, or one who presses twice, leave one row.
            models.UniqueConstraint(
                name="same_file_once_a_record",
                fields=["incident", "sha256"],
                condition=Q(measure__isnull=True, withdrawn_at__isnull=True),
            ),
            models.UniqueConstraint(
                name="same_evidence_once_a_measure",
                fields=["measure", "sha256"],
                condition=Q(measure__isnull=False, withdrawn_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("attachment", args=[self.pk])
