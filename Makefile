# The two commands of a fresh machine: `make serve` runs the server, `make test` tests it. Both are safe to repeat.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: serve test check bench soak lock docs build clean

serve: .venv/.runtime
	$(BIN)/carillon serve

test: .venv/.dev
	sh tests/peers.sh
	$(BIN)/python -m pytest

check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: .venv/.dev
	$(BIN)/python -m bench

soak: .venv/.dev
	sh tests/peers.sh
	CARILLON_TEST_SOAK=1 $(BIN)/python -m pytest tests/walks

docs: .venv/.dev
	$(BIN)/python -m tests.make_docs

build: .venv/.dev
	$(BIN)/python -m uv build --no-build-isolation

# Raises every locked version; the files hold hashes and no address of a registry.
lock: .venv/.dev
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --upgrade --quiet \
		pyproject.toml requirements/build.in --output-file requirements/runtime.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --upgrade --quiet \
		--group dev pyproject.toml requirements/build.in -c requirements/runtime.txt --output-file requirements/dev.txt

clean:
	rm -rf .venv build dist

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.runtime: requirements/runtime.txt pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

.venv/.dev: requirements/dev.txt .venv/.runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	touch $@
