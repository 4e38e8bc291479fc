import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from penchant import ModelError, Persona, Record
from penchant.encoder.fake import FakeEncoder
from penchant.fit.descent import DescentSettings
from penchant.fit.pairs import Pairs
from penchant.fit.saved import CARD, read
from penchant.fit.vpl import VPL, VPLSettings, divergence, fit_vpl
from penchant.scorer.encoder.texts import Texts, texts_of

SMALL = VPLSettings(latent=4, hidden=16, descent=DescentSettings(steps=30, check=10))


def table(records: Sequence[Record]) -> Texts:
    return Texts.of(texts_of(records, [record.persona for record in records]), FakeEncoder(16))


@pytest.fixture(scope="module")
def texts(planted: list[Record]) -> Texts:
    return table(planted)


@pytest.fixture(scope="module")
def small(planted: list[Record], texts: Texts) -> VPL:
    return fit_vpl(planted, [record.persona for record in planted], texts, seed=0, settings=SMALL)


def test_the_divergence_is_that_of_two_gaussians() -> None:
    mean, log_variance = torch.tensor([[0.5, -2.0]]), torch.tensor([[0.3, -1.0]])
    q = torch.distributions.Normal(mean, (log_variance / 2).exp())
    expected = torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(divergence(mean, log_variance), expected)
    assert divergence(torch.zeros(1, 3), torch.zeros(1, 3)).item() == 0


def test_a_posterior_is_of_the_set_of_comparisons_and_the_prior_without_any(small: VPL, texts, planted) -> None:
    one = planted[0].persona
    personas = [one, Persona(one.evidence[::-1]), Persona(one.evidence * 2), Persona(one.evidence[:1]), Persona()]
    mean, log_variance = small.network.q(small.summary.transform.apply(texts), Pairs.of(texts, planted[:5], personas))
    for row in (1, 2):
        torch.testing.assert_close(mean[row], mean[0])
        torch.testing.assert_close(log_variance[row], log_variance[0])
    assert (mean[3] - mean[0]).abs().max() > 1e-4
    assert not mean[4].any()
    assert not log_variance[4].any()


def test_which_answer_was_chosen_before_is_read(small: VPL, texts, planted) -> None:
    (first, *_) = planted[0].persona.evidence
    turned = type(first)(first.prompt, first.rejected, first.chosen)
    personas = [Persona((first,)), Persona((turned,))]
    mean, _ = small.network.q(small.summary.transform.apply(texts), Pairs.of(texts, planted[:2], personas))
    assert (mean[0] - mean[1]).abs().max() > 1e-4


def test_units_that_tell_people_apart_are_counted_and_a_great_beta_leaves_none(planted, texts) -> None:
    personas = [record.persona for record in planted]
    free = fit_vpl(planted, personas, texts, seed=0, settings=VPLSettings(latent=4, descent=DescentSettings(steps=400)))
    bound = fit_vpl(
        planted, personas, texts, seed=0, settings=VPLSettings(latent=4, beta=100, descent=DescentSettings(steps=400))
    )
    assert free.active > bound.active == 0
    assert f"{free.active} of 4 latent units active" in free.remark


def test_what_was_fitted_is_counted(small: VPL) -> None:
    assert (small.summary.records, small.summary.people) == (96, 24)


def test_the_active_units_are_kept(small: VPL, tmp_path: Path) -> None:
    small.save(tmp_path, encoder="fake")
    assert VPL.of_saved(read(tmp_path, encoder="fake")).active == small.active
    card = json.loads((tmp_path / CARD).read_text())
    (tmp_path / CARD).write_text(json.dumps(card | {"active": None}))
    with pytest.raises(ModelError, match="do not fit each other"):
        VPL.of_saved(read(tmp_path, encoder="fake"))


def test_weights_of_other_settings_are_refused(small: VPL, tmp_path: Path) -> None:
    small.save(tmp_path, encoder="fake")
    card = json.loads((tmp_path / CARD).read_text())
    card["settings"]["hidden"] = 32
    (tmp_path / CARD).write_text(json.dumps(card))
    with pytest.raises(ModelError, match="do not fit each other"):
        VPL.of_saved(read(tmp_path, encoder="fake"))
