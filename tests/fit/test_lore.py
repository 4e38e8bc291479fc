import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from penchant import Comparison, ModelError, Persona, Record
from penchant.encoder.fake import FakeEncoder
from penchant.fit.descent import DescentSettings
from penchant.fit.lore import LoRe, LoReSettings, adapted, fit_lore
from penchant.fit.pairs import Pairs
from penchant.fit.saved import CARD, read
from penchant.scorer.encoder.texts import Items, Texts, texts_of

SMALL = LoReSettings(rewards=3, descent=DescentSettings(steps=30, check=10))


def table(records: Sequence[Record]) -> Texts:
    return Texts.of(texts_of(records, [record.persona for record in records]), FakeEncoder(16))


@pytest.fixture(scope="module")
def texts(planted: list[Record]) -> Texts:
    return table(planted)


@pytest.fixture(scope="module")
def small(planted: list[Record], texts: Texts) -> LoRe:
    return fit_lore(planted, [record.persona for record in planted], texts, seed=0, settings=SMALL)


def pairs_with(*lists: Sequence[int]) -> Pairs:
    """Pairs whose personas hold these comparisons."""
    counts = np.array([len(one) for one in lists])
    places = np.array([place for one in lists for place in one], dtype=np.int64)
    return Pairs(torch.zeros(len(lists), 3, dtype=torch.int64), Items(places, counts), torch.zeros(0, 3))


def test_mixtures_are_on_the_simplex_and_uniform_without_comparisons() -> None:
    gains = torch.tensor([[1.0, -1.0, 0.0], [5.0, 0.0, 0.0]])
    mixtures = adapted(gains, pairs_with([0, 1], [], [1]), SMALL)
    torch.testing.assert_close(mixtures.sum(1), torch.ones(3))
    assert (mixtures > 0).all()
    torch.testing.assert_close(mixtures[1], torch.full((3,), 1 / 3))
    assert mixtures[0, 0] > mixtures[0, 2] > mixtures[0, 1]


def test_adapting_is_exponentiated_gradient_on_the_likelihood_of_the_choices() -> None:
    gains = torch.tensor([[0.7, -0.4], [0.1, 0.9], [-1.0, 0.3]])
    mixture = np.array([0.5, 0.5])
    for _ in range(7):
        weights = torch.tensor(mixture, requires_grad=True)
        likelihood = torch.nn.functional.logsigmoid(gains[[0, 2]].double() @ weights).sum()
        (slope,) = torch.autograd.grad(likelihood, weights)
        mixture = mixture * np.exp(0.2 * slope.numpy())
        mixture = mixture / mixture.sum()
    mixtures = adapted(gains, pairs_with([0, 2]), replace(SMALL, adapt_steps=7, adapt_rate=0.2))
    np.testing.assert_allclose(mixtures[0].numpy(), mixture, rtol=1e-5)


def test_a_person_is_adapted_to_alone(small: LoRe, planted, texts) -> None:
    personas = [record.persona for record in planted]
    together = small.table_margins(texts, planted, personas)
    for i in (0, 5, 95):
        alone = small.table_margins(texts, [planted[i]], [personas[i]])
        np.testing.assert_allclose(alone[0], together[i], atol=1e-5)


def test_a_margin_is_the_mixture_of_the_basis_gains(small: LoRe, planted, texts) -> None:
    record = planted[0]
    seen = small.summary.transform.apply(texts).answer_TF
    good, bad = (seen[texts.ids[text]] for text in (record.chosen, record.rejected))
    uniform = float((small.basis_KF @ (good - bad)).mean())
    assert small.table_margins(texts, [record], [Persona()])[0] == pytest.approx(uniform, abs=1e-5)


def test_the_prompt_is_not_read(small: LoRe, planted, texts) -> None:
    personas = [record.persona for record in planted]
    elsewhere = [replace(record, prompt=record.chosen) for record in planted]
    np.testing.assert_array_equal(
        small.table_margins(texts, elsewhere, personas), small.table_margins(texts, planted, personas)
    )


def test_one_reward_is_everybody_s_whatever_they_chose(planted, texts) -> None:
    personas = [record.persona for record in planted]
    one = fit_lore(planted, personas, texts, seed=0, settings=replace(SMALL, rewards=1))
    turned = [
        Persona(tuple(Comparison(i.prompt, i.rejected, i.chosen) for i in persona.evidence)) for persona in personas
    ]
    np.testing.assert_array_equal(
        one.table_margins(texts, planted, turned), one.table_margins(texts, planted, personas)
    )


def test_what_was_fitted_is_counted(small: LoRe) -> None:
    assert (small.summary.records, small.summary.people) == (96, 24)
    assert "3 rewards" in small.remark


def test_weights_of_other_settings_are_refused(small: LoRe, tmp_path: Path) -> None:
    small.save(tmp_path, encoder="fake")
    card = json.loads((tmp_path / CARD).read_text())
    card["settings"]["rewards"] = 4
    (tmp_path / CARD).write_text(json.dumps(card))
    with pytest.raises(ModelError, match="do not fit each other"):
        LoRe.of_saved(read(tmp_path, encoder="fake"))
