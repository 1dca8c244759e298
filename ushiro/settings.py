"""All settings, read from the environment (ushiro/env.py), in the order of Django's documentation.

Three modes, by USHIRO_MODE: `production` (the default: everything unsafe is refused), `embedded`
(what `make up` runs: one machine, SQLite, bundled Valkey), `test`.
"""

from __future__ import annotations

import secrets
import shlex
from pathlib import Path
from typing import Any

import environ
from django.utils.csp import CSP

from ushiro import env

BASE_DIR = env.ROOT
MODE = env.text("USHIRO_MODE", "production")
if MODE not in {"production", "embedded", "test"}:
    raise env.refuse(f"USHIRO_MODE must be production or embedded, not {MODE!r}.")
PRODUCTION = MODE == "production"
EMBEDDED = MODE == "embedded"
DATA_DIR = env.data_folder()

# Core ----------------------------------------------------------------------------------------
DEBUG = env.flag("DEBUG")
if DEBUG and PRODUCTION:
    raise env.refuse("DEBUG=1 shows secrets to every visitor. Unset DEBUG in production.")

if MODE == "test":
    SECRET_KEY = env.text("USHIRO_SECRET_KEY", secrets.token_urlsafe(50))
else:
    SECRET_KEY = env.text("USHIRO_SECRET_KEY")
SECRET_KEY_FALLBACKS = env.words("USHIRO_SECRET_KEY_FALLBACKS")


def _is_weak(key: str) -> bool:
    return len(key) < 50 or len(set(key)) < 10 or key.startswith("django-insecure")


if _is_weak(SECRET_KEY):
    raise env.refuse(
        "USHIRO_SECRET_KEY is too short or a default. Make one with: "
        "python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"
    )
if any(_is_weak(key) for key in SECRET_KEY_FALLBACKS):
    raise env.refuse(
        "USHIRO_SECRET_KEY_FALLBACKS holds a key that is too short or a default; each of them signs sessions as well."
    )
# What seals the trace (docs/features/audit.md). Empty: a key is derived from USHIRO_SECRET_KEY.
AUDIT_KEY = env.text("USHIRO_AUDIT_KEY", "")
AUDIT_KEY_FALLBACKS = env.words("USHIRO_AUDIT_KEY_FALLBACKS")
if any(_is_weak(key) for key in [AUDIT_KEY, *AUDIT_KEY_FALLBACKS] if key):
    raise env.refuse(
        "USHIRO_AUDIT_KEY or one of USHIRO_AUDIT_KEY_FALLBACKS is too short or a default. Make one with: "
        "python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"
    )

SITE_URL = env.text("USHIRO_URL", None if PRODUCTION else "http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "" if PRODUCTION else "127.0.0.1,localhost,[::1]")
if PRODUCTION and not ALLOWED_HOSTS:
    raise env.refuse(
        "ALLOWED_HOSTS is not set. Name the host people type, for example ALLOWED_HOSTS=ushiro.example.jp."
    )
if MODE != "test" and any("*" in host or host.startswith(".") for host in ALLOWED_HOSTS):
    raise env.refuse(
        "ALLOWED_HOSTS holds a wildcard. Name each host in full: a wildcard lets a forged Host into mail links."
    )
if PRODUCTION and not SITE_URL.startswith("https://") and not env.flag("USHIRO_ALLOW_HTTP"):
    raise env.refuse("USHIRO_URL must begin with https:// (or set USHIRO_ALLOW_HTTP=1 for a closed network).")
HTTPS = SITE_URL.startswith("https://")
USE_X_FORWARDED_HOST = False
if env.flag("USHIRO_BEHIND_TLS_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

INSTALLED_APPS = [
    "incidents.apps.UshiroAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_htmx",
    "incidents.apps.IncidentsConfig",
    "tools.apps.ToolsConfig",
]
MIDDLEWARE = [
    "ushiro.middleware.NamelessMiddleware",  # first: it takes away what the others would read
    "ushiro.middleware.MailLinkMiddleware",
    "ushiro.middleware.ProbeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "ushiro.middleware.FeedMiddleware",  # before the session; what it takes away nobody behind it can keep
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "ushiro.middleware.MailPathMiddleware",  # behind what redirects
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "ushiro.middleware.PersonLocaleMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "ushiro.middleware.PrivateAnswersMiddleware",
]
ROOT_URLCONF = "ushiro.urls"
WSGI_APPLICATION = "ushiro.wsgi.application"
ASGI_APPLICATION = "ushiro.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "incidents.views.base.frame",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static"],
        },
    }
]

