from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _


class IncidentsConfig(AppConfig):
    name = "incidents"
    verbose_name = _("うしろ")

    def ready(self) -> None:
        # Registered here so that `later()` finds each name in every process, eager mode included.
        from incidents import tasks  # noqa: F401
        from incidents.admin import nouns  # noqa: F401
        from ushiro import checks  # noqa: F401


class UshiroAdminConfig(AdminConfig):
    default_site = "incidents.admin.site.UshiroAdminSite"
