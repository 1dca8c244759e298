# Every command a developer or operator types. `make help` lists them; CI runs the same ones.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PY := .venv/bin/python

PORT ?= 8000
SAMPLE ?= 1
# HOST and DATA count only when typed on the command line: some shells export a HOST of their own.
ifeq ($(origin HOST),command line)
up_host := --host '$(HOST)'
endif
ifeq ($(origin DATA),command line)
export USHIRO_DATA := $(DATA)
endif
up_sample := $(if $(filter 0 no,$(SAMPLE)),--no-sample)
PYTEST ?=
BENCH ?=
SCAN ?=
SEEDED ?=

.PHONY: help install install-dev up test test-postgres check seeded fmt messages lock pictures soak bench bench-reminders crash-reminders clean

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | awk -F'\t' '{ printf "  make %-12s %s\n", $$1, $$2 }'
	@echo "  for up: PORT=8000 HOST=127.0.0.1 DATA=./var SAMPLE=1 (0 starts empty)"

install: ## .venv with the packages of requirements.lock (Python 3.12 or newer)
	@sh deploy/install.sh requirements.lock installed

install-dev: ## .venv with the developer packages as well
	@sh deploy/install.sh requirements-dev.lock installed-dev

up: install ## start everything: web, worker, beat, broker; Ctrl-C stops it
	@$(PY) manage.py up --port '$(PORT)' $(up_host) $(up_sample)

test: install-dev ## every test: unit, integration, browser (PYTEST="-k word" for some)
	@sh tests/run.sh $(PYTEST)

test-postgres: install-dev ## all unit tests on PostgreSQL; `make test` runs there what is the database's own
	@$(PY) -m tests.servers postgres -- $(PY) -m pytest -q -n auto -m 'not integration and not browser and not soak' tests/incidents tests/journeys $(PYTEST)

check: install-dev ## style, import contracts, migrations, templates, and every scanner (SCAN="semgrep floor" for some)
	@.venv/bin/ruff format --check .
	@.venv/bin/lint-imports
	@USHIRO_MODE=test DATABASE_URL=sqlite:///:memory: $(PY) manage.py makemigrations --check --dry-run
	@.venv/bin/djlint --lint templates
	@$(PY) deploy/scan.py $(SCAN)

seeded: install-dev ## plant a hole of each kind in a copy of the code, and see that each is found (about 4 minutes)
	@$(PY) -m tests.seeded $(SEEDED)

fmt: install-dev ## put the code into the house style
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

messages: install-dev ## collect and compile the texts of both languages (needs gettext)
	@command -v msgfmt >/dev/null || { echo "make messages needs gettext; on Debian: apt-get install gettext" >&2; exit 1; }
	@USHIRO_MODE=test DATABASE_URL=sqlite:///:memory: $(PY) manage.py makemessages -l en --no-wrap --add-location file --no-obsolete --ignore .venv --ignore tests --ignore staticfiles --ignore var
	@sed -i.old '/^"POT-Creation-Date:/d' locale/en/LC_MESSAGES/django.po && rm locale/en/LC_MESSAGES/django.po.old
	@USHIRO_MODE=test DATABASE_URL=sqlite:///:memory: $(PY) manage.py compilemessages --ignore .venv

lock: ## choose package versions anew (needs uv)
	@command -v uv >/dev/null || [ -x .venv/bin/uv ] || { echo "make lock needs uv; get it with: .venv/bin/pip install uv" >&2; exit 1; }
	@PATH="$$PWD/.venv/bin:$$PATH"; uv lock && \
	uv export --frozen --no-header --no-emit-project --no-dev -o requirements.lock >/dev/null && \
	uv export --frozen --no-header --no-emit-project -o requirements-dev.lock >/dev/null
	@! grep -n '://' requirements.lock requirements-dev.lock || { echo "A lock names an address; it must hold names and hashes only." >&2; exit 1; }

bench: install-dev ## seed 1,000 to 100,000 records on PostgreSQL and measure the pages (about 10 minutes)
	@$(PY) deploy/bench_pages.py $(BENCH)

bench-reminders: install-dev ## measure how fast letters go out, up to 1,000,000 promises (about 15 minutes)
	@$(PY) deploy/bench_reminders.py $(BENCH)

crash-reminders: install-dev ## kill what sends the letters, and count what is lost or doubled (about 40 minutes)
	@$(PY) deploy/crash_reminders.py $(BENCH)

pictures: install-dev ## make the pictures of the README again
	@$(PY) deploy/pictures.py

soak: install-dev ## long runs: random stories, and the reminder path under kills (MINUTES=10)
	@$(PY) -m pytest -m soak $(PYTEST)

clean: ## remove what can be made again; var/ stays
	@rm -rf .pytest_cache .ruff_cache .import_linter_cache .mypy_cache htmlcov .coverage test-results build
