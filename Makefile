# tinyssl: `make help` lists the targets. `make demo` and `make test` install what is missing first.

PYTHON  ?= python3
VENV    ?= .venv
DEMO    ?= demo
# Where torch comes from, for example https://download.pytorch.org/whl/cpu (saves 2 GB without a GPU).
TORCH_INDEX ?=
# Tests at the same time: one more than this project's two cores, as many wait for an emulated line.
TEST_JOBS ?= 3
SPREAD := -n $(TEST_JOBS) --dist worksteal
# Extra words for pytest, for example: make test PYTEST_ARGS="-k emit"
PYTEST_ARGS ?=

BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
FRAMEWORKS := $(VENV)/.frameworks
INSTALL := $(BIN)/python tools/install_packages.py -c constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Where this is set, each of some hundred processes compiles all modules anew.
export PYTHONDONTWRITEBYTECODE =

.PHONY: help setup frameworks tools python demo demo-seeds demo-photos readme test coverage quick lint types size bench-engines bench-families bench-engines-check boards-table tflm-table model-coverage operators-page clean

help:
	@echo "make demo    images to a measured (emulated) Cortex-M7: table and $(DEMO)/report.html"
	@echo "make demo-seeds   after it: the same with two more seeds, and their spread"
	@echo "make demo-photos   what pretraining on your own pictures brings: PHOTOS=FOLDER UNLABELLED=FOLDER"
	@echo "make test    all tests but those that need a board"
	@echo "make coverage  the same, then the share of lines of Python and C that ran"
	@echo "make quick   the tests that end in about two minutes"
	@echo "make lint    format, lint and size budget, C too      make types   mypy --strict"
	@echo "make bench-engines        engines side by side in QEMU: docs/engines.md (takes half an hour)"
	@echo "make bench-families       one model of each family, the same engines: docs/families.md"
	@echo "make bench-engines-check  instructions, flash and RAM against the committed baseline"
	@echo "make boards-table         flash and RAM on every bare-metal board: docs/boards.md"
	@echo "make tflm-table           TensorFlow Lite Micro by PlatformIO: docs/tflm.md (needs its sources)"
	@echo "make model-coverage MODELS=FOLDER   which models of a folder tinyssl takes, here and on mps2_an500: docs/coverage.md"
	@echo "make operators-page       every operator and its kernels: docs/operators.md"
	@echo "make setup   compilers, emulator and $(VENV)    make clean   remove what make made"

setup: tools $(STAMP)

# The list of programs is tinyssl/core/toolchain.py. The demo alone needs fewer of them than the tests.
TOOL_SET := $(if $(filter-out demo demo-seeds demo-photos readme,$(MAKECMDGOALS)),test,demo)

tools: python
	@$(PYTHON) tools/system_tools.py $(TOOL_SET)

python:
	@$(PYTHON) -c 'import sys; ok = sys.version_info >= (3, 11); \
	ok or print(f"tinyssl needs Python 3.11 or newer; $(PYTHON) is {sys.version.split()[0]}. " \
	"Name another: make PYTHON=python3.11", file=sys.stderr); sys.exit(not ok)'

# torch first where it has an index of its own; all else comes as pip is set up.
$(STAMP): pyproject.toml constraints.txt | tools
	$(PYTHON) -m venv $(VENV)
	$(if $(TORCH_INDEX),$(INSTALL) --index-url $(TORCH_INDEX) torch)
	$(INSTALL) -e '.[train,teachers,serve,federated,dev]'
	$(INSTALL) --no-deps --target $(VENV)/share/td-schema labthings-fastapi  # its file of W3C
	touch $@

# TensorFlow and onnx2tf, 600 MB, for the tests of `tinyssl convert --model`; the demo needs neither.
$(FRAMEWORKS): pyproject.toml constraints.txt $(STAMP)
	$(INSTALL) -e '.[onnx]'
	touch $@

frameworks: $(FRAMEWORKS)

