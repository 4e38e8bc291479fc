"""Low-rank updates of a network: training, taking off, keeping and applying."""

import pytest
import torch
from torch import nn

from penchant.encoder import low_rank
from penchant.errors import ModelError


def network(size: int = 6) -> nn.Module:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Linear(size, size), nn.Tanh(), nn.Linear(size, size))
    whole = nn.Module()
    whole.layer, whole.pooler = layers, nn.Linear(size, size)
    return whole


def trained(made: nn.Module) -> tuple[dict[str, low_rank.Factors], torch.Tensor]:
    """An update after one step, and what the network then puts out for ones."""
    weights = low_rank.begin(made, 2)
    assert len(weights) == 4
    inputs = torch.ones(1, 6)
    optimizer = torch.optim.SGD(weights, lr=1.0)
    for _ in range(2):
        optimizer.zero_grad()
        made.layer(inputs).square().sum().backward()
        optimizer.step()
    output = made.layer(inputs).detach()
    return low_rank.end(made), output


def test_an_update_begins_at_zero_and_leaves_the_network_as_it_was() -> None:
    made, inputs = network(), torch.ones(1, 6)
    before = made.layer(inputs)
    low_rank.begin(made, 2)
    torch.testing.assert_close(made.layer(inputs), before)
    low_rank.end(made)
    update, output = trained(made)
    torch.testing.assert_close(made.layer(inputs), before)
    assert not torch.allclose(output, before)
    assert set(update) == {"layer.0", "layer.2"}


def test_an_update_applied_is_what_was_trained_also_from_its_file(tmp_path) -> None:
    update, output = trained(network())
    made = network()
    low_rank.apply(made, update)
    torch.testing.assert_close(made.layer(torch.ones(1, 6)), output)
    low_rank.save(update, tmp_path / low_rank.UPDATE)
    read = low_rank.load(tmp_path / low_rank.UPDATE)
    assert low_rank.digest(read) == low_rank.digest(update)
    again = network()
    low_rank.apply(again, read)
    torch.testing.assert_close(again.layer(torch.ones(1, 6)), output, atol=5e-3, rtol=5e-3)


def test_a_narrow_network_computes_under_autocast_what_the_wide_one_does() -> None:
    update, _ = trained(network())
    outputs = []
    for narrow in (False, True):
        made = network()
        low_rank.apply(made, update)
        if narrow:
            low_rank.narrow(made)
            assert {layer.weight.dtype for layer in (made.layer[0], made.layer[2])} == {torch.bfloat16}
            assert made.pooler.weight.dtype == torch.float32
        with torch.autocast("cpu", torch.bfloat16):
            outputs.append(made.layer(torch.ones(1, 6)))
    torch.testing.assert_close(*outputs, atol=0, rtol=0)


def test_the_digest_tells_updates_apart() -> None:
    update, _ = trained(network())
    other = {name: low_rank.Factors(up * 1.5, down) for name, (up, down) in update.items()}
    assert low_rank.digest(update) != low_rank.digest(other)


def test_an_update_of_another_network_or_a_broken_file_is_refused(tmp_path) -> None:
    update, _ = trained(network())
    with pytest.raises(ModelError, match="another network"):
        low_rank.apply(network(7), update)
    with pytest.raises(ModelError, match="another network"):
        low_rank.apply(network(), {"layer.0": update["layer.0"]})
    (tmp_path / "broken").write_bytes(b"no tensors")
    with pytest.raises(ModelError, match="no update of an encoder"):
        low_rank.load(tmp_path / "broken")
    with pytest.raises(ModelError, match="no update of an encoder"):
        low_rank.load(tmp_path / "missing")
