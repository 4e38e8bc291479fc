"""Settings of every test, one small space, records with a planted preference, and the command line on a small forum.

Property tests are reproducible and not timed, as CI has two slow cores.
"""

import io
import json
import random
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import settings

from penchant import Comparison, Dimension, Persona, PreferenceSpace, Provenance, Record

settings.register_profile("penchant", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("penchant")


@pytest.fixture(scope="session")
def tiny() -> PreferenceSpace:
    return PreferenceSpace(
        "tiny",
        (
            Dimension("length", "Length", "need", "Likes it short", "Likes it long"),
            Dimension("humour", "Humour", "need", "Likes jokes", "Dislikes jokes"),
            Dimension("depth", "Depth", "need", "Likes detail, with sources", "Likes the gist"),
        ),
    )


LIKINGS = {
    "garden/flowers": ("rose", "tulip", "petal", "bloom", "meadow", "daisy", "pollen", "orchid", "fern", "lily"),
    "garden/engines": ("gear", "piston", "diesel", "clutch", "rotor", "axle", "valve", "motor", "crank", "bolt"),
}


@pytest.fixture(scope="session")
def planted() -> list[Record]:
    """24 people of 4 records: half like answers about flowers, half about engines; their 2 choices each tell which.

    Only the choices tell which answer is preferred: over all people both kinds are preferred as often, at one length.
    """
    rng = random.Random("planted")
    records = []
    for person in range(24):
        liking = sorted(LIKINGS)[person % 2]
        other = sorted(LIKINGS)[1 - person % 2]

        def answer(about: str) -> str:
            return " ".join(rng.sample(LIKINGS[about], 5))

        for row in range(4):
            persona = Persona(tuple(Comparison("What else?", answer(liking), answer(other)) for _ in range(2)))
            records.append(
                Record(
                    f"planted-{person}-{row}",
                    f"person-{person}",
                    "What shall I read?",
                    answer(liking),
                    answer(other),
                    persona,
                    split="dev" if person < 6 else "train",
                    provenance=Provenance(attribute=liking),
                )
            )
    return records


@dataclass(frozen=True)
class Ran:
    """What one call of the command line did."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> Any:
        """The last line of stdout as JSON."""
        return json.loads(self.out.splitlines()[-1])


@pytest.fixture(scope="session")
def penchant() -> Callable[..., Ran]:
    """Runs `penchant …` in this process as a shell would: exit code, stdout and stderr."""

    def run(*arguments: object) -> Ran:
        from penchant.cli import main

        out, err, code = io.StringIO(), io.StringIO(), 0
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.setattr(sys, "argv", ["penchant", *map(str, arguments)])
            try:
                main()
            except SystemExit as ended:
                code = int(ended.code or 0)
        return Ran(code, out.getvalue(), err.getvalue())

    return run


DIMENSIONS = ("openness", "order", "autonomy", "science", "cinema", "travel")
"""Those in play in the small forum."""


@pytest.fixture(scope="session")
def small_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained model of one narrow layer that knows the small forum's words."""
    from penchant.config import BaseSection
    from penchant.encoder.fake import FakeEncoder
    from penchant.forum.corpus import vocabulary
    from penchant.render import fixed_texts
    from penchant.space import load_space
    from penchant.train.base import fresh_model, save_base, word_tokenizer

    folder = tmp_path_factory.mktemp("base")
    space = load_space().subset(DIMENSIONS, name="small")
    tokenizer = word_tokenizer([*fixed_texts(), *vocabulary(space)])
    settings = BaseSection(hidden_size=16, layers=1, heads=2)
    save_base(fresh_model(tokenizer, settings, FakeEncoder(), seed=0), tokenizer, folder, curve=[], card="for tests\n")
    return folder


@pytest.fixture(scope="session")
def small_recipe(small_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole way in seconds: 24 people to train on, 16 to test, a few steps."""
    training = {"max_steps": 4, "users_per_step": 4, "pairs_per_user": 2, "save_steps": 2, "warmup_steps": 1}
    counts = {"train_users": 24, "test_users": 16, "train_targets": 2, "test_targets": 3}
    recipe = {
        "name": "small",
        "dimensions": list(DIMENSIONS),
        "base": str(small_base),
        "forum": {**counts, "active_min": 3, "active_max": 4, "asked": 2, "comments": 2, "comparisons": 2},
        "ica": training,
        "pba": {**training, "max_steps": 2, "golden_share": 0.5},
        "evaluate": {"samples": 1},
    }
    path = tmp_path_factory.mktemp("recipe") / "small.yaml"
    path.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def small_forum(penchant: Callable[..., Ran], small_recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `penchant simulate` wrote: train/, test/ and space.toml."""
    folder = tmp_path_factory.mktemp("forum")
    ran = penchant("simulate", "--recipe", small_recipe, "--out", folder)
    assert ran.code == 0, ran.err
    return folder


@pytest.fixture(scope="session")
def aligned(
    penchant: Callable[..., Ran], small_recipe: Path, small_forum: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Models that `penchant train` made on the small forum, by method."""
    folder = tmp_path_factory.mktemp("aligned")
    for method in ("ica", "pba"):
        where = ("--data", small_forum / "train", "--out", folder / method)
        ran = penchant("train", "--recipe", small_recipe, "--method", method, *where)
        assert ran.code == 0, ran.err
    return {method: folder / method for method in ("ica", "pba")}
