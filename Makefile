# The whole developer surface. Every target works on a bare machine with python3 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
CORE := $(VENV)/.core
DEV := $(VENV)/.dev

.PHONY: help setup demo ace-step test check check-types check-tests serve bench gallery screenshots lock docs clean

help:                      ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/'

setup: $(DEV)              ## .venv with all that development needs

demo: $(CORE)              ## set up what punchin itself needs, and edit a real song
	$(BIN)/punchin edit demo/song.mp3 0:11.7 0:19.5 --tags "lofi, chill piano" --seed 7 \
		-o demo/song.punched.mp3 --plot demo/song.punched.png --overwrite

ace-step: $(DEV)           ## what the ACE-Step engine needs, for its tests (about 1 GB with a CPU build of torch)
	$(PIP) install -r requirements/ace-step.txt

check: $(DEV)              ## format, lint, types, layers and fast tests: under a minute
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target check-types check-tests

# Side by side: the types are checked by one process, and so would leave a core idle.
check-types: $(DEV)
	$(BIN)/pyright

check-tests: $(DEV)
	$(BIN)/python -m pytest -q -n auto -m "not slow"

test: $(DEV)               ## all tests
	$(BIN)/python -m pytest -n auto

serve: $(DEV)              ## run the service on this machine
	$(BIN)/punchin serve

bench: $(DEV)              ## the benchmarks of docs/performance.md
	$(BIN)/python bench/files.py
	$(BIN)/python bench/embedded.py
	$(BIN)/python bench/seams.py
	$(BIN)/python bench/service.py

gallery: $(CORE)           ## one song in twelve styles, to see and to listen to: gallery/index.html
	$(BIN)/python scripts/gallery.py

screenshots: $(DEV)        ## the playground in each of its states, with a Chromium that is there: screenshots/
	$(BIN)/python scripts/screenshots.py

docs: $(DEV)               ## renew the pages that are made from the code
	$(BIN)/python scripts/cli_page.py
	$(BIN)/python scripts/settings_page.py
	$(BIN)/python scripts/tag_list.py
	$(BIN)/python scripts/vocabulary.py

lock: $(DEV)               ## renew requirements/*.txt from pyproject.toml
	$(BIN)/python scripts/lock.py

clean:                     ## remove everything that was made
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis dist demo/song.punched*

# Locked, hash-checked dependencies first, then this package as it is in the tree.
$(CORE): requirements/build.txt requirements/core.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements/build.txt -r requirements/core.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	touch $@

$(DEV): $(CORE) requirements/dev.txt
	$(PIP) install --require-hashes -r requirements/dev.txt
	touch $@
