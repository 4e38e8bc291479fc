"""Universal alignment, the baseline: the prompt alone, whoever asks; what aligning to everybody at once is worth."""

from __future__ import annotations

from dataclasses import dataclass

from penchant.person import Person
from penchant.render import Budget, Content, Layout, Rendered, render


@dataclass(frozen=True, slots=True)
class Universal:
    """Shows nothing of the person."""

    name: str = "universal"
    content: Content = "none"
    trained: bool = True

    def messages(
        self, person: Person, prompt: str, *, layout: Layout = "user_first", budget: Budget | None = None
    ) -> Rendered:
        """See `Method.messages`."""
        return render(person, prompt, content=self.content, layout=layout, budget=budget)
