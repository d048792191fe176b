# Each target sets up what it needs, pinned by hash, in .venv. Python 3.11+ and make are enough.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.PHONY: report test test-data bench lint clean

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

# The two packaged desks: a report each on the terminal, and in out/ as a page, as JSON and as Parquet.
report: .venv/core
	$(BIN)/seawall sample crypto --out out/crypto
	$(BIN)/seawall sample equity --out out/equity

# What needs the wider market data beside the checkout is left out here and counted as deselected.
test: .venv/develop
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile -m "not shared_data"

# Only that, and nothing of it may skip.
test-data: .venv/develop
	SEAWALL_REQUIRE_DATA=1 $(BIN)/pytest -m shared_data

bench: .venv/develop
	$(BIN)/python -m benchmarks

lint: .venv/develop
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf .venv out
