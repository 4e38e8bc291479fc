import random
from dataclasses import replace

import numpy as np
import pytest

from penchant import Comment, Comparison, Persona, Record, TrainingError
from penchant.encoder.fake import FakeEncoder
from penchant.scorer.encoder import features as module
from penchant.scorer.encoder.features import (
    BELIEF,
    FEATURES,
    IMPERSONAL,
    MANNER,
    TEXT,
    Lens,
    contrast,
    features,
    learn_lens,
)
from penchant.scorer.encoder.texts import Contexts, Texts, texts_of
from penchant.style import STYLE, style


def learned(records: list[Record]) -> tuple[Lens, np.ndarray, Texts, Contexts, np.ndarray, np.ndarray]:
    personas = [record.persona for record in records]
    texts = Texts.of(texts_of(records, personas), FakeEncoder(16))
    contexts = Contexts.of([record.task for record in records], personas, texts)
    chosen, rejected = (texts.find(getattr(record, name) for record in records) for name in ("chosen", "rejected"))
    people = [record.person_id for record in records]
    lens, fitted = learn_lens(texts, contexts, chosen, rejected, people)
    return lens, fitted, texts, contexts, chosen, rejected


def test_every_column_has_one_name() -> None:
    assert len(set(FEATURES)) == len(FEATURES) == len(IMPERSONAL) + len(TEXT) + len(MANNER) + 1
    assert FEATURES[-1] == BELIEF


def test_rows_are_as_wide_as_the_names(planted: list[Record]) -> None:
    lens, fitted, texts, contexts, chosen, _ = learned(planted)
    assert features(lens.view(texts), contexts, chosen).shape == fitted.shape == (len(planted), len(FEATURES))


def test_without_a_persona_only_the_impersonal_features_speak(planted: list[Record]) -> None:
    lens, _, texts, contexts, chosen, rejected = learned(planted)
    nobody = Contexts.of([record.task for record in planted], [Persona()] * len(planted), texts)
    bare = contrast(lens.view(texts), nobody, chosen, rejected)
    impersonal = [FEATURES.index(name) for name in IMPERSONAL]
    assert not np.delete(bare, impersonal, axis=1).any()
    np.testing.assert_array_equal(
        bare[:, impersonal], contrast(lens.view(texts), contexts, chosen, rejected)[:, impersonal]
    )


def test_a_similarity_is_the_cosine_with_what_was_liked(planted: list[Record]) -> None:
    lens, _, texts, contexts, chosen, _ = learned(planted)
    values = features(lens.view(texts), contexts, chosen)[0]
    liked = [item.chosen for item in planted[0].persona.evidence if isinstance(item, Comparison)]
    disliked = [item.rejected for item in planted[0].persona.evidence if isinstance(item, Comparison)]
    answer, *items = FakeEncoder(16).embed([planted[0].chosen, *liked, *disliked])
    cosines = np.array(items) @ answer
    assert values[FEATURES.index("raw: liked mean")] == pytest.approx(cosines[:2].mean(), abs=1e-5)
    assert values[FEATURES.index("raw: liked max")] == pytest.approx(cosines[:2].max(), abs=1e-5)
    less = cosines[:2].mean() - cosines[2:].mean()
    assert values[FEATURES.index("raw: liked less disliked mean")] == pytest.approx(less, abs=1e-5)


def test_whitened_answers_have_unit_variance(planted: list[Record]) -> None:
    lens, _, texts, _, chosen, rejected = learned(planted)
    seen = np.unique([chosen, rejected])
    white = (texts.final[seen] - lens.final.mean_E) @ lens.final.turn_EP
    # the floor under small variances makes it a little smaller
    np.testing.assert_allclose(white.var(axis=0, ddof=1)[:8], 1, atol=0.02)


def test_the_axes_see_moves_of_unit_spread(planted: list[Record]) -> None:
    lens, _, texts, _, chosen, rejected = learned(planted)
    scaled = lens.view(texts).final.scaled_TP
    np.testing.assert_allclose((scaled[chosen] - scaled[rejected]).std(axis=0), 1, rtol=1e-3)


def test_the_style_of_comments_and_of_choices_are_kept_apart(planted: list[Record]) -> None:
    writer = Persona((Comment("", "SHOUTING LOUD!!!"), Comment("", "AND AGAIN!!!")))
    mixed = [replace(record, persona=writer) if record.user_id == "person-0" else record for record in planted]
    lens, _, texts, contexts, chosen, _ = learned(mixed)
    values = features(lens.view(texts), contexts, chosen)
    choices, comments = ([FEATURES.index(f"{kind}: {name}") for name in STYLE] for kind in ("choices", "comments"))
    assert not values[:4, choices].any()
    assert not values[4:, comments].any()
    looks = {text: (style(text) - lens.style_mean) / lens.style_spread for text in texts.ids}
    wrote = (looks["SHOUTING LOUD!!!"] + looks["AND AGAIN!!!"]) / 2
    np.testing.assert_allclose(values[0, comments], looks[mixed[0].chosen] * wrote)


def test_the_axes_find_the_planted_agreement(planted: list[Record]) -> None:
    lens, _, texts, contexts, chosen, rejected = learned(planted)
    values = contrast(lens.view(texts), contexts, chosen, rejected)
    assert (values[:, FEATURES.index("final: axes together")] > 0).mean() > 0.9


def test_no_training_row_sees_axes_of_its_own_person(planted: list[Record]) -> None:
    # random choices: nothing can be learned, so axes that agree with a row have seen its label
    column = FEATURES.index("final: axes together")
    leaked, honest = [], []
    for seed in range(6):
        coin = random.Random(f"coin {seed}")
        noise = [
            replace(record, chosen=record.rejected, rejected=record.chosen) if coin.random() < 0.5 else record
            for record in planted
        ]
        lens, fitted, texts, contexts, chosen, rejected = learned(noise)
        leaked.append((contrast(lens.view(texts), contexts, chosen, rejected)[:, column] > 0).mean())
        honest.append((fitted[:, column] > 0).mean())
    assert np.mean(leaked) > 0.65
    assert np.mean(honest) < 0.55


def test_chunks_do_not_change_a_row(planted: list[Record], monkeypatch: pytest.MonkeyPatch) -> None:
    lens, _, texts, contexts, chosen, _ = learned(planted)
    expected = features(lens.view(texts), contexts, chosen)
    monkeypatch.setattr(module, "_CHUNK", 7)
    np.testing.assert_array_equal(features(lens.view(texts), contexts, chosen), expected)


def test_fewer_than_three_people_are_refused(planted: list[Record]) -> None:
    with pytest.raises(TrainingError, match="2 people to train on"):
        learned([record for record in planted if record.user_id in ("person-0", "person-1")])


def test_people_who_all_saw_one_text_are_refused() -> None:
    same = [Record(f"r{i}", None, "q", "same", "same") for i in range(4)]
    with pytest.raises(TrainingError, match="two different answers"):
        learned(same)


def test_vectors_that_are_not_finite_are_refused(planted: list[Record], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeEncoder, "embed", lambda _, texts: np.full((len(texts), 16), np.nan, dtype=np.float32))
    with pytest.raises(TrainingError, match="not finite"):
        learned(planted)
