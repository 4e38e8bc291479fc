"""Layouts that name a chosen and a rejected answer: those of TRL, and what else trainers of DPO read.

TRL's forms: texts, lists of turns, an implicit prompt (what both answers begin with); https://huggingface.co/docs/trl,
"Dataset formats". UltraFeedback repeats the prompt in its answers. HH-RLHF has transcripts (arXiv:2204.05862).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from penchant.errors import RecordError
from penchant.message import Message
from penchant.shards.fields import Content
from penchant.shards.layouts.base import Choice, Layout, Sample, Turns, listed, prompt_turns
from penchant.shards.turns import answer_of, filled, transcript, turns_of, unpacked

_SIDES = (
    ("chosen", "rejected"),
    ("preferred_output", "non_preferred_output"),
    ("chosen_response", "rejected_response"),
    ("chosen_answer", "rejected_answer"),
    ("preferred", "rejected"),
    ("preferred_response", "rejected_response"),
    ("accepted", "rejected"),
    ("winner_response", "loser_response"),
    ("chosen_conversations", "rejected_conversations"),  # torchtune
    ("response_j", "response_k"),  # stack-exchange-paired
)
_PROMPTS = (
    "prompt", "question", "instruction", "input", "query", "context", "post", "messages", "conversations", "trajectory",
    "dialogue",
)  # fmt: skip
"""Fewer than `battles` knows: without such a column, the prompt is what both answers begin with."""


_FEWEST = 2
"""Words of a common beginning that may be a prompt, at least, unless it ends as a sentence does."""
_LONG = 12
"""Characters of a value, on average, from which on a column holds texts and not letters or ids."""


def paired(sample: Sample) -> Layout | None:
    """Any file with a chosen and a rejected answer."""
    sides = next((pair for pair in _SIDES if sample.has(*pair)), None)
    if sides is None and sample.has("messages", "rejected_response"):
        fields = {"prompt": "messages", "chosen": "messages", "rejected": "rejected_response"}
        return Layout("ms-swift", fields, _answered)
    if sides is None:
        return None
    chosen, rejected = sides
    if names_columns(sample, chosen):
        return None
    fields = {"chosen": chosen, "rejected": rejected}
    if sample.has("instruction", "input") and isinstance(sample.value("instruction"), str):
        return Layout(
            "alpaca",
            {"prompt": "instruction", **fields},
            lambda row: _alpaca(row, *sides),
            also=frozenset({"input", "system", "history"}),
        )
    prompt_key = sample.first(_PROMPTS)
    if prompt_key is None:
        name = "hh-rlhf" if _is_transcript(sample.value(chosen)) else "trl implicit prompt"
        return Layout(name, fields, lambda row: _implicit(row, *sides))
    also = frozenset({"system", "messages"} & set(sample.columns))
    name = _named(sample, prompt_key, chosen)
    return Layout(name, {"prompt": prompt_key, **fields}, lambda row: _explicit(row, prompt_key, *sides), also=also)


def names_columns(sample: Sample, column: str) -> bool:
    """Whether a column holds letters or numbers that stand for other columns, in place of answers.

    Its values are short, and at least three other columns, a prompt and two answers, hold longer texts.
    """
    values = sample.values(column)
    if not values or any(isinstance(value, list | Mapping) or len(str(value).strip()) > 2 for value in values):
        return False
    others = [sample.values(name) for name in sample.columns if name != column]
    long = [some for some in others if some and sum(len(str(value)) for value in some) > _LONG * len(some)]
    return len(long) > 2


def _named(sample: Sample, prompt_key: str, chosen: str) -> str:
    """What people call the layout."""
    answer, prompt = unpacked(sample.value(chosen)), unpacked(sample.value(prompt_key))
    if chosen == "preferred_output":
        return "openai preference"
    if prompt_key == "conversations":
        return "sharegpt"
    if isinstance(prompt, str) and isinstance(answer, list):
        return "ultrafeedback"
    if prompt_key == "messages":
        return "messages"
    if _is_transcript(answer) or _is_transcript(prompt):
        return "hh-rlhf"
    return "trl conversational" if isinstance(prompt, list) or isinstance(answer, list) else "trl"


def _is_transcript(value: object) -> bool:
    return isinstance(value, str) and bool(transcript(value))


def _explicit(row: Content, prompt_key: str, chosen: str, rejected: str) -> Iterator[Choice]:
    goods, bads = _texts_only(row.get(chosen)), _texts_only(row.get(rejected))
    if goods and bads and len(goods) + len(bads) > 2:  # RewardBench 2: good answers, and several bad ones
        turns = _with_system(row, prompt_turns(turns_of(row.get(prompt_key), prompt_key), prompt_key))
        for good, bad in product(goods, bads):
            yield Choice(turns, filled(good, chosen), filled(bad, rejected))
        return
    before, good = answer_of(_alone(row.get(chosen)), chosen)
    other, bad = answer_of(_alone(row.get(rejected)), rejected)
    if before and other and before != other:
        raise RecordError(f"{chosen} and {rejected} answer different conversations")
    value = row.get(prompt_key)
    if isinstance(unpacked(value), Mapping | list) or (isinstance(value, str) and value.strip()):
        turns = turns_of(value, prompt_key)
    elif before or other:
        turns = ()
    else:
        raise RecordError(f"{prompt_key} is {'empty' if prompt_key in row else 'missing'}")
    yield Choice(with_earlier(_with_system(row, turns), before or other, prompt_key), good, bad)


def _texts_only(value: object) -> list[str]:
    """The texts of a list of texts; empty for another value."""
    value = value.tolist() if hasattr(value, "tolist") else value
    return list(value) if isinstance(value, list | tuple) and all(isinstance(text, str) for text in value) else []


def _alone(value: object) -> object:
    """The text in a list of one text; another value as it is."""
    texts = _texts_only(value)
    return texts[0] if len(texts) == 1 else value


def _answered(row: Content) -> Iterator[Choice]:
    """A conversation that ends with the chosen answer, and the rejected one beside it."""
    before, good = answer_of(row.get("messages"), "messages")
    yield Choice(
        prompt_turns(before, "messages"), good, answer_of(row.get("rejected_response"), "rejected_response")[1]
    )


def _with_system(row: Content, turns: Turns) -> Turns:
    system = row.get("system")
    if isinstance(system, str) and system.strip() and not any(turn.role == "system" for turn in turns):
        return (Message("system", system), *turns)
    return turns


def with_earlier(turns: Turns, before: Turns, prompt_key: str) -> Turns:
    """The prompt, once, where an answer may be a whole conversation.

    Such a conversation repeats the prompt, goes on from it, or holds it in other words: then its own turns count, as
    they are what was answered.

    Args:
        turns: the prompt.
        before: the turns of the conversation before its last answer; empty for a plain answer.
    """
    if not before:
        return prompt_turns(turns, prompt_key)
    before = prompt_turns(before, "the conversation before the answer")
    if not turns or before[: len(turns)] == turns:
        return before
    system = turns[:1] if turns[0].role == "system" else ()
    rest = turns[len(system) :]
    if before[: len(rest)] == rest or (len(rest) == 1 and rest[0].content.strip() == before[0].content.strip()):
        return (*system, *before)
    if before[0].role in ("assistant", "tool") or turns[-1].role == "assistant":
        return prompt_turns((*turns, *before), prompt_key)
    if before[-1].content.strip() == turns[-1].content.strip() or len(rest) <= 1:
        return before if before[0].role == "system" else (*system, *before)
    raise RecordError(f"{prompt_key} is not how the conversation before the answers begins")


def _implicit(row: Content, chosen: str, rejected: str) -> Iterator[Choice]:
    first, second = unpacked(row.get(chosen)), unpacked(row.get(rejected))
    if isinstance(first, str) and isinstance(second, str) and not (transcript(first) and transcript(second)):
        yield _common_text(first, second, chosen, rejected)
        return
    one, other = turns_of(first, chosen), turns_of(second, rejected)
    shared = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    shared = min(shared, len(one) - 1, len(other) - 1)
    if len(one) != shared + 1 or len(other) != shared + 1:
        raise RecordError(f"{chosen} and {rejected} differ before their last turn")
    if shared == 0:
        raise RecordError(f"{chosen} and {rejected} have no common beginning, so there is no prompt")
    yield Choice(
        prompt_turns(one[:shared]), answer_of(list_of(one[-1:]), chosen)[1], answer_of(list_of(other[-1:]), rejected)[1]
    )


def list_of(turns: Turns) -> list[dict[str, str]]:
    """Turns as a file has them."""
    return [{"role": turn.role, "content": turn.content} for turn in turns]


def _common_text(first: str, second: str, chosen: str, rejected: str) -> Choice:
    """The words that both texts begin with are the prompt; no word is cut."""
    shared = next(
        (i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second))
    )
    while shared and not first[shared - 1 : shared].isspace() and not _ends(first, second, shared):
        shared -= 1
    prompt, good, bad = first[:shared].rstrip(), first[shared:], second[shared:]
    if len(prompt.split()) < _FEWEST and not prompt.endswith((".", "?", "!", ":")):  # "The" is chance
        raise RecordError(f"{chosen} and {rejected} have no common beginning, so there is no prompt")
    if not good.strip() or not bad.strip():
        raise RecordError(f"one of {chosen} and {rejected} is only the beginning of the other")
    return Choice((Message("user", prompt),), good.strip(), bad.strip())


def _ends(first: str, second: str, at: int) -> bool:
    """Whether a word ends at this place in both texts."""
    return first[at : at + 1].isspace() and second[at : at + 1].isspace()


def _alpaca(row: Content, chosen: str, rejected: str) -> Iterator[Choice]:
    parts = [str(row[name]).strip() for name in ("instruction", "input") if isinstance(row.get(name), str)]
    text = "\n\n".join(part for part in parts if part)
    if not text:
        raise RecordError("instruction is empty")
    earlier: list[Message] = []
    for exchange in listed(row.get("history"), "history"):
        if isinstance(exchange, list | tuple) and len(exchange) == 2:
            earlier += [Message("user", str(exchange[0])), Message("assistant", str(exchange[1]))]
    _, good = answer_of(row.get(chosen), chosen)
    _, bad = answer_of(row.get(rejected), rejected)
    yield Choice(_with_system(row, (*earlier, Message("user", text))), good, bad)
