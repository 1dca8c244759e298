"""Shared columns; abstract only."""

from functools import cache

from django.db import models
from django.utils.encoding import force_str
from django.utils.translation import gettext_lazy as _


class Stamped(models.Model):
    """When a row came into being and when it last changed, in UTC."""

    created_at = models.DateTimeField(_("書いた時刻"), auto_now_add=True)
    updated_at = models.DateTimeField(_("変えた時刻"), auto_now=True)

    class Meta:
        abstract = True

    def _get_FIELD_display(self, field: models.Field) -> str:
        """As Django's, which makes a new dictionary of all the choices for every label and so translates each of them."""
        value = getattr(self, field.attname)
        return force_str(_labels(field).get(value, value), strings_only=True)


@cache
def _labels(field: models.Field) -> dict[object, object]:
    return dict(field.flatchoices)
