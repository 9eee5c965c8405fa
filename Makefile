.PHONY: help run test check faults bench e2e release
.DEFAULT_GOAL := help

help: ## shows this
	@sed -nE 's/^([a-z0-9]+): ## (.*)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) | while IFS='|' read -r name text; do printf '  make %-8s %s\n' "$$name" "$$text"; done
run: ## installs what is missing, builds, and starts a demo with its own database and simulated networks
	@scripts/run
test: ## runs the whole suite on this machine: checks, Rust tests, browser tests
	@scripts/test
check: ## runs only the static part of the suite: formatting, lints, scripts, documentation
	@scripts/check
faults: ## thousands of deliveries while networks, workers and the database fail; then the books are balanced
	@scripts/faults
bench: ## builds a release and measures it: throughput, latency, memory, bytes to the browser
	@scripts/bench
e2e: ## builds and runs only the browser tests
	@scripts/e2e
release: ## builds one optimised binary with the site and the migrations inside, and prints the sizes
	@scripts/release
