import pytest

from ushiro import env


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "smtp+tls://post%40example.jp:p%3A%2F%40ss@mail.example.jp:2587",
            {
                "host": "mail.example.jp",
                "port": 2587,
                "username": "post@example.jp",
                "password": "p:/@ss",
                "use_tls": True,
                "use_ssl": False,
                "timeout": 10,
            },
        ),
        (
            "smtps://u:p@mail.example.jp?timeout=30",
            {
                "host": "mail.example.jp",
                "port": 465,
                "username": "u",
                "password": "p",
                "use_tls": False,
                "use_ssl": True,
                "timeout": 30,
            },
        ),
        (
            "smtp+tls://mail.example.jp",
            {
                "host": "mail.example.jp",
                "port": 587,
                "username": "",
                "password": "",
                "use_tls": True,
                "use_ssl": False,
                "timeout": 10,
            },
        ),
        (
            "smtp://127.0.0.1",
            {
                "host": "127.0.0.1",
                "port": 25,
                "username": "",
                "password": "",
                "use_tls": False,
                "use_ssl": False,
                "timeout": 10,
            },
        ),
    ],
)
def test_smtp_url_says_host_sign_in_and_kind_of_tls(url, expected):
    assert env.smtp(url) == expected


@pytest.mark.parametrize(
    "url",
    ["mail.example.jp", "http://mail.example.jp", "smtp://", "smtp://mail.example.jp:99999", "smtp+ssl://m:1"]
    + [f"smtps://m?timeout={text}" for text in ("0", "61", "ten", "", "-5", "1.5", "²", "9" * 5000)],
)
def test_a_wrong_smtp_url_stops_the_start(url, capsys):
    with pytest.raises(env.Misconfigured) as stopped:
        env.smtp(url)
    assert stopped.value.code == 78
    assert capsys.readouterr().err == f"Ushiro does not start: {stopped.value}\n"


@pytest.mark.parametrize("seconds", [1, 60])
def test_an_smtp_timeout_has_its_bounds(seconds):
    assert env.smtp(f"smtps://m?timeout={seconds}")["timeout"] == seconds


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("localhost.example.jp", False),
        ("192.0.2.1", False),
    ],
)
def test_loopback_is_this_machine_and_no_other(host, expected):
    assert env.is_loopback(host) is expected


@pytest.mark.parametrize(
    ("value", "expected"), [("1", True), ("Yes", True), ("on", True), ("0", False), ("no", False), ("", False)]
)
def test_flags_have_two_sides(value, expected, monkeypatch):
    monkeypatch.setenv("SOME_FLAG", value)
    assert env.flag("SOME_FLAG") is expected


def test_a_flag_that_is_neither_is_no_silent_no(monkeypatch):
    monkeypatch.setenv("SOME_FLAG", "maybe")
    with pytest.raises(env.Misconfigured):
        env.flag("SOME_FLAG")


def test_words_lose_their_blanks(monkeypatch):
    monkeypatch.setenv("SOME_WORDS", " a.example.jp, ,b.example.jp ,")
    assert env.words("SOME_WORDS") == ["a.example.jp", "b.example.jp"]


@pytest.fixture
def installation(tmp_path, monkeypatch):
    monkeypatch.setenv("USHIRO_DATA", str(tmp_path))
    (tmp_path / "ushiro.env").write_text(
        "# note\nUSHIRO_MODE=embedded\nUSHIRO_SECRET_KEY=a=b\nTIME_ZONE=Asia/Tokyo\n", encoding="utf-8"
    )
    return tmp_path


def test_manage_py_takes_over_what_make_up_wrote(installation):
    environ = {"TIME_ZONE": "Asia/Seoul"}
    env.load_embedded(environ)
    assert environ == {"USHIRO_MODE": "embedded", "USHIRO_SECRET_KEY": "a=b", "TIME_ZONE": "Asia/Seoul"}


@pytest.mark.parametrize("chosen", [{"USHIRO_MODE": "production"}, {"DATABASE_URL": "postgres://db/ushiro"}])
def test_a_process_configured_on_purpose_is_left_alone(installation, chosen):
    environ = dict(chosen)
    env.load_embedded(environ)
    assert environ == chosen


def test_without_an_installation_nothing_is_taken_over(installation):
    (installation / "ushiro.env").unlink()
    environ = {}
    env.load_embedded(environ)
    assert environ == {}
