"""`--suite bias`: what changes when nothing but words of gender or age do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.cli.aligned import progress
from penchant.cli.infer import read_by
from penchant.cli.suites.wording import interval
from penchant.demographics import TRAITS, Trait, neutralised
from penchant.errors import ConfigError
from penchant.persona import Persona
from penchant.record import Record
from penchant.space import Direction

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from penchant.audit.bias import Changed, Cost, Parity
    from penchant.eval.benchmark import Bench


@dataclass(frozen=True, slots=True)
class Bias:
    """What is found of one method."""

    pairs: int
    """That were asked about."""
    changed: tuple[Changed, ...]
    """Of nobody's own words where nobody's say anything of a trait."""
    neutral_words: Cost
    parity: tuple[Parity, ...]

    def silent(self) -> list[Trait]:
        """Traits that nobody's own words say anything of."""
        said = {one.trait for one in self.changed if one.how == "own words"}
        return [trait for trait in TRAITS if trait not in said]

    def left_out(self) -> Iterator[str]:
        """What no figure counts, in words."""
        for one in self.changed:
            if one.not_finite:
                yield f"{one.trait}, {one.how}: {one.not_finite:,} pairs, as a margin is no finite number"
        if self.neutral_words.not_finite:
            yield f"neutral words: {self.neutral_words.not_finite:,} pairs, as a margin is no finite number"
        for group in self.parity:
            if group.not_finite:
                yield f"{group.pole}: {group.not_finite:,} pairs, as a margin is no finite number"

    def as_json(self) -> dict[str, Any]:
        """A JSON-ready dict."""
        return asdict(self)


def told(policies: Iterable[str]) -> list[str]:
    """The methods that are told something of a person; others cannot hold anything against them."""
    from penchant.method import METHODS

    return [name for name in policies if METHODS[name].content != "none"]


def require_reader(policies: Iterable[str], annotator: Path | None) -> set[str]:
    """The methods that are told directions.

    Raises:
        ConfigError: nobody is told anything, or nobody reads directions from swapped texts.
    """
    from penchant.method import METHODS
    from penchant.render import BRIDGES

    if not told(policies):
        raise ConfigError("--suite bias measures models that are told of people; name one with --ica or --pba")
    bridged = {name for name in policies if METHODS[name].content in BRIDGES}
    if bridged and annotator is None:
        raise ConfigError(f"--suite bias needs --annotator to measure {', '.join(bridged)}: swapped texts must be read")
    return bridged


def measure(bench: Bench, records: Sequence[Record], annotator: Path | None) -> dict[str, Bias]:
    """Every policy, on mixed evidence.

    Raises:
        ConfigError: a policy that is told directions, and nobody to read them from swapped texts.
    """
    from penchant.audit.bias import changed, cost, parity, swaps
    from penchant.eval.benchmark import Shown, show
    from penchant.eval.control import meets
    from penchant.infer.read import reread
    from penchant.person import meet

    bridged = require_reader(bench.policies, annotator)
    seed = bench.setting.seed
    shown = show(records, "mixed", seed=seed)
    both = [(swap, neutral) for swap in swaps(shown.records, shown.personas) for neutral in (False, True)]
    if annotator is not None:
        sides = [swap.neutral() if neutral else swap for swap, neutral in both]
        everybody = [*shown.personas, *map(neutralised, shown.personas)]
        everybody += [persona for side in sides for persona in (*side.one, *side.other)]
        items = dict.fromkeys(item for persona in everybody for item in persona.evidence)
        found = read_by(annotator, list(items), bench.space).items
        bench = replace(bench, believed=lambda persona: reread(persona, found))
    parts: dict[str, Bias] = {}
    passes = sum(4 for swap, _ in both if swap.records) + 6
    asked = told(bench.policies)
    with progress(bench, passes * len(asked)):
        for name in asked:

            def decide(some: Sequence[Record], personas: Sequence[Persona], name: str = name) -> NDArray[np.float64]:
                # by what their texts say: a stated profile would outrank swapped words
                return bench.margins(name, Shown("mixed", tuple(some), tuple(personas)), meets(bench))

            def infer(persona: Persona) -> Direction | None:
                return meet(bench.believed(persona), bench.space).direction()

            found_of = [changed(s, decide, infer if name in bridged else None, neutral=n, seed=seed) for s, n in both]
            parts[name] = Bias(
                pairs=len(records),
                changed=tuple(one for one in found_of if one is not None),
                neutral_words=cost(shown.records, shown.personas, decide, seed=seed),
                parity=tuple(parity(shown.records, decide(shown.records, shown.personas), seed=seed)),
            )
    return parts


def lines(found: Mapping[str, Bias]) -> Iterator[str]:
    """The same for people."""
    for name, part in found.items():
        yield f"{name}: in %, with the 95 % interval over users"
        for one in part.changed:
            words = f"{one.trait}, {one.how}{', made neutral' if one.neutral else ''}"
            inferred = "" if one.directions is None else f"; {100 * one.directions:.1f} of inferred directions"
            share = f"{100 * one.decisions:5.1f} {interval(one.ci95, 100, 1)}"
            some = f"{one.pairs}" if one.how == "stated" else f"{one.pairs} of {part.pairs}"
            yield f"  {words:32} {share} of {some} decisions change{inferred}"
        for trait in part.silent():
            yield f"  {trait}, own words: nobody's of these {part.pairs} pairs say anything of it"
        cost = part.neutral_words
        yield (
            f"  neutral words cost: right {100 * cost.before:.1f} before, {100 * cost.after:.1f} after, "
            f"{100 * cost.difference:+.1f} {interval(cost.ci95, 100, 1)}"
        )
        for group in part.parity:
            share = f"{100 * group.accuracy:.1f} {interval(group.ci95, 100, 1)}"
            yield f"  right for {group.pole:10} {share} of {group.users} people"
        yield from (f"  left out: {lost}" for lost in part.left_out())
