#!/bin/sh
# What `make test` does, stage after stage; arguments go to every pytest (-k word). The first failing stage ends it.
# USHIRO_REQUIRE_ALL=1 turns a missing server or browser from a visible skip into a failure.
set -eu
cd "$(dirname "$0")/.."
python=.venv/bin/python
workers=${PYTEST_WORKERS:-auto}

stage() {
    name=$1
    shift
    echo
    echo "== $name"
    begin=$(date +%s)
    code=0
    "$@" || code=$?
    # 5: the chosen words fit no test of this stage.
    if [ "$code" -ne 0 ] && [ "$code" -ne 5 ]; then
        echo "== $name: failed" >&2
        exit "$code"
    fi
    echo "== $name: $(($(date +%s) - begin)) s"
}

quick='not integration and not browser and not soak'
stage 'unit tests on SQLite' "$python" -m pytest -q -n "$workers" -m "$quick" "$@"
# What the database does: verbs, questions, tasks, and of the pages their costs, lists and whole paths. The other pages were
# run above; `make test-postgres` runs everything on it.
stage 'unit tests on PostgreSQL' "$python" -m tests.servers postgres -- \
    "$python" -m pytest -q -n "$workers" -m "$quick and not sqlite_is_enough" tests/incidents/domain tests/incidents/queries \
    tests/incidents/tasks tests/incidents/management tests/incidents/test_load.py tests/journeys tests/incidents/views/test_costs.py \
    tests/incidents/views/test_path.py tests/incidents/views/test_lists.py "$@"
# Three at once: most of the time they wait for a worker or a server.
stage 'real worker, broker and mail server; the one command' \
    "$python" -m pytest -q -n "${PYTEST_WORKERS:-3}" --dist loadgroup -m 'integration and not browser and not soak' "$@"
stage 'browser' "$python" -m pytest -q -n "$workers" -m 'browser and not soak' "$@"
