"""The frozen reference: its numbers are computed once, looked up by the tokens of a tree, and never mixed up."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from penchant.errors import DataError
from penchant.model.likelihood import answer_logprobs
from penchant.model.load import load_parts
from penchant.model.tree import collate
from penchant.train.reference import Reference
from penchant.train.trees import TrainingRow


@pytest.fixture
def trees(training_set) -> list:
    return [tree for person in range(3) for tree in training_set().trees(TrainingRow(person, 0))]


def test_numbers_are_those_of_the_model_and_are_computed_once(base: str, trees, tmp_path: Path) -> None:
    loads = []
    reference = Reference(lambda: loads.append(1) or load_parts(base)[0], cache=tmp_path, key="abc")
    model, _ = load_parts(base)
    forest = collate(trees)
    with torch.no_grad():
        expected = answer_logprobs(model, forest)
    for _ in range(2):
        assert torch.equal(reference.logprobs(trees, forest, model), expected)
    assert (reference.computed, loads) == (3, [1])
    reference.save()
    again = Reference(None, cache=tmp_path, key="abc")
    turned = [trees[2], trees[0]]
    parts = torch.split(expected, [len(tree.paths) for tree in trees])
    assert torch.equal(again.logprobs(turned, collate(turned), model), torch.cat([parts[2], parts[0]]))
    assert again.computed == 0


def test_other_tokens_another_split_and_other_weights_are_other_numbers(base: str, trees, tmp_path: Path) -> None:
    model, _ = load_parts(base)
    reference = Reference(lambda: load_parts(base)[0], cache=tmp_path, key="abc")
    reference.logprobs(trees[:1], collate(trees[:1]), model)
    changed = replace(trees[0], ids=[*trees[0].ids[:-1], trees[0].ids[-1] + 1])
    rooted = replace(trees[0], root=trees[0].root - 1)
    for tree in (changed, rooted):
        reference.logprobs([tree], collate([tree]), model)
    assert reference.computed == 3
    reference.save()
    assert [file.name for file in tmp_path.iterdir()] == ["reference-abc.safetensors"]
    assert Reference(None, cache=tmp_path, key="other")._known == {}


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "reference-abc.safetensors").write_bytes(b"no such thing")
    with pytest.raises(DataError, match="does not hold reference log-probabilities"):
        Reference(None, cache=tmp_path, key="abc")


def test_without_a_folder_nothing_is_written(base: str, trees) -> None:
    model, _ = load_parts(base)
    reference = Reference(lambda: load_parts(base)[0])
    reference.logprobs(trees, collate(trees), model)
    reference.save()
    assert reference.computed == 3
