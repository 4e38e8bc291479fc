"""Aligned models as the command line names them, and what is measured with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.cli.infer import inferred
from penchant.cli.language import summaries_of
from penchant.cli.output import bar, say
from penchant.demographics import neutralised
from penchant.errors import ConfigError
from penchant.record import Record
from penchant.render import LAYOUTS, Layout
from penchant.space import PreferenceSpace

if TYPE_CHECKING:
    from penchant.eval.benchmark import Bench
    from penchant.eval.measured import Measured
    from penchant.persona import PersonaKind

METHODS = ("ica", "pba", "universal")
"""Methods by the options that name their models; `pba` over any bridge."""


@dataclass(frozen=True, slots=True)
class Aligned:
    """A base, the models that were aligned from it, and how people are shown to them."""

    reference: str
    policies: Mapping[str, str] = field(default_factory=dict)
    """Method -> folder or Hub id."""
    layout: str = "user_first"
    max_prompt_tokens: int | None = None
    annotator: Path | None = None
    """Reads directions, in place of those that records carry."""
    draws: int = 0
    summaries: Path | None = None
    seed: int = 0
    neutral: bool = False
    """Read and show evidence with words of gender and age made neutral."""
    beside: tuple[Path, ...] = ()
    """Folders of learned scorers that stand beside the models where everything is measured."""

    def require(self) -> None:
        """Refuses folders that hold no model, before data is read.

        Raises:
            ModelError: names the folder and what it holds.
        """
        from penchant.model.local import require_model

        for source in (self.reference, *self.policies.values()):
            require_model(source)

    def bench(self, records: Sequence[Record], space: PreferenceSpace, dataset: str) -> Bench:
        """The models, loaded, and what is believed of the people of these records.

        Raises:
            ConfigError: an unknown layout.
            ModelError: a model cannot be loaded.
        """
        from penchant.eval.benchmark import Bench
        from penchant.eval.score import Setting
        from penchant.forum.observer import observer_of
        from penchant.infer.read import reread
        from penchant.model.cached import CachedModel
        from penchant.model.local import LocalModel

        self._say_mismatches(records)
        if self.layout not in LAYOUTS:
            raise ConfigError(f"--layout {self.layout}: known are {', '.join(LAYOUTS)}")
        written: Layout = "paper" if self.layout == "paper" else "user_first"
        rule = observer_of(records)
        if rule is not None:
            say(f"simulated records; golden directions explain {100 * (1 - rule.noise):.1f} % of choices")
        bench = Bench(
            setting=Setting(dataset if rule is None else records[0].provenance.dataset, self.layout, self.seed),
            layout=written,
            space=space,
            reference=CachedModel(LocalModel.load(self.reference, name="reference")),
            policies={name: CachedModel(LocalModel.load(folder, name=name)) for name, folder in self.policies.items()},
            max_prompt_tokens=self.max_prompt_tokens,
            rule=rule,
            golden=all(record.golden is not None for record in records),
            draws=self.draws,
        )
        if self.annotator is not None:
            found = inferred(records, space, self.annotator, neutral=self.neutral).items
            bench.believed = lambda persona: reread(persona, found)
        if self.neutral:
            as_read = bench.believed
            bench.believed = lambda persona: neutralised(as_read(persona))
        return bench

    def measured(
        self, records: Sequence[Record], space: PreferenceSpace, dataset: str, personas: Sequence[str]
    ) -> Measured:
        """Margins of the models, their controls and limits."""
        from penchant.eval.measured import Measured

        say_bare(records, personas, seed=self.seed)
        bench = self.bench(records, space, dataset)
        # where one kind of evidence is measured, nothing but the person is to differ in what is shown of another
        bench.swapped = kind_of(personas)
        if self.summaries is not None:
            told, blind = bench.shown(records, personas)
            people = (known for shown in (*told, *blind) for known in shown.personas)
            bench.summary = summaries_of(self.summaries, people)
        with progress(bench, bench.passes(personas)):
            return Measured(bench.setting, tuple(bench.score(records, personas)))

    def _say_mismatches(self, records: Sequence[Record]) -> None:
        from penchant.model.card import base_of, tags, trained_on
        from penchant.record import people_digest

        people = people_digest(records)
        for method, folder in self.policies.items():
            others = tags(Path(folder)) & {other for other in METHODS if other != method}
            if others:
                say(f"{folder} was aligned by {', '.join(others)} as its card says, and is measured as {method}")
            base = base_of(Path(folder))
            if base is not None and Path(base).resolve() != Path(self.reference).resolve():
                say(f"{folder} was aligned from {base} as its card says, and is measured against {self.reference}")
            if people in trained_on(Path(folder)):
                say(f"{folder} was aligned to just these people as its card says: this is no measure of new people")


def kind_of(personas: Sequence[str]) -> PersonaKind:
    """What `shuffled` shows of somebody else: the one kind of evidence that is measured, of several a mixture."""
    return personas[0] if len(personas) == 1 else "mixed"  # type: ignore[return-value]  # of options, checked


def say_bare(records: Sequence[Record], personas: Sequence[str], *, seed: int) -> None:
    """Says of how many records a setting shows nothing."""
    from penchant.eval.benchmark import show

    for persona in personas:
        bare = sum(not known.evidence for known in show(records, persona, seed=seed).personas)
        if bare:
            say(f"{bare:,} of {len(records):,} records show nothing under '{persona}': they are asked the bare prompt")


@contextmanager
def progress(bench: Bench, passes: int) -> Iterator[None]:
    """A bar over the passes of a bench; says afterwards what a token budget left out of them."""
    bench.dropped = 0
    with bar(passes, "evaluating") as advance:
        bench.done = lambda _name: advance(1)
        yield
    say_dropped(bench, passes)


def say_dropped(bench: Bench, passes: int) -> None:
    """Says what a token budget left out over so many passes, if anything."""
    if bench.dropped:
        say(
            f"the budget of {bench.max_prompt_tokens} tokens left out {bench.dropped} items of evidence "
            f"over {passes} passes"
        )
