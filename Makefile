# `make demo` and `make test` do all of their own set-up: a virtual environment with locked versions, Debian packages
# where we are root, and for the tests PostgreSQL, Redis and GitHub's published API description.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WORKERS ?= 2

.PHONY: help demo test check lint docs accuracy bench bench-receiver bench-latency bench-recovery bench-burst bench-scoring probes chaos new-rule clean lock

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): pyproject.toml requirements-dev.lock scripts/ensure-system
	scripts/ensure-system base
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || python3 -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

demo: $(STAMP) ## Fairway beside a stand-in for GitHub: signed webhooks in, checks, comments and labels out
	$(BIN)/python -m demo

node_modules/.installed: package.json package-lock.json
	scripts/ensure-system test
	npm ci --silent --no-audit --no-fund
	touch $@

test: $(STAMP) node_modules/.installed lint ## Everything that must hold: style, types, import contracts, tests
	services=$$(scripts/ensure-services) && env $$services $(BIN)/python -m pytest -n $(WORKERS) $(PYTEST_ARGS)

lint: $(STAMP) ## Style, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(STAMP) ## Write the rule pages from the rules
	$(BIN)/python -m rules.docs docs/rules

accuracy: $(STAMP) ## Measure on the mirror that FAIRWAY_MIRROR names and write docs/accuracy.md
	$(BIN)/python -m benchmarks.accuracy --git "$(FAIRWAY_MIRROR)" --data "$(FAIRWAY_DATA)" --write docs/accuracy.md

bench: $(STAMP) ## Seconds per 1,000 pull requests beside the bare floor, on the mirror that FAIRWAY_MIRROR names
	$(BIN)/python -m benchmarks.throughput --git "$(FAIRWAY_MIRROR)" --data "$(FAIRWAY_DATA)"

bench-receiver: $(STAMP) node_modules/.installed ## Acknowledgements a second and their latency, beside pgbench
	services=$$(scripts/ensure-services) && env $$services $(BIN)/python -m benchmarks.receiver

bench-latency: $(STAMP) ## From a webhook to the comment: one at a time, and twenty at once
	services=$$(scripts/ensure-services) && env $$services $(BIN)/python -m benchmarks.latency

bench-recovery: $(STAMP) ## How soon a job runs again whose worker was killed
	services=$$(scripts/ensure-services) && env $$services $(BIN)/python -m benchmarks.recovery

bench-burst: $(STAMP) ## 500 submissions within an hour, by an injected clock, against GitHub's limits
	$(BIN)/python -m benchmarks.burst

bench-scoring: $(STAMP) ## Tokens a second of byte counting and scoring, beside a loop and the memory's bandwidth
	$(BIN)/python -m benchmarks.scoring

probes: $(STAMP) ## What each probe shows of the runnable variants, 20 seeds of legal ones; writes docs/probes.md
	$(BIN)/python -m benchmarks.probes --write docs/probes.md

chaos: $(STAMP) ## 10,000 deliveries and 500 SIGKILLs; what was lost, what happened twice
	services=$$(scripts/ensure-services) && env $$services $(BIN)/python -m benchmarks.chaos

new-rule: $(STAMP) ## A new rule: make new-rule CODE=C11 NAME=states-the-fault CATEGORY=train-on-val
	$(BIN)/python -m rules.docs new $(CODE) $(NAME) $(CATEGORY)

lock: ## Write requirements-dev.lock anew from pyproject.toml
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet --disable-pip-version-check ".[dev,server,gpu,kubernetes]"
	scripts/write-lock build/lock/bin/python > requirements-dev.lock

clean: ## Remove what was built here
	rm -rf $(VENV) build dist demo/out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
