"""Real beat, worker, broker and servers: their signs, the heartbeat, and what the doctor says when each of them dies."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta

import pytest
from django.utils import timezone

from incidents.models import EngineMark
from incidents.tasks.signs import rings
from tests.factories import OrganisationFactory
from tests.servers import ROOT, free_port, until

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("health")]


def doctor(house, *, wait: float = 15) -> tuple[int, set[str]]:
    """Exit code and what was found, by the command as an operator types it."""
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor", "--json", f"--wait={wait}"],
        cwd=ROOT,
        env=house.environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, {one["code"] for one in json.loads(done.stdout)["findings"]}


def marked(name: str) -> bool:
    return EngineMark.objects.filter(name=name, at__isnull=False).exists()


def test_each_part_that_dies_is_named(install, watch, certificate):
    outside = watch()
    house = install(HEARTBEAT_URL=f"https://127.0.0.1:{outside.port}/ping", SSL_CERT_FILE=str(certificate.file))
    OrganisationFactory()
    house.environ["ALLOWED_HOSTS"] = "127.0.0.1"
    house.web()
    worker, beat = house.worker(), house.beat()
    until(lambda: all(marked(name) for name in ("bell", "heartbeat", *rings())), 60, "each part has left its sign")
    assert outside.asked[0].startswith(b"GET /ping HTTP/1.1\r\n")
    assert doctor(house) == (0, set())

    beat.kill()
    EngineMark.objects.filter(name="bell").update(at=timezone.now() - timedelta(minutes=4))
    assert doctor(house) == (1, {"beat_silent"})

    beat = house.beat()
    worker.kill()
    until(
        lambda: EngineMark.objects.filter(name="bell", at__gte=timezone.now() - timedelta(minutes=1)).exists(),
        30,
        "beat rings",
    )
    assert doctor(house, wait=2) == (1, {"worker_silent"})
    asked = len(outside.asked)

    house.worker()
    until(lambda: len(outside.asked) > asked, 30, "the heartbeat goes out again")

    house.broker.kill()
    assert doctor(house) == (1, {"broker_unreachable"})
    house.broker.start()

    house.worker()  # the one before may have ended itself with the broker
    house.environ["SMTP_URL"] = f"smtp://127.0.0.1:{free_port()}"
    assert doctor(house) == (1, {"mail_unreachable"})
