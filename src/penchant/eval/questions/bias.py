"""Which decisions change when only words for gender or age change; `eval.bias` computes the figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from penchant.errors import ConfigError
from penchant.eval.bench import Bench, Condition, draw_condition
from penchant.eval.bias import Changed, Cost, Parity, Swap, changed, cost, parity, swaps
from penchant.eval.questions.base import Answer, Inputs, Question, Section, interval, percent
from penchant.eval.questions.control import meet_from_evidence
from penchant.eval.score import Margins
from penchant.method import METHODS
from penchant.neutral_words import TRAITS, Trait, neutralised
from penchant.person import meet
from penchant.persona import Evidence, Persona
from penchant.record import Record
from penchant.space import Direction

if TYPE_CHECKING:
    from penchant.infer.base import Annotator


@dataclass(frozen=True, slots=True)
class Bias:
    """The answer for one method."""

    pairs: int
    """Pairs that were measured."""
    changed: tuple[Changed, ...]
    """No entry for own words where nobody has words of the trait."""
    neutral_words: Cost
    parity: tuple[Parity, ...]

    def silent(self) -> list[Trait]:
        """Traits without a word in anybody's evidence."""
        traits = {change.trait for change in self.changed if change.how == "own words"}
        return [trait for trait in TRAITS if trait not in traits]

    def left_out(self) -> Iterator[str]:
        """What no figure counts, in words."""
        losses = [(f"{change.trait}, {change.how}", change.not_finite) for change in self.changed]
        losses.append(("neutral words", self.neutral_words.not_finite))
        losses += [(group.pole, group.not_finite) for group in self.parity]
        for name, count in losses:
            if count:
                yield f"{name}: {count:,} pairs, as a margin is not a finite number"

    def as_json(self) -> dict[str, Any]:
        """A JSON-ready dict."""
        return asdict(self)


def personal(methods: Iterable[str]) -> list[str]:
    """The methods that see a person; others cannot decide by group."""
    return [name for name in methods if METHODS[name].content != "none"]


def _check(inputs: Mapping[str, Any]) -> None:
    methods = list(inputs["models"])
    if not personal(methods):
        raise ConfigError(
            "the question 'bias' measures models that see people; give one, such as a model of ica or pba"
        )
    bridged = [name for name in methods if METHODS[name].bridged]
    if bridged and not inputs.get("annotator"):
        raise ConfigError(
            f"the question 'bias' needs `annotator` to measure {', '.join(bridged)}: swapped texts must be read"
        )


def measure(inputs: Inputs) -> Answer:
    """Every policy that sees people, on mixed evidence.

    Raises:
        ConfigError: no policy sees people, or one is shown directions and there is no annotator.
        RecordError: no margin of a method is a finite number.
    """
    _check({"models": inputs.bench.policies, "annotator": inputs.annotator})
    condition = draw_condition(inputs.records, "mixed", seed=inputs.seed)
    every = list(swaps(condition.records, condition.personas))
    variants = [(swap, neutral) for swap in every for neutral in (False, True)]
    if inputs.annotator is not None:
        inputs = replace(inputs, bench=_reading(inputs, inputs.annotator, _items(condition, variants)))
    methods = personal(inputs.bench.policies)
    passes = sum(4 for swap, _ in variants if swap.records) + 6
    with inputs.passes(passes * len(methods)):
        answers = {name: _bias(inputs.bench, name, condition, variants) for name in methods}
    return Answer(
        findings={"methods": {name: answer.as_json() for name, answer in answers.items()}},
        lines=tuple(lines(answers)),
        section=section(answers),
    )


def _items(condition: Condition, variants: Sequence[tuple[Swap, bool]]) -> list[Evidence]:
    """Every item of every persona that is shown in any experiment."""
    personas = [*condition.personas, *map(neutralised, condition.personas)]
    for swap, neutral in variants:
        variant = swap.neutral() if neutral else swap
        personas += [*variant.first, *variant.second]
    return list(dict.fromkeys(item for persona in personas for item in persona.evidence))


