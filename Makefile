# Everything needs Python 3.11 or later only; uv and the locked packages are installed into .venv.
PYTHON ?= python3
PORT ?= 8080
DATA_DIR ?= $(CURDIR)/.data
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo test check serve bench openapi profiles definitions clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

install: $(STAMP) ## a virtual environment in .venv, with the locked packages

$(STAMP): pyproject.toml uv.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv sync --frozen --inexact --quiet
	@touch $@

demo: install ## loads a fictitious structure, bills it, serves it until Ctrl-C
	@PORT=$(PORT) DATA_DIR='$(DATA_DIR)' $(BIN)/python -m demo

serve: install ## the server alone
	@$(BIN)/cordee serve --port $(PORT) --data-dir '$(DATA_DIR)'

test: install ## all the tests
	@$(BIN)/pytest

check: install ## format, lint, types, layers, generated files fresh
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.openapi --check
	$(BIN)/python -m tools.definitions --check
	$(BIN)/python -m tools.units --check
	$(BIN)/python -m tools.profiles --check

bench: install ## the load client against a server of its own, then searches of a region of 10,000 to 1,000,000 resources
	@$(BIN)/python -m bench
	@$(BIN)/python -m bench.search --resources 10000,100000,1000000 --picture docs/search-by-size.svg

openapi: install ## openapi/openapi.json, from the code
	@$(BIN)/python -m tools.openapi

profiles: install ## the OperationDefinitions of profiles/, and the table of the project's search parameters
	@$(BIN)/python -m tools.profiles

definitions: install ## the R4 tables of src/cordee/fhir/data, from the official packages
	@$(BIN)/python -m tools.definitions
	@$(BIN)/python -m tools.units

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