# Database ------------------------------------------------------------------------------------
_database_url = env.text("DATABASE_URL", None if PRODUCTION else "")
# The embedded file is named without a URL: a folder may hold blanks or letters a URL would have to quote.
_database: dict[str, Any] = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(DATA_DIR / "ushiro.sqlite3")}
if _database_url:
    if not _database_url.startswith(("postgres://", "postgresql://", "sqlite:///")):
        raise env.refuse("DATABASE_URL must begin with postgres:// or sqlite:///.")
    _database = environ.Env.db_url_config(_database_url)
if _database["ENGINE"] == "django.db.backends.sqlite3":
    if MODE != "test" and (_database["NAME"] in {"", ":memory:"} or "mode=memory" in str(_database["NAME"])):
        raise env.refuse(
            "DATABASE_URL names a database in memory; each process would have its own, and none would last."
        )
    # IMMEDIATE: with SQLite's deferred default most of the concurrent writes failed as "database is locked".
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA foreign_keys=ON;",
    }
else:
    _database["CONN_MAX_AGE"] = 0  # the pool keeps the connections
    _seconds = env.number("DATABASE_STATEMENT_TIMEOUT", 30)
    if _seconds < 0:
        raise env.refuse("DATABASE_STATEMENT_TIMEOUT must be a number of seconds, or 0 for none.")
    # Nobody waits for ever: neither for a slow statement, nor for a lock, nor for a process that died in its work.
    # What the address says of `options` comes last, and so it wins.
    _limits = f"-c statement_timeout={_seconds}s -c lock_timeout=10s"
    _limits += f" -c idle_in_transaction_session_timeout={'60s' if _seconds else 0}"
    # PostgreSQL's own 4.0 is that of a turning disk: it read tables of ten thousand rows whole where an index stood ready.
    _limits += " -c random_page_cost=1.1"
    _given = _database.get("OPTIONS", {})
    _database["OPTIONS"] = {
        # The server keeps the plans of statements that come again: composing them took a third of a page's time.
        # A pooler that gives each transaction another connection (PgBouncer before 1.21) wants DATABASE_PREPARE=0.
        **({"server_side_binding": True, "prepare_threshold": 3} if env.flag("DATABASE_PREPARE", True) else {}),
        **_given,
        "options": f"{_limits} {_given.get('options', '')}".strip(),
        "pool": {
            "min_size": env.number("DATABASE_POOL_MIN", 1),
            "max_size": env.number("DATABASE_POOL_MAX", 8),
            "timeout": 10,
        },
    }
# Django's own, with a hook for what comes last in a transaction: the trace is sealed there (docs/features/audit.md).
_database["ENGINE"] = _database["ENGINE"].replace("django.db.backends.", "ushiro.database.")
DATABASES = {"default": _database}
# SQLite leaves out what only PostgreSQL's indexes carry beside their key; nothing is wrong then.
SILENCED_SYSTEM_CHECKS = ["models.W040"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Cache: rate limits of the sign-in. One web process needs no more than memory; several share CACHE_URL.
_cache_url = env.text("CACHE_URL", "")
CACHES = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": _cache_url, "KEY_PREFIX": "ushiro1"}
        if _cache_url
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    )
}

# Mail ----------------------------------------------------------------------------------------
# Without SMTP_URL no mail leaves the machine: letters stay in the outbox as "kept", readable there.
SMTP_URL = env.text("SMTP_URL", "")
if not SMTP_URL and env.text("EMAIL_HOST", ""):  # a relay that asks for no password
    SMTP_URL = f"smtp://{env.text('EMAIL_HOST', '')}:{env.number('EMAIL_PORT', 25)}"
MAIL_CONFIGURED = bool(SMTP_URL)
if PRODUCTION and MAIL_CONFIGURED and not env.flag("SMTP_ALLOW_CLEARTEXT"):
    _server = env.smtp(SMTP_URL)
    if not (_server["use_tls"] or _server["use_ssl"] or env.is_loopback(str(_server["host"]))):
        raise env.refuse(
            "SMTP_URL sends mail to another machine in clear text. Use smtp+tls:// or smtps:// "
            "(or set SMTP_ALLOW_CLEARTEXT=1 on a closed network)."
        )
