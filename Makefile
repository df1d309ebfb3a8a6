# The commands of this project. `make demo` and `make test` need Python 3.11 or newer, nothing else by hand.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
VERSITYGW := github.com/versity/versitygw/cmd/versitygw@v1.8.0
HELM := helm.sh/helm/v3/cmd/helm@v3.22.0
COMPOSE := github.com/compose-spec/compose-go/v2/cmd@v2.16.2
# The operators whose objects the chart has; their modules bring the definitions of these.
OPERATORS := github.com/prometheus-operator/prometheus-operator@v0.85.0 github.com/kedacore/keda/v2@v2.18.1
IMAGE ?= kafka-aws-connector:dev
CLIENTS := tests/contract/rest/clients
# What tests run beside the worker; what cannot be had is named, and its tests are left out.
PEERS := $(VENV)/.ministack $(VENV)/.versitygw $(VENV)/.clients $(VENV)/.npm-clients $(VENV)/.prometheus $(VENV)/.helm $(VENV)/.operators $(VENV)/.compose
# For `make demo ARGS=--once`, `make test ARGS='-k upload'`, `make bench ARGS='--records 1000000'`.
ARGS ?=
# How many processes run the tests, each beside a Kafka of its own. Most wait most of the time, so there are more of them
# than cores; chaos rounds have the machine to themselves.
PROCESSES ?= 4

.PHONY: help demo test check unit chaos bench image docs site lock format clean

help: ## what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

demo: $(VENV)/.demo ## the whole way from Kafka to S3, on this machine, with everything embedded
	@$(BIN)/connector demo $(ARGS)

test: check $(VENV)/.dev $(PEERS) ## everything that CI runs
	@$(BIN)/python -m connector.testing.kafka fetch
	$(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile --no-loadscope-reorder -m 'not chaos' $(ARGS)
	$(BIN)/python -m pytest -m chaos $(ARGS) || [ $$? = 5 ] # none of those that ARGS names

check: $(VENV)/.dev ## style, types, imports
	@$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

unit: $(VENV)/.dev ## the tests that need no server
	@$(BIN)/python -m pytest tests/unit tests/property $(ARGS)

chaos: $(VENV)/.dev ## 200 rounds of kills, zombies and faults: nothing lost, nothing doubled; ARGS for rounds, seed, profile
	@$(BIN)/python -m connector.testing.kafka fetch
	$(BIN)/python -m tests.chaos $(ARGS)

bench: $(VENV)/.dev ## speed and memory beside the raw read, on real Kafka
	@$(BIN)/python -m connector.testing.kafka fetch
	$(BIN)/python -m benchmarks $(ARGS)

image: ## the image of the worker, with what it is made of beside it; ARGS for docker, as in '--push --platform linux/amd64,linux/arm64'
	@docker buildx build --sbom=true --provenance=mode=max --tag $(IMAGE) \
	    --build-arg SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) --build-arg REVISION=$$(git rev-parse HEAD) \
	    --build-arg VERSION=$$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml) $(ARGS) .

