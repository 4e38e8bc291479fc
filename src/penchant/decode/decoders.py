"""The decoders that need only a prompt, by name: models over a model, which read the prompt with its notes.

A decoder that needs the voice without the person takes the notes out of the prompt (`blend.for_anybody`). So it can
stand wherever a model stands, in evaluation as in serving.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from penchant.decode.algebra import expert_less_amateur
from penchant.decode.blend import Blend, as_asked, for_anybody
from penchant.decode.formulas import Formula, guidance, mixture
from penchant.decode.turns import Turns
from penchant.errors import ConfigError
from penchant.model.base import Model, SteppingModel

Make = Callable[[SteppingModel, float], SteppingModel]
"""(model, strength) -> the decoder."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A decoder and its strengths."""

    name: str
    make: Make
    most: float | None = None
    """The largest strength; None: there is no limit. The smallest is 0."""
    strength: float | None = 1.0
    """The usual strength; None for a decoder without one."""
    scores: bool = True
    """Whether likelihoods under it mean anything; False where most answers have probability 0."""


def _over(formula: Callable[[float], Formula], name: str) -> Make:
    """A formula over the prompt without the person (voice 0) and with the person (voice 1)."""
    return lambda model, strength: Blend.of(model, (for_anybody, as_asked), formula(strength), name=name)


DECODERS: Mapping[str, Entry] = {
    decoder.name: decoder
    for decoder in (
        Entry("plain", lambda model, _: model, strength=None),
        Entry("guidance", _over(guidance, "guidance"), strength=1.5),
        Entry("mixture", _over(lambda share: mixture((1 - share, share)), "mixture"), most=1.0, strength=0.5),
        Entry("contrast", _over(expert_less_amateur, "contrast"), strength=0.5, scores=False),
        Entry("judge", lambda model, _: Turns(model), strength=None),
    )
}
"""`plain`: the model with the person in its prompt. `guidance`, `mixture`: see `formulas`. `contrast`: see
`algebra.expert_less_amateur`. `judge`: Persona-judge, see `turns`."""


def decoded(model: Model, name: str, strength: float | None = None) -> SteppingModel:
    """A model whose answers are drawn by a decoder.

    Args:
        strength: None takes the decoder's usual one.
    Raises:
        ConfigError: there is no such decoder, it cannot have this strength, or the model gives no probabilities.
    """
    return decoder_named(name).make(stepping(model), strength_of(name, strength))


def decoder_named(name: str) -> Entry:
    """One of DECODERS.

    Raises:
        ConfigError: there is no such decoder.
    """
    if name not in DECODERS:
        raise ConfigError(f"`decoder` {name}: choose from {', '.join(DECODERS)}")
    return DECODERS[name]


def strength_of(name: str, strength: float | None) -> float:
    """The strength of a decoder; 1 where it has none.

    Raises:
        ConfigError: the decoder cannot have this strength.
    """
    decoder = decoder_named(name)
    if decoder.strength is None:
        if strength is not None:
            raise ConfigError(f"`strength`: {name} has none; leave it out")
        return 1.0
    value = decoder.strength if strength is None else strength
    if not value >= 0 or (decoder.most is not None and value > decoder.most):
        limit = "0 and more" if decoder.most is None else f"0 to {decoder.most:g}"
        raise ConfigError(f"`strength` is {value:g}; {name} takes {limit}")
    return value


def stepping(model: Model) -> SteppingModel:
    """The model, if it gives next-token probabilities.

    Raises:
        ConfigError: it does not, as models behind an API.
    """
    if not hasattr(model, "open"):
        raise ConfigError(
            f"{model.name} gives no probabilities of tokens, which decoders combine; take a model on this machine, "
            "or the decoder plain or best_of"
        )
    return model  # type: ignore[return-value]
