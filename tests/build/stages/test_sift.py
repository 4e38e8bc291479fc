from pathlib import Path

import numpy as np

from penchant.build.recipe import BuildRecipe
from penchant.build.sources.lines import Line
from penchant.build.stages.folder import BuildFolder
from penchant.build.stages.read import read
from penchant.build.stages.sift import sift
from penchant.config import parse

LONG = "I would say that " + " ".join(f"word{number}" for number in range(60))
SOURCE = {"kind": "threads", "path": "a.jsonl", "columns": {name: name for name in ("id", "author", "text")}}


def folder_of(tmp_path: Path, *batches: list[tuple[str, str, str]], **settings: object) -> BuildFolder:
    content = {"name": "a", "sources": [SOURCE], "buckets": 2, **settings}
    folder = BuildFolder(tmp_path, parse(BuildRecipe, content, where="a"))
    for number, rows in enumerate(batches):
        lines = [Line(f"a {row[0]}", row=dict(zip(("id", "author", "text"), row, strict=True))) for row in rows]
        read(folder, number, folder.recipe.sources[0], lines)
    return folder


def test_repeated_posts_are_left_out_over_all_batches(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path,
        [("1", "ann", LONG), ("2", "ben", "something else, and long enough")],
        [("3", "cat", LONG.upper()), ("4", "dan", LONG + " indeed"), ("1", "eve", "another text with the same id")],
    )
    sift(folder)
    dropped = sorted(tuple(row.values()) for table in folder.dropped() for row in table.to_pylist())
    assert dropped == [
        ("a 1", "ids", "a post before has the same id"),
        ("a 3", "duplicates", "a post before has the same words"),
        ("a 4", "duplicates", "a post before is nearly the same"),
    ]
    counts = folder.counts("sift", 0)
    assert counts is not None
    assert (counts["authors"].rows_in, counts["duplicates"].rows_out) == (5, 2)
    assert (np.load(folder.file("sift", 0, "npy")) == 0).sum() == 2


def test_who_writes_too_much_is_left_out_altogether(tmp_path: Path) -> None:
    rows = [(str(number), "spam", f"buy number {number} of this thing now") for number in range(9)]
    folder = folder_of(
        tmp_path,
        [*rows, ("x", "ann", "a text that is long enough")],
        filters={"posts_per_author": 5},
        duplicates={"similarity": 1.0},
    )
    sift(folder)
    counts = folder.counts("sift", 0)
    assert counts is not None
    assert counts["authors"].dropped == {"author of more than 5 posts": 9}
    assert counts["duplicates"].rows_out == 1


def test_no_posts_at_all_are_sifted_too(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, [("1", "ann", "short")])
    sift(folder)
    counts = folder.counts("sift", 0)
    assert counts is not None
    assert counts["duplicates"].rows_out == 0
