from dataclasses import replace

import numpy as np
import pytest

from penchant.encoder.fake import FakeEncoder
from penchant.infer.base import NOT_OWN
from penchant.infer.fitted import EncoderAnnotator
from penchant.infer.voice import Voice, filled_templates, fit_voice, templates
from penchant.persona import Comment, Comparison, Demographics, Statement
from penchant.space import PreferenceSpace, load_space


@pytest.fixture(scope="module")
def voice() -> Voice:
    return fit_voice(["mossy stones and lanterns"], FakeEncoder(), load_space(), seed=0)


def test_what_it_was_fitted_on_is_told_apart(voice: Voice) -> None:
    sides = filled_templates(load_space(), seed=1)  # the same templates, filled with other dimensions
    shares = {side: voice.probability_own(sides[side], FakeEncoder()) for side in sides}
    assert shares["own"].mean() > 0.7 > 0.3 > shares["others"].mean()
    assert ((shares["own"] > 0) & (shares["own"] < 1)).all()


def test_passages_of_people_count_as_their_own() -> None:
    passages = [f"mossy stones and lantern {i}" for i in range(300)]
    alone, fitted = (fit_voice(own, FakeEncoder(), load_space(), seed=0) for own in ([], passages))
    new = ["mossy stones and lantern 300"]
    assert fitted.probability_own(new, FakeEncoder())[0] > max(0.9, alone.probability_own(new, FakeEncoder())[0])


def test_by_sentence_a_passage_is_the_mean_of_its_sentences() -> None:
    own = ["I like mossy stones. I like lanterns.", "Lanterns are what I like."]
    voice = fit_voice(own, FakeEncoder(), load_space(), seed=0, by_sentence=True)
    either, both = "They like moss a lot.", "They like moss a lot. They like moss a lot."
    probability = voice.probability_own([either, both], FakeEncoder(), by_sentence=True)
    assert probability[0] == pytest.approx(probability[1])
    alone = voice.probability_own([either], FakeEncoder())[0]
    assert alone == pytest.approx(probability[0])  # a single sentence is its own mean
    assert voice.are_own(["", "..."], FakeEncoder(), by_sentence=True).keys() == {"", "..."}


def test_templates_are_of_either_side_and_each_is_filled_with_words_of_the_space(tiny: PreferenceSpace) -> None:
    assert set(templates()) == {"own", "others"}
    assert not set(templates()["own"]) & set(templates()["others"])
    poles = {pole for d in tiny.dimensions for pole in (d.positive, d.negative)}
    for side, texts in filled_templates(tiny, seed=0).items():
        assert len(texts) == 5 * len(templates()[side])
        assert all(any(pole in text for pole in poles) for text in texts)
    assert filled_templates(tiny, seed=0) == filled_templates(tiny, seed=0) != filled_templates(tiny, seed=1)


def test_what_was_saved_is_the_same_voice(voice: Voice) -> None:
    again = Voice.from_arrays(voice.arrays())
    np.testing.assert_array_equal(
        again.probability_own(["a", "b c"], FakeEncoder()), voice.probability_own(["a", "b c"], FakeEncoder())
    )
    assert voice.are_own([], FakeEncoder()) == {}


def test_an_item_in_another_voice_says_nothing_and_the_reason_is_told(annotator: EncoderAnnotator, annotated) -> None:
    own = next(one for one in annotated if isinstance(one.item, Comment) and one.direction.signs.any())
    refusing = replace(annotator.voice, weights_F=np.zeros_like(annotator.voice.weights_F), bias=-9.0)
    mute = EncoderAnnotator(
        encoder=annotator.encoder,
        space=annotator.space,
        head=annotator.head,
        mean_E=annotator.mean_E,
        voice=refusing,
        known_CE=annotator.known_CE,
    )
    items = [own.item, Statement(own.item.text)]
    assert mute.set_aside(items) == [NOT_OWN, NOT_OWN]
    assert annotator.set_aside(items)[0] is None
    assert mute.annotate(items).argmax(-1).tolist() == [[1] * len(annotator.space)] * 2
    # descriptions by others and chosen answers are not judged by voice
    rest = [Demographics(own.item.text), Comparison("p", own.item.text, "no")]
    np.testing.assert_array_equal(mute.set_aside(rest), [None, None])
    assert (mute.annotate(rest[:1]).argmax(-1) != 1).any()
