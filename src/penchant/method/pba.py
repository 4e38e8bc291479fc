"""PBA, preference-bridged alignment: the directions held of the person are in the prompt (AlignX, section 4.2).

As published the bridge is the directions; a summary in words, and both together, are our own.
"""

from __future__ import annotations

from dataclasses import dataclass

from penchant.person import Person
from penchant.render import Budget, Content, Layout, Rendered, render


@dataclass(frozen=True, slots=True)
class PBA:
    """Shows the person's directions, a summary of them, or both."""

    name: str = "pba"
    content: Content = "directions"
    trained: bool = True

    def messages(
        self, person: Person, prompt: str, *, layout: Layout = "user_first", budget: Budget | None = None
    ) -> Rendered:
        """See `Method.messages`."""
        return render(person, prompt, content=self.content, layout=layout, budget=budget)
