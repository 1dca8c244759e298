"""The settings with a few lines changed. No new app: what is tested is what runs."""

import os

os.environ.setdefault("USHIRO_MODE", "test")
os.environ.setdefault("USHIRO_URL", "http://testserver")

from ushiro.settings import *  # noqa: F403

ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
MAIL_CONFIGURED = True
MAIL_FROM = "うしろ <ushiro@example.jp>"
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
if DATABASES["default"]["NAME"] in {"", ":memory:"}:  # noqa: F405
    # pytest-xdist gives each of its processes a database file of its own name, unless it is told that there is no file.
    DATABASES["default"]["TEST"] = {"NAME": ":memory:"}  # noqa: F405
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}  # noqa: F405
ACCOUNT_RATE_LIMITS = False
