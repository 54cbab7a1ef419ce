# make demo   translate one kernel to every language, run all of them here, keep the files
# make test   the tests that take seconds;  make test-all  the slow ones too
# make lint   ruff and mypy
#
# Needs python3 >= 3.11 with venv, and g++ (Debian, Ubuntu: apt install python3-venv g++).
# PYTHON chooses the interpreter that makes .venv; VENV another place for it.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO := build/demo

.PHONY: demo test test-all lint clean

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "python >= 3.11 is needed")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

demo: $(STAMP)
	mkdir -p $(DEMO)
	cp examples/softmax.cu $(DEMO)/softmax.cu
	$(BIN)/xpiler translate $(DEMO)/softmax.cu --to hip -o $(DEMO)/softmax.hip
	$(BIN)/xpiler translate $(DEMO)/softmax.cu --to bang -o $(DEMO)/softmax.mlu
	$(BIN)/xpiler translate $(DEMO)/softmax.cu --to vnni -o $(DEMO)/softmax.cpp
	$(BIN)/xpiler run $(DEMO)/softmax.cu
	$(BIN)/xpiler run $(DEMO)/softmax.hip
	$(BIN)/xpiler run $(DEMO)/softmax.mlu
	$(BIN)/xpiler run $(DEMO)/softmax.cpp
	@echo
	@echo "The source and its three translations are in $(DEMO)/:"
	@ls -1 $(DEMO)

test: $(STAMP)
	$(BIN)/python -m pytest -q -m 'not slow'

test-all: $(STAMP)
	$(BIN)/python -m pytest -q

lint: $(STAMP)
	$(BIN)/ruff check src tests
	$(BIN)/mypy --strict src

clean:
	rm -rf build $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
