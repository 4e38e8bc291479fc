"""Ratings: each is a row whose prompt shows the other evidence, and a model learns to follow them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from penchant.config import TrainSection
from penchant.errors import TrainingError
from penchant.message import Message
from penchant.model.base import Candidates
from penchant.model.local import LocalModel
from penchant.persona import Comment, Persona, Rating
from penchant.train.ratings import align_to_ratings, rating_rows, rating_weights
from penchant.train.trees import people

SHORT = TrainSection(learning_rate=0.01, max_steps=8, users_per_step=4, warmup_steps=1, beta=0.1)


def thumbed(records, *, other: bool = True) -> tuple:
    liked, disliked = Rating("what", "try", liked=True), Rating("what", "how", liked=False)
    evidence = (Comment("what", "try"), liked, disliked) if other else (liked,)
    return tuple(replace(record, persona=Persona(evidence)) for record in records[:16])


def test_every_thumb_is_a_row_that_does_not_show_itself(training_set, records) -> None:
    data = training_set(of=thumbed(records))
    rows = rating_rows(data, data.people)
    assert len(rows) == 2 * len(data.people)
    for row in rows:
        prompt_text, answer = row["prompt"][-1]["content"], row["completion"][0]["content"]
        assert row["label"] is (answer == "try")
        assert 'replied "try"' in prompt_text
        assert ('did not like the answer "how"' in prompt_text) is (answer == "try")
        assert (' liked the answer "try"' in prompt_text) is (answer == "how")


def test_thumbs_of_all_of_a_persons_records_count_each_once(training_set, records) -> None:
    first, second = Rating("what", "try", liked=True), Rating("what", "how", liked=False)
    mine = [replace(record, user_id="one") for record in records[:2]]
    evidence = ((first,), (first, second))
    of = tuple(replace(r, persona=Persona(items)) for r, items in zip(mine, evidence, strict=True))
    data = training_set(of=of)
    rows = rating_rows(data, data.people)
    assert [(row["label"], row["completion"][0]["content"]) for row in rows] == [(True, "try"), (False, "how")]


def test_a_lone_thumb_is_asked_with_the_bare_prompt(training_set, records) -> None:
    data = training_set(of=thumbed(records, other=False))
    for row in rating_rows(data, data.people):
        assert [turn["content"] for turn in row["prompt"]] == ["what"]


def test_a_model_comes_to_prefer_what_was_liked(training_set, records, base: str, tmp_path: Path) -> None:
    data = training_set(of=thumbed(records))
    trained = align_to_ratings(data, data.people, SHORT, base=base, folder=tmp_path)
    assert trained.rows == 2 * len(data.people)
    assert json.loads((tmp_path / "curve.json").read_text(encoding="utf-8")) == trained.curve != []
    prompt = tuple(Message(**turn) for turn in rating_rows(data, data.people)[0]["prompt"])
    before, after = (
        LocalModel.load(folder).logprobs([Candidates(prompt, ("try", "how"))])[0] for folder in (base, str(tmp_path))
    )
    assert after[0].logprob - after[1].logprob > before[0].logprob - before[1].logprob + 0.05


@pytest.mark.parametrize(("other", "problem"), [(False, "only liked ratings"), (None, "no rating")])
def test_thumbs_of_one_kind_are_refused(training_set, records, base: str, tmp_path: Path, other, problem: str) -> None:
    of = records if other is None else thumbed(records, other=other)
    with pytest.raises(TrainingError, match=problem):
        align_to_ratings(training_set(of=of), people(of), SHORT, base=base, folder=tmp_path)
    assert not list(tmp_path.iterdir())


def test_both_kinds_of_thumbs_count_alike_in_sum() -> None:
    weights = rating_weights(30, of=40)
    assert weights == (1.0, 3.0)
    assert 30 * weights.liked == 10 * weights.disliked
    assert rating_weights(10, of=40) == (3.0, 1.0)


def test_one_rating_a_step_is_refused(training_set, records, base: str, tmp_path: Path) -> None:
    data, settings = training_set(of=thumbed(records)), SHORT.model_copy(update={"users_per_step": 1})
    with pytest.raises(TrainingError, match="KTO needs two ratings a step or more; set users_per_step to 2"):
        align_to_ratings(data, data.people, settings, base=base, folder=tmp_path)


def test_a_step_may_have_thumbs_of_one_kind(training_set, records, base: str, tmp_path: Path) -> None:
    many = tuple(Rating("what", f"try {n}", liked=n > 0) for n in range(24))
    data = training_set(of=(replace(records[0], persona=Persona(many)),))
    trained = align_to_ratings(data, data.people, SHORT, base=base, folder=tmp_path)
    assert trained.rows == len(many)
