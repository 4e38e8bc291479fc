"""The datasheet says which attributes of people their texts give away."""

import csv
import random
from pathlib import Path

import pytest

from penchant.errors import ConfigError
from penchant.runs.build import build

from ..build.conftest import text_of, write_forum

SAYS = {"nurse": "The night shift on the ward was long.", "baker": "The dough for the morning bread must rest."}
PEOPLE = 72


def forum(folder: Path, attributes: list[str]) -> Path:
    """People, each of whom speaks of their job in three threads."""
    people = [(f"person{number}", ("nurse", "baker")[number % 2], str(number // 6 % 3)) for number in range(PEOPLE)]
    rng = random.Random(0)
    rows = []
    for thread in range(9):
        rows.append(
            {"id": f"t{thread}", "thread": f"t{thread}", "author": "host", "text": f"Thread {thread}, how is it?"}
        )
        for author, job, _ in people[thread % 3 :: 3]:
            text = f"{SAYS[job]} {text_of(rng)}"
            rows.append({"id": f"{author}.{thread}", "thread": f"t{thread}", "parent": f"t{thread}", "author": author})
            rows[-1] |= {"text": text, "score": 1, "at": "2024-01-01T00:00:00+00:00"}
    with (folder / "people.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("name", "job", "shoe"), *people])
    profiles = {"path": "people.csv", "author": "name", "text": "works as {job}", "attributes": attributes}
    return write_forum(folder, rows, profiles=profiles, duplicates={"similarity": 1.0}, chunk=100)


def test_the_datasheet_says_what_texts_give_away(tmp_path: Path) -> None:
    content = build(config=forum(tmp_path, ["job", "shoe"]), out=tmp_path / "data")
    told = {one["attribute"]: one for one in content["disclosed"]}
    assert told["job"]["accuracy"] > 0.9
    assert told["job"]["disclosed"]
    assert told["job"]["people"] == PEOPLE
    assert not told["shoe"]["disclosed"]
    assert "A plain classifier tells from people's texts: job" in (tmp_path / "data" / "README.md").read_text()
    assert "What the texts give away" in (tmp_path / "data" / "datasheet.html").read_text()


def test_an_attribute_that_the_table_does_not_have_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no 'hat', which the profiles of the recipe name"):
        build(config=forum(tmp_path, ["hat"]), out=tmp_path / "data")
    assert not (tmp_path / "data").exists()
