"""What a connection really has; `make test` runs this on SQLite and on PostgreSQL."""

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db


def test_a_connection_waits_for_nothing_for_ever_and_knows_that_indexes_cost_little():
    if connection.vendor != "postgresql":
        assert connection.settings_dict["OPTIONS"]["timeout"] == 20
        return
    limits = {}
    with connection.cursor() as cursor:
        for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "random_page_cost"):
            cursor.execute(f"SHOW {name}")
            limits[name] = cursor.fetchone()[0]
    assert limits == {
        "statement_timeout": "30s",
        "lock_timeout": "10s",
        "idle_in_transaction_session_timeout": "1min",
        "random_page_cost": "1.1",
    }
