import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from penchant.build.recipe import BuildRecipe
from penchant.build.sources import batches
from penchant.build.stages.compose import compose
from penchant.build.stages.folder import BuildFolder
from penchant.build.stages.link import link
from penchant.build.stages.read import read
from penchant.build.stages.sift import sift
from penchant.config import load_section
from penchant.infer.annotate import directions
from penchant.infer.fake import FakeAnnotator

from ..conftest import write_forum


@pytest.fixture
def folder(tmp_path: Path, forum_rows, tiny) -> BuildFolder:
    recipe = load_section(BuildRecipe, write_forum(tmp_path, forum_rows))
    source = recipe.sources[0].model_copy(update={"path": str(tmp_path / "posts.jsonl")})
    folder = BuildFolder(tmp_path / "work", recipe.model_copy(update={"sources": (source,)}))
    for number, lines in enumerate(batches(source, recipe.chunk)):
        read(folder, number, source, lines)
    sift(folder)
    annotator = FakeAnnotator(tiny, {"pepper": ("humour", 1), "kettle": ("depth", -1)})
    for bucket in range(recipe.buckets):
        link(folder, bucket, lambda items: directions(annotator.annotate(items), tiny))
    return folder


def test_descriptions_have_the_directions_that_the_annotator_reads(folder: BuildFolder, tiny) -> None:
    annotator = FakeAnnotator(tiny, {"nurse": ("humour", 1)})
    profiles = {f"person{number}": "a nurse" for number in range(30)}
    compose(folder, 0, tiny, profiles, lambda items: directions(annotator.annotate(items), tiny))
    rows = pq.read_table(folder.files("compose-train", "parquet")[0]).to_pylist()
    last = [row["evidence"][-1] for row in rows]
    assert {item["kind"] for item in last} == {"demographics"}
    signs = {tuple((one["dimension"], one["sign"]) for one in item["direction"]) for item in last}
    assert signs == {(("humour", 1),)}


def test_no_person_and_no_prompt_is_in_both_splits(folder: BuildFolder, tiny) -> None:
    for bucket in range(folder.recipe.buckets):
        compose(folder, bucket, tiny, {"person1": "a nurse"})
    rows = {
        split: [row for path in folder.files(f"compose-{split}", "parquet") for row in pq.read_table(path).to_pylist()]
        for split in ("train", "test")
    }
    for value in (lambda row: row["user_id"], lambda row: row["prompt"][0]["content"]):
        train, test = ({value(row) for row in rows[split]} for split in ("train", "test"))
        assert train
        assert test
        assert not train & test
    asked = {row["prompt"][0]["content"] for row in rows["test"]}
    for row in rows["train"]:
        assert not asked & {item["prompt"] for item in row["evidence"]}
    for row in rows["train"] + rows["test"]:
        kinds = [item["kind"] for item in row["evidence"]]
        assert ("demographics" in kinds or "demo" in kinds) == (row["user_id"] == "person1")
        assert len(json.loads(row["provenance"]["meta"])["rows"]) == 3
        assert row["direction"] is not None
