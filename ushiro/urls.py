"""Includes and error handlers; no views here."""

from django.contrib import admin
from django.urls import include, path

handler400 = "incidents.views.errors.bad_request"
handler403 = "incidents.views.errors.forbidden"
handler404 = "incidents.views.errors.not_found"
handler500 = "incidents.views.errors.server_error"

urlpatterns = [
    path("", include("incidents.urls")),
    path("account/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("console/", admin.site.urls),
]
