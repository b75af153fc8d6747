# Everything from a bare clone: `make test` and `make demo` need Python 3.11 or later, make, and for Argo's validator Go.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# The first interpreter that is new enough; `make PYTHON=/path/to/python` overrides.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
BIN := .venv/bin
JOBS ?= 2
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadgroup
COMPILE_LOCK := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --quiet \
	--custom-compile-command 'make lock'
# `make lock UPGRADE=--upgrade` takes new versions; without it, what is locked stays.
UPGRADE ?=

.PHONY: help python dev setup test pytest demo soak bench lint format lock examples bless clean

help: ## List the targets.
	@sed -nE 's/^([a-z]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | column -t -s "$$(printf '\t')"

python:
	@test -n "$(PYTHON)" || { echo 'no Python 3.11 or later found; use make PYTHON=/path/to/python' >&2; exit 1; }

dev: python
	@$(PYTHON) tools/environments.py ensure dev

setup: python ## Make .venv and the environments of the engines (once; they are reused).
	@$(PYTHON) tools/environments.py ensure dev airflow kubeflow argo argo3 containers browser docs

test: setup lint pytest ## Lint, types, layers, and the whole suite with the real engines.

pytest: setup ## The suite alone; `make pytest ARGS='-k argo'`.
	$(PYTEST) $(ARGS)

demo: python ## Compile examples/churn to every target and run its DAG with Airflow.
	@$(PYTHON) tools/environments.py ensure dev airflow
	@$(BIN)/python tools/demo.py

soak: setup ## The long, random tests.
	$(PYTEST) -m soak $(ARGS)

bench: setup ## Time `pipec run` against its peers, which are installed for it.
	@$(PYTHON) tools/environments.py ensure zenml metaflow
	$(BIN)/python benchmarks/run.py $(ARGS)

lint: dev ## Ruff, mypy, pyright and the import contracts.
	@failed=; for check in 'ruff check' 'ruff format --check' mypy 'pyright --pythonpath $(BIN)/python' 'lint-imports --no-logo'; do \
		echo "$$check"; PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/$$check || failed="$$failed[$$check] "; \
	done; test -z "$$failed" || { echo "lint failed: $$failed" >&2; exit 1; }

format: dev ## Format, and fix what ruff can fix.
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

lock: dev ## Resolve requirements/*.in and pyproject.toml into hash-pinned locks.
	$(COMPILE_LOCK) $(UPGRADE) requirements/bootstrap.in -o requirements/bootstrap.lock
	$(COMPILE_LOCK) $(UPGRADE) pyproject.toml --extra dev requirements/dev.in -o requirements/dev.lock
	$(COMPILE_LOCK) $(UPGRADE) requirements/airflow.in -o requirements/airflow.lock
	$(COMPILE_LOCK) $(UPGRADE) requirements/kubeflow.in -o requirements/kubeflow.lock
	$(COMPILE_LOCK) $(UPGRADE) requirements/browser.in -o requirements/browser.lock
	$(COMPILE_LOCK) $(UPGRADE) requirements/docs.in -o requirements/docs.lock
	$(COMPILE_LOCK) $(UPGRADE) requirements/zenml.in -o requirements/zenml.lock
	$(COMPILE_LOCK) $(UPGRADE) requirements/metaflow.in -o requirements/metaflow.lock

examples: dev ## Compile every example to every target, in place.
	@$(BIN)/python tools/examples.py

bless: setup ## Rewrite the expected files; read the diff before you commit it.
	$(BIN)/python -m pytest --bless -m golden $(ARGS)

clean: ## Remove what was made here, but not the engine environments.
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -type d -not -path './.venvs/*' -prune -exec rm -rf {} +
