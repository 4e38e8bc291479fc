"""Drawing tokens, and the text that becomes certain while they come."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.errors import ModelError
from penchant.message import Message
from penchant.model.base import Sampling, Written
from penchant.model.fake import FakeModel
from penchant.model.write import Pieces, Text, draw, kept_tokens, stream, write

PROMPT: tuple[Message, ...] = (Message("user", "hot tea with milk"),)
PROBABILITIES = np.array([0.05, 0.4, 0.1, 0.3, 0.15], dtype=np.float32)
LOGPROBS = np.log(PROBABILITIES)


def from_bytes(tokens: Sequence[int]) -> str:
    """The text of tokens that are the bytes of UTF-8."""
    return bytes(tokens).decode("utf-8", errors="replace")


def given_out(text: str, stop: Sequence[str] = ()) -> Iterator[str]:
    growing = Text(from_bytes, stop)
    for byte in text.encode():
        yield growing.add(byte)
        if growing.stopped:
            return
    yield growing.end()


@given(st.text(st.sampled_from("aé漢🙂 \n")))
def test_no_piece_holds_half_a_character_or_white_space_at_an_end(text: str) -> None:
    pieces = list(given_out(text))
    assert "".join(pieces) == text.strip()
    assert not any("�" in piece for piece in pieces)


@given(st.text(st.sampled_from("ab é")), st.lists(st.text(st.sampled_from("ab é"), min_size=1), max_size=3))
def test_a_text_ends_before_the_stop_text_that_comes_first(text: str, stop: list[str]) -> None:
    ends = [text.index(one) + len(one) for one in stop if one in text]
    expected = text
    if ends:
        seen = text[: min(ends)]
        expected = seen[: min(seen.index(one) for one in stop if one in seen)]
    assert "".join(given_out(text, stop)) == expected.strip()


def test_text_waits_only_as_long_as_a_stop_text_may_come() -> None:
    pieces = Pieces(("</end>",))
    assert [pieces.add(text) for text in ("tea ", "</", "e", "m> ", "x</end", "> more", "y")] == [
        *("tea", "", "", " </em>", " x", "", "")
    ]
    assert pieces.stopped
    assert pieces.end() == ""


def test_an_incomplete_character_at_the_end_is_left_out() -> None:
    growing = Text(from_bytes, ())
    assert [growing.add(byte) for byte in "é漢".encode()[:4]] == ["", "é", "", ""]
    assert growing.end() == ""


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        (Sampling(temperature=1, top_p=1), [0, 1, 2, 3, 4]),
        (Sampling(temperature=1, top_p=0.5), [1, 3]),
        (Sampling(temperature=1, top_p=0.39), [1]),
        (Sampling(temperature=1, top_p=0.8), [1, 3, 4]),
        (Sampling(temperature=1, top_p=1, top_k=2), [1, 3]),
        (Sampling(temperature=1, top_p=0.5, top_k=2), [1]),
        (Sampling(temperature=1, top_p=1, top_k=9), [0, 1, 2, 3, 4]),
    ],
)
def test_the_nucleus_and_the_likeliest_are_kept(settings: Sampling, kept: list[int]) -> None:
    ids, weights = kept_tokens(LOGPROBS, settings)
    assert ids.tolist() == kept
    np.testing.assert_allclose(weights / weights.sum(), PROBABILITIES[kept] / PROBABILITIES[kept].sum(), rtol=1e-5)


def test_the_nucleus_is_right_where_no_token_is_likely() -> None:
    flat = np.full(50_000, -np.log(50_000), dtype=np.float32)
    flat[7] += 20
    flat -= np.log(np.exp(flat.astype(np.float64)).sum())
    for top_p in (0.5, 0.9999, 0.99999999):
        ids, weights = kept_tokens(flat, Sampling(temperature=2, top_p=top_p))
        everything = np.exp((flat - flat.max()).astype(np.float64) / 2)
        assert weights.sum() >= top_p * everything.sum() * (1 - 1e-6)
        assert (weights.sum() - weights.min()) < top_p * everything.sum()
        assert 7 in ids


def test_draws_follow_the_distribution_at_a_temperature() -> None:
    generator, settings = np.random.default_rng(0), Sampling(temperature=2, top_p=1)
    counts = np.bincount([draw(LOGPROBS, settings, generator) for _ in range(20_000)], minlength=5)
    expected = np.sqrt(PROBABILITIES) / np.sqrt(PROBABILITIES).sum()
    np.testing.assert_allclose(counts / 20_000, expected, atol=0.015)


def test_greedy_takes_the_likeliest_and_draws_no_number() -> None:
    generator = np.random.default_rng(0)
    assert draw(LOGPROBS, Sampling(temperature=0), generator) == 1
    assert generator.random() == np.random.default_rng(0).random()


@pytest.mark.parametrize("temperature", [0, 1])
def test_probabilities_that_are_not_numbers_are_refused(temperature: float) -> None:
    broken = np.array([0.0, np.nan], dtype=np.float32)
    with pytest.raises(ModelError, match="not numbers"):
        draw(broken, Sampling(temperature=temperature), np.random.default_rng(0))


def test_an_answer_never_passes_the_end_of_the_context() -> None:
    model, greedy = FakeModel(context=6), Sampling(temperature=0)
    (answer,) = model.write([PROMPT], greedy)
    assert (answer.text, answer.finish, answer.answer_tokens) == ("hot tea", "length", 2)
    full = (Message("user", "a b c d e f"),)
    answers = model.write([full, PROMPT], greedy)
    assert answers == [Written("", 6, 0, "length"), answer]
    assert list(model.stream(full, greedy)) == [answers[0]]
    with pytest.raises(ModelError, match="7 tokens and the model's context 6"):
        model.write([(Message("user", "a b c d e f g"),)], greedy)


def test_rows_change_no_answer() -> None:
    prompts = [(Message("user", text),) for text in ("b a", "a", "c d e", "a b", "d", "a")]
    settings = Sampling(temperature=5, top_p=1, max_tokens=9)
    answers = [write(FakeModel(), prompts, settings, rows=rows) for rows in (1, 2, 9)]
    # the fake's vocabulary grows with its prompts, so that words of high ids have other names
    tokens = [[(one.answer_tokens, one.finish, one.prompt_tokens) for one in batch] for batch in answers]
    assert tokens[0] == tokens[1] == tokens[2]


def test_a_stream_can_be_left_in_the_middle() -> None:
    pieces = stream(FakeModel(), PROMPT, Sampling(temperature=0))
    assert next(pieces) == "hot"
    assert next(pieces) == " tea"
    pieces.close()  # type: ignore[attr-defined]
