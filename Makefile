# make run | test | check | bench; each makes .venv first. Needs Python 3.11 to 3.13 with venv, and a package registry.
SHELL := /bin/sh
.DEFAULT_GOAL := run
.PHONY: run test check bench setup

# The first of these that starts and is new enough; `make run PYTHON=/path/to/python3.12` names another.
CANDIDATES = $(or $(PYTHON),python3 python3.13 python3.12 python3.11)
SUPPORTED = import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
BIN = .venv/bin
# Compiled once here: every start has six processes to import the libraries in, and some homes forbid .pyc files later.
UV = UV_PYTHON_DOWNLOADS=never UV_COMPILE_BYTECODE=1 $(BIN)/python -m uv

run: setup ## Start everything; ARGS="--port 8011 --data-dir DIR --replay 0"
	@exec $(BIN)/python manage.py up $(ARGS)

test: setup ## All tests, on an embedded PostgreSQL and Redis; ARGS="tests/audit -k chain"
	@exec $(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

bench: setup
	@exec $(BIN)/python -m benchmarks $(ARGS)

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	find templates -name '*.html' -exec $(BIN)/djade --check --target-version 5.2 {} +
	$(BIN)/python scripts/lint_templates.py templates
	$(BIN)/python static/vendor/htmx-4.0.1/upgrade-check.py templates
	$(BIN)/python scripts/assets.py check
	$(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run

setup: .venv/.installed

.venv/.installed: pyproject.toml uv.lock
	@set -e; \
	if [ ! -x $(BIN)/python ]; then \
	  for found in $(CANDIDATES); do \
	    if "$$found" -c '$(SUPPORTED)' 2>/dev/null; then python=$$found; break; fi; \
	  done; \
	  if [ -z "$$python" ]; then \
	    echo "Countersign needs Python 3.11, 3.12 or 3.13; found: $$(python3 --version 2>&1). Install one, or name it: make PYTHON=/path/to/python3.12" >&2; \
	    exit 1; \
	  fi; \
	  "$$python" -m venv .venv || { rm -rf .venv; exit 1; }; \
	fi; \
	$(BIN)/python -m uv --version >/dev/null 2>&1 || { \
	  $(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check uv; \
	}; \
	$(UV) sync --frozen --inexact --quiet; \
	touch $@
