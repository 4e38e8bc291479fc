"""Several preferences at once: a voice for each dimension, which steers the harder the more certain the belief is.

log p = log p_0 + strength * sum of c_d (log p_d - log p_0), normalised. p_0 reads the prompt alone, and p_d the prompt
with one pole of the person's direction. c_d = |2 P(positive) - 1| is how far the belief leans (`Person.leanings`); a
stated profile and a correction lean fully.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from penchant.decode.blend import Blend, Voice, as_asked
from penchant.decode.formulas import product
from penchant.errors import ConfigError, RecordError
from penchant.model.base import Steps
from penchant.person import Person
from penchant.render import render
from penchant.space import PreferenceSpace

MOST = 6
"""Dimensions that steer at once, at most, the most certain ones; each adds the cost of one more prompt."""


class Steered(NamedTuple):
    """One dimension that steers."""

    pole: str
    """The phrase of the pole."""
    weight: float
    """The certainty of the belief, in (0, 1], times the strength."""
    voice: Voice


def steered(person: Person, space: PreferenceSpace, *, strength: float = 1.0, most: int = MOST) -> list[Steered]:
    """The dimensions that steer, the most certain first.

    Raises:
        ConfigError: a strength that is below 0.
        RecordError: nothing is believed of the person.
    """
    if not strength >= 0:
        raise ConfigError(f"`strength` is {strength:g}; give 0 and more")
    direction = person.direction()
    poles = [] if direction is None else direction.poles()
    if not poles:
        raise RecordError("nothing is believed of the person, so no direction can steer; give evidence of preferences")
    leanings = person.leanings(space)
    certain = sorted(poles, key=lambda pole: -abs(leanings[space.index(pole[0].id)]))
    result = []
    for dimension, sign in certain[:most]:
        alone = Person(profile=space.direction({dimension.id: sign}))
        weight = strength * float(abs(leanings[space.index(dimension.id)]))
        result.append(Steered(dimension.pole(sign), weight, _voice(alone)))
    return result


def blend(steps: Steps, dimensions: Sequence[Steered]) -> Blend:
    """The model under all dimensions at once."""
    weights = [one.weight for one in dimensions]
    return Blend.of(
        steps,
        (as_asked, *(one.voice for one in dimensions)),
        product((1 - sum(weights), *weights)),
        name="directions",
    )


def _voice(person: Person) -> Voice:
    return lambda prompt: render(person, prompt, content="directions").messages
