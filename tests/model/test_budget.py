"""A prompt and its longest answer fit the model's context."""

import sys
import unicodedata

import pytest

from penchant import Comment, Persona
from penchant.errors import RecordError
from penchant.message import Message
from penchant.method import METHODS
from penchant.model.budget import prompt_budget
from penchant.model.chat import ChatTokenizer, most_tokens
from penchant.model.fake import FakeModel
from penchant.model.local import LocalModel
from penchant.person import Person

TOLD = Persona(tuple(Comment("a post", f"tea {word}") for word in ("one", "two", "three", "four")))


def rendered(reader, answers: tuple[str, ...], **limits):
    budget = prompt_budget(reader, answers, **limits)
    return METHODS["ica"].messages(Person(TOLD), "what about tea ?", budget=budget)


def test_without_any_limit_there_is_no_budget() -> None:
    assert prompt_budget(FakeModel(), ("tea",)) is None


@pytest.mark.parametrize(
    ("context", "setting", "answers", "answer_tokens", "limit"),
    [
        (100, None, (), 0, 100),
        (100, None, ("one two three", "one"), 0, 97),
        (100, None, ("one two three", "one"), 30, 70),
        (100, 80, ("one two three",), 0, 80),
        (100, 99, ("one two three",), 0, 97),
        (None, 80, ("one two three",), 30, 80),
        (2, None, ("one two three",), 0, 0),
    ],
)
def test_the_longest_answer_has_its_room(context, setting, answers, answer_tokens, limit) -> None:
    budget = prompt_budget(FakeModel(context=context), answers, answer_tokens=answer_tokens, max_prompt_tokens=setting)
    assert budget is not None
    assert budget.max_tokens == limit


def test_the_oldest_evidence_goes_until_prompt_and_answers_fit_the_context(chat: ChatTokenizer) -> None:
    answers = ("hot tea please", "milk " * 30)
    whole = chat.encode(rendered(chat, answers).messages, answers)
    size = len(whole.prompt) + max(map(len, whole.answers))
    bare = size - sum(
        len(chat.tokenizer.tokenize(f'When asked "a post", they replied "tea {word}"')) for word in ("one", "two")
    )
    dropped = []
    for context in range(bare, size + 8):
        small = ChatTokenizer(chat.tokenizer, positions=context)
        prompt = rendered(small, answers)
        encoded = small.encode(prompt.messages, answers)
        assert len(encoded.prompt) + max(map(len, encoded.answers)) <= context
        dropped.append(prompt.dropped)
        assert all(item.text.split()[-1] in prompt.messages[-1].content for item in TOLD.evidence[prompt.dropped :])
    assert dropped == sorted(dropped, reverse=True)
    assert {0, 1, 2} <= set(dropped)
    assert dropped[-1] == 0
    with pytest.raises(RecordError, match="the prompt alone is longer than the budget of 12 tokens; raise"):
        rendered(ChatTokenizer(chat.tokenizer, positions=10 + 32), ("milk " * 28,))


def test_the_context_is_the_smallest_that_model_and_tokenizer_state(local: LocalModel, chat: ChatTokenizer) -> None:
    assert local.context == 512
    assert LocalModel(local.model, ChatTokenizer(chat.tokenizer, positions=300), name="short").context == 300
    assert chat.context is None  # its model_max_length is a number that stands for none
    longest = chat.tokenizer.model_max_length
    try:
        chat.tokenizer.model_max_length = 128
        assert ChatTokenizer(chat.tokenizer, positions=512).context == 128
    finally:
        chat.tokenizer.model_max_length = longest


def test_a_count_is_exact_unless_a_bound_is_enough(chat: ChatTokenizer) -> None:
    ask = (Message("user", "what about tea ?"),)
    exact = len(chat.prompt_ids(ask))
    assert chat.count(ask) == chat.count(ask, enough=exact) == exact
    assert exact <= chat.count(ask, enough=1_000) <= 1_000


def test_a_prompt_that_surely_fits_is_not_tokenised(chat: ChatTokenizer, monkeypatch) -> None:
    small = ChatTokenizer(chat.tokenizer, positions=4_096)
    monkeypatch.setattr(small, "tokenizer", Untokenising(chat.tokenizer))
    assert rendered(small, ("hot tea", "milk")).dropped == 0


class Untokenising:
    def __init__(self, tokenizer) -> None:
        self.apply_chat_template, self.name_or_path = tokenizer.apply_chat_template, "this"

    def __call__(self, *_, **__):
        raise AssertionError("tokenised")


def test_no_sign_of_any_alphabet_takes_more_bytes_than_the_bound_however_it_is_normalised() -> None:
    for code in range(sys.maxunicode + 1):
        sign = chr(code)
        if 0xD800 <= code < 0xE000 or not (unicodedata.decomposition(sign) or sign.lower() != sign):
            continue
        for form in ("NFC", "NFD", "NFKC", "NFKD"):
            for text in (unicodedata.normalize(form, sign), unicodedata.normalize(form, sign.lower())):
                assert len(text.encode()) <= most_tokens(sign)
