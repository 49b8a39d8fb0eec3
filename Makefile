# Everything a person or a CI machine does here. Needs Python 3.11 or newer, Git 2.38 or newer and make.
SHELL := /bin/sh
VENV := .venv
BENCH := .bench
BIN := $(VENV)/bin
# One worker a core is as many as the tests that start processes can share; `make test WORKERS=4` on a larger machine.
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint types walls sizes fresh docs bench torture clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/.ready ## Make the environment in .venv (the others do it themselves)

$(VENV)/.ready: pyproject.toml
	@sh tools/venv.sh $(VENV) dev

$(BENCH)/.ready: pyproject.toml
	@sh tools/venv.sh $(BENCH) bench

demo: $(VENV)/.ready ## Watch a planner, three implementers and a reviewer build something small
	@$(BIN)/python -m tools.demo

test: lint types walls sizes fresh ## Run every check and every test
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal

lint: $(VENV)/.ready ## Check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.ready ## Check types, strictly
	$(BIN)/mypy

walls: $(VENV)/.ready ## Check which room may import which
	$(BIN)/lint-imports

sizes: $(VENV)/.ready ## Print the sizes of functions and files, and fail where one is over the line
	$(BIN)/python -m tools.sizes

fresh: $(VENV)/.ready ## Check that generated files are fresh
	$(BIN)/python -m fusion_kit.definitions.schemas --check schemas
	$(BIN)/python -m tools.pages --check

docs: $(VENV)/.ready ## Write the generated files anew: schemas and the pages of the command line
	$(BIN)/python -m fusion_kit.definitions.schemas schemas
	$(BIN)/python -m tools.pages

bench: $(BENCH)/.ready ## Measure fusion-kit beside its peers (SELECT="noop startup", QUICK=1, WRITE=1)
	$(BENCH)/bin/python -m benchmarks $(if $(QUICK),--quick) $(if $(WRITE),--write) $(SELECT)

torture: $(VENV)/.ready ## Run the long loops in full
	FUSION_TORTURE=$${FUSION_TORTURE:-500} $(BIN)/python -m pytest -q -m torture

clean: ## Remove what can be made again; runs and workspaces are left alone
	rm -rf $(VENV) $(BENCH) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find fusion_kit tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
