"""How people sign in: allauth, second factors, sessions, the company's sign-in. Taken over whole by ushiro/settings.py."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ushiro import env

AUTH_USER_MODEL = "incidents.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "incidents.forms.passwords.CommonWordsValidator"},
]
PASSWORD_RESET_TIMEOUT = 3600
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "today"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "incidents.views.account.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = None  # asked on the page
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_FORMS = {
    "login": "incidents.forms.account.LoginForm",
    "reset_password": "incidents.forms.account.ResetPasswordForm",
    "reset_password_from_key": "incidents.forms.account.ResetPasswordKeyForm",
    "change_password": "incidents.forms.account.ChangePasswordForm",
    "reauthenticate": "incidents.forms.account.ConfirmForm",
}
# What is counted by "key" is counted by network address and person together (AccountAdapter): whoever tries from
# elsewhere cannot lock a colleague out.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/300s/key", "reset_password": "20/m/ip"}
# Seconds for which somebody counts as just confirmed, before what is hard to take back.
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60

# How many proxies stand before the web process and are ours; so many addresses at the end of X-Forwarded-For are believed.
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", 0)
if not 0 <= TRUSTED_PROXIES <= 5:
    raise env.refuse("TRUSTED_PROXIES must be between 0 and 5: how many proxies of yours stand before Ushiro.")
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES

# Second factors --------------------------------------------------------------------------------
MFA_ADAPTER = "incidents.views.account.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses are registered by the organisation
MFA_FORMS = {
    "authenticate": "incidents.forms.account.FactorForm",
    "reauthenticate": "incidents.forms.account.ConfirmByFactorForm",
}

# Sessions: longest from the sign-in on, and without use ----------------------------------------------
SESSION_HOURS = env.number("SESSION_HOURS", 12)
SESSION_DAYS_REMEMBERED = env.number("SESSION_DAYS_REMEMBERED", 7)
SESSION_IDLE_MINUTES = env.number("SESSION_IDLE_MINUTES", 60)
if not 1 <= SESSION_HOURS <= 24:
    raise env.refuse("SESSION_HOURS must be between 1 and 24.")
if not 1 <= SESSION_DAYS_REMEMBERED <= 30:
    raise env.refuse("SESSION_DAYS_REMEMBERED must be between 1 and 30.")
if not 5 <= SESSION_IDLE_MINUTES <= SESSION_HOURS * 60:
    raise env.refuse("SESSION_IDLE_MINUTES must be at least 5, and no longer than SESSION_HOURS.")
SESSION_COOKIE_AGE = SESSION_HOURS * 3600
REMEMBERED_AGE = timedelta(days=SESSION_DAYS_REMEMBERED)

# The company's sign-in (OpenID Connect). Without an issuer there is none. ---------------------------------
OIDC_ISSUER = env.text("OIDC_ISSUER", "").rstrip("/")
OIDC_NAME = env.text("OIDC_NAME", "会社のアカウント")
OIDC_ONLY = env.flag("OIDC_ONLY")
# The provider's addresses are all the company's own, and it does not say that they are verified (Entra ID).
OIDC_ADDRESSES_ARE_OURS = env.flag("OIDC_ADDRESSES_ARE_OURS")
OIDC_HOSTS = env.words("OIDC_HOSTS")
if OIDC_ONLY and not OIDC_ISSUER:
    raise env.refuse("OIDC_ONLY=1 shuts the sign-in by password, and OIDC_ISSUER names no other.")
if OIDC_ISSUER and not env.is_https(OIDC_ISSUER):
    raise env.refuse("OIDC_ISSUER must begin with https:// and name the provider, without /.well-known at its end.")
for _entry in OIDC_HOSTS:
    if not env.is_place(_entry):
        raise env.refuse("OIDC_HOSTS must be hosts, each with its port unless it is 443: login.example.com.")
SOCIALACCOUNT_ADAPTER = "incidents.views.company.CompanyAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False  # whose address it is, CompanyAdapter decides
SOCIALACCOUNT_AUTO_SIGNUP = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_OPENID_CONNECT_URL_PREFIX = ""
SOCIALACCOUNT_PROVIDERS: dict[str, dict[str, Any]] = {
    "openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": []},
}
if OIDC_ISSUER:
    SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"] = [
        {
            "provider_id": "company",
            "name": OIDC_NAME,
            "client_id": env.text("OIDC_CLIENT_ID"),
            "secret": env.text("OIDC_CLIENT_SECRET"),
            "settings": {"server_url": OIDC_ISSUER, "fetch_userinfo": True, "oauth_pkce_enabled": True},
        }
    ]