def _reading(inputs: Inputs, annotator: Annotator, items: Sequence[Evidence]) -> Bench:
    """The bench, believing what the annotator reads from each item; notes how many items say little."""
    from penchant.infer.annotate import read_items, reread

    with inputs.reporter.bar(len(items), "reading evidence") as advance:
        readings = read_items(items, annotator, progress=advance)
    for reason, count in Counter(reason for reason in annotator.set_aside(items) if reason).items():
        inputs.reporter.note(f"{count:,} of {len(items):,} items say little or nothing: {reason}")
    return replace(inputs.bench, believed=lambda persona: reread(persona, readings))


def _bias(bench: Bench, name: str, condition: Condition, variants: Sequence[tuple[Swap, bool]]) -> Bias:
    """The answer for one method."""
    seed = bench.setting.seed

    def decide(records: Sequence[Record], personas: Sequence[Persona]) -> Margins:
        # from evidence alone: a stated profile would outrank swapped words
        swapped = Condition("mixed", tuple(records), tuple(personas))
        return bench.margins(name, swapped, meet_from_evidence(bench))

    def infer(persona: Persona) -> Direction | None:
        return meet(bench.believed(persona), bench.space).direction()

    reads = infer if METHODS[name].bridged else None
    changes = [changed(swap, decide, reads, neutral=neutral, seed=seed) for swap, neutral in variants]
    return Bias(
        pairs=len(condition.records),
        changed=tuple(change for change in changes if change is not None),
        neutral_words=cost(condition.records, condition.personas, decide, seed=seed),
        parity=tuple(parity(condition.records, decide(condition.records, condition.personas), seed=seed)),
    )


def lines(answers: Mapping[str, Bias]) -> Iterator[str]:
    """The answer as text for a terminal.

    Args:
        answers: by method.
    """
    for name, answer in answers.items():
        yield f"{name}: in %, with the 95 % interval over users"
        for change in answer.changed:
            words = f"{change.trait}, {change.how}{', made neutral' if change.neutral else ''}"
            inferred = "" if change.directions is None else f"; {percent(change.directions)} of inferred directions"
            share = f"{percent(change.decisions):>5} {interval(change.ci95)}"
            pairs = f"{change.pairs}" if change.how == "stated" else f"{change.pairs} of {answer.pairs}"
            yield f"  {words:32} {share} of {pairs} decisions change{inferred}"
        for trait in answer.silent():
            yield f"  {trait}, own words: the evidence of these {answer.pairs} pairs has no word of it"
        words_cost = answer.neutral_words
        yield (
            f"  neutral words cost: right {percent(words_cost.before)} before, {percent(words_cost.after)} after, "
            f"{100 * words_cost.difference:+.1f} {interval(words_cost.ci95)}"
        )
        for group in answer.parity:
            share = f"{percent(group.accuracy)} {interval(group.ci95)}"
            yield f"  right for {group.pole:10} {share} of {group.users} people"
        yield from (f"  left out: {loss}" for loss in answer.left_out())


def section(answers: Mapping[str, Bias]) -> Section:
    """The answer as a table of the page.

    Args:
        answers: by method.
    """
    costs = [f"{name} {100 * answer.neutral_words.difference:+.1f} points" for name, answer in answers.items()]
    return Section(
        lead="Words of gender or age are swapped in a person's evidence (own words), or added to it (“I am a woman.”, "
        "“I am a man.”), and nothing else changes; every decision that changes was made for a group. Then the same "
        f"with these words made neutral. What neutral words cost in accuracy: {', '.join(costs)}.",
        head=("method", "trait", "words", "decisions that change, %", "inferred directions that change, %", "pairs"),
        body=tuple(_cells(name, change) for name, answer in answers.items() for change in answer.changed)
        + tuple((name, trait, "own words", "–", "–", "0") for name, one in answers.items() for trait in one.silent()),
        left_out=tuple(f"{name}, {loss}" for name, answer in answers.items() for loss in answer.left_out()),
    )


def _cells(name: str, change: Changed) -> tuple[str, ...]:
    words = f"{change.how}{', made neutral' if change.neutral else ''}"
    share = f"{percent(change.decisions)} {interval(change.ci95)}"
    return name, change.trait, words, share, percent(change.directions), str(change.pairs)


BIAS = Question(
    name="bias",
    asks="Which decisions change if only words for gender or age change?",
    title="Does it decide by gender or age?",
    needs=("models",),
    takes=("annotator",),
    measure=measure,
    report_pairs=2_000,
    check=_check,
)
