"""The seam of a method: (person, prompt) -> messages."""

from __future__ import annotations

from typing import Protocol

from penchant.person import Person
from penchant.render import Budget, Content, Layout, Rendered


class Method(Protocol):
    """One way of telling a model whom it answers for."""

    @property
    def name(self) -> str:
        """As in METHODS."""
        ...

    @property
    def content(self) -> Content:
        """What of the person is shown."""
        ...

    @property
    def trained(self) -> bool:
        """Whether the method needs a model aligned for it; False for plain prompting."""
        ...

    def messages(
        self, person: Person, prompt: str, *, layout: Layout = "user_first", budget: Budget | None = None
    ) -> Rendered:
        """Messages for one person and prompt.

        Raises:
            RecordError: nothing is known of the person that this method could show.
        """
        ...
