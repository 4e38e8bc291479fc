"""The notes about a person are taken out of a prompt, and the rest is what was asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant import Person, render
from penchant.message import Message
from penchant.render import LAYOUTS, Content, Layout, without_notes


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("content", ["history", "directions", "summary", "both"])
@given(st.lists(st.text("ab<>/notes \n"), min_size=1, max_size=3), st.booleans())
def test_without_its_notes_a_prompt_is_what_was_asked(
    ann: Person, layout: Layout, content: Content, texts: list[str], system: bool
) -> None:
    turns = [Message("user", f"{text}<notes>\n{text}\n</notes>\n\n?") for text in texts]
    for place in range(len(turns) - 1, 0, -1):
        turns.insert(place, Message("assistant", "</notes>\n\nyes"))
    prompt = tuple([Message("system", "Be kind.")] * system + turns)
    assert without_notes(render(ann, prompt, content=content, layout=layout).messages) == prompt


def test_what_has_no_notes_is_left_as_it_is() -> None:
    for messages in ((Message("user", "<notes>\nx\n</notes>\n\ny"),), (Message("system", "s"), Message("user", "u"))):
        assert without_notes(messages) == messages
