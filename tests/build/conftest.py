"""An invented forum: each thread has an opening post and replies of several people, with votes and times."""

import json
import random
from pathlib import Path

import pytest
import yaml

WORDS = ["harbour", "lantern", "pepper", "ladder", "violin", "meadow", "copper", "saddle", "window", "basket"]
WORDS += ["thimble", "orchard", "kettle", "anchor"]


def text_of(rng: random.Random) -> str:
    return "I would say that " + " ".join(rng.choices(WORDS, k=12)) + "."


def rows_of(threads: int, seed: int = 0) -> list[dict[str, object]]:
    rng = random.Random(seed)
    rows: list[dict[str, object]] = []
    for thread in range(threads):
        opening = f"t{thread}"
        author = f"person{rng.randrange(30)}"
        rows.append({"id": opening, "thread": opening, "parent": None, "author": author, "text": text_of(rng)})
        for number in range(4):
            reply = {"id": f"{opening}.{number}", "thread": opening, "parent": opening, "text": text_of(rng)}
            at = f"2024-01-{1 + number:02d}T00:00:00+00:00"
            rows.append({**reply, "author": f"person{rng.randrange(30)}", "score": rng.randrange(9), "at": at})
    return rows


def write_forum(folder: Path, rows: list[dict[str, object]], **settings: object) -> Path:
    """The rows as JSON lines, and a recipe beside them."""
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "posts.jsonl").write_text(lines, encoding="utf-8")
    columns = {name: name for name in ("id", "thread", "parent", "author", "text", "score", "at")}
    recipe = {
        "name": "invented",
        "sources": [{"kind": "threads", "path": "posts.jsonl", "columns": columns}],
        "annotator": None,
        "test": 0.3,
        "chunk": 50,
        "buckets": 3,
        **settings,
    }
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def forum_rows() -> list[dict[str, object]]:
    return rows_of(60)
