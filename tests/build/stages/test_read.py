from pathlib import Path

import numpy as np

from penchant.build.post import posts_of
from penchant.build.recipe import BuildRecipe
from penchant.build.sources.lines import Line
from penchant.build.spill import read_bucket
from penchant.build.stages.folder import BuildFolder
from penchant.build.stages.read import read
from penchant.config import parse

RECIPE = parse(
    BuildRecipe,
    {
        "name": "a",
        "sources": [
            {"kind": "threads", "path": "a.jsonl", "columns": {"id": "id", "author": "author", "text": "text"}}
        ],
        "filters": {"language": "en"},
        "buckets": 2,
    },
    where="a",
)
ROWS = [
    {"id": "1", "author": "ann", "text": "> they said\nI like an early walk, write to me: a@b.org"},
    {"id": "2", "author": "[deleted]", "text": "a text that is long enough"},
    {"id": "3", "author": "tea_bot", "text": "a text that is long enough"},
    {"id": "4", "author": "ben", "text": "> only what others said"},
    {"id": "5", "author": "ben", "text": "short"},
    {"id": "6", "author": "ben", "text": "Das ist ein ganz gewöhnlicher deutscher Satz über das Wetter und die Leute."},
    {"id": "7", "author": "ben"},
]


def test_each_row_is_a_post_or_has_a_step_and_a_reason(tmp_path: Path) -> None:
    folder = BuildFolder(tmp_path, RECIPE)
    read(folder, 0, RECIPE.sources[0], [Line(f"a line {number}", row=row) for number, row in enumerate(ROWS, 1)])
    tables = [read_bucket(folder.files("read", "arrow"), bucket)[0] for bucket in range(2)]
    (post,) = [post for table in tables for post in posts_of(table)]
    assert (post.id, post.text) == ("1", "I like an early walk, write to me: [email]")
    assert [tuple(row.values()) for table in folder.dropped() for row in table.to_pylist()] == [
        ("a line 2", "deleted", "deleted author"),
        ("a line 3", "machine", "bot"),
        ("a line 4", "quotes", "nothing but quotes"),
        ("a line 5", "prose", "too short"),
        ("a line 6", "language", "in language de"),
        ("a line 7", "parse", "no text"),
    ]
    counts = folder.counts("read", 0)
    assert counts is not None
    assert (counts["parse"].rows_in, counts["scrub"].rows_out) == (7, 1)
    assert counts["scrub"].changed == {"email": 1}
    assert counts["quotes"].changed == {"texts": 1}
    assert np.load(folder.file("read", 0, "keys.npy")).shape == (1, 3)
    assert np.load(folder.file("read", 0, "signatures.npy")).shape == (1, 64)
