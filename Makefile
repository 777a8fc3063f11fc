# Every target explains itself: make help
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run install test lint check bench-start bench-import bench-pages bench-inventory i18n schema fmt wheels clean bench-trace bench-disclosure bench-ledger conformance interop verifier
.PHONY: contract-test mutants graphql-differential

PY := .venv/bin/python
RUN := .venv/.run-stamp
DEV := .venv/.dev-stamp

help: ## show this
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(RUN): requirements.lock tools/venv
	@tools/venv requirements.lock
	@touch $@

$(DEV): requirements-dev.lock tools/venv
	@tools/venv requirements-dev.lock
	@touch $@ $(RUN)

install: $(RUN) ## make .venv with what running needs
	@echo "Ready: .venv/bin/tally --help"

run: $(RUN) ## start everything; with the demo company when the home folder (var/) is empty
	@exec $(PY) -P -m app run

test: $(DEV) ## run every test, with the coverage gate; without a browser it says what was skipped
	@$(PY) -m pytest -n 2 --dist worksteal --cov --cov-report=term

lint: $(DEV) ## ruff, mypy, import rules, dependency rules
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@.venv/bin/deptry .

check: lint test ## everything a change must pass

bench-start: $(RUN) ## measure the first and the second start against their bars; prints JSON
	@$(PY) tools/bench_start.py

bench-import: $(RUN) ## measure the import of the real order file against its bars; prints JSON
	@$(PY) tools/bench_import.py

bench-pages: $(RUN) ## measure the passport page's bytes and the availability page's time against their bars; prints JSON
	@$(PY) tools/bench_pages.py

bench-inventory: $(RUN) ## measure holding stock, reading it and promising it against their bars; prints JSON
	@$(PY) tools/bench_inventory.py

bench-trace: $(RUN) ## measure the trace of a lot through 100,000 moves against its bars; prints JSON
	@$(PY) tools/bench_trace.py

bench-disclosure: $(DEV) ## measure row level security against an explicit predicate; prints JSON
	@$(PY) tools/bench_disclosure.py

bench-ledger: $(DEV) ## measure the ledger against its bars (make bench-ledger QUICK=1 for a short run); prints JSON
	@$(PY) tools/bench_ledger.py $(if $(QUICK),--quick) $(PARTS)

mutants: $(DEV) ## run the mutants of the ledger (PARTS="merkle jose"; READ=1 tells of the last run, REST=1 goes on with it); prints JSON
	@$(PY) tools/mutants.py $(if $(READ),--read) $(if $(REST),--rest) $(PARTS)

contract-test: $(RUN) ## test the contract with forge, compile it with two front ends, run slither; prints JSON; needs Node.js
	@$(PY) tools/contract_bars.py

conformance: $(RUN) ## run the W3C's suites in the folder SUITES against tally conformance; prints JSON, needs Node
	@SUITES="$(SUITES)" $(PY) tools/conformance.py

interop: $(DEV) ## let verifiers of others check our passports, and refuse changed copies (needs Node 20); prints JSON
	@$(PY) tools/interop.py

verifier: $(RUN) ## write the offline verifier, one file, to dist/verifier.html and print its SHA-256
	@$(PY) tools/build_verifier.py

i18n: $(DEV) ## compile the Chinese texts
	@.venv/bin/pybabel --quiet compile -d portal/translations --statistics

schema: $(DEV) ## write the published GraphQL schema of every tier anew (graphql/tier)
	@$(PY) -P -m portal.api.sdl

graphql-differential: $(DEV) ## compare compiled reads with execute() on 5,000 documents a tier; prints JSON
	@$(PY) tools/graphql_differential.py

bench-graphql: $(RUN) ## measure compiled reads against peers and the same SQL without GraphQL; prints JSON; needs Node
	@$(PY) tools/bench_graphql.py $(if $(PRODUCTS),--products $(PRODUCTS))

audit-graphql: $(DEV) ## let graphql-http, schemathesis and, with COP=checkout, graphql-cop audit the API; prints JSON; needs Node
	@$(PY) tools/audit_graphql.py $(if $(COP),--cop "$(COP)") $(if $(EXAMPLES),--examples $(EXAMPLES))

fmt: $(DEV) ## format the Python sources
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

wheels: $(DEV) ## prove that every locked package installs from a wheel on every supported platform
	@$(PY) tools/check_wheels.py

clean: ## remove what make and the tools made; never var/
	@rm -rf .venv contracts/.slither mutants .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.* htmlcov build dist
