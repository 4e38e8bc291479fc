"""The loss of pairs, against the equation of its paper in numpy."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from penchant.errors import ConfigError
from penchant.train.loss import Answers, PairLoss, finite, pair_loss

nats = st.floats(-60, 0)


def reference(policy_w, policy_l, ref_w, ref_l, beta: float) -> tuple[float, np.ndarray]:
    """Rafailov et al. 2023, eq. 7: -E log sigmoid(beta log(pi_w / ref_w) - beta log(pi_l / ref_l))."""
    inner = beta * (np.asarray(policy_w) - ref_w) - beta * (np.asarray(policy_l) - ref_l)
    return float(np.mean(np.logaddexp(0.0, -inner))), inner


def of(policy_w, policy_l, ref_w, ref_l, **settings) -> PairLoss:
    one = torch.ones_like(policy_w)
    lengths = settings.pop("tokens", (one, one))
    sides = ((policy_w, ref_w, lengths[0]), (policy_l, ref_l, lengths[1]))
    return pair_loss(*(Answers(*side) for side in sides), **settings)


@given(st.lists(st.tuples(nats, nats, nats, nats), min_size=1, max_size=6), st.floats(0.01, 5))
def test_it_is_equation_seven(rows: list, beta: float) -> None:
    columns = np.array(rows).T
    loss, margin = reference(*columns, beta)
    result = of(*torch.tensor(columns), beta=beta)
    assert result.loss.item() == pytest.approx(loss, rel=1e-12, abs=1e-12)
    assert np.allclose(result.margin_B.numpy(), margin, rtol=1e-12, atol=1e-12)


def test_a_policy_like_its_reference_has_the_loss_of_a_coin() -> None:
    logs = torch.tensor([-3.0, -8.0], dtype=torch.float64)
    assert of(logs, logs - 1, logs, logs - 1, beta=0.3).loss.item() == pytest.approx(np.log(2))


def test_the_gradient_raises_the_chosen_and_lowers_the_rejected() -> None:
    chosen, rejected = (torch.tensor([-3.0], requires_grad=True) for _ in range(2))
    fixed = torch.tensor([-3.0])
    pairs = of(chosen, rejected, fixed, fixed, beta=0.5)
    torch.autograd.backward(pairs.loss)
    assert chosen.grad.item() == pytest.approx(-0.25)
    assert rejected.grad.item() == pytest.approx(0.25)
    assert not pairs.margin_B.requires_grad


@pytest.mark.parametrize("beta", [0.0, -0.1, float("nan")])
def test_a_strength_that_is_not_positive_is_refused(beta: float) -> None:
    one = torch.zeros(1)
    with pytest.raises(ConfigError, match="beta"):
        of(one, one, one, one, beta=beta)


@pytest.mark.parametrize(("value", "expected"), [(1.0, True), (float("nan"), False), (float("inf"), False)])
def test_a_loss_is_a_number_or_not(value: float, expected: bool) -> None:
    assert finite(torch.tensor(value)) is expected


@given(st.lists(st.tuples(nats, nats, nats, nats), min_size=1, max_size=6), st.floats(0.01, 5))
def test_hinge_and_ipo_are_their_equations(rows: list, beta: float) -> None:
    columns = torch.tensor(np.array(rows).T)
    policy_w, policy_l, ref_w, ref_l = columns.numpy()
    tokens = (torch.full((len(rows),), 3.0), torch.full((len(rows),), 7.0))
    hinge = np.maximum(0, 1 - beta * ((policy_w - ref_w) - (policy_l - ref_l))).mean()
    ipo = (((policy_w - ref_w) / 3 - (policy_l - ref_l) / 7 - 1 / (2 * beta)) ** 2).mean()
    assert of(*columns, beta=beta, kind="hinge").loss.item() == pytest.approx(hinge, rel=1e-9, abs=1e-9)
    assert of(*columns, beta=beta, kind="ipo", tokens=tokens).loss.item() == pytest.approx(ipo, rel=1e-9, abs=1e-9)


def test_the_added_likelihood_is_of_chosen_tokens_only() -> None:
    logs = [
        torch.tensor(values, dtype=torch.float64) for values in ([-3.0, -9.0], [-5.0, -5.0], [-3.0, -9.0], [-5.0, -5.0])
    ]
    tokens = (torch.tensor([2.0, 4.0]), torch.tensor([1.0, 1.0]))
    with_it = of(*logs, beta=0.1, nll_weight=0.5, tokens=tokens).loss.item()
    assert with_it == pytest.approx(np.log(2) + 0.5 * 12 / 6)
