import pytest

from ushiro import checks


def ids(found):
    return [message.id for message in found]


@pytest.mark.parametrize(
    ("url", "sender", "expected"),
    [
        ("", "Ushiro <ushiro@example.jp>", ["ushiro.W001"]),
        ("smtp+tls://mail.example.jp", "Ushiro <ushiro@example.jp>", []),
        ("smtp+tls://mail.example.jp", "Ushiro <ushiro@localhost>", ["ushiro.E001"]),
        ("smtp+tls://mail.example.jp", "Ushiro", ["ushiro.E001"]),
        ("smtp://mail.example.jp", "ushiro@example.jp", ["ushiro.W002"]),
        ("smtp://127.0.0.1", "ushiro@example.jp", []),
    ],
)
def test_mail_that_would_not_arrive_is_named(settings, url, sender, expected):
    settings.SMTP_URL, settings.MAIL_CONFIGURED, settings.MAIL_FROM = url, bool(url), sender
    assert ids(checks.mail_leaves_the_machine()) == expected


@pytest.mark.parametrize(("workers", "expected"), [("1", []), ("3", ["ushiro.W003"])])
def test_several_web_processes_want_a_shared_cache(settings, monkeypatch, workers, expected):
    monkeypatch.setenv("WEB_WORKERS", workers)
    assert ids(checks.sign_in_limits_are_shared()) == expected


def test_sqlite_in_production_is_named(settings):
    settings.DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3"}}
    settings.PRODUCTION = True
    assert ids(checks.database_takes_several_writers()) == ["ushiro.W004"]
    settings.PRODUCTION = False
    assert ids(checks.database_takes_several_writers()) == []


def test_a_language_without_its_compiled_texts_is_named(settings, tmp_path):
    settings.LOCALE_PATHS = [tmp_path]
    (tmp_path / "ja" / "LC_MESSAGES").mkdir(parents=True)
    (tmp_path / "ja" / "LC_MESSAGES" / "django.mo").write_bytes(b"")
    (found,) = checks.languages_are_complete()
    assert (found.id, found.msg) == ("ushiro.E002", "Compiled texts are missing for: en.")
