from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.enums import MailKind, MailState, MailWhy
from incidents.models.base import Stamped


class ReceivedMail(Stamped):
    """A mail that came in, what it was taken for and what became of it. The bytes lie where attachments lie.

    `person` is whom the address it came to was given to, or of whom a bounce tells; never whom its From claims, except
    while it waits for a lead (`held`), who sees that.
    """

    # Of its Message-ID and its words: the same mail by pipe and by mailbox, or twice after a broken line, is one.
    mark = models.CharField(max_length=64, unique=True, editable=False)
    message_id = models.CharField(_("メールの識別子"), max_length=250, blank=True, db_index=True)
    kind = models.CharField(_("種類"), max_length=12, choices=MailKind)
    state = models.CharField(_("状態"), max_length=10, choices=MailState)
    why = models.CharField(_("わけ"), max_length=16, choices=MailWhy, blank=True)
    from_address = models.CharField(_("差出人"), max_length=254, blank=True)
    from_name = models.CharField(_("差出人の名前"), max_length=120, blank=True)
    subject = models.CharField(_("件名"), max_length=300, blank=True)
    text = models.TextField(_("書かれた文章"), blank=True)
    quoted = models.TextField(_("引用と署名"), blank=True)
    left_out = models.TextField(_("受け取れなかった添付"), blank=True)
    sent_at = models.DateTimeField(_("送られた時刻"), null=True, blank=True)
    person = models.ForeignKey(
        "incidents.Person", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("人")
    )
    incident = models.ForeignKey(
        "incidents.Incident", models.PROTECT, null=True, blank=True, related_name="mails", verbose_name=_("記録")
    )
    letter = models.ForeignKey(
        "incidents.Letter", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("手紙")
    )
    entry = models.OneToOneField(
        "incidents.TimelineEntry", models.PROTECT, null=True, blank=True, related_name="mail", verbose_name=_("経緯")
    )
    jotting = models.OneToOneField(
        "incidents.Jotting", models.SET_NULL, null=True, blank=True, related_name="mail", verbose_name=_("まず一言")
    )
    # Of the original; "" when it was not kept.
    sha256 = models.CharField(_("照合値（SHA-256）"), max_length=64, blank=True, db_index=True)
    size = models.PositiveBigIntegerField(_("大きさ"), default=0)

    class Meta:
        verbose_name = _("届いたメール")
        verbose_name_plural = pgettext_lazy("plural", "届いたメール")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="posted_mail_has_its_line", condition=~Q(state=MailState.POSTED) | Q(entry__isnull=False)
            ),
            models.CheckConstraint(
                name="held_mail_has_its_record", condition=~Q(state=MailState.HELD) | Q(incident__isnull=False)
            ),
        ]
        indexes = [
            models.Index(fields=["incident"], name="mail_held", condition=Q(state="held")),
            models.Index(fields=["person", "created_at"], name="mail_of_person"),
            models.Index(
                fields=["created_at"], name="mail_not_used", condition=Q(state__in=["noted", "refused", "dropped"])
            ),
        ]

    def __str__(self) -> str:
        return self.subject or str(self.get_kind_display())

    def is_from(self, person) -> bool:
        """Whether this person wrote it, as far as can be known; they alone read what it quotes and the mail as it came."""
        mine = self.person_id is not None and self.person_id == person.pk
        says_so = self.from_address.casefold() == person.email
        return mine and says_so and self.why not in {MailWhy.WRONG_SENDER, MailWhy.NO_TOKEN}

    @property
    def sender(self) -> str:
        """Who it says it is from; nobody has proven it."""
        return f"{self.from_name} <{self.from_address}>" if self.from_name else self.from_address