MAIL_FROM = env.text("MAIL_FROM", "Ushiro <ushiro@localhost>")
DEFAULT_FROM_EMAIL = SERVER_EMAIL = MAIL_FROM
MAILERS = {
    "default": (
        {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": env.smtp(SMTP_URL)}
        if SMTP_URL
        else {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    )
}

# Mail that comes in. Empty: none does, and letters name no address to answer to.
INBOUND_ADDRESS = env.text("INBOUND_ADDRESS", "").lower()
if INBOUND_ADDRESS and not env.is_mailbox(INBOUND_ADDRESS):
    raise env.refuse(
        "INBOUND_ADDRESS must be one plain address of at most 20 letters before the @, such as ushiro@example.jp."
    )
IMAP: dict[str, Any] = {}
if env.text("IMAP_HOST", ""):
    _security = env.text("IMAP_SECURITY", "tls").lower()
    if _security not in {"tls", "starttls", "plain"}:
        raise env.refuse("IMAP_SECURITY must be tls, starttls or plain.")
    IMAP = {
        "host": env.text("IMAP_HOST"),
        "port": env.number("IMAP_PORT", 993 if _security == "tls" else 143),
        "user": env.text("IMAP_USER", ""),
        "password": env.text("IMAP_PASSWORD", ""),
        "security": _security,
        "folder": env.text("IMAP_FOLDER", "INBOX"),
    }
    if not 1 <= IMAP["port"] <= 65535:
        raise env.refuse("IMAP_PORT must be a number between 1 and 65535.")
if IMAP and not INBOUND_ADDRESS:
    raise env.refuse("IMAP_HOST is set and INBOUND_ADDRESS is not; without it no letter names an address to answer to.")
if PRODUCTION and IMAP and IMAP["security"] == "plain" and not env.is_loopback(str(IMAP["host"])):
    raise env.refuse("IMAP_SECURITY=plain sends the password to another machine in clear text. Use tls or starttls.")

# Seconds for which a worker has the letters that it took; when it dies, others take them after that.
REMINDER_LEASE_SECONDS = env.number("REMINDER_LEASE_SECONDS", 300)
if not 2 <= REMINDER_LEASE_SECONDS <= 3600:
    raise env.refuse("REMINDER_LEASE_SECONDS must be between 2 and 3600.")
# Seconds to wait after the first, second … refusal that may pass (SMTP 4xx); after the last one a letter has failed.
_waits = env.text("REMINDER_BACKOFF", "60,300,1800,7200,21600,86400").split(",")
if not all(one.strip().isdecimal() and len(one.strip()) <= 7 and int(one) > 0 for one in _waits):
    raise env.refuse("REMINDER_BACKOFF must be seconds with commas between them, such as 60,300,1800.")
REMINDER_BACKOFF = tuple(int(one) for one in _waits)
# A letter whose worker died, or whose connection broke, between the last byte and the server's answer: `resend` sends
# it again with the same Message-ID; `hold` sets it aside until somebody decides.
REMINDER_POLICY = env.text("REMINDER_POLICY", "resend")
if REMINDER_POLICY not in {"resend", "hold"}:
    raise env.refuse("REMINDER_POLICY must be resend or hold.")

# Watching from outside: a page that says "still alive" to somebody else's clock, and figures for a scraper ------
HEARTBEAT_URL = env.text("HEARTBEAT_URL", "")
if HEARTBEAT_URL and not env.is_https(HEARTBEAT_URL):
    raise env.refuse("HEARTBEAT_URL must begin with https:// and name a host; its address is a secret.")
METRICS_TOKEN = env.text("METRICS_TOKEN", "")
if METRICS_TOKEN and (len(METRICS_TOKEN) < 32 or len(set(METRICS_TOKEN)) < 10):
    raise env.refuse(
        "METRICS_TOKEN is too short. Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
    )

# Requests that leave the house (incidents/gateways/egress.py): to the public internet alone, or to what is named here.
EGRESS_ALLOW = env.words("EGRESS_ALLOW")
for _entry in EGRESS_ALLOW:
    if not env.is_place(_entry):
        raise env.refuse("EGRESS_ALLOW must be hosts, each with its port unless it is 443: chat.example.lan:8443.")
EGRESS_CA_FILE = env.text("EGRESS_CA_FILE", "")
if EGRESS_CA_FILE and not Path(EGRESS_CA_FILE).is_file():
    raise env.refuse("EGRESS_CA_FILE must be a file with the certificates of an authority of your own.")

# Celery: ids only, at least once, nothing kept in the broker that the database does not know -------
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", None if PRODUCTION else "memory://")
_brokers = {"redis", "rediss", "redis+socket", "valkey", "valkeys", "sentinel", "amqp", "amqps", "pyamqp"}
if PRODUCTION and any(url.strip().partition(":")[0] not in _brokers for url in CELERY_BROKER_URL.split(";")):
    # memory://, filesystem:// and databases lose what is rung, or let only one process hear it.
    raise env.refuse("CELERY_BROKER_URL must begin with redis://, rediss://, redis+socket://, amqp:// or amqps://.")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
if CELERY_BROKER_URL.startswith(("redis", "rediss", "valkey")):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        # kombu's default sweep takes 100 s to give a killed worker's task back.
        "visibility_timeout": 300,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_keepalive": True,
    }
elif CELERY_BROKER_URL.startswith("amqp"):
    # Without confirms a message that RabbitMQ never took would look as if it had been sent.
    CELERY_BROKER_TRANSPORT_OPTIONS = {"confirm_publish": True}
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_TIME_LIMIT = 240
# A page must answer even while the broker is away; the sweep finds the row that nobody rang for.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_TIMEZONE = "Asia/Tokyo"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")

# People and sign-in --------------------------------------------------------------------------
AUTH_USER_MODEL = "incidents.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
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
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_FORMS = {
    "login": "incidents.forms.account.LoginForm",
    "reset_password": "incidents.forms.account.ResetPasswordForm",
    "reset_password_from_key": "incidents.forms.account.ResetPasswordKeyForm",
    "change_password": "incidents.forms.account.ChangePasswordForm",
}

# Sessions, cookies, headers ------------------------------------------------------------------
SESSION_COOKIE_NAME = "__Host-ushiro_sid" if HTTPS else "ushiro_sid"
CSRF_COOKIE_NAME = "__Host-ushiro_csrf" if HTTPS else "ushiro_csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# Counted from the sign-in: a request alone does not make a session longer.
SESSION_COOKIE_AGE = 7 * 24 * 3600
SESSION_SAVE_EVERY_REQUEST = False
LANGUAGE_COOKIE_NAME = "ushiro_language"
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = HTTPS
CSRF_TRUSTED_ORIGINS = [SITE_URL] if HTTPS else []
CSRF_FAILURE_VIEW = "incidents.views.errors.csrf_failure"
SECURE_SSL_REDIRECT = HTTPS and PRODUCTION
# A load balancer asks the process itself, without TLS; these answers hold no secret. /metrics is not among them.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|enginez)$"]
SECURE_HSTS_SECONDS = env.number("HSTS_SECONDS", 31536000) if HTTPS and PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.flag("HSTS_INCLUDE_SUBDOMAINS")
SECURE_HSTS_PRELOAD = env.flag("HSTS_PRELOAD")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF, CSP.NONCE],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
    "object-src": [CSP.NONE],
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024  # one Japanese letter takes nine bytes on its way
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
DATA_UPLOAD_MAX_NUMBER_FILES = 10

