"""The company's sign-in (OpenID Connect): who of those it sends may come in. Only people who are registered here."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from incidents.gateways import company
from incidents.queries.access import person_of_address
from incidents.views.base import is_ours, page, render_page


class CompanyAdapter(DefaultSocialAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def get_requests_session(self) -> Any:
        """allauth asks the provider by this, and by nothing else (incidents/gateways/egress.py)."""
        return company.Wire()

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Every sign-in ends here: whoever is registered by the address that the provider vouches for comes in, nobody else.

        Nothing is stored of the provider's account: the address alone says who it is, each time anew. Somebody
        deactivated is answered by allauth's own page, as after a password. A second factor is asked as after one.
        """
        person = person_of_address(_address(sociallogin)) if sociallogin.state.get("process") == "login" else None
        if person is None:
            raise ImmediateHttpResponse(_refused(request, sociallogin.state.get("next")))
        if request.user.is_authenticated and request.user != person:
            raise ImmediateHttpResponse(_refused(request, None))
        record_authentication(request, person, "socialaccount", provider="company")
        back = sociallogin.state.get("next") or ""
        login = Login(user=person, redirect_url=back if is_ours(back) else None)
        raise ImmediateHttpResponse(perform_login(request, login))

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None, extra_context: Any = None
    ) -> None:
        raise ImmediateHttpResponse(_refused(request, None))


def _address(sociallogin: SocialLogin) -> str:
    """The address that the provider says is the person's and has verified; "" when it does not say so.

    A provider whose addresses are all the company's own and that says nothing of it (Entra ID) is named by
    OIDC_ADDRESSES_ARE_OURS.
    """
    told = sociallogin.account.extra_data
    token, info = told.get("id_token") or {}, told.get("userinfo") or {}
    if not token.get("sub") or info.get("sub", token["sub"]) != token["sub"]:
        return ""  # what is said of somebody else must not be taken for this person (OpenID Connect Core 5.3.2)
    said = token | info
    verified = said.get("email_verified")
    ours = settings.OIDC_ADDRESSES_ARE_OURS and verified is None
    return str(said.get("email") or "") if verified is True or ours else ""


def _refused(request: HttpRequest, back: str | None) -> HttpResponse:
    """One answer for every reason: the page tells nobody whether an address is registered."""
    messages.warning(
        request, _("会社のアカウントでは入れませんでした。登録されているかを、組織の管理者に確かめてください。")
    )
    return HttpResponseRedirect(reverse("account_login"))


@page
def again(request: HttpRequest) -> HttpResponse:
    """The proof of who somebody is, for whoever has no password and no second factor here."""
    if not settings.OIDC_ISSUER:
        raise Http404
    back = request.GET.get("next", "")
    context = {
        "back": back if is_ours(back) else "/",
        "company": reverse("openid_connect_login", args=["company"]),
        "company_name": settings.OIDC_NAME,
    }
    return render_page(request, "account/company_again.html", context)
