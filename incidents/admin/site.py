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
from django.views.decorators.http import require_http_methods


class UshiroAdminSite(AdminSite):
    site_header = _("うしろ 管理コンソール")
    site_title = _("うしろ 管理")
    index_title = _("組織・人・手紙・履歴")
    enable_nav_sidebar = True

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Callable[..., HttpResponse]:
        """GET, HEAD and POST alone. A NUL in the address is no look-up: PostgreSQL would answer it with a fault."""

        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if any("\0" in text for name, texts in request.GET.lists() for text in (name, *texts)):
                raise BadRequest("NUL in the query")
            return view(request, *args, **kwargs)

        return require_http_methods(["GET", "HEAD", "POST"])(super().admin_view(guarded, cacheable))

    def get_urls(self) -> list[URLPattern | URLResolver]:
        from incidents.admin import health

        return [path("health/", self.admin_view(partial(health.page, self)), name="health"), *super().get_urls()]

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
