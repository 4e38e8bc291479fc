"""ICA, in-context alignment: the persona itself is in the prompt (AlignX, arXiv:2503.15463, section 4.1)."""

from __future__ import annotations

from dataclasses import dataclass

from penchant.person import Person
from penchant.render import Budget, Content, Layout, Rendered, render


@dataclass(frozen=True, slots=True)
class ICA:
    """Shows the person's history."""

    name: str = "ica"
    content: Content = "history"
    trained: bool = True

    def messages(
        self, person: Person, prompt: str, *, layout: Layout = "user_first", budget: Budget | None = None
    ) -> Rendered:
        """See `Method.messages`."""
        return render(person, prompt, content=self.content, layout=layout, budget=budget)
