# `make test` sets up what it needs, pinned by hash, in .venv, and passes the tests.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.PHONY: test test-data lint clean

.venv/core: requirements/core.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "setting up the core in .venv"
	@$(PIP) install --require-hashes -r requirements/core.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/develop: requirements/develop.txt .venv/core
	@echo "setting up tests and tools in .venv"
	@$(PIP) install --require-hashes -r requirements/develop.txt
	@touch $@

test: .venv/develop
	$(BIN)/pytest -m "not shared_data"

test-data: .venv/develop
	SEAWALL_REQUIRE_DATA=1 $(BIN)/pytest -m shared_data

lint: .venv/develop
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf .venv out
