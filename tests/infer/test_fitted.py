import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from penchant.encoder.fake import FakeEncoder
from penchant.errors import ModelError
from penchant.fit.annotator import fit_annotator
from penchant.infer.fitted import EncoderAnnotator, encoder_of
from penchant.infer.heldout import HeldOut
from penchant.infer.labelled import Labelled
from penchant.persona import Comment
from penchant.space import PreferenceSpace, load_space


def test_it_reads_people_it_was_not_fitted_on(annotator: EncoderAnnotator, annotated: list[Labelled]) -> None:
    test = [one for one in annotated if one.person.startswith("test")]
    readings = annotator.annotate([one.item for one in test])
    truth = np.stack([one.direction.signs for one in test]) + 1
    spoken = truth != 1
    assert spoken.sum() > 300
    assert (readings.argmax(-1) == truth)[spoken].mean() > 0.95
    assert (readings.argmax(-1) == truth)[~spoken].mean() > 0.95


def test_its_doubt_is_right(annotator: EncoderAnnotator, annotated: list[Labelled]) -> None:
    test = [one for one in annotated if one.person.startswith("test")]
    readings = annotator.annotate([one.item for one in test])
    truth = np.stack([one.direction.signs for one in test]) + 1
    sure, right = readings.max(-1).ravel(), (readings.argmax(-1) == truth).ravel()
    assert abs(sure.mean() - right.mean()) < 0.03


def test_a_dimension_it_was_not_fitted_on_is_read_from_its_phrases(tiny: PreferenceSpace, annotated) -> None:
    two = tiny.subset(["length", "humour"], name="two")
    columns = [tiny.index(d.id) for d in two.dimensions]
    items = [
        Labelled(one.person, one.item, type(one.direction)(two, one.direction.signs[columns]))
        for one in annotated
        if one.direction.sign("depth") == 0
    ]
    test = [one for one in annotated if one.direction.sign("depth")]
    annotator = fit_annotator(items, FakeEncoder(), two, steps=200).for_space(tiny)
    readings = annotator.annotate([one.item for one in test])[:, 2]
    signs = np.array([one.direction.sign("depth") for one in test])
    assert ((readings[:, 2] > readings[:, 0]) == (signs > 0)).mean() > 0.9


def test_labelled_examples_move_the_poles_of_their_dimension_alone(annotator: EncoderAnnotator, tiny) -> None:
    examples = [
        Labelled("p", Comment("", f"For me it is {text}."), tiny.direction({"depth": sign}))
        for text, sign in (("gizmo", 1), ("widget", -1))
    ]
    taught = annotator.with_examples(examples)
    items = [Comment("", "For me it is gizmo.")]
    before, after = annotator.annotate(items)[0], taught.annotate(items)[0]
    depth = tiny.index("depth")
    lean = [float(np.log(x[depth, 2] / x[depth, 0])) for x in (before, after)]
    assert lean[1] > lean[0] + 0.5
    others = [i for i in range(len(tiny)) if i != depth]
    np.testing.assert_array_equal(before[others], after[others])


def test_longer_phrases_state_more_and_learned_poles_stay_as_they_are(annotator: EncoderAnnotator, tiny) -> None:
    plain, longer = annotator.poles(), replace(annotator, phrase_scale=1.6).poles()
    assert torch.allclose(longer.positive, 1.6 * plain.positive)
    assert torch.equal(longer.name, plain.name)
    first = tiny.dimensions[0].id
    learned = {first: (plain.positive[0].numpy(), plain.negative[0].numpy())}
    mixed = replace(annotator, phrase_scale=1.6, learned=learned).poles()
    assert torch.equal(mixed.positive[0], plain.positive[0])
    assert torch.allclose(mixed.negative[1], 1.6 * plain.negative[1])


def test_examples_of_one_side_alone_change_nothing(annotator: EncoderAnnotator, tiny) -> None:
    examples = [Labelled("p", Comment("", "For me it is gizmo."), tiny.direction({"depth": 1}))]
    assert dict(annotator.with_examples(examples).examples) == {}


def test_a_saved_annotator_reads_the_same(annotator: EncoderAnnotator, annotated, tiny, tmp_path) -> None:
    annotator.save(tmp_path)
    loaded = EncoderAnnotator.load(tmp_path, FakeEncoder(), tiny)
    items = [one.item for one in annotated[:20]]
    np.testing.assert_array_equal(loaded.annotate(items), annotator.annotate(items))
    assert encoder_of(tmp_path) == "fake"
    assert loaded.items == annotator.items


