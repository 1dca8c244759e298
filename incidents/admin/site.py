"""The console's own site: stock Django admin, the site's one sign-in, no second door."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.translation import gettext_lazy as _

# The front page in the order in which an administrator asks: who we are, what is recorded, what goes out, what is kept.
GROUPS = (
    (_("組織と人"), ("organisation", "team", "person", "membership", "closure", "reportclock", "helpline", "mirror")),
    (
        _("記録"),
        ("incident", "countermeasure", "effectcheck", "containment", "question", "attachment", "paste", "importrun"),
    ),
    (_("お知らせと手紙"), ("letter", "reminderdelivery", "followup", "receivedmail", "enginemark")),
    (_("履歴と保存"), ("auditentry", "recordread", "legalhold", "retentionrun")),
)


class UshiroAdminSite(AdminSite):
    site_header = _("うしろ 管理コンソール")
    site_title = _("うしろ 管理")
    index_title = _("組織・人・手紙・履歴")
    enable_nav_sidebar = True

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Callable[..., HttpResponse]:
        """A NUL in the address is no look-up: PostgreSQL would answer it with a fault."""

        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if any("\0" in text for name, texts in request.GET.lists() for text in (name, *texts)):
                raise BadRequest("NUL in the query")
            return view(request, *args, **kwargs)

        return super().admin_view(guarded, cacheable)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        from incidents.admin import health

        return [path("health/", self.admin_view(partial(health.page, self)), name="health"), *super().get_urls()]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """The pages in GROUPS; what is in none of them comes last, so that a new page is never lost."""
        found = super().get_app_list(request, app_label)
        if app_label is not None:
            return found
        pages = {one["model"]._meta.model_name: (one, app["app_url"]) for app in found for one in app["models"]}
        groups = []
        named = [*GROUPS, (_("そのほか"), [name for name in pages if not any(name in names for _t, names in GROUPS)])]
        for number, (title, names) in enumerate(named):
            models = [pages[name][0] for name in names if name in pages]
            if models:
                url = pages[models[0]["model"]._meta.model_name][1]
                groups.append(
                    {
                        "name": title,
                        "app_label": f"group{number}",
                        "app_url": url,
                        "has_module_perms": True,
                        "models": models,
                    }
                )
        return groups

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The front page says first whether the engine lives and whether letters were given up."""
        from incidents.queries import engine

        health = {"stands_still": engine.stands_still(), "failed_letters": engine.letters_failed_lately()}
        return super().index(request, {**health, **(extra_context or {})})

    def login(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """Send to the site's sign-in, which has the rate limits; the stock login would be a way round them."""
        if request.user.is_authenticated:
            from django.core.exceptions import PermissionDenied

            raise PermissionDenied
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"), login_url=reverse("account_login"))
