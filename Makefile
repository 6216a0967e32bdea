# `make` alone prints the targets. Everything is installed by the targets that
# need it: Debian packages through apt, Python packages into .venv.

PYTHON ?= python3.11
# Which OpenStack. The newest one is installed into .venv and its lab is in
# /var/lib/eic-lab. An older one has its own of each beside it, with its name.
NEWEST := 2026.2
RELEASE ?= $(NEWEST)
RELEASES := $(basename $(notdir $(sort $(wildcard constraints/*.txt))))
# 2024.1 and 2024.2 are tried with a part of the tests: `make quick RELEASE=2024.1`.
CONSTRAINTS := $(or $(wildcard constraints/best-effort/$(RELEASE).txt),\
    constraints/$(RELEASE).txt)
ifeq ($(RELEASE),$(NEWEST))
VENV := .venv
else
VENV := .venv-$(RELEASE)
export EIC_LAB_DIR ?= /var/lib/eic-lab-$(RELEASE)
endif
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
RELEASE_BIN := .venv-release/bin
RELEASE_STAMP := .venv-release/.installed
TEMPEST_BIN := .venv-tempest/bin
TEMPEST_STAMP := .venv-tempest/.installed
BENCH_STAMP := $(VENV)/.bench-installed
E2E ?= tests/e2e
SUITES := unit contract functional functional_nova \
    security/storage security/cinder_api security/nova_api
SOURCES := benchmarks docs eic_plugins lab release simulator tests recipes/juju/overlay
comma := ,
# Sources are formatted and typed against the newest OpenStack alone.
LINT := $(filter $(NEWEST),$(RELEASE))
EXTRAS := lab,test$(if $(LINT),$(comma)lint$(comma)docs$(comma)recipes)
# Stopping a lab installs nothing.
NEEDS_VENV = test -x $(BIN)/python || \
    { echo 'There is no $(VENV), and so no lab of this clone.'; exit 0; }

.PHONY: help venv lab lab-down lab-status lab-purge demo bench test e2e clients tables \
    versions coverage \
    lint docs release-notes clean tempest matrix matrix-row quick older floors pythons \
    unit upgrade release release-twice deb deb-check \
    debian-walk

help:
	@echo 'Targets:'
	@sed -n 's/^\([a-z0-9-]*\):.*## /  \1\t/p' Makefile | expand -t 16

# Rebuilt only when what it is made from changes.
$(STAMP): setup.cfg simulator/setup.cfg $(CONSTRAINTS) $(wildcard entry_points/*.ini)
	@set -e; \
	$(PYTHON) -m lab.packages venv; \
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV); \
	echo 'Installing the Python packages into $(VENV) (minutes, once) ...'; \
	$(BIN)/python -m pip install -qq --disable-pip-version-check \
	    -c $(CONSTRAINTS) -e './simulator[test]' -e '.[$(EXTRAS)]'; \
	touch $(STAMP)

constraints/%.txt:
	@echo 'There is no $@: RELEASE is one of those in constraints/.' >&2; exit 2

venv: $(STAMP) ## install the Python packages into .venv (RELEASE=2025.1: an older OpenStack)

lab: $(STAMP) ## start Keystone, Glance, Nova and Cinder on the ONTAP simulator
	@$(BIN)/python -m lab up

lab-down: ## stop the lab; its databases and images stay
	@$(NEEDS_VENV); $(BIN)/python -m lab down

lab-status: ## say what of the lab is running
	@$(NEEDS_VENV); $(BIN)/python -m lab status

lab-purge: ## stop the lab and delete everything it has stored
	@$(NEEDS_VENV); $(BIN)/python -m lab down --purge

# GUESTS=10: so many real guests at once, too.
demo: lab ## create volumes and servers from an image both ways and compare
	@$(BIN)/python -m lab.demo $(if $(GUESTS),--guests $(GUESTS))

# matplotlib, which nothing else needs.
$(BENCH_STAMP): $(STAMP)
	@set -e; \
	echo 'Installing what draws the plot into $(VENV) ...'; \
	$(BIN)/python -m pip install -qq --disable-pip-version-check \
	    -c $(CONSTRAINTS) -e '.[bench]'; \
	touch $(BENCH_STAMP)

bench: lab $(BENCH_STAMP) ## measure both drivers side by side; docs/bench.md
	@$(BIN)/python -m benchmarks

# What tests/unit alone must run of the bundle, in percent of lines and branches.
# `make coverage` measures all suites; their floor is in pyproject.toml.
UNIT_FLOOR := 60

# A process for each suite, see tests/suites.py. With RETRY=1 what failed has one more
# try; with JOBS=2 two suites run at once.
JOBS ?= 1
test: $(STAMP) ## all tests that need no lab, then lint; LAB=1: e2e too
	@set -e; \
	$(BIN)/python -m lab.packages test; \
	$(BIN)/python -m coverage erase; \
	$(BIN)/python -m tests.suites --measure unit --jobs $(JOBS) \
	    $(if $(RETRY),--retry) $(SUITES) simulator; \
	$(BIN)/python -m coverage combine -q; \
	printf 'coverage of tests/unit, in percent: '; \
	$(BIN)/python -m coverage report --format=total --fail-under=$(UNIT_FLOOR); \
	if [ -n "$(LAB)" ]; then $(BIN)/python -m pytest $(E2E); fi
	$(if $(LINT),@$(MAKE) --no-print-directory lint)

e2e: lab ## the end-to-end tests, on the running lab
	@$(BIN)/python -m pytest $(E2E)

# OpenStack's own tests, and what they need, in an environment of their own.
$(TEMPEST_STAMP): setup.cfg constraints/$(NEWEST).txt tests/tempest/requirements.txt \
        $(wildcard entry_points/*.ini)
	@set -e; \
	test -x $(TEMPEST_BIN)/python || $(PYTHON) -m venv .venv-tempest; \
	echo 'Installing tempest into .venv-tempest ...'; \
	$(TEMPEST_BIN)/python -m pip install -qq --disable-pip-version-check \
	    -c constraints/$(NEWEST).txt -r tests/tempest/requirements.txt -e '.[tempest]'; \
	touch $(TEMPEST_STAMP)

# TEMPEST='--side eic --group volume': only that. --concurrency 4: on more cores.
tempest: lab $(TEMPEST_STAMP) ## long: OpenStack's own test suite on the lab, with EIC and without; docs/tempest.md
	@$(BIN)/python -m tests.tempest --python $(TEMPEST_BIN)/python $(TEMPEST)

# Ansible and Manila have an environment of their own (.clients, 600 MB).
clients: $(STAMP) ## long: clients of others on the simulator; docs/simulator.md
	@$(BIN)/python -m tests.clients

# The faults in a process of their own: they disturb what comes behind them.
tables: lab ## long: kill -9 before each step, every fault in every call, mixtures of personalities, several hosts, real guests, a soak, a million requests
	@set -e; \
	for table in test_faults test_block_faults; do \
	    EIC_FAULT_TABLE=1 $(BIN)/python -m pytest tests/contract/$$table.py; \
	done; \
	EIC_PERSONALITIES=300 $(BIN)/python -m pytest tests/contract/test_personalities.py \
	    tests/contract/test_block_personalities.py; \
	EIC_LOCK_TABLE=1 $(BIN)/python -m pytest tests/contract/test_locks.py; \
	EIC_COUNT_TABLE=1 $(BIN)/python -m pytest tests/contract/test_image_kinds.py; \
	EIC_SOAK=20000 EIC_SOAK_SEED=$$(date +%s) $(BIN)/python -m pytest -s \
	    tests/contract/test_soak.py; \
	EIC_CRASH_TABLE=1 $(BIN)/python -m pytest tests/e2e/test_crashes.py; \
	EIC_COMMAND_TABLE=1 $(BIN)/python -m pytest tests/e2e/test_commands.py; \
	for api in cinder nova; do \
	    EIC_GENERATED=1000000 EIC_GENERATED_API=20000 $(BIN)/python -m pytest \
	        -k generated tests/security/$${api}_api; \
	done; \
	EIC_HOST_TABLE=1 $(BIN)/python -m pytest tests/e2e/test_two_hosts.py \
	    tests/e2e/test_host_crashes.py tests/e2e/test_host_troubles.py \
	    tests/e2e/test_active_active.py tests/e2e/test_many_servers.py; \
	EIC_GUEST_TABLE=1 $(BIN)/python -m pytest tests/e2e/test_guest_hosts.py \
	    tests/e2e/test_guest_life.py tests/e2e/test_guest_resize.py \
	    tests/e2e/test_guest_cleanup.py

# In CI the suites run at one release: 9.15.1, unless EIC_ONTAP_VERSION says another.
# VERSIONS='--release 9.11.1 storage': only that.
versions: $(STAMP) ## long: suites and demo at ONTAP 9.11.1, 9.14.1, 9.16.1 and 9.19.1
	@$(BIN)/python -m lab.packages test
	@$(BIN)/python -m tests.versions $(VERSIONS)

# Not in CI, which measures tests/unit in `make test`: all of it takes as long as
# these suites do there, once more.
coverage: $(STAMP) ## how much of the bundle the suites without lab run; fails below the floor
	@set -e; \
	$(BIN)/python -m lab.packages test; \
	$(BIN)/python -m coverage erase; \
	$(BIN)/python -m tests.suites --retry $(SUITES:%=--measure %) $(SUITES); \
	$(BIN)/python -m coverage combine -q; \
	$(BIN)/python -m coverage report

# Minutes, most of them the installation: does it load, does a volume live, does a
# command find cinder.conf's backends, and does Nova answer the same?
quick: $(STAMP) ## what shows soonest whether RELEASE works
	@set -e; \
	$(BIN)/python -m lab.packages test; \
	$(BIN)/python -m pytest -q tests/functional/test_internals.py \
	    tests/functional/test_releases.py; \
	$(BIN)/python -m pytest -q tests/contract/test_nfs_life_cycle.py \
	    tests/contract/test_block_life_cycle.py \
	    tests/contract/test_copyoffload.py; \
	$(BIN)/python -m pytest -q -k 'microversion or alias' \
	    tests/functional_nova/test_same_answers.py

older: ## `make quick` on each older release
	@set -e; \
	for release in $(filter-out $(NEWEST),$(RELEASES)); do \
	    $(MAKE) --no-print-directory quick RELEASE=$$release; \
	done

# As distributions ship them: Ubuntu 24.04, Debian 13; and the newest of both.
PYTHONS := 3.12/2026.1 3.13/2025.1 3.13/2026.2
pythons: ## long: the unit tests and `make quick` with the Pythons of distributions
	@set -e; \
	for pair in $(PYTHONS); do \
	    python=python$${pair%/*}; release=$${pair#*/}; \
	    $$python --version > /dev/null 2>&1 || { echo \
	        "There is no $$python here: install it, or say PYTHONS=3.12/2026.1." >&2; \
	        exit 2; }; \
	    $(MAKE) --no-print-directory quick unit PYTHON=$$python RELEASE=$$release \
	        VENV=.venv-$$release-$$python; \
	done

unit: $(STAMP) ## tests/unit alone
	@$(BIN)/python -m pytest -q tests/unit

# Not Cinder, which brings higher ones. Then the tests that do without it.
floors: $(STAMP) ## test with the lowest versions that setup.cfg allows, in .venv-floors
	@set -e; \
	mkdir -p build; \
	$(BIN)/python -m tests.floors constraints > build/floors.txt; \
	test -x .venv-floors/bin/python || $(PYTHON) -m venv .venv-floors; \
	.venv-floors/bin/python -m pip install -qq --disable-pip-version-check \
	    -c build/floors.txt -e . hypothesis packaging pytest PyYAML \
	    'setuptools<81' WebTest; \
	.venv-floors/bin/python -m tests.floors import; \
	.venv-floors/bin/python -m pytest -q --ignore tests/unit/glance/test_documents.py \
	    tests/unit/engine tests/unit/glance tests/unit/middleware tests/unit/ontap tests/unit/storage tests/unit/support

# About two hours for each release on two cores.
matrix: ## long: all suites and the demo on every release; docs/compatibility.md
	@failed=; for release in $(RELEASES); do \
	    $(MAKE) --no-print-directory matrix-row RELEASE=$$release || \
	        failed="$$failed $$release"; \
	done; \
	$(BIN)/python -m tests.matrix write; \
	test -z "$$failed" || { echo "Not as expected:$$failed" >&2; exit 1; }

# With a lab of its own, which is deleted.
matrix-row: $(STAMP) ## long: the same on RELEASE alone, kept in docs/compatibility.json
	@set -e; \
	$(BIN)/python -m lab.packages test; \
	status=0; \
	$(BIN)/python -m tests.matrix run || status=1; \
	EIC_LAB_DIR=$$(mktemp -d /var/tmp/eic-lab-matrix.XXXXXX); export EIC_LAB_DIR; \
	trap '$(BIN)/python -m lab down --purge; rm -rf "$$EIC_LAB_DIR"' EXIT; \
	$(BIN)/python -m lab up; \
	$(BIN)/python -m lab.demo || status=1; \
	$(BIN)/python -m tests.matrix demo; \
	exit $$status

# In one lab, which is deleted: FROM's volumes and cached images serve RELEASE.
FROM ?= 2025.1
upgrade: $(STAMP) ## long: from release FROM to RELEASE in place; tests/upgrade.py
	@$(MAKE) --no-print-directory venv RELEASE=$(FROM)
	@set -e; \
	EIC_LAB_DIR=$$(mktemp -d /var/tmp/eic-lab-upgrade.XXXXXX); export EIC_LAB_DIR; \
	trap '$(BIN)/python -m lab down --purge; rm -rf "$$EIC_LAB_DIR"' EXIT; \
	old=$(if $(filter $(NEWEST),$(FROM)),.venv,.venv-$(FROM))/bin/python; \
	$$old -m lab up; \
	$$old -m tests.upgrade before; \
	$$old -m lab down; \
	$(BIN)/python -m lab up; \
	$(BIN)/python -m tests.upgrade after

# reno reads the history. Where that is not there (an archive, a shallow clone),
# all notes are of one version.
release-notes: $(STAMP) ## render the release notes: build/release-notes.rst
	@set -e; \
	mkdir -p build; \
	tree=.; \
	if ! test -e .git || test -e "$$(git rev-parse --git-dir)/shallow"; then \
	    tree=$$(mktemp -d); \
	    trap 'rm -rf "$$tree"' EXIT; \
	    cp -R releasenotes "$$tree"; \
	    git -C "$$tree" init -q; \
	    git -C "$$tree" add releasenotes; \
	    git -C "$$tree" -c user.name=reno -c user.email=reno@localhost \
	        commit -qm 'Release notes'; \
	fi; \
	$(BIN)/reno --quiet report --no-show-source --title 'Release notes' \
	    --output build/release-notes.rst "$$tree"; \
	echo build/release-notes.rst

# What builds and checks is pinned by itself, in an environment of its own.
$(RELEASE_STAMP): release/requirements.txt
	@set -e; \
	$(PYTHON) -m lab.packages venv; \
	test -x $(RELEASE_BIN)/python || $(PYTHON) -m venv .venv-release; \
	$(RELEASE_BIN)/python -m pip install -qq --disable-pip-version-check \
	    -r release/requirements.txt; \
	touch $(RELEASE_STAMP)

release: $(STAMP) $(RELEASE_STAMP) ## build what is committed, and check it: dist/
	@$(RELEASE_BIN)/python -m release build --hosts $(BIN)/python dist

release-twice: release ## the same from another path and with another umask: the same bytes?
	@$(RELEASE_BIN)/python -m release twice --hosts $(BIN)/python dist

deb: $(RELEASE_STAMP) ## packages for Debian 13 of what is committed, and lintian: build/deb/
	@$(PYTHON) -m lab.packages deb
	@$(RELEASE_BIN)/python -m release deb build/deb

# Debian 13 with its own Cinder and Nova: 1.5 GB, in a folder that is deleted.
deb-check: deb ## long: install them in a Debian 13 of its own, and load every plugin there
	@$(PYTHON) -m lab.packages deb-check
	@$(RELEASE_BIN)/python -m release deb-check build/deb

# Another Debian 13 in a folder, with namespaces of its own: its packages are kept in
# build/debian-walk. WRITE=1: what is seen goes into docs/debian.md.
debian-walk: deb ## long: follow docs/debian.md from nothing, on Debian 13's Keystone, Glance, Cinder
	@$(PYTHON) -m lab.packages debian-walk
	@$(RELEASE_BIN)/python -m release.debian_walk build/deb $(if $(WRITE),--write)

lint: $(STAMP) ## ruff and mypy
	@set -e; \
	$(BIN)/python -m ruff format --check $(SOURCES); \
	$(BIN)/python -m ruff check $(SOURCES); \
	$(BIN)/python -m mypy; \
	cd simulator && ../$(BIN)/python -m mypy

# A link that leads nowhere is an error here.
docs: release-notes ## build the documentation site: build/site/index.html
	@$(BIN)/python -m lab.packages docs
	@$(BIN)/python -m sphinx -q -W --keep-going -b html docs build/site && \
	echo build/site/index.html

clean: ## remove the environments of all releases, and caches
	rm -rf .venv .venv-* .mypy_cache .ruff_cache .pytest_cache .coverage* build dist
