"""Every engine runs every task, and raises what a task raised."""

import importlib.util
from pathlib import Path

import pytest

from penchant.errors import ConfigError, DataError
from penchant.runs.engines import engine

WAYS = [
    pytest.param("local", 1, id="here"),
    pytest.param("local", 2, id="processes"),
    pytest.param(
        "ray",
        2,
        id="ray",
        marks=[
            pytest.mark.prove,
            pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="the extra ray is not installed"),
        ],
    ),
]


def write(folder: Path, number: int) -> None:
    (folder / str(number)).write_text("done")


def fail(sentence: str) -> None:
    raise DataError(sentence)


@pytest.mark.parametrize(("kind", "workers"), WAYS)
def test_every_task_is_done_and_an_error_comes_back(kind: str, workers: int, tmp_path: Path) -> None:
    with engine(kind, workers) as team:
        waiting = [team.submit(write, tmp_path, number) for number in range(5)]
        for task in waiting:
            task.result()
        assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1", "2", "3", "4"]
        with pytest.raises(DataError, match="no such row"):
            team.submit(fail, "no such row").result()


def test_an_engine_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="`engine` is 'spark'; take local or ray"), engine("spark", 1):
        pass
    with pytest.raises(ConfigError, match="`workers` is 0"), engine("local", 0):
        pass
