from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class SignedIn(models.Model):
    """A browser in which somebody is signed in, so that its owner can see it and end it (P2).

    No network address is kept: the kind of browser and the minutes tell one's own devices apart. The row goes with the
    session, and what it names is Django's session, without which it means nothing.
    """

    person = models.ForeignKey("incidents.Person", models.CASCADE, related_name="signed_in", verbose_name=_("人"))
    session_key = models.CharField(max_length=40, unique=True, editable=False)
    device = models.CharField(_("端末"), max_length=60, blank=True)
    began_at = models.DateTimeField(_("サインインした時刻"), default=timezone.now)
    # To the minute: asked again at most once in that time.
    seen_at = models.DateTimeField(_("最後に使われた時刻"), default=timezone.now)

    class Meta:
        verbose_name = _("サインイン中の端末")
        verbose_name_plural = pgettext_lazy("plural", "サインイン中の端末")
        ordering = ["-seen_at", "-pk"]

    def __str__(self) -> str:
        return self.device or str(_("端末"))
