"""The loss of pairs, against the equation of its paper in numpy."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from penchant.errors import ConfigError
from penchant.train.loss import dpo_loss, finite

nats = st.floats(-60, 0)


def reference(policy_w, policy_l, ref_w, ref_l, beta: float) -> tuple[float, np.ndarray]:
    """Rafailov et al. 2023, eq. 7: -E log sigmoid(beta log(pi_w / ref_w) - beta log(pi_l / ref_l))."""
    inner = beta * (np.asarray(policy_w) - ref_w) - beta * (np.asarray(policy_l) - ref_l)
    return float(np.mean(np.logaddexp(0.0, -inner))), inner


@given(st.lists(st.tuples(nats, nats, nats, nats), min_size=1, max_size=6), st.floats(0.01, 5))
def test_it_is_equation_seven(rows: list, beta: float) -> None:
    columns = np.array(rows).T
    loss, margin = reference(*columns, beta)
    found = dpo_loss(*torch.tensor(columns), beta=beta)
    assert found.loss.item() == pytest.approx(loss, rel=1e-12, abs=1e-12)
    assert np.allclose(found.margin_B.numpy(), margin, rtol=1e-12, atol=1e-12)


def test_a_policy_like_its_reference_has_the_loss_of_a_coin() -> None:
    logs = torch.tensor([-3.0, -8.0], dtype=torch.float64)
    assert dpo_loss(logs, logs - 1, logs, logs - 1, beta=0.3).loss.item() == pytest.approx(np.log(2))


def test_the_gradient_raises_the_chosen_and_lowers_the_rejected() -> None:
    chosen, rejected = (torch.tensor([-3.0], requires_grad=True) for _ in range(2))
    fixed = torch.tensor([-3.0])
    pairs = dpo_loss(chosen, rejected, fixed, fixed, beta=0.5)
    torch.autograd.backward(pairs.loss)
    assert chosen.grad.item() == pytest.approx(-0.25)
    assert rejected.grad.item() == pytest.approx(0.25)
    assert not pairs.margin_B.requires_grad


@pytest.mark.parametrize("beta", [0.0, -0.1, float("nan")])
def test_a_strength_that_is_not_positive_is_refused(beta: float) -> None:
    one = torch.zeros(1)
    with pytest.raises(ConfigError, match="beta"):
        dpo_loss(one, one, one, one, beta=beta)


@pytest.mark.parametrize(("value", "expected"), [(1.0, True), (float("nan"), False), (float("inf"), False)])
def test_a_loss_is_a_number_or_not(value: float, expected: bool) -> None:
    assert finite(torch.tensor(value)) is expected
