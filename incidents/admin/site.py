"""The console's own site: stock Django admin, the site's one sign-in, no second door."""

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class UshiroAdminSite(AdminSite):
    site_header = _("うしろ 管理コンソール")
    site_title = _("うしろ 管理")
    index_title = _("組織・人・手紙・履歴")
    enable_nav_sidebar = True

    def login(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """Send to the site's sign-in, which has the rate limits; the stock login would be a way round them."""
        if request.user.is_authenticated:
            from django.core.exceptions import PermissionDenied

            raise PermissionDenied
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"), login_url=reverse("account_login"))
