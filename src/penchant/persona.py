"""A persona: the evidence about one person, oldest item first.

Three kinds of evidence come from AlignX (arXiv:2503.15463, section 3.2): comments by the person (UGC), choices between
two answers (PAIR) and a description of the person (DEMO). Two more kinds come from products: a thumb up or down on one
answer (Rating), and a sentence in which the person says what they want (Statement). Evidence is data, never an
instruction. Evidence may carry a direction: the preferences that an annotator inferred from it. An item is evidence
with its identity: an id (explanations name it) and the time when it arose. This module does not know how prompts show
a persona.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from penchant.errors import RecordError
from penchant.message import Message
from penchant.space import Direction

PersonaKind = Literal["ugc", "pair", "demo", "behaviour", "mixed", "all", "none"]
PERSONA_KINDS: tuple[PersonaKind, ...] = ("ugc", "pair", "demo", "behaviour", "mixed", "all", "none")


def _require(kind: str, **texts: str) -> None:
    for name, text in texts.items():
        if not text.strip():
            raise RecordError(f"{kind} with empty {name}; drop the item or fill it in")


@dataclass(frozen=True, slots=True)
class Comment:
    """UGC: a comment that the person wrote under a post."""

    prompt: str
    text: str
    direction: Direction | None = None

    def __post_init__(self) -> None:
        _require("comment", text=self.text)


@dataclass(frozen=True, slots=True)
class Comparison:
    """PAIR: two answers by other people, of which the person preferred `chosen`."""

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
    """A thumb up or down on one answer, without a second answer to compare it with."""

    prompt: str
    """What was asked last before the answer."""
    answer: str
    liked: bool
    direction: Direction | None = None
    before: tuple[Message, ...] = ()
    """The turns before the prompt, if the answer was one of a longer conversation."""

    def __post_init__(self) -> None:
        _require("rating", answer=self.answer)

    @property
    def conversation(self) -> tuple[Message, ...]:
        """All turns that the answer answers."""
        return (*self.before, Message("user", self.prompt))


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence in which the person says what they want, for example "keep it short"."""

    text: str
    direction: Direction | None = None

    def __post_init__(self) -> None:
        _require("statement", text=self.text)


Evidence = Comment | Comparison | Demographics | Rating | Statement
_UGC, _PAIR, _DEMO = (Comment,), (Comparison, Rating), (Demographics, Statement)


@dataclass(frozen=True, slots=True)
class Item:
    """One item of evidence with its identity."""

    evidence: Evidence
    id: str = ""
    """The id that the source gives it; empty where the source gives none. `key` always names the item."""
    at: datetime | None = None
    """When it arose; a time without a zone is taken as UTC. None: unknown."""

    def __post_init__(self) -> None:
        if self.at is not None:
            at = self.at.replace(tzinfo=UTC) if self.at.tzinfo is None else self.at.astimezone(UTC)
            object.__setattr__(self, "at", at)

    @property
    def key(self) -> str:
        """The id; without one a digest of the kind and the texts, twelve hexadecimal digits, the same in every run."""
        if self.id:
            return self.id
        content = "\0".join([type(self.evidence).__name__, *map(str, astuple(replace(self.evidence, direction=None)))])
        return hashlib.blake2b(content.encode(errors="surrogatepass"), digest_size=6).hexdigest()


def _item(item: Item | Evidence) -> Item:
    return item if isinstance(item, Item) else Item(item)


@dataclass(frozen=True, slots=True)
class Persona:
    """Evidence about one person, oldest item first."""

    items: tuple[Item, ...] = field(default=())
    """Evidence that is passed without an `Item` becomes one without id and time."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "items", tuple(map(_item, self.items)))

    def __len__(self) -> int:
        return len(self.items)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The evidence of every item, in order."""
        return tuple(item.evidence for item in self.items)

    def of(self, *kinds: type[Evidence]) -> tuple[Evidence, ...]:
        """The evidence of the given classes, in order."""
        return tuple(item.evidence for item in self.items if isinstance(item.evidence, kinds))

    def keep(self, kept: Callable[[Evidence], bool]) -> Persona:
        """The persona with only the items whose evidence is `kept`."""
        return Persona(tuple(item for item in self.items if kept(item.evidence)))

    def rewritten(self, change: Callable[[Evidence], Evidence]) -> Persona:
        """The persona with changed evidence; ids and times stay."""
        return Persona(tuple(replace(item, evidence=change(item.evidence)) for item in self.items))

    def select(self, kind: PersonaKind, *, seed: str = "0") -> Persona:
        """A persona with only the items of one kind.

        `ugc`, `pair` and `demo` keep every item of their kind; ratings count as pair, statements as demo. `behaviour`
        keeps ugc and pair, `all` keeps every item, `none` keeps no item. `mixed` samples as the released AlignX
        training does: the numbers of comments and of choices are uniform in 0..available, the description is kept with
        probability one half, and an empty sample keeps every item.

        Args:
            seed: seed of the mixed sample; the same seed and persona give the same items.
        """
        match kind:
            case "ugc":
                return self._of(*_UGC)
            case "pair":
                return self._of(*_PAIR)
            case "demo":
                return self._of(*_DEMO)
            case "all":
                return self
            case "none":
                return Persona()
            case "behaviour":
                return self._of(*_UGC, *_PAIR)
            case "mixed":
                return self._mixed(random.Random(f"mixed:{seed}"))

    def _of(self, *kinds: type[Evidence]) -> Persona:
        return self.keep(lambda evidence: isinstance(evidence, kinds))

    def _mixed(self, rng: random.Random) -> Persona:
        if not self.items:
            return self
        kept: set[int] = set()
        for kinds in (_UGC, _PAIR):
            positions = [i for i, item in enumerate(self.items) if isinstance(item.evidence, kinds)]
            kept.update(rng.sample(positions, rng.randint(0, len(positions))))
        if rng.random() < 0.5:
            kept.update(i for i, item in enumerate(self.items) if isinstance(item.evidence, _DEMO))
        # an empty sample keeps every item, as the released formatter does
        return Persona(tuple(self.items[i] for i in sorted(kept))) if kept else self

    @classmethod
    def of_items(cls, items: Iterable[Item | Evidence]) -> Persona:
        """A persona from any iterable of items or plain evidence, oldest first."""
        return cls(tuple(map(_item, items)))
