"""The page for faults when what failed is what the page itself needs."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.views.errors import server_error


@pytest.fixture
def no_manifest(settings, tmp_path):
    """Static files as in production, which nobody has collected."""
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    }


def test_without_static_files_a_fault_still_has_its_page(client_of, alice, no_manifest):
    client = client_of(alice)
    client.raise_request_exception = False
    answer = client.get("/incidents/")
    text = answer.content.decode()
    assert answer.status_code == 500
    assert "うしろの側で割れが起きました" in text and "あなたの操作のせいではありません。" in text
    assert "<link" not in text and "<script" not in text and "style=" not in text


def test_the_page_for_faults_asks_no_database(db, rf):
    with CaptureQueriesContext(connection) as queries:
        answer = server_error(rf.get("/"))
    assert (answer.status_code, len(queries)) == (500, 0)
    assert "ushiro" in answer.content.decode()
