from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.enums import LetterKind, LetterState
from incidents.models.base import Stamped


class LetterQuerySet(models.QuerySet["Letter"]):
    def addressed_to(self, person) -> LetterQuerySet:
        """Letters that the person received; what others received is not theirs to read."""
        if not getattr(person, "is_active", False) or person.pk is None:
            return self.none()
        return self.filter(recipient=person)


class Letter(Stamped):
    """One outgoing message, rendered when it was written. Its text never changes (invariant 4)."""

    key = models.CharField(max_length=160, unique=True)
    kind = models.CharField(_("種類"), max_length=16, choices=LetterKind)
    recipient = models.ForeignKey(
        "incidents.Person", models.PROTECT, null=True, blank=True, related_name="letters", verbose_name=_("宛先")
    )
    to_name = models.CharField(_("宛名"), max_length=120, blank=True)
    to_email = models.EmailField(_("メールアドレス"))
    language = models.CharField(_("言語"), max_length=5)
    subject = models.CharField(_("件名"), max_length=300)
    text = models.TextField(_("本文"))
    html = models.TextField(blank=True)
    headers = models.JSONField(default=dict, blank=True, editable=False)
    message_id = models.CharField(_("メールの識別子"), max_length=200, unique=True)
    state = models.CharField(_("状態"), max_length=12, choices=LetterState, default=LetterState.WAITING)
    attempts = models.PositiveSmallIntegerField(_("送った回数"), default=0)
    # When it is due; while somebody sends it, when their claim runs out; after a refusal that may pass, its next try.
    next_try_at = models.DateTimeField(_("次に送る時刻"))
    # Since when it is due: the moment from which somebody waits for it. No try moves it, so that a mail server that is
    # away for days does not look like a queue that flows. Empty only for a moment, in a row of an older version.
    due_at = models.DateTimeField(_("送る時刻"), null=True, blank=True, editable=False)
    claim = models.CharField(max_length=36, blank=True, editable=False)
    # Set just before the letter is handed to the mail server: from here on a worker that dies leaves a doubt, and
    # the second copy carries the same Message-ID.
    dot_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(_("送った時刻"), null=True, blank=True)
    error = models.CharField(_("送れなかった理由"), max_length=500, blank=True)
    # Set when the text was let go of, its term being over or its reader erased: then the hash alone says what it was.
    body_erased_at = models.DateTimeField(_("本文を消した時刻"), null=True, blank=True, editable=False)
    body_sha256 = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)
    objects = LetterQuerySet.as_manager()

    class Meta:
        verbose_name = _("手紙")
        verbose_name_plural = pgettext_lazy("plural", "手紙")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(name="letter_state_is_known", condition=Q(state__in=LetterState.values)),
            models.CheckConstraint(
                name="sent_letter_has_its_time", condition=~Q(state=LetterState.SENT) | Q(sent_at__isnull=False)
            ),
            models.CheckConstraint(
                name="erased_body_leaves_its_hash",
                condition=Q(body_erased_at__isnull=True) | (Q(text="", html="") & ~Q(body_sha256="")),
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], name="letter_due", condition=Q(state__in=["waiting", "sending"])),
            models.Index(fields=["due_at"], name="letter_due_since", condition=Q(state__in=["waiting", "sending"])),
            models.Index(fields=["recipient", "-created_at"], name="letter_recipient"),
            # For the health page and the metrics: what the mail server took lately, and what it did not. Letters of
            # care are in neither, because nobody is to learn how many there are.
            models.Index(
                fields=["sent_at"], name="letter_taken", condition=Q(state="sent") & ~Q(kind=LetterKind.CARE.value)
            ),
            # For the retention: what still has its text, the oldest first.
            models.Index(fields=["created_at"], name="letter_body", condition=Q(body_erased_at__isnull=True)),
            models.Index(
                fields=["updated_at"],
                name="letter_trouble",
                condition=Q(state__in=["failed", "unconfirmed"]) & ~Q(kind=LetterKind.CARE.value),
            ),
        ]

    def __str__(self) -> str:
        """The subject; its kind alone where there is none any more, or the reader may not know what it names (C9)."""
        hidden = not self.subject or getattr(self, "is_closed", False)
        return str(self.get_kind_display()) if hidden else self.subject
