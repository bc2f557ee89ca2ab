# make story [MINUTES=1] [DATA=my.txt] [SEPARATOR=line] [COLUMN=text]    a model that tells a story
# make test    all tests
# make setup   the command at .venv/bin/lilliput                        make check   style and types
# make bench [MODEL=runs/story]   measurements                          make docs    docs/cli.md

PYTHON ?= python3
MINUTES ?= 1
DATA ?=
OUT ?=
SEPARATOR ?=
COLUMN ?=
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check install --quiet -c constraints.txt

.PHONY: setup story test check bench docs clean

setup: .venv/.story
story: .venv/.story
	$(BIN)/lilliput story --minutes $(MINUTES) $(if $(DATA),--data "$(DATA)") $(if $(OUT),--out "$(OUT)") \
	  $(if $(SEPARATOR),--separator "$(SEPARATOR)") $(if $(COLUMN),--column "$(COLUMN)")

test: check
	$(BIN)/pytest -n 2

check: .venv/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

MODEL ?= runs/story
bench: .venv/.test
	$(BIN)/lilliput bench "$(MODEL)"
	$(BIN)/python benchmarks/world_speed.py
	$(BIN)/lilliput data make --count 300 -o runs/bench.jsonl
	$(BIN)/python benchmarks/evaluate_vs_transformers.py "$(MODEL)" runs/bench.jsonl; rm -f runs/bench.jsonl

docs: .venv/.test
	$(BIN)/python docs/make_cli.py
	$(BIN)/python docs/make_presets.py

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "lilliput needs Python 3.11 or later: make PYTHON=python3.12 ..." >&2; exit 2; }
	@$(PYTHON) -m venv .venv || { echo "no venv module: install it (Debian: apt install python3-venv)" >&2; exit 2; }

.venv/.story: .venv/bin/python pyproject.toml setup.py constraints.txt $(wildcard src/lilliput/runtime/c/*)
	@echo "setting up .venv (once, about half a minute)"
	@$(PIP) -e .
	@$(BIN)/python -c 'import sys; from lilliput.runtime.native import library_path; sys.exit(library_path() is None)' \
	  || { echo "no C compiler: torch is installed, which trains more slowly" >&2; $(PIP) -e '.[torch]'; }
	@touch $@

.venv/.test: .venv/.story
	@echo "setting up what the tests need (once)"
	@$(PIP) -e '.[torch,hub,track,wasm,gameboy,dev]'
	@touch $@

clean:
	rm -rf .venv build dist
