"""Includes and error handlers; no views here."""

from allauth.account import urls as account
from django.contrib import admin
from django.urls import include, path

handler400 = "incidents.views.errors.bad_request"
handler403 = "incidents.views.errors.forbidden"
handler404 = "incidents.views.errors.not_found"
handler500 = "incidents.views.errors.server_error"

# Of allauth's pages only these. Its pages for further e-mail addresses would open a second name for a person.
ACCOUNT_PAGES = {
    "account_login",
    "account_logout",
    "account_signup",
    "account_inactive",
    "account_reauthenticate",
    "account_change_password",
    "account_set_password",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
}

urlpatterns = [
    path("", include("incidents.urls")),
    path("account/", include([page for page in account.urlpatterns if page.name in ACCOUNT_PAGES])),
    path("i18n/", include("django.conf.urls.i18n")),
    path("console/", admin.site.urls),
]
