# What to do with a checkout. The first use of a target sets up what it needs in $(VENV); set-up chatter goes to stderr.
VENV   ?= .venv
PYTHON ?= python3.11 python3.12 python3.13 python3
NAME   ?= turn
ARGS   ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help chat serve test bench

help:
	@echo "make chat    talk with the assistant (ARGS=... are passed on)"
	@echo "make serve   answer over REST and websocket"
	@echo "make test    lint, types, import contract and tests"
	@echo "make bench   run a benchmark (NAME=turn, ARGS=--quick)"

chat: $(VENV)/.serving
	@$(BIN)/assistant chat $(ARGS)

serve: $(VENV)/.serving
	@$(BIN)/assistant serve $(ARGS)

test: $(VENV)/.development
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest $(ARGS)

bench: $(VENV)/.development
	@$(BIN)/assistant bench $(NAME) $(ARGS)

# What chatting and serving need; nothing of the training stack.
$(VENV)/.serving: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing into $(VENV) (once; it takes a minute) ..." >&2
	@$(PIP) --editable . </dev/null >&2
	@touch $@

$(VENV)/.development: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing into $(VENV) with the development extras and torch (once; it takes some minutes) ..." >&2
	@$(PIP) --editable '.[dev,llm,postgres,telemetry,train]' </dev/null >&2
	@touch $@ $(VENV)/.serving

$(BIN)/python:
	@for python in $(PYTHON); do \
	    if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' </dev/null 2>/dev/null; then \
	        echo "Making $(VENV) with $$($$python --version)" >&2; \
	        $$python -m venv $(VENV) </dev/null >&2 && exit 0; \
	        rm -rf $(VENV); echo "$$python cannot make a virtual environment" >&2; exit 1; \
	    fi; \
	done; \
	echo "Python 3.11 or newer is needed, and none of these is: $(PYTHON). Name one: make PYTHON=/path/to/python" >&2; \
	exit 1