# One thread: the figures are then alike on computers with other numbers of cores. On a busy computer it
# was also the faster way: 230 images/s, and 155 with two threads. An idle one was not measured.
demo demo-seeds demo-photos: export OMP_NUM_THREADS = 1

demo: setup
	mkdir -p $(DEMO)
	TINYSSL_REPORT_OUT=$(abspath $(DEMO))/report.html \
	  $(BIN)/tinyssl run --workspace $(DEMO) --config examples/digits.toml

# What pretraining on your own unlabelled pictures brings. Name both folders, or none: then it draws some.
PHOTOS ?=
UNLABELLED ?=
demo-photos: setup
	$(BIN)/python -m tools.demo_photos --workspace $(DEMO)-photos \
	  $(if $(PHOTOS),--labelled $(PHOTOS)) $(if $(UNLABELLED),--unlabelled $(UNLABELLED))

# How much the demo depends on its seed: two more trainings, then mean ± deviation over all three.
demo-seeds: setup
	for seed in 1 2; do TINYSSL_PRETRAIN_SEED=$$seed \
	  $(BIN)/tinyssl run --workspace $(DEMO) --config examples/digits.toml --to convert || exit; done
	$(BIN)/tinyssl report --workspace $(DEMO) --out $(DEMO)/report.html
	$(BIN)/tinyssl compare --workspace $(DEMO)

# Figures and picture of the README, from the last `make demo` (the picture needs chromium).
readme: $(STAMP)
	$(BIN)/python tools/readme_figures.py --workspace $(DEMO)
	mkdir -p docs/images
	chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
	  --disable-component-update --disable-sync --user-data-dir=$$(mktemp -d) --hide-scrollbars \
	  --window-size=1200,690 --screenshot=docs/images/report.png file://$(CURDIR)/$(DEMO)/report.html

test: setup frameworks
	$(BIN)/python -m pytest $(SPREAD) -m 'not board and not nightly' $(PYTEST_ARGS)

# Python in all processes of the tests, C in the programs that they compile for this computer.
coverage: setup frameworks
	folder=$$(mktemp -d) && $(BIN)/python -m tools.line_counts.prepare $$folder/python && \
	  COUNT_PYTHON_LINES=$$folder/python COUNT_C_LINES=1 $(BIN)/python -m pytest $(SPREAD) \
	  -m 'not board and not nightly' --basetemp=$$folder/tests $(PYTEST_ARGS) && \
	  $(BIN)/python -m tools.coverage_report $$folder && rm -r $$folder

quick: setup frameworks
	$(BIN)/python -m pytest $(SPREAD) $(PYTEST_ARGS)

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python tools/check_size.py
	$(BIN)/python tools/lint_c.py

types: setup
	$(BIN)/mypy

# Local copies, for the column of TFLM: make bench-engines BENCH="--tflm ../tflm --cmsis-nn ../cmsis-nn"
BENCH ?=
bench-engines: setup
	$(INSTALL) -e '.[bench]'
	$(BIN)/python -m tools.bench_engines $(BENCH)

bench-families: setup
	$(INSTALL) -e '.[bench,tensorflow]'
	$(BIN)/python -m tools.bench_engines --families $(BENCH)

bench-engines-check: setup
	$(BIN)/python -m tools.bench_engines --check

# The rows of TFLM are measured where copies are given, as above: it is compiled for each board and model.
boards-table: setup
	$(BIN)/python -m tools.boards_table $(BENCH)

tflm-table: setup
	$(BIN)/python -m tools.tflm_table $(BENCH)

MODELS ?= ../shared/models/public
model-coverage: setup
	$(BIN)/python -m tools.model_coverage $(MODELS) --board mps2_an500 --write

operators-page: setup
	$(BIN)/python -m tools.operators_page

clean:
	rm -rf $(VENV) $(DEMO) build dist runs .pytest_cache .mypy_cache .ruff_cache .hypothesis
