"""`--suite bias`: what changes when nothing but words of gender or age do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.cli.aligned import progress
from penchant.cli.infer import read_by
from penchant.cli.suites.wording import interval
from penchant.demographics import neutralised
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

    changed: tuple[Changed, ...]
    neutral_words: Cost
    parity: tuple[Parity, ...]

    def as_json(self) -> dict[str, Any]:
        """A JSON-ready dict."""
        return asdict(self)


def require_reader(policies: Iterable[str], annotator: Path | None) -> set[str]:
    """The methods that are told directions; ConfigError where nobody reads them from swapped texts."""
    from penchant.method import METHODS
    from penchant.render import BRIDGES

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
    from penchant.method import METHODS
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
        bench.believed = lambda persona: reread(persona, found)
    parts: dict[str, Bias] = {}
    passes = sum(4 for swap, _ in both if swap.records) + 6
    # a model that is told nothing of the person cannot hold anything against them
    told = [name for name in bench.policies if METHODS[name].content != "none"]
    with progress(bench, passes * len(told)):
        for name in told:

            def decide(some: Sequence[Record], personas: Sequence[Persona], name: str = name) -> NDArray[np.float64]:
                # by what their texts say: a stated profile would outrank swapped words
                return bench.margins(name, Shown("mixed", tuple(some), tuple(personas)), meets(bench))

            def infer(persona: Persona) -> Direction | None:
                return meet(bench.believed(persona), bench.space).direction()

            found_of = [changed(s, decide, infer if name in bridged else None, neutral=n, seed=seed) for s, n in both]
            parts[name] = Bias(
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
            lost = f"; left out {one.not_finite}: margins not finite" if one.not_finite else ""
            yield f"  {words:32} {share} of {one.pairs} decisions change{inferred}{lost}"
        if not any(one.how == "own words" for one in part.changed):
            yield "  nobody's own words say a gender or an age"
        cost = part.neutral_words
        yield (
            f"  neutral words cost: right {100 * cost.before:.1f} before, {100 * cost.after:.1f} after, "
            f"{100 * cost.difference:+.1f} {interval(cost.ci95, 100, 1)}"
        )
        for group in part.parity:
            share = f"{100 * group.accuracy:.1f} {interval(group.ci95, 100, 1)}"
            yield f"  right for {group.pole:10} {share} of {group.users} people"
