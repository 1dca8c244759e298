"""Shared columns; abstract only."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Stamped(models.Model):
    """When a row came into being and when it last changed, in UTC."""

    created_at = models.DateTimeField(_("書いた時刻"), auto_now_add=True)
    updated_at = models.DateTimeField(_("変えた時刻"), auto_now=True)

    class Meta:
        abstract = True
