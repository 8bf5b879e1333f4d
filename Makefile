# Thin on purpose: deploy/ does the work, in Python, where it can be tested.
# Arguments for the tool behind a target: make test ARGS="-k resume"
.DEFAULT_GOAL := help
.PHONY: help run install test check fix bench chaos legibility monitor lock

help: ## show this
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s  %s\n", $$1, $$2}' Makefile

run: ## start everything on this machine; Ctrl-C stops it
	@deploy/start run
install: ## only make .venv and install the packages
	@deploy/start install
test: ## run all tests, with what they need (a real Redis, a real browser)
	@deploy/start test $(ARGS)
check: ## verify format, lint, types and imports; changes nothing
	@deploy/start check
fix: ## format, and repair what the linter can
	@deploy/start fix
bench: ## measure latency and CPU
	@deploy/start bench $(ARGS)
chaos: ## break everything under load, and balance the ledger
	@deploy/start chaos $(ARGS)
legibility: ## measure how much of a screen can be read
	@deploy/start legibility $(ARGS)
monitor: ## watch sessions and workers
	@deploy/start monitor $(ARGS)
lock: ## pin the newest versions of all packages in constraints.txt
	@deploy/start lock
