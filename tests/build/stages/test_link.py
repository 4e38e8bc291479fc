from pathlib import Path

from penchant.build.recipe import BuildRecipe
from penchant.build.sources.lines import Line
from penchant.build.spill import read_bucket
from penchant.build.stages.folder import BuildFolder
from penchant.build.stages.link import link
from penchant.build.stages.read import read
from penchant.build.stages.sift import sift
from penchant.config import parse
from penchant.infer.annotate import directions
from penchant.infer.fake import FakeAnnotator

NAMES = ("id", "parent", "author", "text")
ROWS = [
    ("a", None, "host", "What do you think of evenings?"),
    ("b", "a", "ann", "I like jokes at any hour of it"),
    ("c", "a", "ben", "I never laugh, as you may know"),
    ("d", "a", "host", "I only wanted to know, thank you"),
    ("e", "zz", "ann", "an answer to nothing at all here"),
]


def test_replies_become_choices_with_the_directions_that_were_inferred(tmp_path: Path, tiny) -> None:
    content = {
        "name": "a",
        "sources": [{"kind": "threads", "path": "a.jsonl", "columns": {name: name for name in NAMES}}],
        "buckets": 1,
        "pairs": {"mirrored": True},
        "test": 0.0,
    }
    folder = BuildFolder(tmp_path, parse(BuildRecipe, content, where="a"))
    lines = [Line(f"a {row[0]}", row=dict(zip(NAMES, row, strict=True))) for row in ROWS]
    read(folder, 0, folder.recipe.sources[0], lines)
    sift(folder)
    annotator = FakeAnnotator(tiny, {"jokes": ("humour", 1)})
    link(folder, 0, lambda items: directions(annotator.annotate(items), tiny))
    choices = read_bucket(folder.files("link", "choices"), 0)[0].to_pylist()
    assert {row["id"]: [(one["row"], one["sign"]) for one in row["direction"]] for row in choices} == {
        "b > c": [(1, 1)],
        "c > b": [(1, -1)],
    }
    assert choices[0]["origins"] == ["a a", "a b", "a c"]
    written = read_bucket(folder.files("link", "written"), 0)[0].to_pylist()
    assert {row["id"]: row["prompt"] for row in written} == dict.fromkeys(("b", "c"), ROWS[0][3])
    reasons = {row["origin"]: row["reason"] for table in folder.dropped() for row in table.to_pylist()}
    assert reasons == {
        "a a": "opens a thread",
        "a d": "answers its own author",
        "a e": "what it answers is missing or was left out",
    }
