"""Alignment methods: each decides what the prompt tells a model about a person.

`Method.messages` is the only function that turns a person and a prompt into messages. Training, evaluation and scoring
all use it. ICA puts the persona itself into the prompt; PBA puts the directions inferred from the persona there
(AlignX, arXiv:2503.15463, sections 4.1 and 4.2). Two further forms of PBA are our own: a summary in words, and a
summary together with the directions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from penchant.errors import RecordError
from penchant.message import Message
from penchant.person import Person
from penchant.record import Question, Record
from penchant.render import BRIDGES, Budget, Content, Layout, Rendered, render


@dataclass(frozen=True, slots=True)
class Method:
    """One way of telling a model whom it answers."""

    name: str
    """The name that recipes, cards, tables and commands use."""
    content: Content
    """The part of the person that is shown."""
    trained: bool
    """Whether a model must be aligned for this method; False for plain prompting."""

    @property
    def bridged(self) -> bool:
        """Whether the model is shown what was inferred of the person instead of the evidence."""
        return self.content in BRIDGES

    def messages(
        self,
        person: Person,
        prompt: str | Sequence[Message],
        *,
        layout: Layout = "user_first",
        budget: Budget | None = None,
    ) -> Rendered:
        """The messages for one person and prompt; the bare prompt where nothing is known of the person.

        Args:
            prompt: the conversation to continue; a plain text is one user turn.

        Raises:
            RecordError: there is evidence that this method cannot show, or the prompt alone exceeds the budget.
        """
        content = self.content if is_known(person) else "none"
        return render(person, prompt, content=content, layout=layout, budget=budget)

    def record_messages(
        self, record: Record | Question, person: Person, *, layout: Layout = "user_first", budget: Budget | None = None
    ) -> Rendered:
        """The messages for a record's prompt.

        Raises:
            RecordError: as `messages`; it names the record.
        """
        try:
            return self.messages(person, record.prompt, layout=layout, budget=budget)
        except RecordError as error:
            raise RecordError(f"cannot ask {self.name} about record '{record.record_id}': {error}") from error


def is_known(person: Person) -> bool:
    """Whether there is anything to show of a person: evidence, a correction or a stated profile."""
    return bool(person.persona.evidence or person.corrections or person.profile is not None)


METHODS: Mapping[str, Method] = {
    method.name: method
    for method in (
        Method("few_shot", "history", trained=False),
        Method("ica", "history", trained=True),
        Method("pba", "directions", trained=True),
        Method("pba_summary", "summary", trained=True),
        Method("pba_both", "both", trained=True),
        Method("universal", "none", trained=True),
    )
}
"""Every method by its name. `few_shot` and `universal` are baselines: history without alignment, and the reverse."""
