"""Includes and error handlers; no views here."""

from allauth.account import urls as account
from allauth.mfa.base import urls as factors
from allauth.mfa.webauthn import urls as passkeys
from allauth.socialaccount.providers.openid_connect import urls as company
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

# What is set up and taken away stands in pages of our own (incidents/views/factor.py), which call the verbs.
FACTOR_PAGES = {"mfa_authenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn", "mfa_login_webauthn"}


def _only(patterns: list, names: set[str]) -> list:
    return [page for page in patterns if getattr(page, "name", None) in names]


urlpatterns = [
    path("", include("incidents.urls")),
    path("account/", include(_only(account.urlpatterns, ACCOUNT_PAGES))),
    path("account/factor/", include(_only(factors.urlpatterns, FACTOR_PAGES))),
    path("account/passkey/", include(_only(passkeys.urlpatterns, FACTOR_PAGES))),
    path("account/", include(company)),
    path("i18n/", include("django.conf.urls.i18n")),
    path("console/", admin.site.urls),
]
