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
SENTRA := $(CARGO_TARGET_DIR)/release/sentra

.PHONY: help
help: ## Show the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

.PHONY: up
up: setup-build release ## Build in release mode, start Sentra and print the console's address
	$(SENTRA) serve --data $(DATA) --listen $(LISTEN)

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

.PHONY: long-test
long-test: ## Hundreds of SIGKILLs and thousands of simulated crashes (half an hour)
	SENTRA_KILLS=200 SENTRA_SIM_SEEDS=20000 cargo test --release --package sentra-backbone

.PHONY: bench
bench: release ## Measure each stage of the pipeline on FILE=path
	$(SENTRA) bench pipeline $(FILE)

.PHONY: clean
clean: ## Remove the build caches
	rm -rf $(CARGO_TARGET_DIR) console/node_modules console/dist
