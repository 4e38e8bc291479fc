"""What every layout promises: rows are read as they are, in any order of columns, and broken values never escape."""

import json
import random
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from penchant.errors import RecordError
from penchant.shards.layouts import recognise
from penchant.shards.layouts.base import Choice, Layout, Nothing, PromptOnly, Sample, Verdict, Wrote, prompt_turns
from penchant.shards.layouts.mapped import IDENTITY
from penchant.shards.tabled import sampled
from penchant.shards.tables import open_table

FOUND = sorted((Path(__file__).parents[1] / "data" / "as_found").iterdir())
OTHERS = {"own_names.csv", "zero_one.csv", "sft.jsonl", "people.jsonl", "scale.jsonl", "swapped.jsonl"}
FILES = [path for path in FOUND if path.name not in OTHERS]
JUNK: tuple[Any, ...] = (None, 3, 1.5, True, "", " ", "\ud800", "a\0b", [], [3], {}, {"a": 1}, [[]], [{"role": 3}])


def layout_of(rows: list[Mapping[str, object]]) -> Layout:
    layout = recognise(Sample.of(rows), {})
    assert layout is not None
    return layout


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_order_of_columns_and_further_columns_change_nothing(path: Path) -> None:
    rows = [dict(row.content) for row in open_table(path).rows()]
    layout = layout_of(rows)
    rng = random.Random(0)
    shuffled = [dict(rng.sample(list({**row, "mood": "calm"}.items()), len(row) + 1)) for row in rows]
    assert layout_of(shuffled).name == layout.name
    if layout.group is None:
        for row, other in zip(rows, shuffled, strict=True):
            try:
                statements = list(layout.read(row))
            except RecordError as error:
                with pytest.raises(RecordError, match="^" + str(error).split("'")[0].split("(")[0]):
                    list(layout_of(shuffled).read(other))
            else:
                assert list(layout_of(shuffled).read(other)) == statements


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_statement_is_whole(path: Path) -> None:
    layout = layout_of([dict(row.content) for row in open_table(path).rows()])
    for row in open_table(path).rows():
        if layout.group is not None:
            continue
        try:
            statements = list(layout.read(row.content))
        except RecordError:
            continue
        assert statements
        for statement in statements:
            match statement:
                case Choice():
                    assert statement.chosen.strip()
                    assert statement.rejected.strip()
                    assert prompt_turns(statement.prompt) == statement.prompt
                case Verdict():
                    assert statement.answer.strip()
                case PromptOnly():
                    assert statement.prompt
                case Wrote():
                    assert statement.text.strip()
                case Nothing():
                    assert statement.reason
                case _:
                    raise AssertionError(statement)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_junk_in_any_column_sets_the_row_aside_or_changes_nothing_else(path: Path) -> None:
    rows = [dict(row.content) for row in open_table(path).rows()]
    layout = layout_of(rows)
    for name in layout.columns:
        for junk in JUNK:
            row = {**rows[0], name: junk}
            with suppress(RecordError):
                list(layout.read({"rows": [row]} if layout.group else row))


def test_a_mapping_beside_a_known_layout_changes_only_who_and_when() -> None:
    assert set(IDENTITY) == {"user_id", "record_id", "at", "split", "attribute"}
    sample = sampled(open_table(next(path for path in FOUND if path.name == "trl.jsonl")))
    named = recognise(sample, {"user_id": "source"})
    assert named is not None
    assert named.name == "trl"


def test_an_empty_sample_has_no_layout() -> None:
    assert recognise(Sample.of([]), {}) is None
    assert recognise(Sample.of([json.loads('{"colour": "red"}')]), {}) is None
