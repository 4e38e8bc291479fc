"""The shape of a question of evaluation: what it needs, how it is measured, and its answer.

A new question is one file in this folder and one line in QUESTIONS. Its command, its options and its part of the
report follow from its `Question`. A new kind of input is a name in `Need`, a sentence in MISSING, an option in
`cli/evaluate.py`, and is opened in `runs/question_inputs.py` or `runs/evaluate.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from penchant.errors import ConfigError
from penchant.eval.measured import Measured
from penchant.record import Record
from penchant.reporter import QUIET, Reporter
from penchant.space import PreferenceSpace

if TYPE_CHECKING:
    from penchant.eval.bench import Bench
    from penchant.infer.base import Annotator
    from penchant.model.base import Model
    from penchant.model.remote import Endpoint
    from penchant.scorer.base import TableScorer

Need = Literal[
    "models",
    "scorers",
    "decoders",
    "annotator",
    "neutral",
    "personas",
    "draws",
    "summaries",
    "fit_data",
    "judge",
    "recipe",
]
"""What a question may read besides the records. Each is one option of its command."""

Adapt = Callable[[Mapping[str, str], Sequence[Record]], AbstractContextManager[Mapping[str, "Model"]]]
"""(method -> folder or Hub id, examples) -> the models after a few steps on the examples; they last as long as the
context."""


@dataclass(frozen=True)
class Inputs:
    """Everything that a question may read, opened and ready."""

    records: Sequence[Record]
    space: PreferenceSpace
    bench: Bench
    scorers: Sequence[TableScorer] = ()
    """Learned scorers, measured with the models."""
    annotator: Annotator | None = None
    personas: tuple[str, ...] = ()
    """Kinds of evidence to show; empty takes the question's own."""
    neutral: bool = False
    fit_on: Sequence[Record] | None = None
    """Records the models were trained on."""
    judge: Endpoint | None = None
    adapt: Adapt | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    """Method -> the folder or Hub id of its model."""
    base: str = ""
    """The folder or Hub id of the base."""
    reporter: Reporter = QUIET

    @property
    def seed(self) -> int:
        """The seed of every draw."""
        return self.bench.setting.seed

    @contextmanager
    def passes(self, count: int, label: str = "evaluating") -> Iterator[None]:
        """A bar over `count` passes of the bench; notes afterwards what the token budget left out."""
        self.bench.dropped = 0
        with self.reporter.bar(count, label) as advance:
            self.bench.done = lambda _name: advance(1)
            yield
        self.note_dropped(count)

    def note_dropped(self, passes: int) -> None:
        """Notes how much evidence the token budget left out over some passes, if any."""
        if self.bench.dropped:
            self.reporter.note(
                f"the budget of {self.bench.max_prompt_tokens} tokens left out {self.bench.dropped} items of evidence "
                f"over {passes} passes"
            )


@dataclass(frozen=True, slots=True)
class Section:
    """A question's part of the page: a table, a figure, or both."""

    lead: str
    """What was done, for readers who know nothing of it."""
    title: str = ""
    """The title of the question; the report sets it, with the two fields at the end."""
    head: tuple[str, ...] = ()
    body: tuple[tuple[str, ...], ...] = ()
    figure: str = ""
    """SVG."""
    left_out: tuple[str, ...] = ()
    """What no figure counts, in words."""
    command: str = ""
    """The command that measures it again; empty where nothing was measured."""
    subset: str = ""
    """A sentence on the number of pairs, where the command measures more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question found."""

    measured: Measured | None = None
    """Margins, where the answer is a table of accuracies."""
    findings: Mapping[str, Any] = field(default_factory=dict)
    """The rest of the answer, JSON-ready."""
    lines: tuple[str, ...] = ()
    """The rest of the answer as text for a terminal."""
    section: Section | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One question of evaluation."""

    name: str
    """Its command: `penchant eval NAME`."""
    asks: str
    """The question in one sentence: the help of its command."""
    title: str
    """The heading of its part of the page."""
    needs: tuple[Need, ...]
    """Inputs without which it cannot be asked."""
    takes: tuple[Need, ...]
    """Further inputs that it reads where they are given."""
    measure: Callable[[Inputs], Answer]
    report_pairs: int = 0
    """The most pairs, of whole people, on which a report asks it; 0 leaves it out of reports."""
    check: Callable[[Mapping[str, Any]], None] = lambda _inputs: None
    """Refuses inputs that do not fit together, before data is read; takes the inputs of `require`, raises
    ConfigError."""


def require(question: Question, inputs: Mapping[str, object]) -> None:
    """Refuses a question whose inputs are missing, or that does not read an input, before data is read.

    Args:
        inputs: by the names of `Need`; None, empty, 0 and False count as missing. `models` maps methods to sources.
    Raises:
        ConfigError: names the input.
    """
    for need in question.needs:
        if not inputs.get(need):
            raise ConfigError(f"the question '{question.name}' {MISSING[need]}")
    for name, value in inputs.items():
        if value and name not in (*question.needs, *question.takes):
            raise ConfigError(f"the question '{question.name}' does not read `{name}`; leave it out")
    question.check(inputs)


MISSING: Mapping[Need, str] = {
    "models": "measures aligned models; give the folder of one, or METHOD=ORG/MODEL",
    "scorers": "measures learned scorers; give the folder of one",
    "decoders": "measures decoders; name some with `decoders`",
    "annotator": "needs something that reads directions from evidence; name it with `annotator`",
    "fit_data": "must know which records the models were trained on; name them with `fit_data`",
    "judge": "asks a language model; name its recipe with `judge`",
    "recipe": "needs a recipe; name it with `recipe`",
    "neutral": "needs `neutral`",
    "personas": "needs `personas`",
    "draws": "needs `draws`",
    "summaries": "needs `summaries`",
}
"""What to say where a need is missing."""


def not_measured(question: Question, reason: str) -> Section:
    """The part of the page of a question that was not measured."""
    return Section(title=question.title, lead=f"Not measured: {reason}.")


def percent(share: float | None, digits: int = 1) -> str:
    """A share as a percentage without its sign; a dash for None."""
    return "–" if share is None else f"{100 * share:.{digits}f}"


def interval(ends: Sequence[float] | None, *, times: float = 100, digits: int = 1) -> str:
    """An interval in brackets, in percent unless `times` says otherwise; empty for None."""
    return "" if ends is None else f"({times * ends[0]:.{digits}f}–{times * ends[1]:.{digits}f})"
