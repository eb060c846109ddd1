# Needs python3 (3.11 or newer) with pip and venv, and make. Everything else goes into .venv in this folder.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# In the order in which they can be installed.
DISTRIBUTIONS := core toolkit platform host portal testing simulation extensions/counter $(sort $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml)))

# Where a machine says that nothing compiled is kept, each of a test run's hundreds of processes compiles all libraries.
unexport PYTHONDONTWRITEBYTECODE

# Where mypy finds the packages: by pattern, so that a plugin changes nothing outside its own folder.
EMPTY :=
SOURCES := $(subst $(EMPTY) $(EMPTY),:,$(wildcard */src extensions/*/src plugins/*/src examples/plugins/*/src) benchmarks tests tests/support)

# What CI runs beside the tests: some minutes' worth. Those of the second kind live with processes, in real time.
APPLICATIONS ?= 100
DISTURBED ?= 6

# Those whose mutation score is measured; minutes for each.
PLUGINS ?= $(sort $(notdir $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml))))

# uv installs in a tenth of pip's time, and leaves compiling a module to whoever first imports it. Where it cannot,
# as behind an index that pip alone has been told of, pip does.
QUIETLY := --quiet --disable-pip-version-check
BY_UV := --quiet --python $(BIN)/python
EDITABLE := $(addprefix --editable ./,$(DISTRIBUTIONS))

.PHONY: help demo desk test compiled proofs faults check types campaign bench mutation requirements surface reference clean

help:  ## Show what can be made.
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: $(READY)  ## Carry the example applications from eligibility to delivery, over real HTTP to simulated agencies.
	@$(BIN)/nagorik demo $(ARGUMENTS)

desk: $(READY)  ## Leave the simulated country running, with the desk and the API on it, until Ctrl-C.
	@$(BIN)/nagorik demo --serve $(ARGUMENTS)

test: $(READY)  ## Run all tests, in random order, on all cores, with files in memory where there is room.
	@$(BIN)/pytest -n auto --dist loadscope --no-loadscope-reorder $(ARGUMENTS)

compiled: $(READY)  ## Compile once what the tests import, which each process of a first run would do for itself.
	@$(BIN)/pytest --collect-only --quiet --quiet >$(VENV)/collected

proofs: $(READY)  ## Run what takes too long for every run: the desk's journeys in a browser, every fault for every service.
	@$(BIN)/pytest -m proof -p no:randomly --no-header $(ARGUMENTS) portal/tests
	@$(BIN)/nagorik contract --all --every-row

faults: $(READY)  ## Check that the tests notice each seeded fault (ARGUMENTS="client").
	@$(BIN)/python tests/faults/run.py $(ARGUMENTS)

check: $(READY)  ## Lint, format, strict types, layers, public surface, size of each room.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	MYPYPATH=$(SOURCES) $(BIN)/mypy
	$(BIN)/python tests/layers.py
	$(BIN)/python tests/public_surface.py --check
	$(BIN)/python tests/rooms.py
	$(BIN)/python docs/generate.py --check

types: $(READY)  ## Strict types alone.
	MYPYPATH=$(SOURCES) $(BIN)/mypy

campaign: $(READY)  ## Carry a hundred applications through faults and disruptions, and compare database and ledgers.
	@$(BIN)/nagorik campaign --applications $(APPLICATIONS) --seed 7 $(ARGUMENTS)
	@$(BIN)/nagorik campaign --kill-processes --applications $(DISTURBED) --seed 7
	@$(BIN)/nagorik campaign --kill-processes --own-server --applications $(DISTURBED) --seed 7

bench: $(READY)  ## Measure, each figure against a named peer in the same run.
	$(BIN)/python benchmarks/dispatch.py
	$(BIN)/python benchmarks/agency_client.py
	$(BIN)/python benchmarks/discovery.py
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/host.py --quick
	$(BIN)/python benchmarks/store.py --quick
	$(BIN)/python benchmarks/apply.py --quick
	$(BIN)/python benchmarks/api.py --quick

mutation: $(READY)  ## Measure anew how many changes of a plugin's code are noticed, and keep the scores (PLUGINS="land nid").
	@for plugin in $(PLUGINS); do \
	  $(BIN)/nagorik contract $$plugin --mutate 40 --tests plugins/$$plugin/tests \
	    --score plugins/$$plugin/src/nagorik_$$plugin/mutation-score.toml || exit 1; \
	done

requirements: $(READY)  ## Resolve the dependencies anew and write the list with hashes.
	$(BIN)/uv export --quiet --upgrade --all-packages --all-extras --all-groups --no-emit-workspace \
	  --no-annotate --no-header --format requirements-txt --output-file requirements.txt

surface: $(READY)  ## Write the public surface anew, after a deliberate change.
	$(BIN)/python tests/public_surface.py --write

reference: $(READY)  ## Write the reference pages anew from the code.
	$(BIN)/python docs/generate.py --write

clean:  ## Remove the environment and all caches.
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(READY): requirements.txt pyproject.toml $(addsuffix /pyproject.toml,$(DISTRIBUTIONS))
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Nagorik needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another with: make PYTHON=python3.12")'
	@echo "Setting up $(VENV) with $$($(PYTHON) --version): this takes a minute, once."
	@$(PYTHON) -m venv --clear $(VENV)
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.txt >$(VENV)/uv.txt
	@$(BIN)/python -m pip install $(QUIETLY) --no-compile --require-hashes --requirement $(VENV)/uv.txt
	@$(BIN)/uv pip install $(BY_UV) --require-hashes --requirement requirements.txt || \
	  { echo "So pip does it instead, which takes a minute more."; \
	    $(BIN)/python -m pip install $(QUIETLY) --require-hashes --requirement requirements.txt; }
	@$(BIN)/uv pip install $(BY_UV) --no-build-isolation --no-deps $(EDITABLE) || \
	  $(BIN)/python -m pip install $(QUIETLY) --no-build-isolation --no-deps $(EDITABLE)
	@touch $@
	@echo "Ready."
