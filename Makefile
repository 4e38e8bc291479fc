# Everything a person or CI runs. `make setup` needs Python 3.11 or newer and nothing else.
PY ?= python3
VENV ?= .venv
EXTRAS ?= train,encoder,encoder-offline,llm,report,dev
BIN := $(VENV)/bin
# -qq prints errors only
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check
# one thin file per verb, besides those that are no verbs
NOT_VERBS := __init__ __main__ aligned app beliefs data language learned output tables
VERBS := $(subst evaluate,eval,$(filter-out $(NOT_VERBS),$(notdir $(basename $(wildcard src/penchant/cli/*.py)))))

.DEFAULT_GOAL := help
.PHONY: help setup demo baselines base test prove check time docs

help:
	@echo "make setup | demo | baselines | base | test | prove | check | time | docs"

$(VENV)/.ok: pyproject.toml constraints.txt
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "penchant needs Python 3.11 or newer; run make PY=python3.11 setup")'
	$(PY) -m venv $(VENV)
	@# torch first and alone, so that the build that fits this machine is taken
	$(PIP) torch==2.13.0
	$(PIP) -c constraints.txt -e ".[$(EXTRAS)]"
	@touch $@

setup: $(VENV)/.ok

demo: setup
	$(BIN)/penchant demo

# what `eval --suite all` sets beside the demo's models; after `make demo`
baselines: setup
	@test -d out/demo/data/train || { echo "make baselines: out/demo holds no demo; run make demo first" >&2; exit 1; }
	$(BIN)/penchant train --method universal --data out/demo/data/train --out out/demo/universal --overwrite
	$(BIN)/penchant annotator --data out/demo/data/train --encoder models/forum-base --out out/demo/reader --overwrite
	$(BIN)/penchant train --method vpl --data out/demo/data/train --out out/demo/vpl --cache out/demo/vectors --overwrite
	$(BIN)/penchant train --method lore --data out/demo/data/train --out out/demo/lore --cache out/demo/vectors --overwrite
	$(BIN)/penchant train --method encoder --data out/demo/data/train --out out/demo/encoder --cache out/demo/vectors --overwrite

base: setup
	$(BIN)/penchant base --overwrite

check: setup
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/mypy --strict src
	$(BIN)/lint-imports --no-logo

test: check
	@# one thread each, so that two processes do not wait for each other; a file's tests stay with its fixtures
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m "not prove"

# the harnesses bring some 85 packages, which nothing but the proofs of eval/plugins needs
$(VENV)/.ok-eval: $(VENV)/.ok
	$(PIP) -c constraints.txt torch==2.13.0 -e ".[$(EXTRAS),eval]"
	@touch $@

prove: $(VENV)/.ok-eval
	$(BIN)/python -m pytest -m prove

# one thread, interleaved with the peers; a quiet machine and about half an hour
time: setup
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/train.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/train.py --memory --cells 512x4,2048x4
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/score.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/evaluate.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/infer.py

docs: setup
	@test -n "$(VERBS)" || { echo "make docs: no verb under src/penchant/cli yet" >&2; exit 1; }
	@mkdir -p docs
	@set -e; export COLUMNS=100 NO_COLOR=1 TERM=dumb; { \
	printf '# Command line\n\nWritten by `make docs` from the help texts.\n'; \
	for verb in "" $(VERBS); do \
	printf '\n## penchant %s\n\n```\n' "$$verb"; $(BIN)/penchant $$verb --help || exit 1; printf '```\n'; \
	done; } > docs/cli.md.part
	@mv docs/cli.md.part docs/cli.md
