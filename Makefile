# make run | demo | test | lint | bench: all there is to know. Each creates .venv and installs by itself.
# PYTHON=/path/to/python names another Python than the newest that is found.
BIN := .venv/bin
START := env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m cli.run  # what is compiled once starts a second sooner
INSTALL := $(BIN)/python -P runtime/installing.py
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: run demo test test-later lint bench format lock images

.venv/run: requirements.lock | $(BIN)/pip
	@$(INSTALL) $<
	@touch $@

.venv/dev: dev-requirements.lock | $(BIN)/pip
	@$(INSTALL) $<
	@touch .venv/run $@

$(BIN)/pip:
	@python=$$(runtime/find_python.sh) && echo "  making .venv with $$python" && "$$python" -m venv .venv

run: .venv/run   ## everything on this machine, with the sandbox when no JIRA_URL is set
	@$(START)

demo: .venv/run  ## the same, ends by itself after the story
	@$(START) --demo

test: .venv/dev  ## and how many lines of the bot it reached
	@$(BIN)/python -m pytest -n 4 --dist worksteal --cov --cov-report=

test-later: .venv/dev  ## the same 400 days later, the walks in a browser aside
	@PYTHONPATH=$(CURDIR)/tests/later $(BIN)/python -m pytest -n 4 --dist worksteal --ignore=tests/browser

lint: .venv/dev  ## the bot strictly, tests and benchmarks nearly so
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

bench: .venv/dev
	@$(BIN)/python -m benchmarks

lock: .venv/dev  ## all versions with their hashes, from the two lists of requirements; UPGRADE=--upgrade takes newer ones
	@$(COMPILE) $(UPGRADE) requirements.txt -o requirements.lock
	@$(COMPILE) $(UPGRADE) -c requirements.lock dev-requirements.txt -o dev-requirements.lock

images: .venv/dev  ## walks the pages in a Chromium and keeps the pictures that docs/ shows
	@IMAGES=docs/images $(BIN)/python -m pytest tests/browser

format: .venv/dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