format: $(VENV)/.dev ## mend style
	@$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(VENV)/.dev ## pin the newest versions that pyproject.toml allows
	@compile() { $(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-annotate --upgrade --custom-compile-command 'make lock' "$$@"; }
	compile pyproject.toml requirements/build.in requirements/sbom.in --extra demo --extra crc64nvme --extra jks --extra protoc \
	    --extra otel --group dev --output-file requirements/dev.txt
	like_dev="--constraint requirements/dev.txt"
	compile pyproject.toml requirements/build.in --extra demo --output-file requirements/demo.txt $$like_dev
	compile requirements/build.in requirements/sbom.in --output-file requirements/build.txt $$like_dev
	compile pyproject.toml --output-file requirements/runtime.txt $$like_dev
	compile requirements/ministack.in --output-file requirements/ministack.txt
	compile requirements/clients.in --output-file requirements/clients.txt

docs: $(VENV)/.dev ## write the generated parts of the documentation anew
	@$(BIN)/python -m docs.generate

site: docs ## the documentation as a site, in .site
	@$(BIN)/mkdocs build

clean: ## forget what was set up here
	rm -rf $(VENV) .site .mypy_cache .ruff_cache .pytest_cache .hypothesis

# uv where it is or can be had, since it is ten times faster; else venv and pip.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv 2>/dev/null || echo "uv could not be had: going on with pip" >&2
	touch $@

define install
	@if $(BIN)/python -m uv --version >/dev/null 2>&1; then
	    install="$(BIN)/python -m uv pip install --quiet --python $(BIN)/python"
	else
	    install="$(BIN)/python -m pip install --quiet"
	fi
	$$install --require-hashes --requirement requirements/$(1).txt
	$$install --no-deps --no-build-isolation --editable .
	touch $@
endef

# A second AWS for tests. It wants another botocore than we do, so it lives in an environment of its own.
$(VENV)/.ministack: $(VENV)/.made requirements/ministack.txt
	@$(PYTHON) -m venv $(VENV)/ministack
	if $(BIN)/python -m uv --version >/dev/null 2>&1; then
	    install="$(BIN)/python -m uv pip install --quiet --python $(VENV)/ministack/bin/python"
	else
	    install="$(VENV)/ministack/bin/python -m pip install --quiet"
	fi
	if $$install --require-hashes --requirement requirements/ministack.txt; then
	    touch $@
	else
	    echo "MiniStack could not be had: the tests that need a second AWS are left out" >&2
	fi

# Clients of Kafka Connect's REST API for tests, as their authors publish them.
$(VENV)/.clients: $(VENV)/.made requirements/clients.txt
	@$(PYTHON) -m venv $(VENV)/clients
	if $(BIN)/python -m uv --version >/dev/null 2>&1; then
	    install="$(BIN)/python -m uv pip install --quiet --python $(VENV)/clients/bin/python"
	else
	    install="$(VENV)/clients/bin/python -m pip install --quiet"
	fi
	if $$install --require-hashes --requirement requirements/clients.txt; then
	    touch $@
	else
	    echo "Clients of the REST API in Python could not be had: their tests are left out" >&2
	fi

$(VENV)/.npm-clients: $(VENV)/.made $(CLIENTS)/package.json $(CLIENTS)/package-lock.json
	@mkdir -p $(VENV)/npm-clients
	cp $(CLIENTS)/package.json $(CLIENTS)/package-lock.json $(VENV)/npm-clients
	if ! command -v npm >/dev/null; then
	    echo "npm is missing: the tests of the REST API with a client from there are left out" >&2
	elif (cd $(VENV)/npm-clients && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2; then
	    touch $@
	else
	    echo "The client of the REST API from npm could not be had: its tests are left out" >&2
	fi

# A second S3 for tests. It is a Go program, so it is built, where Go is, and its tests are skipped where not.
$(VENV)/.versitygw: Makefile | $(VENV)/.made
	@if ! command -v go >/dev/null; then
	    echo "Go is missing, so versitygw cannot be built: the tests that need a second S3 are left out" >&2
	elif GOBIN=$(abspath $(VENV))/versitygw/bin go install $(VERSITYGW) >$(VENV)/versitygw.log 2>&1; then
	    touch $@
	else
	    tail -n 20 $(VENV)/versitygw.log >&2
	    echo "$(VERSITYGW) could not be built, see above: the tests that need a second S3 are left out," >&2
	    echo "or run with the one built before" >&2
	fi

# The chart is rendered with Helm itself, and the compose file read with the library that docker compose reads it with.
$(VENV)/.helm: Makefile | $(VENV)/.made
	$(call build_go,helm,$(HELM),the tests of the chart)

$(VENV)/.compose: Makefile | $(VENV)/.made
	$(call build_go,compose,$(COMPOSE),a test of docker-compose.yml)

# What the chart says to operators is held against their own definitions of it.
$(VENV)/.operators: Makefile | $(VENV)/.made
	@mkdir -p $(VENV)/operators
	if ! command -v go >/dev/null; then
	    echo "Go is missing, so no definitions of operators can be had: a test of the chart is left out" >&2
	elif go mod download -json $(OPERATORS) >$(VENV)/operators.log 2>&1; then
	    sed -n 's/^\s*"Dir": "\(.*\)",$$/\1/p' $(VENV)/operators.log | while read -r module; do
	        find "$$module" \( -path '*/prometheus-operator-crd/*' -o -path '*/config/crd/bases/*' \) -name '*.yaml' \
	            -exec install -m 644 {} $(VENV)/operators \;
	    done
	    touch $@
	else
	    tail -n 20 $(VENV)/operators.log >&2
	    echo "$(OPERATORS) could not be had, see above: a test of the chart is left out" >&2
	fi

define build_go
	@if ! command -v go >/dev/null; then
	    echo "Go is missing, so $(1) cannot be built: $(3) are left out" >&2
	elif GOBIN=$(abspath $(VENV))/$(1)/bin go install $(2) >$(VENV)/$(1).log 2>&1; then
	    touch $@
	else
	    tail -n 20 $(VENV)/$(1).log >&2
	    echo "$(2) could not be built, see above: $(3) are left out, or run with the one built before" >&2
	fi
endef

# Prometheus and promtool, which the tests of alerts and dashboards run: those of PATH, or Debian's package without
# installing it. To build them takes longer than all other tests.
$(VENV)/.prometheus: | $(VENV)/.made
	@folder=$(VENV)/prometheus
	mkdir -p $$folder
	if ! command -v promtool >/dev/null && command -v apt-get >/dev/null; then
	    (cd $$folder && apt-get download --quiet prometheus && dpkg-deb --extract prometheus_*.deb .) \
	        >$(VENV)/prometheus.log 2>&1 || true
	    rm -f $$folder/*.deb
	fi
	for program in promtool prometheus; do
	    found=$$(command -v $$program || echo $(abspath $(VENV))/prometheus/usr/bin/$$program)
	    [ ! -x "$$found" ] || ln -sf "$$found" $$folder/$$program
	done
	if [ -x $$folder/promtool ]; then
	    touch $@
	else
	    echo "promtool could not be had: alerts and dashboards are not tried with Prometheus" >&2
	fi

$(VENV)/.demo: $(VENV)/.made requirements/demo.txt pyproject.toml
	$(call install,demo)

$(VENV)/.dev: $(VENV)/.made requirements/dev.txt pyproject.toml
	$(call install,dev)
	touch $(VENV)/.demo
