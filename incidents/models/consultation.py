from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Adviser(models.Model):
    """Somebody whom the organisation names as a person to talk to (P3); the leads of one's own teams are so by themselves."""

    person = models.OneToOneField("incidents.Person", models.PROTECT, related_name="+", verbose_name=_("人"))
    about = models.CharField(_("どんな相談を受けるか"), max_length=160, blank=True)
    place = models.PositiveSmallIntegerField(_("並び"), default=0)

    class Meta:
        verbose_name = _("相談を受ける人")
        verbose_name_plural = pgettext_lazy("plural", "相談を受ける人")
        ordering = ["place", "id"]

    def __str__(self) -> str:
        return str(self.person)


class Consultation(models.Model):
    """相談: a thread of two people. Who wrote is sealed as the words are, and so is read with the key alone.

    Its key is random and there are days instead of times: neither an order nor a moment leads to a person. What is sealed
    is opened by `queries.sealed` and by nothing else; the columns hold bytes.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # None: whoever was chosen has gone, and nobody but the author reads.
    adviser = models.ForeignKey("incidents.Person", models.PROTECT, null=True, related_name="+")
    author_sealed = models.BinaryField()
    # A keyed hash of thread and author, another one in each thread: the author is found by it, and no two rows tell that
    # they are of one person.
    author_mark = models.CharField(max_length=64)
    sealed_with = models.CharField(max_length=8, db_index=True)
    named = models.BooleanField()
    opened_on = models.DateField()
    # Until when an answer is to come; None once it has come, or when nobody has asked for a day.
    reply_due_on = models.DateField(null=True)
    reply_version = models.PositiveIntegerField(default=0)
    closed_on = models.DateField(null=True)

    class Meta:
        verbose_name = _("相談")
        verbose_name_plural = pgettext_lazy("plural", "相談")
        ordering = ["-opened_on", "id"]
        constraints = [
            models.CheckConstraint(
                name="closed_consultation_awaits_nothing", condition=Q(closed_on=None) | Q(reply_due_on=None)
            ),
        ]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)


class ConsultationGrant(models.Model):
    """From when to when somebody could read a thread. The author sees all of them; the open one alone opens the door.

    mark: a keyed hash of the row, so that no hand in the database makes itself a reader.
    """

    consultation = models.ForeignKey(Consultation, models.CASCADE, related_name="grants")
    adviser = models.ForeignKey("incidents.Person", models.PROTECT, related_name="+")
    from_on = models.DateField()
    until_on = models.DateField(null=True)
    mark = models.CharField(max_length=64)
    sealed_with = models.CharField(max_length=8, db_index=True)

    class Meta:
        verbose_name = _("相談を読める人")
        verbose_name_plural = pgettext_lazy("plural", "相談を読める人")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["consultation"], condition=Q(until_on=None), name="one_reader_of_a_consultation"
            ),
            models.CheckConstraint(
                name="grant_ends_after_it_begins", condition=Q(until_on=None) | Q(until_on__gte=F("from_on"))
            ),
        ]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)


class ConsultationNote(models.Model):
    """What one of the two wrote. grant: of the adviser who wrote; None: the author did."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    consultation = models.ForeignKey(Consultation, models.CASCADE, related_name="notes")
    place = models.PositiveIntegerField()
    grant = models.ForeignKey(ConsultationGrant, models.CASCADE, null=True, related_name="+")
    body_sealed = models.BinaryField()
    sealed_with = models.CharField(max_length=8, db_index=True)
    written_on = models.DateField()

    class Meta:
        verbose_name = _("相談の文章")
        verbose_name_plural = pgettext_lazy("plural", "相談の文章")
        ordering = ["place"]
        constraints = [models.UniqueConstraint(fields=["consultation", "place"], name="one_note_a_place")]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)


class ConsultationReminder(models.Model):
    """The ledger of a promised answer: a step of the ladder that the adviser, and nobody else ever, is told.

    Apart from that of the team's promises: there the leads hear what an owner is silent about.
    """

    consultation = models.ForeignKey(Consultation, models.CASCADE, related_name="reminders")
    step = models.CharField(max_length=8)
    version = models.PositiveIntegerField()
    planned_on = models.DateField()
    told_on = models.DateField(null=True)

    class Meta:
        verbose_name = _("相談の返事のお知らせ")
        verbose_name_plural = pgettext_lazy("plural", "相談の返事のお知らせ")
        ordering = ["planned_on", "id"]
        constraints = [
            models.UniqueConstraint(fields=["consultation", "version", "step"], name="adviser_told_once_a_step"),
        ]
        indexes = [models.Index(fields=["planned_on"], name="consultation_due", condition=Q(told_on=None))]

    def __str__(self) -> str:
        return f"{self.step} {self.planned_on}"
