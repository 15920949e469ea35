# `make` alone lists what there is to do.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.built-from-lock

.PHONY: help
help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(firstword $(MAKEFILE_LIST)) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

.PHONY: run
run: env ## Start the whole developer world; Ctrl-C ends it
	@exec $(BIN)/bff-backoffice dev $(ARGS)

.PHONY: test
test: env ## Run the whole test suite against real servers (ARGS="-k dashboard" chooses)
	@$(BIN)/python -m tests.run $(ARGS)

.PHONY: env
env: $(STAMP) ## Build .venv from the lock file; nothing to do when it is current

$(STAMP): requirements.lock pyproject.toml
	@bash scripts/build-env.sh "$(PYTHON)" "$(VENV)" "$(STAMP)"

.PHONY: lint
lint: env ## Every linter that .ci/run holds
	@bash scripts/lint.sh

.PHONY: fix
fix: env ## Format, and mend what the linter can mend
	@$(BIN)/ruff check --fix-only --quiet . ; $(BIN)/ruff format --quiet .

.PHONY: openapi
openapi: env ## Write openapi/openapi.yaml from the route table, and promise it where it breaks nothing
	@$(BIN)/bff-backoffice openapi --output openapi/openapi.yaml
	@$(BIN)/python -m compatibility --land

.PHONY: schemas
schemas: env ## Write schemas/ and asyncapi/ from the shapes of telemetry
	@$(BIN)/python -m bff_backoffice.event_schemas

.PHONY: settings
settings: env ## Write docs/settings.md from the settings object
	@$(BIN)/python -m bff_backoffice.settings_page > docs/settings.md

.PHONY: lock
lock: env ## Resolve the dependencies anew and write the lock file
	@bash scripts/lock.sh

.PHONY: clean
clean: ## Remove the environment and the developer world's data
	@rm -rf $(VENV) .dev .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

.PHONY: errors
errors: env ## Write docs/errors.md from the catalogue
	@$(BIN)/python -m bff_backoffice.presentation.errors_page > docs/errors.md

.PHONY: drill
drill: env ## Weather drills, an hour; QUICK=1: five minutes (ONLY=soak,restarts chooses)
	@$(BIN)/python -m drills $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY))

.PHONY: protections
protections: env ## Remove what keeps tenants apart, one protection at a time (ONLY="using outbox,key *" chooses, LIST=1 lists)
	@$(BIN)/python -m drills.protections $(if $(QUICK),--quick) $(if $(ONLY),--only "$(ONLY)") $(if $(JOURNAL),--journal $(JOURNAL)) $(if $(LIST),--list)

.PHONY: fuzz-tenants
fuzz-tenants: env ## Two tenants at every route at once, a hundred thousand requests, canaries everywhere (N=2000 for fewer)
	@$(BIN)/python -m drills.tenants $(if $(N),--requests $(N)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

.PHONY: fuzz
fuzz: env ## A million proofs through the verifier and two JOSE libraries (N=10000 for fewer)
	@$(BIN)/python -m drills.fuzz $(if $(N),--proofs $(N)) $(if $(SEED),--seed $(SEED))

.PHONY: fuzz-api
fuzz-api: env ## Ten thousand generated, signed requests at every route, each answer held to the API document (N=1000 for fewer)
	@$(BIN)/python -m drills.api_fuzz $(if $(N),--requests $(N)) $(if $(SEED),--seed $(SEED))

.PHONY: conformance
conformance: env ## Hold the world of `make run` to the promises of the live stream (ARGS=… for another server)
	@$(BIN)/python -m conformance $(or $(ARGS),--platform http://127.0.0.1:8090)

.PHONY: bench
bench: env ## Measure the service beside its peers, half an hour; QUICK=1: five minutes; ONLY=mutations,streams,devices,outbox; PAGE=1: into docs/benchmarks.md
	@QUICK=$(QUICK) SIZE=$(SIZE) PAGE=$(PAGE) ONLY=$(ONLY) $(BIN)/python -m bench
