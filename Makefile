# make demo   translate one kernel to every language, run all of them here, keep the files
# make test   the quick tests, two to three minutes;  make test-all  the slow ones too
# make sample   a twenty-fourth of the benchmark, 84 translations, another one every week; SEED chooses
# make lint   ruff and mypy
#
# Needs python3 >= 3.11 with venv, and g++ (Debian, Ubuntu: apt install python3-venv g++).
# PYTHON chooses the interpreter that makes .venv; VENV another place for it; JOBS how many tests run at once.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO := build/demo
JOBS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$(( n < 8 ? n : 8 )))
PYTEST := $(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal

SEED ?= $(shell date +%V)
.PHONY: demo test test-all sample lint clean

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "python >= 3.11 is needed")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

demo: $(STAMP)
	@mkdir -p $(DEMO)
	@cp examples/softmax.cu $(DEMO)/softmax.cu
	@echo "== examples/softmax.cu, CUDA C, becomes HIP, BANG C and C with VNNI; each must be confirmed to be written"
	$(BIN)/xpiler translate $(DEMO)/softmax.cu --to hip -o $(DEMO)/softmax.hip
	$(BIN)/xpiler translate $(DEMO)/softmax.cu --to bang -o $(DEMO)/softmax.mlu
	$(BIN)/xpiler translate $(DEMO)/softmax.cu --to vnni -o $(DEMO)/softmax.cpp
	@echo
	@echo "== All four run on this CPU on the same random input, with their platforms' rules checked"
	$(BIN)/xpiler run $(DEMO)/softmax.cu
	$(BIN)/xpiler run $(DEMO)/softmax.hip
	$(BIN)/xpiler run $(DEMO)/softmax.mlu
	$(BIN)/xpiler run $(DEMO)/softmax.cpp
	@echo
	@echo "== The source and its three translations"
	@ls -1 $(DEMO)/softmax.*
	@echo "Every line above with 'yes' holds on the scope it names and nothing more: docs/evidence.md."

test: $(STAMP)
	$(PYTEST) -m 'not slow'

test-all: $(STAMP)
	$(PYTEST)

sample: $(STAMP)
	$(BIN)/xpiler bench --each 1 --targets 1 --seed $(SEED) --jobs $(JOBS)

lint: $(STAMP)
	$(BIN)/ruff check src tests
	$(BIN)/mypy --strict src

clean:
	rm -rf build $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
