from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests import servers
from tests.browser.fixtures import missing


def _need(build: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return build(*arguments)
    except servers.Missing as not_there:
        missing(str(not_there))


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Databases]:
    made = servers.Databases(tmp_path_factory.mktemp("db"))
    yield made
    made.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which database the installation runs on. Narrow it with `@pytest.mark.parametrize("kind", ["sqlite"])`."""
    return request.param


@pytest.fixture
def install(
    kind: str,
    databases: servers.Databases,
    tmp_path: Path,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    django_db_blocker: Any,
) -> Iterator[Callable[..., servers.Installation]]:
    """`install()` gives an installation whose database this test shares; nothing runs in it yet.

    broker: "valkey" or "rabbitmq". mail: a MailServer, default one without TLS.
    """
    with ExitStack() as stack:

        def build(
            broker: str = "valkey", mail: servers.MailServer | None = None, **values: str
        ) -> servers.Installation:
            url = _need(databases.make, kind)
            ringer = _need(servers.Rabbit) if broker == "rabbitmq" else _need(servers.Broker, tmp_path)
            stack.callback(ringer.stop)
            mail = mail or servers.MailServer()
            stack.callback(mail.stop)
            environ = servers.base_environ(
                tmp_path,
                DATABASE_URL=url,
                CELERY_BROKER_URL=ringer.url,
                SMTP_URL=mail.url,
                USHIRO_SECRET_KEY=settings.SECRET_KEY,
                **values,
            )
            made = servers.Installation(tmp_path, environ=environ, broker=ringer, mail=mail)
            stack.callback(made.stop)
            settings.SITE_URL = made.url
            # What this test's own verbs ring for goes to the real broker.
            monkeypatch.setattr("incidents.later.current_app", made.producer)
            stack.enter_context(django_db_blocker.unblock())
            stack.enter_context(servers.work_on(url))
            return made

        yield build
