"""A bare start in production refuses, with one sentence and code 78, whichever program is started."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
GOOD = {
    "USHIRO_MODE": "production",
    "USHIRO_SECRET_KEY": "7Qm-ZrW1x9_sKdPq4LtYb2NvCf8HjGuEaRwXoTi5MzSy6BkDl3",
    "USHIRO_URL": "https://ushiro.example.jp",
    "ALLOWED_HOSTS": "ushiro.example.jp",
    "DATABASE_URL": "postgres://ushiro@127.0.0.1:1/ushiro",
    "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
}
FAULTS = {
    "nothing set": (None, "USHIRO_SECRET_KEY is not set"),
    "default key": (
        {"USHIRO_SECRET_KEY": "django-insecure-" + GOOD["USHIRO_SECRET_KEY"]},
        "USHIRO_SECRET_KEY is too short or a default",
    ),
    "short key": ({"USHIRO_SECRET_KEY": "k3Jx9"}, "USHIRO_SECRET_KEY is too short or a default"),
    "one letter key": ({"USHIRO_SECRET_KEY": "a" * 60}, "USHIRO_SECRET_KEY is too short or a default"),
    "debug": ({"DEBUG": "1"}, "DEBUG=1 shows secrets"),
    "no hosts": ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS is not set"),
    "any host": ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS holds a wildcard"),
    "any subdomain": ({"ALLOWED_HOSTS": "ushiro.example.jp,.example.jp"}, "ALLOWED_HOSTS holds a wildcard"),
    "no database": ({"DATABASE_URL": ""}, "DATABASE_URL is not set"),
    "other database": ({"DATABASE_URL": "mysql://u@127.0.0.1/u"}, "DATABASE_URL must begin with"),
    "no broker": ({"CELERY_BROKER_URL": ""}, "CELERY_BROKER_URL is not set"),
    "clear text site": ({"USHIRO_URL": "http://ushiro.example.jp"}, "USHIRO_URL must begin with https://"),
    "mail server": ({"SMTP_URL": "mail.example.jp:587"}, "SMTP_URL must look like"),
    "number": ({"DATABASE_POOL_MAX": "many"}, "DATABASE_POOL_MAX must be a whole number"),
    "key of before": ({"USHIRO_SECRET_KEY_FALLBACKS": "k3Jx9"}, "USHIRO_SECRET_KEY_FALLBACKS holds a key"),
    "database in memory": ({"DATABASE_URL": "sqlite:///:memory:"}, "DATABASE_URL names a database in memory"),
    "time limit": ({"DATABASE_STATEMENT_TIMEOUT": "-1"}, "DATABASE_STATEMENT_TIMEOUT must be"),
    "broker in memory": ({"CELERY_BROKER_URL": "memory://"}, "CELERY_BROKER_URL must begin with"),
    "broker in files": ({"CELERY_BROKER_URL": "filesystem://"}, "CELERY_BROKER_URL must begin with"),
    "broker in a database": ({"CELERY_BROKER_URL": "sqla+sqlite:///b"}, "CELERY_BROKER_URL must begin with"),
    "second broker": ({"CELERY_BROKER_URL": "redis://a/0;memory://"}, "CELERY_BROKER_URL must begin with"),
    "mail in clear text": ({"SMTP_URL": "smtp://mail.example.jp"}, "SMTP_URL sends mail to another machine"),
    "mail without patience": ({"SMTP_URL": "smtps://mail.example.jp?timeout=0"}, "SMTP_URL names a timeout"),
    "no file": ({"ATTACHMENT_FILE_MB": "0"}, "ATTACHMENT_FILE_MB must be between 1 and 1024"),
    "record below a file": ({"ATTACHMENT_INCIDENT_MB": "5"}, "ATTACHMENT_INCIDENT_MB must be at least"),
    "team below a record": ({"ATTACHMENT_TEAM_MB": "100"}, "ATTACHMENT_INCIDENT_MB must be at least"),
    "scanner": ({"ATTACHMENT_SCAN": "clamdscan '"}, "ATTACHMENT_SCAN holds a quotation mark"),
    "zone": ({"TIME_ZONE": "Asia/Tokio"}, "TIME_ZONE is 'Asia/Tokio'"),
    "heartbeat in clear text": (
        {"HEARTBEAT_URL": "http://watch.example.jp/1"},
        "HEARTBEAT_URL must begin with https://",
    ),
    "way out to an address": ({"EGRESS_ALLOW": "https://chat.example.lan/"}, "EGRESS_ALLOW must be hosts"),
    "way out to a number in another base": ({"EGRESS_ALLOW": "a.example,2130706433"}, "EGRESS_ALLOW must be hosts"),
    "way out to no port": ({"EGRESS_ALLOW": "a.example:0"}, "EGRESS_ALLOW must be hosts"),
    "authority that is not there": ({"EGRESS_CA_FILE": "/none/ca.pem"}, "EGRESS_CA_FILE must be a file"),
    "heartbeat to nobody": ({"HEARTBEAT_URL": "https://"}, "HEARTBEAT_URL must begin with https://"),
    "short token": ({"METRICS_TOKEN": "k3Jx9"}, "METRICS_TOKEN is too short"),
    "answers to nobody": ({"INBOUND_ADDRESS": "うしろ@example.jp"}, "INBOUND_ADDRESS must be one plain address"),
    "answers to a name too long": ({"INBOUND_ADDRESS": f"{'a' * 21}@example.jp"}, "INBOUND_ADDRESS must be"),
    "mailbox without an address": ({"IMAP_HOST": "imap.example.jp"}, "IMAP_HOST is set and INBOUND_ADDRESS is not"),
    "mailbox in clear text": (
        {"IMAP_HOST": "imap.example.jp", "INBOUND_ADDRESS": "u@example.jp", "IMAP_SECURITY": "plain"},
        "IMAP_SECURITY=plain sends the password",
    ),
    "mailbox in no way": (
        {"IMAP_HOST": "i", "INBOUND_ADDRESS": "u@a.jp", "IMAP_SECURITY": "ssl"},
        "IMAP_SECURITY must",
    ),
    "mailbox without a port": ({"IMAP_HOST": "i", "INBOUND_ADDRESS": "u@a.jp", "IMAP_PORT": "0"}, "IMAP_PORT must"),
    "mode": ({"USHIRO_MODE": "develop"}, "USHIRO_MODE must be production or embedded"),
}
PROGRAMS = {
    "gunicorn": [str(BIN / "gunicorn"), "ushiro.wsgi", "--bind", "127.0.0.1:0"],
    "celery worker": [str(BIN / "celery"), "-A", "ushiro", "worker"],
    "celery beat": [str(BIN / "celery"), "-A", "ushiro", "beat", "--pidfile="],
    "manage.py": [sys.executable, "manage.py", "check"],
}


def start(command: list[str], values: dict[str, str] | None, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program with these settings and nothing of the test's own environment but the PATH."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "USHIRO_DATA": str(folder / "none"), **(values or {})}
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("name", FAULTS)
def test_unsafe_settings_are_refused_with_one_sentence(name, tmp_path):
    change, sentence = FAULTS[name]
    values = None if change is None else {**GOOD, **change}

    result = start([sys.executable, "-c", "import ushiro.settings"], values, tmp_path)

    assert result.returncode == 78
    assert result.stderr.startswith(f"Ushiro does not start: {sentence}")
    assert result.stderr.count("\n") == 1


@pytest.mark.integration
@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(
    "name", ["nothing set", "default key", "short key", "debug", "any host", "no database", "clear text site"]
)
def test_every_program_refuses_alike(program, name, tmp_path):
    change, sentence = FAULTS[name]
    values = None if change is None else {**GOOD, **change}

    result = start(PROGRAMS[program], values, tmp_path)

    assert result.returncode == 78, result.stderr
    assert "Traceback" not in result.stderr
    assert [line for line in result.stderr.splitlines() if line.strip()] == [result.stderr.strip()]
    assert sentence in result.stderr


SHOW = "import ushiro.settings as s; print({expression})"


def shown(expression: str, values: dict[str, str], folder: Path) -> str:
    result = start([sys.executable, "-c", SHOW.format(expression=expression)], values, folder)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_postgresql_gets_its_pool_from_the_environment(tmp_path):
    values = {
        **GOOD,
        "DATABASE_URL": "postgres://u:p%40ss@db.example.jp:5433/ushiro?sslmode=require",
        "DATABASE_POOL_MAX": "20",
    }
    expression = "[s.DATABASES['default'][k] for k in ('ENGINE', 'HOST', 'PORT', 'PASSWORD', 'OPTIONS')]"
    assert shown(expression, values, tmp_path) == str(
        [
            "ushiro.database.postgresql",
            "db.example.jp",
            5433,
            "p@ss",
            {
                "server_side_binding": True,
                "prepare_threshold": 3,
                "sslmode": "require",
                "options": "-c statement_timeout=30s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s -c random_page_cost=1.1",
                "pool": {"min_size": 1, "max_size": 20, "timeout": 10},
            },
        ]
    )


def test_a_pooler_is_spared_prepared_statements(tmp_path):
    values = {**GOOD, "DATABASE_URL": "postgres://u@db/ushiro", "DATABASE_PREPARE": "0"}
    options = shown("sorted(s.DATABASES['default']['OPTIONS'])", values, tmp_path)
    assert options == "['options', 'pool']"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            {"DATABASE_STATEMENT_TIMEOUT": "5"},
            "-c statement_timeout=5s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s -c random_page_cost=1.1",
        ),
        (
            {"DATABASE_STATEMENT_TIMEOUT": "0"},
            "-c statement_timeout=0s -c lock_timeout=10s -c idle_in_transaction_session_timeout=0 -c random_page_cost=1.1",
        ),
        (
            {"DATABASE_URL": "postgres://u@db/ushiro?options=-c%20search_path%3Du"},
            "-c statement_timeout=30s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s -c random_page_cost=1.1 -c search_path=u",
        ),
    ],
)
def test_postgresql_waits_for_nothing_for_ever(more, expected, tmp_path):
    assert shown("s.DATABASES['default']['OPTIONS']['options']", {**GOOD, **more}, tmp_path) == expected


@pytest.mark.parametrize("command", ["migrate", "import_incidents", "check"])
def test_what_takes_its_time_is_not_cut(command, tmp_path):
    code = (
        "import os, sys, manage, django.core.management as m; "
        f"m.execute_from_command_line = lambda argv: print(os.environ.get('DATABASE_STATEMENT_TIMEOUT')); "
        f"sys.argv = ['manage.py', {command!r}]; manage.main()"
    )
    result = start([sys.executable, "-c", code], {**GOOD, "DATABASE_STATEMENT_TIMEOUT": "5"}, tmp_path)
    assert result.stdout.strip() == ("5" if command == "check" else "0"), result.stderr


@pytest.mark.parametrize(
    "more",
    [
        {"SMTP_URL": "smtp://127.0.0.1"},
        {"SMTP_URL": "smtp://localhost:2525"},
        {"SMTP_URL": "smtp://[::1]:25"},
        {"SMTP_URL": "smtp+tls://mail.example.jp"},
        {"SMTP_URL": "smtp://mail.example.jp", "SMTP_ALLOW_CLEARTEXT": "1"},
        {"USHIRO_SECRET_KEY_FALLBACKS": GOOD["USHIRO_SECRET_KEY"][::-1]},
        {"CELERY_BROKER_URL": "amqps://u:p@a:5671//;amqps://u:p@b:5671//"},
        {"DATABASE_URL": "sqlite:////srv/ushiro.sqlite3"},
    ],
)
def test_what_is_safe_is_taken(more, tmp_path):
    assert shown("s.MODE", {**GOOD, **more}, tmp_path) == "production"


@pytest.mark.parametrize("program", ["gunicorn", "celery worker", "celery beat", "wsgi"])
def test_nothing_is_served_in_the_mode_of_the_tests(program, tmp_path):
    command = PROGRAMS.get(program) or [sys.executable, "-c", "import ushiro.wsgi"]
    values = {**GOOD, "USHIRO_MODE": "test", "CELERY_BROKER_URL": "memory://", "WEB_BIND": "127.0.0.1:0"}
    (tmp_path / "none").mkdir()
    result = start(command, values, tmp_path)
    assert result.returncode == 78, result.stderr
    assert "Ushiro does not start: USHIRO_MODE=test is for the tests alone" in result.stderr


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("amqp://guest:guest@127.0.0.1:5672//", ["confirm_publish"]),
        (
            "redis://127.0.0.1:6379/5",
            ["socket_keepalive", "unacked_restore_interval", "unacked_restore_throttle", "visibility_timeout"],
        ),
        (
            "redis+socket:///run/b.sock",
            ["socket_keepalive", "unacked_restore_interval", "unacked_restore_throttle", "visibility_timeout"],
        ),
    ],
)
def test_each_kind_of_broker_gets_its_own_options(url, options, tmp_path):
    values = {**GOOD, "CELERY_BROKER_URL": url}
    assert shown("sorted(s.CELERY_BROKER_TRANSPORT_OPTIONS)", values, tmp_path) == str(options)


def test_https_names_its_cookies_so_that_no_other_host_can_set_them(tmp_path):
    expression = "[s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.LANGUAGE_COOKIE_SECURE, s.SECURE_HSTS_SECONDS]"
    assert shown(expression, GOOD, tmp_path) == str(
        ["__Host-ushiro_sid", "__Host-ushiro_csrf", True, True, True, 31536000]
    )


def test_a_forwarded_scheme_is_believed_only_when_asked_for(tmp_path):
    expression = "getattr(s, 'SECURE_PROXY_SSL_HEADER', None)"
    assert shown(expression, GOOD, tmp_path) == "None"
    assert shown(expression, {**GOOD, "USHIRO_BEHIND_TLS_PROXY": "1"}, tmp_path) == str(
        ("HTTP_X_FORWARDED_PROTO", "https")
    )


def test_the_embedded_database_may_live_under_any_folder_name(tmp_path):
    folder = tmp_path / "データ 50% #1?"
    values = {"USHIRO_MODE": "embedded", "USHIRO_SECRET_KEY": GOOD["USHIRO_SECRET_KEY"], "USHIRO_DATA": str(folder)}
    assert shown("s.DATABASES['default']['NAME']", values, tmp_path) == str(folder / "ushiro.sqlite3")