def test_it_is_opened_over_its_own_encoder_only(annotator: EncoderAnnotator, tiny, tmp_path) -> None:
    annotator.save(tmp_path)
    with pytest.raises(ModelError, match="fitted over 'fake', opened with 'other'; fit it anew"):
        EncoderAnnotator.load(tmp_path, replace(FakeEncoder(), name="other"), tiny)


@pytest.mark.parametrize("broken", ["nothing", "card", "weights", "format"])
def test_half_an_annotator_is_refused(annotator: EncoderAnnotator, tiny, tmp_path, broken: str) -> None:
    annotator.save(tmp_path)
    card, weights = tmp_path / "annotator.json", tmp_path / "annotator.safetensors"
    match broken:
        case "nothing":
            card.unlink()
        case "card":
            card.write_text("{")
        case "weights":
            weights.write_bytes(weights.read_bytes()[:100])
        case "format":
            card.write_text(json.dumps({**json.loads(card.read_text()), "format": "another"}))
    with pytest.raises(ModelError, match="holds no annotator|no complete annotator|not a card of"):
        EncoderAnnotator.load(tmp_path, FakeEncoder(), tiny)


def test_an_older_annotator_whose_weights_hold_statistics_of_its_people_is_read(annotator, tiny, tmp_path) -> None:
    annotator.save(tmp_path)
    weights = tmp_path / "annotator.safetensors"
    save_file({**load_file(weights), "prior.positive": np.full(len(tiny), 0.9)}, weights)
    loaded = EncoderAnnotator.load(tmp_path, FakeEncoder(), tiny)
    items = [Comment("p", "I love it short")]
    np.testing.assert_array_equal(loaded.annotate(items), annotator.annotate(items))


def test_figures_are_kept_for_their_own_space_and_cards_without_them_are_read(annotator, tiny, tmp_path) -> None:
    annotator.save(tmp_path)
    assert EncoderAnnotator.load(tmp_path, FakeEncoder(), tiny).held_out == annotator.held_out
    assert EncoderAnnotator.load(tmp_path, FakeEncoder(), load_space()).held_out is None
    assert annotator.for_space(load_space()).held_out is None
    card = json.loads((tmp_path / "annotator.json").read_text())
    assert card["held_out"]["people"] == 6
    (tmp_path / "annotator.json").write_text(json.dumps({**card, "held_out": {"people": 6}}))
    with pytest.raises(ModelError, match="figures of another version"):
        EncoderAnnotator.load(tmp_path, FakeEncoder(), tiny)
    del card["held_out"]
    (tmp_path / "annotator.json").write_text(json.dumps(card))
    assert EncoderAnnotator.load(tmp_path, FakeEncoder(), tiny).held_out is None


def test_what_is_hedged_is_as_likely_meant_as_not(annotator: EncoderAnnotator, annotated: list[Labelled]) -> None:
    text = next(one.item.text for one in annotated if isinstance(one.item, Comment) and one.direction.poles())
    plain, hedged, nothing = (Comment("", words) for words in (text, f"I'm not sure, {text}", "I'm not sure, well"))
    sure, torn, none = annotator.annotate([plain, hedged, nothing])
    stated = sure[..., ::2].max(-1) > 0.9
    assert stated.any()
    assert (torn[stated][..., ::2].max(-1) < 0.75).all()
    assert (torn[stated][..., ::2].max(-1) > none[stated][..., ::2].max(-1)).all()


def test_it_says_what_to_expect_of_new_wordings(annotator: EncoderAnnotator) -> None:
    assert replace(annotator, new_words=None).caution() == (
        "the quality of this annotator on new wordings is unknown; its readings may be confident and wrong"
    )
    few = HeldOut(people=9, cells=19, side=1.0, recall=1.0, stated=3, calibration_error=None)
    assert "is unknown" in (replace(annotator, new_words=few).caution() or "")
    many = HeldOut(people=9, cells=1200, side=0.8, recall=0.5, stated=3, calibration_error=None)
    caution = replace(annotator, new_words=many).caution()
    assert "finds 50 % of the poles and reads 20 % as the opposite pole, by its card (1,200 cells)" in caution
