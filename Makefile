# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Short names for the sessions of noxfile.py, which does the work; ARGS is passed to the session.

.DEFAULT_GOAL := help

# Any Python 3.11 or newer runs nox. A python3 on the PATH may be a shim of pyenv's that refuses.
CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11 \
	$(wildcard $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions/3.*/bin/python3)
PYTHON := $(shell for python in $(CANDIDATES); do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)
NOX = $(PYTHON) -B .ci/bootstrap.py
ARGS :=

.PHONY: help
help: ## Print this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: test
test: python ## Run all checks on the newest supported versions, and some of them on the oldest
	@$(NOX) -j 2 -s oldest sanity pylint clients lint build docs; before=$$?; $(NOX) -s tests -- $(ARGS) && exit $$before

.PHONY: demo emulator env bench
demo: ## Run the demo: a playbook against an emulator of Service Catalog
emulator: ## Start the emulator with the demo's world, until Ctrl-C
env: ## Print settings for a shell that runs Ansible: eval "$(make -s env)"
bench: ## Run the benchmarks, for minutes; ARGS=name chooses, ARGS=picture draws the picture in the README

.PHONY: lint format docs build sanity clients units integration faults coverage matrix changelog
lint: ## Run the linters and type checkers
format: ## Let ruff and black correct what they can
docs: ## Build the HTML documentation
build: ## Build the tarball for Galaxy, and import it as Galaxy does; ARGS=folder puts it there
sanity: ## Run ansible-test sanity; ARGS="--test pep8" chooses
clients: ## Run the AWS CLI and aiobotocore against the emulator
units: ## Run the unit tests; ARGS="-k name" goes to pytest
integration: ## Run the integration tests; ARGS="-k name" goes to pytest
faults: ## Run all cases of faults and signals, and random ones; ARGS="--seeds 1000" for more
coverage: ## Run the unit tests and measure how much of the plugins they cover
matrix: ## Run all supported versions that have a Python here; ARGS="2.19" chooses
changelog: ## Write CHANGELOG.rst from the fragments, for the version in galaxy.yml
demo emulator env bench lint format docs build sanity clients units integration faults coverage matrix changelog: python
	@$(NOX) -s $@ -- $(ARGS)

.PHONY: clean
clean: python ## Remove what the other targets made; the next run takes the newest tools
	@$(NOX) clean

.PHONY: python
python:
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or newer is needed; none was found.' >&2; exit 1; }
