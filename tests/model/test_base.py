"""The values of the seam: settings that cannot be used are refused by name."""

import pytest

from penchant.errors import ConfigError
from penchant.model.base import Sampling


@pytest.mark.parametrize(
    "setting",
    [{"temperature": -0.1}, {"top_p": 0.0}, {"top_p": 1.1}, {"top_k": -1}, {"max_tokens": 0}, {"seed": -1}],
)
def test_a_setting_out_of_its_range_is_refused_by_name(setting: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=f"`{next(iter(setting))}` is .* must be"):
        Sampling(**setting)  # type: ignore[arg-type]


@pytest.mark.parametrize("stop", ["end", ("end", "")])
def test_stop_texts_are_a_tuple_and_not_empty(stop) -> None:
    with pytest.raises(ConfigError, match="`stop`"):
        Sampling(stop=stop)
