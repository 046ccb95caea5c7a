# make demo         opens the handset on an emulated modem, with a bank and an operator behind it
# make test         everything that needs nothing but Python
# make test-system  what needs other people's programs (tshark, tmux, gammu …): .ci/run installs them
# make wheels-check  whether everything installs on 64-bit Raspberry Pi OS without a compiler; asks the package index
# make client-table writes what foreign clients can do with the emulator into docs/emulator.md
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 2
# These drive real ptys for seconds each; make test runs them.
LONG := tests/replay tests/unit/gsm/test_doctor.py tests/unit/handset/test_app.py \
	$(addprefix tests/unit/modem_emulator/test_,profile_clients.py panel.py pytest_plugin.py emulator_page.py network_simulation.py)

.PHONY: demo test quick lint types contracts test-system client-table clean screenshot wheels-check

demo: $(VENV)/.installed-all
	$(BIN)/handset --demo

test: lint types contracts
	$(BIN)/pytest -n $(JOBS) -m "not foreign"

quick: lint types contracts
	$(BIN)/pytest -n $(JOBS) -m "not foreign and not programs and not simulation" $(LONG:%=--ignore=%)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

contracts: $(VENV)/.installed-dev
	$(BIN)/lint-imports

test-system: $(VENV)/.installed-dev
	$(BIN)/pytest -n $(JOBS) --dist loadfile -m foreign

client-table: $(VENV)/.installed-dev
	$(BIN)/pytest -n $(JOBS) -m foreign --write-client-table tests/clients

wheels-check: $(VENV)/.installed-dev
	$(BIN)/python deploy/wheels_check.py

screenshot: $(VENV)/.installed-dev
	$(BIN)/python docs/make_screenshot.py
	$(BIN)/python docs/make_panel_screenshot.py

# The environment is made again when what it must hold changes.
$(VENV)/.installed-%: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip --quiet --disable-pip-version-check install --constraint constraints.txt --editable '.[$*]'
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
