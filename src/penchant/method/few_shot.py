"""History in the prompt of an untrained model: the baseline that every personal method must beat."""

from __future__ import annotations

from dataclasses import dataclass

from penchant.person import Person
from penchant.render import Budget, Content, Layout, Rendered, render


@dataclass(frozen=True, slots=True)
class FewShot:
    """Shows the person's history."""

    name: str = "few_shot"
    content: Content = "history"
    trained: bool = False

    def messages(
        self, person: Person, prompt: str, *, layout: Layout = "user_first", budget: Budget | None = None
    ) -> Rendered:
        """See `Method.messages`."""
        return render(person, prompt, content=self.content, layout=layout, budget=budget)