# Attachments: below the data folder, served by a view alone -------------------------------------
_mebibyte = 1024 * 1024
_file_mb, _incident_mb, _team_mb = (
    env.number("ATTACHMENT_FILE_MB", 20),
    env.number("ATTACHMENT_INCIDENT_MB", 200),
    env.number("ATTACHMENT_TEAM_MB", 10_000),
)
if not 1 <= _file_mb <= 1024:
    raise env.refuse("ATTACHMENT_FILE_MB must be between 1 and 1024.")
if not _file_mb <= _incident_mb <= _team_mb:
    raise env.refuse("ATTACHMENT_INCIDENT_MB must be at least ATTACHMENT_FILE_MB, and at most ATTACHMENT_TEAM_MB.")
UPLOAD_FILE_BYTES = _file_mb * _mebibyte
UPLOAD_REQUEST_BYTES = UPLOAD_FILE_BYTES + 4 * _mebibyte  # several small ones, or a large one and the form
ATTACHMENT_INCIDENT_BYTES = _incident_mb * _mebibyte
ATTACHMENT_TEAM_BYTES = _team_mb * _mebibyte
try:
    ATTACHMENT_SCAN = shlex.split(env.text("ATTACHMENT_SCAN", ""))
except ValueError:
    raise env.refuse("ATTACHMENT_SCAN holds a quotation mark that is not closed.") from None
FILE_UPLOAD_HANDLERS = ["ushiro.uploads.BoundedHandler"]

# Language and time: stored in UTC, shown in the person's zone ------------------------------------
LANGUAGE_CODE = "ja"
LANGUAGES = [("ja", "日本語"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.text("TIME_ZONE", "Asia/Tokyo")
if not env.is_zone(TIME_ZONE):  # Django itself would end the start with a page of traceback
    raise env.refuse(f"TIME_ZONE is {TIME_ZONE!r}, and this machine knows no such time zone; say Asia/Tokyo.")
USE_I18N = USE_TZ = True

# Static files --------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(BASE_DIR / "staticfiles" if PRODUCTION else DATA_DIR / "staticfiles")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = DATA_DIR / "media"
FILE_UPLOAD_PERMISSIONS = 0o640

FORM_RENDERER = "incidents.forms.render.Renderer"
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "bootstrap5"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
}
