"""`manage.py up` as an operator meets it: real processes, real signals, real faults."""

import contextlib
import http.client
import os
import re
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from incidents.sample import SIGN_INS
from ushiro import embedded_broker, preflight, supervisor

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc"),
    pytest.mark.xdist_group("supervisor"),  # they share one first start
]
PATTERNS = {
    "web": b"gunicorn",
    "worker": b"celery\0-A\0ushiro\0worker",
    "beat": b"celery\0-A\0ushiro\0beat",
    "broker": b"valkey-server",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition, seconds: float, what: str):
    """Wait for a condition and return its value; the time is a failure's bound, not a pause."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


def processes_of(folder: Path) -> dict[int, bytes]:
    """Every process that was started for this data folder, whoever its parent is now: pid -> command line."""
    mark = f"USHIRO_DATA={folder}".encode()
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                # The broker writes its title over its environment, but it works inside the folder.
                ours = mark in (entry / "environ").read_bytes().split(b"\0") or Path(
                    os.readlink(entry / "cwd")
                ).is_relative_to(folder)
                if ours and (command := (entry / "cmdline").read_bytes()):
                    found[int(entry.name)] = command
    return found


def leads(pid: int) -> bool:
    """Whether the process is the first of its group; one that has just ended is of none."""
    try:
        return os.getpgid(pid) == pid
    except ProcessLookupError:
        return False


class Up:
    """One `manage.py up` on a folder and a port."""

    def __init__(self, folder: Path, port: int, *arguments: str, **values: str):
        self.folder, self.port = folder, port
        environ = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--port", str(port), *arguments],
            cwd=ROOT,
            env={**environ, "USHIRO_DATA": str(folder), **values},
            stdout=open(folder.parent / f"{folder.name}.out", "w+", encoding="utf-8"),
            stderr=open(folder.parent / f"{folder.name}.err", "w+", encoding="utf-8"),
            start_new_session=True,
        )

    def said(self, kind: str = "out") -> str:
        return (self.folder.parent / f"{self.folder.name}.{kind}").read_text(encoding="utf-8")

    def wait_ready(self, seconds: float = 180) -> "Up":
        until(lambda: "開く / open" in self.said() or self.process.poll() is not None, seconds, "the address is shown")
        assert self.process.poll() is None, self.said("err")
        return self

    def refused(self, seconds: float = 30) -> tuple[int, str]:
        return self.process.wait(seconds), self.said("err")

    def children(self) -> dict[str, int]:
        """The first process of each program: name -> pid."""
        found = {}
        for pid, command in sorted(processes_of(self.folder).items()):
            for name, pattern in PATTERNS.items():
                if pattern in command and leads(pid):
                    found[name] = pid
        return found

    def sign_in_page(self) -> int:
        try:
            path = "/"
            for _ in range(4):
                link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                link.request("GET", path)
                reply = link.getresponse()
                if reply.status not in {301, 302}:
                    return reply.status
                path = reply.getheader("Location")
        except OSError:
            return 0
        return 0

    def stop(self, number: int = signal.SIGINT) -> float:
        """Returns: seconds until the supervisor had ended."""
        begin = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(20)
        return time.monotonic() - begin

    def end(self) -> None:
        self.kill()
        until(lambda: not processes_of(self.folder), 10, "no process left")

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def up():
    """Starts installations and makes sure that none outlives its test."""
    started = []

    def start(folder: Path, *arguments: str, port: int | None = None, **values: str) -> Up:
        started.append(Up(folder, port or free_port(), *arguments, **values))
        return started[-1]

    yield start
    for one in started:  # all of them first: two may have been started on one folder
        one.kill()
    for one in started:
        one.end()


@pytest.fixture(scope="module")
def used_folder(tmp_path_factory) -> Path:
    """A data folder after its first start and a clean end."""
    folder = tmp_path_factory.mktemp("first") / "var"
    one = Up(folder, free_port())
    try:
        one.wait_ready()
        assert one.sign_in_page() == 200
        one.stop()
    finally:
        one.end()
    return folder


@pytest.fixture
def folder(used_folder, tmp_path) -> Path:
    """A copy of the used one, so that a start in it is a second start."""
    return Path(shutil.copytree(used_folder, tmp_path / "var"))


@pytest.mark.integration
def test_the_first_start_makes_private_secrets_and_says_where_to_go(used_folder):
    said = (used_folder.parent / "var.out").read_text(encoding="utf-8")
    assert re.search(r"開く / open +http://127\.0\.0\.1:\d+/\n", said)
    assert f"記録 / logs         {used_folder / 'log'}" in said
    for _, email, password in SIGN_INS:
        assert f"    {email}  {password}  " in said
    assert (used_folder.parent / "var.err").read_text(encoding="utf-8") == ""
    assert stat.S_IMODE(used_folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((used_folder / "ushiro.env").stat().st_mode) == 0o600
    assert stat.S_IMODE((used_folder / "ushiro.sqlite3").stat().st_mode) == 0o600
    values = preflight.read_values(used_folder / "ushiro.env")
    assert values["USHIRO_MODE"] == "embedded"
    assert len(values["USHIRO_SECRET_KEY"]) >= 50


@pytest.mark.integration
def test_a_second_start_is_quick_and_keeps_the_secret(up, folder):
    before = preflight.read_values(folder / "ushiro.env")["USHIRO_SECRET_KEY"]
    begin = time.monotonic()
    one = up(folder).wait_ready()
    seconds = time.monotonic() - begin

    assert seconds <= 10
    assert one.sign_in_page() == 200
    assert preflight.read_values(folder / "ushiro.env")["USHIRO_SECRET_KEY"] == before
    assert stat.S_IMODE((folder / "ushiro.env").stat().st_mode) == 0o600
    assert "準備しています" not in one.said()


@pytest.mark.integration
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_everything_within_five_seconds(up, folder, number):
    one = up(folder).wait_ready()
    until(lambda: set(one.children()) == set(PATTERNS), 10, "all four programs run")

    seconds = one.stop(number)

    assert one.process.returncode == 0
    assert seconds <= 5
    assert processes_of(folder) == {}
    preflight.check_port("127.0.0.1", one.port)
    assert one.said("err") == ""


@pytest.mark.integration
def test_an_empty_start_shows_a_set_up_link_until_somebody_uses_it(up, tmp_path):
    link = re.compile(r"set-up link, works once:\n    (http://127\.0\.0\.1:\d+/setup/\S+)\n")
    first = up(tmp_path / "var", "--no-sample").wait_ready()
    before = link.search(first.said()).group(1)
    first.stop()

    second = up(tmp_path / "var", "--no-sample", port=first.port).wait_ready()
    now = link.search(second.said()).group(1)

    assert now != before
    assert "準備しています" not in second.said()
    assert not (tmp_path / "var" / "log" / "prepare.log").exists()
    for address, status in ((now, 200), (before, 404)):
        reply = http.client.HTTPConnection("127.0.0.1", second.port, timeout=10)
        reply.request("GET", address.partition(str(second.port))[2])
        assert reply.getresponse().status == status


@pytest.mark.integration
def test_a_killed_child_comes_back(up, folder):
    one = up(folder).wait_ready()
    before = until(lambda: len(one.children()) == 4 and one.children(), 10, "all four programs run")

    for pid in before.values():
        os.kill(pid, signal.SIGKILL)

    def back():
        now = one.children()
        return set(now) == set(PATTERNS) and not set(now.values()) & set(before.values())

    until(back, 20, "four new processes")
    until(lambda: one.sign_in_page() == 200, 20, "the page is there again")
    for name in PATTERNS:
        assert f"{name} ended (signal 9), starting again in 0.5 s" in one.said()


@pytest.mark.integration
def test_nothing_survives_a_killed_supervisor_and_the_next_start_works(up, folder):
    one = up(folder).wait_ready()
    one.process.kill()
    one.process.wait()

    again = up(folder, port=one.port).wait_ready()

    assert again.sign_in_page() == 200
    again.stop()
    assert processes_of(folder) == {}


@pytest.mark.integration
def test_a_data_folder_has_one_owner(up, folder):
    first = up(folder).wait_ready()
    code, sentence = up(folder).refused()
    assert (code, sentence) == (
        1,
        f"Ushiro does not start: Another `make up` (process {first.process.pid}) is running on {folder}; "
        "stop it with Ctrl-C, or name another folder with `make up DATA=FOLDER`.\n",
    )
    assert first.sign_in_page() == 200


@pytest.mark.integration
def test_a_damaged_broker_file_is_put_aside(up, folder):
    (damaged,) = (folder / "broker").glob("appendonlydir/*.incr.aof")
    damaged.write_bytes(b"*3\r\n$3\r\nSET\r\n" + b"\xff" * 300 + b"\r\n*1\r\n$4\r\nPING\r\n")
    one = up(folder).wait_ready()
    assert "could not read its file, put aside" in one.said()
    assert len(list(folder.glob("broker-damaged-*"))) == 1


@pytest.mark.integration
def test_a_broker_of_the_environment_is_used_instead(up, folder):
    values = {"CELERY_BROKER_URL": "memory://"}
    one = up(folder, **values).wait_ready()
    until(lambda: set(one.children()) == {"web", "worker", "beat"}, 10, "three programs and no broker")
    assert preflight.read_values(folder / "ushiro.env")["CELERY_BROKER_URL"] == "memory://"


@pytest.mark.integration
def test_a_long_folder_name_gets_a_socket_elsewhere_and_no_litter(up, used_folder, tmp_path):
    deep = tmp_path / ("長い" * 20) / "var"
    shutil.copytree(used_folder, deep)
    one = up(deep).wait_ready()
    path = Path(preflight.read_values(deep / "ushiro.env")["CELERY_BROKER_URL"].removeprefix("redis+socket://"))
    assert path.is_socket()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    one.stop()
    assert not path.parent.exists()


@pytest.mark.integration
def test_settings_that_a_child_refuses_end_the_start(up, folder):
    code, sentence = up(folder, SMTP_URL="mail.example.jp").refused()
    assert code == 78
    assert (
        sentence
        == "Ushiro does not start: SMTP_URL must look like smtp+tls://user:password@mail.example.jp:587 (or smtps://, smtp://).\n"
    )
    assert processes_of(folder) == {}


def test_production_is_not_started_by_make_up(up, tmp_path):
    code, sentence = up(tmp_path / "var", USHIRO_MODE="production").refused()
    assert code == 78
    assert sentence.startswith("Ushiro does not start: `make up` runs the embedded mode;")
    assert not (tmp_path / "var").exists()


def test_debug_is_for_this_machine_alone(up, tmp_path):
    code, sentence = up(tmp_path / "var", "--host", "0.0.0.0", DEBUG="1").refused()
    assert code == 78
    assert sentence.startswith("Ushiro does not start: DEBUG=1 shows secrets to every visitor, and HOST=0.0.0.0")
    assert not (tmp_path / "var").exists()


def test_a_taken_port_is_named(up, tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, sentence = up(tmp_path / "var", port=port).refused()
    assert (code, sentence) == (
        1,
        f"Ushiro does not start: Port {port} on 127.0.0.1 is taken by another program; choose another one, for example `make up PORT={port + 1}`.\n",
    )


def test_a_file_in_place_of_the_folder_is_named(up, tmp_path):
    (tmp_path / "var").write_text("a file", encoding="utf-8")
    code, sentence = up(tmp_path / "var").refused()
    assert code == 1
    assert sentence.startswith(
        f"Ushiro does not start: The data folder {tmp_path / 'var'} cannot be written (File exists);"
    )
    assert sentence.count("\n") == 1


def test_a_folder_that_cannot_be_made_is_named(up, tmp_path):
    # /proc takes no new folder from anybody; modes would not stop root, who runs these tests in CI.
    code, sentence = up(tmp_path / "var", "--data", "/proc/ushiro").refused()
    assert code == 1
    assert sentence.startswith("Ushiro does not start: The data folder /proc/ushiro cannot be written (")
    assert sentence.count("\n") == 1


def test_a_read_only_folder_is_named():
    # Asked by a process without root's rights: root would be let in whatever the mode says.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        folder.chmod(0o555)
        reading, writing = os.pipe()
        if (pid := os.fork()) == 0:
            try:
                if os.geteuid() == 0:
                    os.setuid(65534)
                preflight.check_folder(folder)
                os.write(writing, b"passed")
            except preflight.CannotStart as fault:
                os.write(writing, str(fault).encode())
            finally:
                os._exit(0)
        os.waitpid(pid, 0)
        os.close(writing)
        with os.fdopen(reading, encoding="utf-8") as answer:
            sentence = answer.read()
        folder.chmod(0o755)
    assert sentence.startswith(f"The data folder {folder} cannot be written (")
    assert sentence.endswith("or name another folder with `make up DATA=FOLDER`.")


def test_a_folder_of_somebody_else_is_left_as_it_is(up, tmp_path):
    (tmp_path / "var").mkdir(mode=0o755)
    (tmp_path / "var" / "thesis.txt").write_text("mine", encoding="utf-8")
    mode = (tmp_path / "var").stat().st_mode
    code, sentence = up(tmp_path / "var").refused()
    assert code == 1
    assert "holds other things already" in sentence
    assert [entry.name for entry in (tmp_path / "var").iterdir()] == ["thesis.txt"]
    assert (tmp_path / "var").stat().st_mode == mode


def sound_database(file: Path) -> None:
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT)")
        connection.execute("CREATE INDEX by_word ON words (word)")
        connection.executemany("INSERT INTO words (word) VALUES (?)", [(f"word {n}" * 20,) for n in range(2000)])
        connection.commit()


def damage(file: Path, how: str) -> None:
    data = bytearray(file.read_bytes())
    if how == "another file":
        data = bytearray(b"PK\x03\x04 not a database " * 100)
    elif how == "emptied":
        data = bytearray()
    elif how == "cut":
        data = data[: len(data) // 2 // 4096 * 4096]
    elif how == "overwritten inside":
        data[4096:40960] = b"\xa5" * (40960 - 4096)
    file.write_bytes(data)


@pytest.mark.parametrize("how", ["another file", "emptied", "cut", "overwritten inside"])
def test_a_broken_database_is_named_with_the_page_that_helps(up, tmp_path, how):
    folder = tmp_path / "var"
    folder.mkdir()
    (folder / "prepared").write_text("", encoding="ascii")
    sound_database(folder / "ushiro.sqlite3")
    damage(folder / "ushiro.sqlite3", how)
    broken = (folder / "ushiro.sqlite3").read_bytes()

    code, sentence = up(folder).refused()

    assert code == 1
    assert sentence.startswith(f"Ushiro does not start: The database file {folder / 'ushiro.sqlite3'} is damaged (")
    assert sentence.endswith("as the backup section of docs/operation.md tells.\n")
    assert sentence.count("\n") == 1
    assert (folder / "ushiro.sqlite3").read_bytes() == broken


def test_a_sound_database_passes(tmp_path):
    sound_database(tmp_path / "ushiro.sqlite3")
    preflight.check_database(tmp_path / "ushiro.sqlite3", seen_before=True)


def test_an_older_python_gets_a_sentence(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 11, 9))
    with pytest.raises(preflight.CannotStart, match=r"needs Python 3\.12 or newer and this is 3\.11\.9"):
        preflight.check_python()


def test_a_cut_secret_is_not_replaced_silently(tmp_path):
    (tmp_path / "ushiro.env").write_text("USHIRO_MODE=embedded\nUSHIRO_SECRET_KEY=short\n", encoding="utf-8")
    with pytest.raises(preflight.CannotStart, match="USHIRO_SECRET_KEY in .* is missing or too short"):
        preflight.embedded_values(tmp_path, "127.0.0.1", 8000, "redis+socket:///b", {})


def test_the_key_of_the_consultations_has_a_private_file_of_its_own_and_is_made_once(tmp_path):
    values = preflight.embedded_values(tmp_path, "127.0.0.1", 8000, "redis+socket:///b", {})
    preflight.write_values(tmp_path / "ushiro.env", values)
    file = tmp_path / "consult.key"
    key = file.read_text("ascii")
    assert values["USHIRO_CONSULT_KEY_FILE"] == str(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert key.strip() not in (tmp_path / "ushiro.env").read_text("utf-8")
    preflight.embedded_values(tmp_path, "127.0.0.1", 8000, "redis+socket:///b", {})
    assert file.read_text("ascii") == key


def test_a_lost_key_of_the_consultations_is_not_replaced_silently(tmp_path):
    values = preflight.embedded_values(tmp_path, "127.0.0.1", 8000, "redis+socket:///b", {})
    preflight.write_values(tmp_path / "ushiro.env", values)
    (tmp_path / "consult.key").unlink()
    with pytest.raises(preflight.CannotStart, match="The key of the consultations, .* is gone"):
        preflight.embedded_values(tmp_path, "127.0.0.1", 8000, "redis+socket:///b", {})


def test_values_of_the_environment_win_and_are_kept_for_manage_py(tmp_path):
    given = {
        "DATABASE_URL": "postgres://db/ushiro",
        "CELERY_BROKER_URL": "redis://b/0",
        "SMTP_URL": "smtp://m",
        "USHIRO_URL": "https://u.example.jp",
    }
    values = preflight.embedded_values(tmp_path, "127.0.0.1", 8000, "redis+socket:///b", given)
    assert {name: values[name] for name in given} == given


OF_ITS_PROCESS = {"DEBUG", "LOG_LEVEL", "STATIC_ROOT", "USHIRO_ALLOW_HTTP"}  # what a command beside may have otherwise


def test_commands_beside_a_start_meet_its_settings(tmp_path):
    """Every setting that is given to `make up` is kept for `manage.py`, but those of the process itself."""
    read = set(re.findall(r'env\.\w+\("([A-Z_]+)"', (ROOT / "ushiro" / "settings.py").read_text("utf-8")))
    given = {name: "1" for name in read if not name.startswith("HSTS_")} | {"USHIRO_SECRET_KEY": "k" * 60}
    values = preflight.embedded_values(tmp_path, "127.0.0.1", 8000, "redis+socket:///b", given)
    assert "ATTACHMENT_SCAN" in values
    assert given.keys() - values.keys() == OF_ITS_PROCESS


def test_listening_on_all_addresses_names_hosts_and_never_a_wildcard(tmp_path):
    values = preflight.embedded_values(tmp_path, "0.0.0.0", 8000, "redis+socket:///b", {})
    assert "*" not in values["ALLOWED_HOSTS"]
    assert "0.0.0.0" not in values["ALLOWED_HOSTS"] + values["USHIRO_URL"]


def test_restarts_wait_longer_each_time_and_start_over_after_a_steady_minute(tmp_path, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(supervisor.time, "monotonic", lambda: now[0])
    child = supervisor.Child("web", ["true"], log=tmp_path / "web.log", environ={})
    child.started = now[0]
    waits = [child.plan_restart() for _ in range(8)]
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30]
    now[0] += 60
    assert child.plan_restart() == 0.5


def test_a_log_keeps_one_predecessor(tmp_path, monkeypatch):
    monkeypatch.setattr(supervisor, "LOG_LIMIT", 10)
    child = supervisor.Child("web", ["true"], log=tmp_path / "web.log", environ={})
    child.log.write_text("a long first line\n", encoding="utf-8")
    child.trim_log()
    assert child.log.read_text(encoding="utf-8") == ""
    assert (tmp_path / "web.log.1").read_text(encoding="utf-8") == "a long first line\n"


def test_without_any_broker_program_the_way_out_is_named(monkeypatch):
    monkeypatch.setattr(embedded_broker.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(preflight.CannotStart, match="CELERY_BROKER_URL"):
        embedded_broker.find_server()
