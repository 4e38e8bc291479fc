"""Drafts are what followed the same tokens before, and grow while they are right."""

from hypothesis import given
from hypothesis import strategies as st

from penchant.model.lookup import DRAFTS, Search


class Growing:
    """An answer with a limit."""

    def __init__(self, limit: int = 99) -> None:
        self.tokens: list[int] = []
        self.limit = limit

    @property
    def room(self) -> int:
        return self.limit - len(self.tokens)


@given(st.lists(st.integers(0, 2), max_size=40), st.lists(st.integers(0, 2), min_size=1, max_size=20))
def test_a_draft_is_what_followed_the_same_tokens_before(prompt: list[int], answer: list[int]) -> None:
    growing = Growing()
    search = Search(growing, prompt, DRAFTS)
    for token in answer:
        growing.tokens.append(token)
        draft = search.next()
        text = [*prompt, *growing.tokens]
        assert len(draft) <= DRAFTS
        if draft:
            places = [end for end in range(3, len(text)) if text[end - 3 : end] == text[-3:]]
            assert text[places[-1] : places[-1] + len(draft)] == draft


def test_drafts_grow_while_they_are_right_and_shrink_when_they_are_not() -> None:
    growing = Growing()
    search = Search(growing, list(range(20)) * 2, DRAFTS)
    growing.tokens += [0, 1, 2]
    first = search.next()
    assert first == [3, 4, 5, 6]
    growing.tokens += [*first, 7]
    second = search.next()
    assert second == [8, 9, 10, 11, 12, 13, 14]
    growing.tokens += [0]
    search.next()
    growing.tokens += [1, 2]
    assert search.next() == [3]


def test_no_draft_goes_beyond_the_limit_and_none_is_made_where_none_is_wanted() -> None:
    growing = Growing(limit=5)
    search = Search(growing, list(range(20)) * 2, DRAFTS)
    growing.tokens += [0, 1, 2]
    assert search.next() == [3]
    assert Search(growing, list(range(20)) * 2, 0).next() == []
