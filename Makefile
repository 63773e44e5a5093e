# The two commands of a fresh machine: `make serve` runs the server, `make test` tests it. Both are safe to repeat.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input

.PHONY: serve test check bench soak docs build lock clean

serve: .venv/.runtime
	@echo 'Commands, in another terminal in this folder: $(BIN)/carillon --help'
	@$(BIN)/carillon serve

test: .venv/.dev
	@sh tests/peers.sh
	@$(BIN)/python -m pytest

check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo

bench: .venv/.dev
	@$(BIN)/python -m bench

# The tests of whole servers, in their long form.
soak: .venv/.dev
	@sh tests/peers.sh
	@CARILLON_TEST_SOAK=1 $(BIN)/python -m pytest tests/walks

# Writes the pages of docs/ that are made from the code.
docs: .venv/.dev
	@$(BIN)/python -m tests.make_docs

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
	rm -rf .venv build dist

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
