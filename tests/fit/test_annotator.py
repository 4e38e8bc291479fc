import random
from dataclasses import replace

import numpy as np
import pytest
import torch

from penchant.encoder.fake import FakeEncoder
from penchant.errors import SpaceMismatch, TrainingError
from penchant.fit.annotator import everyday, fit_annotator
from penchant.infer.fitted import EncoderAnnotator
from penchant.infer.heldout import figures
from penchant.infer.labelled import Labelled
from penchant.persona import Comment
from penchant.space import PreferenceSpace, load_space


def test_the_seed_decides_everything(tiny: PreferenceSpace, annotated: list[Labelled]) -> None:
    subset = annotated[:200]
    one, same, other = (fit_annotator(subset, FakeEncoder(), tiny, steps=5, seed=seed) for seed in (0, 0, 1))
    items = [labelled.item for labelled in subset[:5]]
    np.testing.assert_array_equal(one.annotate(items), same.annotate(items))
    assert not np.array_equal(one.annotate(items), other.annotate(items))


def test_too_few_people_or_nothing_said_is_refused(tiny: PreferenceSpace) -> None:
    items = [Labelled(f"p{i}", Comment("", f"c {i}"), tiny.direction({"length": 1})) for i in range(9)]
    with pytest.raises(TrainingError, match="labelled items of 9 people; give those of ten people at least"):
        fit_annotator(items, FakeEncoder(), tiny, steps=1)
    silent = [Labelled(f"p{i}", Comment("", f"c {i}"), tiny.direction()) for i in range(20)]
    with pytest.raises(TrainingError, match="with directions"):
        fit_annotator(silent, FakeEncoder(), tiny, steps=1)


def test_labels_over_another_space_are_refused(tiny: PreferenceSpace) -> None:
    other = load_space().direction({"neuroticism": 1})
    with pytest.raises(SpaceMismatch, match="an item of 'p'"):
        fit_annotator([Labelled("p", Comment("", "c"), other)], FakeEncoder(), tiny)


def test_people_held_out_are_measured_as_people_never_met_are(annotator, annotated) -> None:
    test = [one for one in annotated if one.person.startswith("test")]
    read = annotator.annotate([one.item for one in test])
    never_met = figures(read, np.stack([one.direction.signs for one in test]), [one.person for one in test])
    held_out = annotator.held_out
    assert held_out.people == 6
    assert held_out.side == pytest.approx(never_met.side, abs=0.05)
    assert held_out.recall == pytest.approx(never_met.recall, abs=0.05)
    assert held_out.calibration_error < 0.05


def test_figures_are_of_people_who_are_not_fitted_on_and_whose_own_labels_set_no_number(tiny, annotated) -> None:
    training = [one for one in annotated if one.person.startswith("train")]
    names = sorted({one.person for one in training})
    random.Random("held out:0").shuffle(names)
    mine, others = sorted(names[:6])[::2], sorted(names[:6])[1::2]
    turned = [replace(one, direction=tiny.direction()) if one.person in mine else one for one in training]
    result = fit_annotator(turned, FakeEncoder(), tiny, steps=200).held_out
    # half of the held-out people are labelled neutral: doubt fitted on them alone finds no pole in the other half, and
    # vice versa; doubt fitted on all of them finds a third of the poles
    assert result.cells == sum(int((one.direction.signs != 0).sum()) for one in training if one.person in others)
    assert result.recall < 0.1
    assert result.calibration_error > 0.9
    assert result.side > 0.95


def test_one_person_held_out_is_not_measured(tiny, annotated) -> None:
    names = sorted({one.person for one in annotated})[:19]
    assert (
        fit_annotator([one for one in annotated if one.person in names], FakeEncoder(), tiny, steps=2).held_out is None
    )


def test_fitting_leaves_the_number_of_threads_as_it_was(tiny: PreferenceSpace, annotated: list[Labelled]) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        fit_annotator(annotated[:200], FakeEncoder(), tiny, steps=2)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_everyday_texts_say_nothing_once_a_head_has_met_some_of_them(annotator: EncoderAnnotator) -> None:
    items = [label.item for label in everyday(annotator.space)]
    assert len(set(items)) == len(items) >= 400
    read = annotator.annotate(items)
    stated = np.maximum(read[..., 0], read[..., 2]) >= 0.5
    assert stated.mean() < 0.01


def test_what_no_item_speaks_of_is_not_labelled_as_neutral(tiny: PreferenceSpace, annotated: list[Labelled]) -> None:
    subset = [one for one in annotated if not one.direction.sign("depth")][:200]
    rest = tiny.subset(["length", "humour"], name=tiny.name)
    narrowed = [replace(one, direction=rest.direction({d.id: s for d, s in one.direction.poles()})) for one in subset]
    annotator, without = (
        fit_annotator(subset, FakeEncoder(), tiny, steps=20),
        fit_annotator(narrowed, FakeEncoder(), rest, steps=20),
    )
    items = [one.item for one in annotated[:50]]
    assert annotator.space == tiny
    np.testing.assert_allclose(annotator.annotate(items)[:, :2], without.annotate(items), atol=1e-6)
    np.testing.assert_allclose(annotator.annotate(items), without.for_space(tiny).annotate(items), atol=1e-6)
    assert annotator.held_out == without.held_out
