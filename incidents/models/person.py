from __future__ import annotations

import unicodedata
from datetime import date

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.enums import Language
from tools.plain.cleantext import clean
from tools.plain.oneline import one_line
from tools.plain.quiethours import QuietHours


def normalise_email(email: str) -> str:
    """One spelling per mailbox: NFKC and casefold, so that look-alikes cannot take over a reset (CVE-2019-19844)."""
    return unicodedata.normalize("NFKC", email).strip().casefold()


class PersonManager(BaseUserManager["Person"]):
    def get_by_natural_key(self, email: str) -> Person:
        return self.get(email=normalise_email(email))

    def create_user(self, email: str, password: str | None = None, **fields: object) -> Person:
        """Make a person. `password=None` leaves them without one; they set it by the reset mail."""
        person = self.model(email=normalise_email(email), **fields)
        person.set_password(password)
        person.full_clean(exclude=["password"])
        person.save(using=self._db)
        return person

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> Person:
        return self.create_user(email, password, is_admin=True, **fields)


class Person(AbstractBaseUser):
    """Somebody who signs in by e-mail address.

    Hours are whole hours 0-23 in the person's own time zone.
    """

    email = models.EmailField(_("メールアドレス"), unique=True)
    name = models.CharField(_("名前"), max_length=80)
    language = models.CharField(_("言語"), max_length=5, choices=Language, default=Language.JAPANESE)
    time_zone = models.CharField(_("時間帯"), max_length=64, default="Asia/Tokyo")
    digest_hour = models.PositiveSmallIntegerField(
        _("お知らせの時刻"),
        default=9,
        validators=[MaxValueValidator(23)],
        help_text=_("営業日のこの時刻に、一通だけ届きます。"),
    )
    # Whole hours on the person's wall in which only what cannot wait comes (B-15); quiet_from None: there are none.
    quiet_from = models.PositiveSmallIntegerField(
        _("静かな時間の始まり"), null=True, blank=True, default=19, validators=[MaxValueValidator(23)]
    )
    quiet_until = models.PositiveSmallIntegerField(
        _("静かな時間の終わり"), default=8, validators=[MaxValueValidator(23)]
    )
    # Whether a team's chat channel shows the person's own promises; what others are told of them is no choice of theirs.
    mirrored = models.BooleanField(_("チームのチャットにも写す"), default=True)
    # Stops the morning's letter about one's own promises; never what one is told for somebody else's.
    paused_until = models.DateField(
        _("お知らせの休み"),
        null=True,
        blank=True,
        help_text=_("この日まで、ご自身の約束のお知らせを休みます。"),
    )
    care_opt_out = models.BooleanField(_("ひと息の便りを受け取らない"), default=False)
    # Since when mail to the address does not arrive; then somebody else hears of what is due (U5).
    mail_bounced_at = models.DateTimeField(_("メールが届かなくなった時刻"), null=True, blank=True, editable=False)
    # Part of the address to which this person forwards mail; another one ends the address before. "": there is none.
    intake_key = models.CharField(max_length=24, blank=True, default="", editable=False)
    # Stands in the links of this person's mails; another number ends those that are out.
    link_round = models.PositiveIntegerField(default=0, editable=False)
    # Since when the row names nobody any more (hardening 3f.3).
    erased_at = models.DateTimeField(_("消した時刻"), null=True, blank=True, editable=False)
    # Stands in the mark that each session carries; another number ends every session of this person at its next request.
    sign_in_round = models.PositiveIntegerField(default=0, editable=False)
    is_active = models.BooleanField(_("有効"), default=True)
    is_admin = models.BooleanField(_("組織の管理者"), default=False)
    date_joined = models.DateTimeField(_("登録した日時"), auto_now_add=True)

    # The person's memberships, read once for a page by views.base.page; None: whoever asks reads them anew.
    standing: list | None = None
    # Restricted records that the door has opened for the person while this page was made; None: nobody asks.
    opened: set[int] | None = None

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]
    objects = PersonManager()

    class Meta:
        verbose_name = _("人")
        verbose_name_plural = pgettext_lazy("plural", "人")
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(name="person_digest_hour_of_a_day", condition=models.Q(digest_hour__lte=23)),
            models.CheckConstraint(
                name="person_quiet_hours_of_a_day",
                condition=models.Q(quiet_until__lte=23)
                & (models.Q(quiet_from__isnull=True) | models.Q(quiet_from__lte=23)),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def clean(self) -> None:
        self.email = normalise_email(self.email)
        self.name = one_line(clean(self.name))[:80]
        if not self.name:
            raise ValidationError({"name": _("名前を入れてください。")})
        if self.quiet.holds_hour(self.digest_hour):  # the one letter of the day would never come
            told = _("お知らせの時刻が、静かな時間に入っています。どちらかをずらしてください。")
            raise ValidationError({"digest_hour": told})

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session was begun under: the password, and the round of sign-ins. In the first round Django's own."""
        if not self.sign_in_round:
            return super()._get_session_auth_hash(secret=secret)
        return salted_hmac(
            "incidents.Person.session", f"{self.sign_in_round}:{self.password}", secret=secret, algorithm="sha256"
        ).hexdigest()

    # What Django's admin asks. There is one administrator's role and no table of single rights.
    @property
    def is_staff(self) -> bool:
        return self.is_active and self.is_admin

    @property
    def is_superuser(self) -> bool:
        return self.is_staff

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_staff

    def has_perms(self, perm_list: list[str], obj: object = None) -> bool:
        return self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff

    @property
    def quiet(self) -> QuietHours:
        """The hours in which the person is left in peace, on their own wall."""
        return QuietHours(self.quiet_from, self.quiet_until)

    def pauses_on(self, day: date) -> bool:
        """Whether the morning's letter of that day leaves out the person's own promises."""
        return self.paused_until is not None and self.paused_until >= day

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        """How a greeting calls them: the family name of 「佐藤 美咲」 in Japanese, the whole name otherwise."""
        parts = self.name.split()
        return parts[0] if len(parts) == 2 and not self.name.isascii() else self.name
