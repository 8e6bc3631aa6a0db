# make run | demo | test | lint | bench: all there is to know. Each creates .venv and installs by itself.
PYTHON ?= python3.11
BIN := .venv/bin
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: run demo test lint bench format

.venv/run: requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/dev: dev-requirements.txt requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check -r dev-requirements.txt
	@touch .venv/run $@

run: .venv/run   ## everything on this machine, with the sandbox when no JIRA_URL is set
	@$(BIN)/python -m runtime.supervisor

demo: .venv/run  ## the same, ends by itself after the story
	@$(BIN)/python -m runtime.supervisor --demo

test: .venv/dev
	@$(BIN)/python -m pytest -n 4 --dist worksteal

lint: .venv/dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

bench: .venv/dev
	@$(BIN)/python -m benchmarks

format: .venv/dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
