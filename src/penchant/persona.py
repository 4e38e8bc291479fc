"""A persona: what is known of a person, as items of evidence, oldest first.

Three kinds are published (AlignX, arXiv:2503.15463, section 3.2): comments the person wrote (UGC), choices the person
made (PAIR) and a description (DEMO). Two more come from products: a thumb on one answer, and a sentence in which the
person says what they want. Evidence is data, never instruction; it may carry the direction that an annotator read
from it. Knows nothing of how a persona is shown to a model.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from penchant.errors import RecordError
from penchant.space import Direction

PersonaKind = Literal["ugc", "pair", "demo", "behaviour", "mixed", "all", "none"]
PERSONA_KINDS: tuple[PersonaKind, ...] = ("ugc", "pair", "demo", "behaviour", "mixed", "all", "none")


def _require(kind: str, **texts: str) -> None:
    for name, text in texts.items():
        if not text.strip():
            raise RecordError(f"{kind} with empty {name}; drop the item or fill it in")


@dataclass(frozen=True, slots=True)
class Comment:
    """UGC: something the person wrote under somebody's post."""

    prompt: str
    text: str
    direction: Direction | None = None

    def __post_init__(self) -> None:
        _require("comment", text=self.text)


@dataclass(frozen=True, slots=True)
class Comparison:
    """PAIR: of two answers by others the person preferred one."""

    prompt: str
    chosen: str
    rejected: str
    direction: Direction | None = None

    def __post_init__(self) -> None:
        _require("comparison", chosen=self.chosen, rejected=self.rejected)


@dataclass(frozen=True, slots=True)
class Demographics:
    """DEMO: a description of the person in natural language."""

    text: str
    direction: Direction | None = None

    def __post_init__(self) -> None:
        _require("demographics", text=self.text)


@dataclass(frozen=True, slots=True)
class Rating:
    """One thumb on one answer; there is no second answer to compare with."""

    prompt: str
    answer: str
    liked: bool
    direction: Direction | None = None

    def __post_init__(self) -> None:
        _require("rating", answer=self.answer)


@dataclass(frozen=True, slots=True)
class Statement:
    """What the person says they want, in their words: "keep it short"."""

    text: str
    direction: Direction | None = None

    def __post_init__(self) -> None:
        _require("statement", text=self.text)


Evidence = Comment | Comparison | Demographics | Rating | Statement
_UGC, _PAIR, _DEMO = (Comment,), (Comparison, Rating), (Demographics, Statement)


@dataclass(frozen=True, slots=True)
class Persona:
    """Evidence about one person, oldest first."""

    evidence: tuple[Evidence, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.evidence)

    def of(self, *kinds: type[Evidence]) -> tuple[Evidence, ...]:
        """The items of some kinds, in order."""
        return tuple(item for item in self.evidence if isinstance(item, kinds))

    def select(self, kind: PersonaKind, *, seed: str = "0") -> Persona:
        """The part of this persona that a setting shows.

        `ugc`, `pair` and `demo` show every item of their kind (thumbs count as pair, statements as demo), `behaviour`
        ugc and pair, `all` every item, `none` nothing. `mixed` draws as the released training does: the numbers of
        comments and of choices uniform in 0..available, the description kept half of the time, and at least one item.

        Args:
            seed: decides the mixed draw; the same seed and persona give the same items.
        """
        match kind:
            case "ugc":
                return Persona(self.of(*_UGC))
            case "pair":
                return Persona(self.of(*_PAIR))
            case "demo":
                return Persona(self.of(*_DEMO))
            case "all":
                return self
            case "none":
                return Persona()
            case "behaviour":
                return Persona(self.of(*_UGC, *_PAIR))
            case "mixed":
                return self._mixed(random.Random(f"mixed:{seed}"))

    def _mixed(self, rng: random.Random) -> Persona:
        if not self.evidence:
            return self
        kept: set[int] = set()
        for kinds in (_UGC, _PAIR):
            places = [i for i, item in enumerate(self.evidence) if isinstance(item, kinds)]
            kept.update(rng.sample(places, rng.randint(0, len(places))))
        if rng.random() < 0.5:
            kept.update(i for i, item in enumerate(self.evidence) if isinstance(item, _DEMO))
        # an empty draw shows everything, as the released formatter does
        return Persona(tuple(self.evidence[i] for i in sorted(kept))) if kept else self

    @classmethod
    def of_items(cls, items: Iterable[Evidence]) -> Persona:
        """A persona from any iterable of evidence."""
        return cls(tuple(items))
