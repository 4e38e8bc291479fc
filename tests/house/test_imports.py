"""Floors and fences: imports only go down, and each heavy package has its rooms.

Reads the source, so an import inside a function counts as well; only `runs/` and `cli/`, which import lazily by
design, may fetch a fenced package from within a function.
"""

import ast
import sys
from dataclasses import dataclass

import pytest

IDEAS = (
    "errors",
    "message",
    "space",
    "spaces",
    "persona",
    "neutral_words",
    "record",
    "posterior",
    "next_question",
    "correction",
    "person",
    "history",
    "style",
    "manner",
    "rules",
    "stats",
    "render",
    "reporter",
    "config",
    "openmp",
    "user_cache",
)
SEAMS = {"shards": 0, "model": 0, "encoder": 1, "infer": 2, "method": 3, "scorer": 4, "store": 5}
"""Rooms of floor 1 and their order: a room sees those before it."""
WORK = ("forum", "build", "fit", "train", "decode", "eval", "audit")
RUNS = ("runs",)
FACES = {"serve": 0, "cli": 0, "__main__": 1}
FLOORS = {name: floor for floor, names in enumerate((IDEAS, SEAMS, WORK, RUNS, FACES)) for name in names}
RANK = {**SEAMS, **FACES}

IDEAS_MAY_USE = {"numpy", "pydantic", "pydantic_core", "jinja2", "yaml"}
TENSORS = ("model/", "encoder/", "infer/", "scorer/", "fit/", "train/", "decode/")
TABLES = ("shards/", "build/", "forum/")
FENCES = {
    "trl": ("train/run.py", "train/ratings.py"),
    "torch": TENSORS,
    "transformers": TENSORS,
    "sqlalchemy": ("store/",),
    "fastapi": ("serve/",),
    "openai": ("model/remote.py",),
    "inspect_ai": ("eval/plugins/inspect_task.py",),
    "lm_eval": ("eval/plugins/lm_eval_task.py",),
    "pyarrow": TABLES,
    "polars": TABLES,
}


@dataclass(frozen=True)
class Import:
    target: str
    line: int
    lazy: bool


def imports(source: str) -> list[Import]:
    """Every import of a module, lazy ones and those for type checking included."""
    tree = ast.parse(source)
    functions = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda))
    inside = {id(node) for function in functions for node in ast.walk(function)}
    found = []
    for node in ast.walk(tree):
        lazy = id(node) in inside
        if isinstance(node, ast.Import):
            found += [Import(alias.name, node.lineno, lazy) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            found += [Import(f"{base}.{alias.name}", node.lineno, lazy) for alias in node.names]
    return found


def room_of(name: str) -> str:
    return name.split("/")[0].removesuffix(".py")


def broken_floors(name: str, source: str) -> list[str]:
    """Imports of one module, by its path under the package, that go up or sideways."""
    room = room_of(name)
    if room == "__init__":
        own = 0
    elif room not in FLOORS:
        return [f"{name}: room '{room}' is on no floor; add it to this test and to pyproject.toml"]
    else:
        own = FLOORS[room]
    broken = []
    for item in imports(source):
        if item.target.startswith("."):
            broken.append(f"{name}:{item.line} relative import; write the full name")
        if item.target.split(".")[0] != "penchant" or item.target == "penchant.__version__":
            continue
        other = (*item.target.split("."), "")[1]
        if other not in FLOORS:
            broken.append(f"{name}:{item.line} takes '{other}' from the package root; import its own module")
        elif other == room:
            continue
        elif FLOORS[other] > own:
            broken.append(f"{name}:{item.line} imports upward: {room} -> {other}")
        elif FLOORS[other] == own > 0 and not RANK.get(room, 0) > RANK.get(other, 0):
            broken.append(f"{name}:{item.line} imports sideways: {room} -> {other}")
    return broken


def broken_fences(name: str, source: str) -> list[str]:
    """Packages imported outside their rooms."""
    broken = []
    for item in imports(source):
        package = item.target.split(".")[0]
        if item.lazy and name.startswith(("cli/", "runs/")):
            continue
        if package in FENCES and not name.startswith(FENCES[package]):
            broken.append(f"{name}:{item.line} imports {package}, which stays in {', '.join(FENCES[package])}")
        outside = package not in sys.stdlib_module_names and package not in IDEAS_MAY_USE | {"penchant", ""}
        if FLOORS.get(room_of(name), 0) == 0 and outside:
            broken.append(f"{name}:{item.line} imports {package}; ideas use {', '.join(sorted(IDEAS_MAY_USE))} only")
    return broken


def test_imports_only_go_down(sources: dict[str, str]) -> None:
    found = [line for name, text in sources.items() for line in broken_floors(name, text)]
    assert not found, "\n".join(found)


def test_every_heavy_package_stays_in_its_rooms(sources: dict[str, str]) -> None:
    found = [line for name, text in sources.items() for line in broken_fences(name, text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("space.py", "from penchant.model.base import Model"),
        ("__init__.py", "from penchant.shards import read"),
        ("model/local.py", "def f():\n    from penchant.train.run import run"),
        ("train/run.py", "import penchant.eval.score"),
        ("eval/folds.py", "from penchant.fit.encoder import fit_encoder"),
        ("eval/questions/novel.py", "from penchant.runs.train import align"),
        ("runs/evaluate.py", "from penchant.cli.output import say"),
        ("runs/evaluate.py", "from penchant.serve.app import app"),
        ("cli/rank.py", "from penchant.serve.app import app"),
        ("model/base.py", "from penchant.scorer.base import Scorer"),
        ("serve/app.py", "from penchant.cli import main"),
        ("train/run.py", "from penchant import eval"),
        ("train/run.py", "from penchant import Persona"),
        ("train/run.py", "from . import loss"),
        ("attic/old.py", ""),
    ],
)
def test_the_floor_rule_refuses(name: str, source: str) -> None:
    assert broken_floors(name, source) != []


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("person.py", "from penchant.space import Direction"),
        ("scorer/implicit.py", "from penchant.model.base import Model"),
        ("cli/train.py", "def f():\n    from penchant.train.run import run"),
        ("serve/app.py", "from penchant import __version__\nfrom penchant.runs.infer import believe"),
        ("runs/evaluate.py", "from penchant.eval.rows import Row\nfrom penchant.train.run import align"),
        ("train/run.py", "from penchant.train.loss import dpo_loss"),
    ],
)
def test_the_floor_rule_allows(name: str, source: str) -> None:
    assert broken_floors(name, source) == []


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("train/loss.py", "import trl"),
        ("fit/rm.py", "def f():\n    from trl import DPOTrainer"),
        ("eval/score.py", "import torch.nn"),
        ("cli/train.py", "import torch"),
        ("shards/base.py", "from transformers import AutoTokenizer"),
        ("eval/rows.py", "import pyarrow.parquet as pq"),
        ("model/local.py", "from openai import OpenAI"),
        ("render.py", "import scipy"),
        ("space.py", "if True:\n    import pandas"),
    ],
)
def test_the_fence_rule_refuses(name: str, source: str) -> None:
    assert broken_fences(name, source) != []


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("train/run.py", "import trl, torch"),
        ("cli/train.py", "def f():\n    import torch"),
        ("render.py", "import re, jinja2\nimport numpy as np"),
        ("shards/parquet.py", "import pyarrow"),
        ("eval/bad_evidence.py", "import scipy"),
    ],
)
def test_the_fence_rule_allows(name: str, source: str) -> None:
    assert broken_fences(name, source) == []
