from dataclasses import replace

import numpy as np
import pytest
import torch

from penchant.encoder.fake import FakeEncoder
from penchant.fit.annotator import fit_annotator
from penchant.infer.calibration import NO_DOUBT, Doubt, fit_doubt, frequent_clauses, left_out_mask, novelty
from penchant.infer.fitted import EncoderAnnotator
from penchant.infer.labelled import Labelled
from penchant.infer.pieces import parts
from penchant.persona import Comment
from penchant.space import PreferenceSpace, load_space


def cells(growth: float, count: int = 20_000, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Logits of a head that is overconfident by exp(growth * novelty), the novelty, and the truth."""
    rng = np.random.default_rng(seed)
    new = rng.uniform(0, 1, (count, 1))
    honest = rng.normal(0, 3, (count, 1, 3))
    honest[..., 1] = 0
    chance = np.exp(honest) / np.exp(honest).sum(-1, keepdims=True)
    truth = (rng.uniform(size=(count, 1, 1)) > chance.cumsum(-1)).sum(-1)
    logits = honest * np.exp(growth * new)[..., None]
    return torch.tensor(logits, dtype=torch.float32), torch.tensor(new, dtype=torch.float32), torch.tensor(truth)


def test_doubt_that_was_planted_is_found() -> None:
    doubt = fit_doubt(*cells(growth=1.5))
    assert doubt.temperature == pytest.approx(1, abs=0.1)
    assert doubt.temperature_slope == pytest.approx(1.5, abs=0.15)
    assert (doubt.shift, doubt.shift_slope) == (pytest.approx(0, abs=0.1), pytest.approx(0, abs=0.15))


def test_what_is_new_is_never_made_surer() -> None:
    doubt = fit_doubt(*cells(growth=-1.0))
    assert doubt.temperature_slope == 0
    assert doubt.shift_slope <= 0
    # the constants are those of the slopes that were kept
    again = fit_doubt(*cells(growth=-1.0), slopes=doubt)
    assert (doubt.temperature, doubt.shift) == (pytest.approx(again.temperature), pytest.approx(again.shift))


def test_growth_that_is_given_is_kept_and_the_rest_is_set() -> None:
    logits, new, truth = cells(growth=0.0)
    doubt = fit_doubt(
        2 * logits, new, truth, slopes=Doubt(temperature=9, shift=9, temperature_slope=0.0, shift_slope=-0.1)
    )
    assert (doubt.temperature_slope, doubt.shift_slope) == (0, pytest.approx(-0.1))
    assert doubt.temperature == pytest.approx(2, abs=0.2)


def test_without_doubt_logits_stay_as_they_are_and_with_it_new_cells_are_less_sure() -> None:
    logits, new = torch.tensor([[[0.0, 0.0, 4.0], [0.0, 0.0, 4.0]]]), torch.tensor([[0.0, 1.0]])
    torch.testing.assert_close(NO_DOUBT.apply(logits, new), logits)
    sure = Doubt(temperature_slope=1.0, shift_slope=-0.5).apply(logits, new).softmax(-1)[0, :, 2]
    assert sure[0] > 0.95 > 0.8 > sure[1]


def test_novelty_is_the_distance_to_the_nearest_known() -> None:
    known_vectors = torch.eye(3)[:2]
    vectors = torch.tensor([[1.0, 0, 0], [0.6, 0.8, 0], [0, 0, 1.0]])
    torch.testing.assert_close(novelty(vectors, known_vectors), torch.tensor([0.0, 0.2, 1.0]))
    assert novelty(vectors, known_vectors[:0]).tolist() == [0, 0, 0]
    assert novelty(vectors[:0], known_vectors).shape == (0,)


def test_a_tenth_of_the_items_holds_a_word_that_is_left_out_and_frames_are_none() -> None:
    split = [parts(Comment("", f"I love thing{i % 60}")) for i in range(600)]
    mask = left_out_mask(split, seed=0)
    assert 0.1 <= mask.mean() < 0.13
    words = {split[i].own[0].split()[-1] for i in np.flatnonzero(mask)}
    assert not words & {split[i].own[0].split()[-1] for i in np.flatnonzero(~mask)}
    np.testing.assert_array_equal(mask, left_out_mask(split, seed=0))
    assert not left_out_mask([parts(Comment("", "I love it"))] * 50, seed=0).any()


def test_the_most_frequent_clauses_come_first() -> None:
    split = [parts(Comment("", text)) for text in ("b", "a", "a", "c, a")]
    assert frequent_clauses(split) == ["a", "b", "c"]


@pytest.fixture(scope="module")
def worded() -> list[Labelled]:
    """Items about one of two dimensions, with twelve wordings per pole."""
    space = load_space().subset(["travel", "music"], name="two")
    items = []
    for number in range(1200):
        name, sign = ("travel", "music")[number % 2], (1, -1)[number // 2 % 2]
        word = f"{name}{'pro' if sign > 0 else 'contra'}{number // 4 % 12}"
        items.append(Labelled(f"p{number // 6}", Comment("", f"I love {word}"), space.direction({name: sign})))
    return items


def test_an_annotator_is_sure_of_words_it_knows_and_not_of_others(worded: list[Labelled]) -> None:
    space = load_space().subset(["travel", "music"], name="two")
    annotator = fit_annotator(worded, FakeEncoder(256), space, steps=400)
    assert annotator.doubt.temperature_slope > 0
    strangers = [Comment("", f"I love stranger{i}") for i in range(200)]
    sure = replace(annotator, doubt=replace(annotator.doubt, temperature_slope=0.0, shift_slope=0.0))

    def stated(reader: EncoderAnnotator, items: list[Comment]) -> float:
        read = reader.annotate(items)
        return float((np.maximum(read[..., 0], read[..., 2]) > 0.9).any(axis=1).mean())

    assert stated(annotator, [one.item for one in worded[:200]]) > 0.85
    assert stated(annotator, strangers) < min(0.4, 0.75 * stated(sure, strangers))
    assert annotator.new_words is not None
    assert annotator.held_out is not None
    assert annotator.held_out.recall > annotator.new_words.recall + 0.2


def test_words_that_were_labelled_later_are_no_longer_new(annotator: EncoderAnnotator, tiny: PreferenceSpace) -> None:
    examples = [
        Labelled("p", Comment("", f"For me it is {text}."), tiny.direction({"depth": sign}))
        for text, sign in (("gizmo", 1), ("widget", -1))
    ]
    taught = annotator.with_examples(examples)
    assert len(taught.known_CE) == len(annotator.known_CE) + 2
