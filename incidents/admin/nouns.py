"""The console's pages, one file per noun. What other apps registered is taken off: it would write without a trace.

Imported by incidents.apps when all apps are ready, and not by the package itself: Django imports the package while it
is still making the site, and what registers then is lost with a first site object that is thrown away.
"""

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.models import Group

from incidents.admin import (
    attachment,
    audit,
    care,
    countermeasure,
    facts,
    incident,
    letter,
    mirror,
    organisation,
    person,
    received,
    reminder,
    retention,
    team,
)

for stranger in (Group, EmailAddress):
    if admin.site.is_registered(stranger):
        admin.site.unregister(stranger)

__all__ = [
    "attachment",
    "audit",
    "care",
    "countermeasure",
    "facts",
    "incident",
    "letter",
    "mirror",
    "organisation",
    "person",
    "received",
    "reminder",
    "retention",
    "team",
]
