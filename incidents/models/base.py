"""Shared columns; abstract only."""

from django.db import models


class Stamped(models.Model):
    """When a row came into being and when it last changed, in UTC."""

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True
