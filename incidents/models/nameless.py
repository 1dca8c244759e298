from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.enums import Category
from incidents.models.team import Team

if TYPE_CHECKING:
    from incidents.models.person import Person


class NamelessNoteQuerySet(models.QuerySet["NamelessNote"]):
    def visible_to(self, person: Person) -> NamelessNoteQuerySet:
        """Published notes of the person's teams. What is still held back is shown to nobody."""
        return self.filter(published_on__isnull=False, team__in=Team.objects.visible_to(person))

    def waiting(self) -> NamelessNoteQuerySet:
        """Published, and nobody has taken it up, answered it or put it aside."""
        return self.filter(published_on__isnull=False, incident=None, reply="", aside_reason="")


class NamelessNote(models.Model):
    """A near miss without a name, held back until a morning batch publishes it (C2).

    Nothing here leads to a person or a moment: no foreign key to one, a random key instead of a number, and no time at
    all before the morning of its batch.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("incidents.Team", models.PROTECT, related_name="+", verbose_name=_("チーム"))
    text = models.TextField(_("何がありましたか"))
    category = models.CharField(_("分類"), max_length=24, choices=Category, blank=True)
    process = models.CharField(_("業務"), max_length=120, blank=True)
    receipt_hash = models.CharField(max_length=64, blank=True)
    published_on = models.DateField(_("届けた日"), null=True, blank=True)
    reply = models.TextField(_("返事"), blank=True)
    replied_on = models.DateField(_("返事の日"), null=True, blank=True)
    aside_reason = models.CharField(_("しまった理由"), max_length=300, blank=True)
    incident = models.OneToOneField(
        "incidents.Incident", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("記録")
    )
    objects = NamelessNoteQuerySet.as_manager()

    class Meta:
        verbose_name = _("名前のないヒヤリハット")
        verbose_name_plural = pgettext_lazy("plural", "名前のないヒヤリハット")
        ordering = ["-published_on", "id"]
        indexes = [models.Index(fields=["team", "-published_on", "id"], name="nameless_of_team")]
        constraints = [
            models.CheckConstraint(
                name="held_note_is_untouched",
                condition=Q(published_on__isnull=False) | Q(incident=None, reply="", aside_reason="", replied_on=None),
            ),
            models.CheckConstraint(
                name="nameless_reply_has_its_day",
                condition=Q(reply="", replied_on=None) | (~Q(reply="") & Q(replied_on__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
