# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

.DEFAULT_GOAL := help

# Any Python 3.11 or newer can start: .ci finds the others. A python3 on the PATH may be a pyenv shim that refuses.
CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11 \
	$(wildcard $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions/3.*/bin/python3)
PYTHON := $(shell for python in $(CANDIDATES); do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)
ARGS :=

.PHONY: help
help: ## Print this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo emulator env bench picture
demo: ## Run the demo: a playbook against an emulator of Service Catalog
emulator: ## Start the emulator with the demo's world, until Ctrl-C
env: ## Print what a shell needs to run ansible itself: eval "$(make -s env)"
bench: ## Run the benchmarks, which take minutes and prove nothing on a busy machine
picture: ## Film the progress of a thousand targets on a terminal, as an SVG for the README
demo emulator env bench picture: python
	@$(PYTHON) .ci/demo.py $@ $(ARGS)

.PHONY: test test-matrix lint format changelog docs build sanity units integration faults
test: ## Run everything on the newest supported versions, and most of it on the oldest
test-matrix: ## Run all supported versions that the Pythons found can run; ARGS="2.19 3.9" chooses some
lint: ## Run the linters and type checkers
format: ## Let ruff and black mend what they can
changelog: ## Write CHANGELOG.rst out of the fragments, for the version in galaxy.yml
docs: ## Build the HTML documentation, whose warnings are errors
build: ## Build the tarball for Galaxy, and import it as Galaxy does
sanity: ## Run ansible-test sanity
units: ## Run the unit tests; ARGS="-k name" goes to pytest
integration: ## Run the integration tests; ARGS="-k name" goes to pytest
faults: ## Run the cases of tests/faults, and write how many were survived to a page of the docs
test test-matrix lint format changelog docs build sanity units integration faults: python
	@$(PYTHON) .ci/check.py $@ $(ARGS)

.PHONY: clean
clean: python ## Remove everything that the other targets made
	@$(PYTHON) .ci/setup.py

.PHONY: python
python:
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or newer is needed; none was found.' >&2; exit 1; }
