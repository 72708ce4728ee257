# The whole developer surface. Every target works on a bare machine with python3 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: setup demo test check serve bench lock clean

setup: $(STAMP)            ## .venv with all that development needs

# Two pip calls: the locked, hash-checked dependencies, then this package as it is in the tree.
$(STAMP): requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

check: $(STAMP)            ## format, lint, types, layers and fast tests: under a minute
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n auto -m "not slow"

test: $(STAMP)             ## all tests
	$(BIN)/python -m pytest -n auto

lock:                      ## renew requirements/*.txt from pyproject.toml
	$(BIN)/python scripts/lock.py

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis dist
