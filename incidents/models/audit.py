from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class AuditEntry(models.Model):
    """Who did what to which record, when and why. Labels and ids; no foreign key to what may be erased."""

    at = models.DateTimeField(_("時刻"), default=timezone.now, editable=False)
    actor_id = models.BigIntegerField(null=True)
    actor_label = models.CharField(_("だれが"), max_length=120)
    verb = models.CharField(_("何を"), max_length=60)
    target_type = models.CharField(max_length=40)
    target_id = models.BigIntegerField(null=True)
    target_label = models.CharField(_("どれに"), max_length=200)
    team_id = models.BigIntegerField(null=True)
    incident_id = models.BigIntegerField(null=True)
    changes = models.JSONField(_("前と後"), default=dict)
    reason = models.TextField(_("理由"), blank=True)
    # Random, so that nobody guesses from the seal what stood here; goes with what is erased.
    salt = models.CharField(max_length=32, blank=True, default="", db_default="", editable=False)
    # The place, in the same chain, of the entry that tells of the erasure of this one; empty while nothing is erased.
    erasure = models.BigIntegerField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("変更履歴")
        verbose_name_plural = pgettext_lazy("plural", "変更履歴")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["incident_id", "-id"], name="audit_incident"),
            models.Index(fields=["team_id", "-id"], name="audit_team"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.target_label}"


class AuditSeal(models.Model):
    """The place of an entry in its team's chain, and what would show that either was tampered with.

    `chain` is the team's id, or 0 for the organisation's own. Nothing of it ever changes; incidents.rules.seal says what
    is hashed.
    """

    entry = models.OneToOneField(AuditEntry, models.PROTECT, primary_key=True, related_name="seal")
    chain = models.BigIntegerField()
    seq = models.BigIntegerField(_("何番目"))
    prev_hash = models.CharField(max_length=64)
    commitment = models.CharField(max_length=64)
    key_id = models.CharField(max_length=8)
    hash = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("履歴の封")
        verbose_name_plural = pgettext_lazy("plural", "履歴の封")
        constraints = [models.UniqueConstraint(fields=["chain", "seq"], name="one_seal_a_place")]

    def __str__(self) -> str:
        return f"{self.chain}:{self.seq}"


class AuditChain(models.Model):
    """The last place of a chain. Its row is what two writers of a team wait on, and the two of two teams do not."""

    chain = models.BigIntegerField(primary_key=True)  # as in AuditSeal
    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)

    class Meta:
        verbose_name = _("履歴の鎖")
        verbose_name_plural = pgettext_lazy("plural", "履歴の鎖")

    def __str__(self) -> str:
        return f"{self.chain}:{self.seq}"


class ImportRun(models.Model):
    """One import: which file came in by which mapping, and what became of its rows."""

    at = models.DateTimeField(_("時刻"), auto_now_add=True)
    by_label = models.CharField(_("だれが"), max_length=120)
    team = models.ForeignKey("incidents.Team", models.PROTECT, related_name="import_runs", verbose_name=_("チーム"))
    file_name = models.CharField(_("ファイル"), max_length=255)
    sha256 = models.CharField(_("ファイルの照合値（SHA-256）"), max_length=64)
    mapping = models.CharField(_("対応表"), max_length=80)
    encoding = models.CharField(_("文字コード"), max_length=20, blank=True)
    counts = models.JSONField(_("件数"), default=dict)
    skipped = models.PositiveIntegerField(_("飛ばした行"), default=0)

    class Meta:
        verbose_name = _("取り込み")
        verbose_name_plural = pgettext_lazy("plural", "取り込み")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.mapping})"


class EngineMark(models.Model):
    """When a part of the reminder engine last gave a sign of life, and when it last failed."""

    name = models.CharField(_("名前"), max_length=40, primary_key=True)
    at = models.DateTimeField(_("時刻"), null=True, blank=True)  # of the last success
    failed_at = models.DateTimeField(_("うまくいかなかった時刻"), null=True, blank=True)
    error = models.CharField(_("うまくいかなかった理由"), max_length=80, blank=True)  # a word of ours, never a server's

    class Meta:
        verbose_name = _("動きのしるし")
        verbose_name_plural = pgettext_lazy("plural", "動きのしるし")

    def __str__(self) -> str:
        return f"{self.name} {self.at:%Y-%m-%d %H:%M:%S}" if self.at else self.name
