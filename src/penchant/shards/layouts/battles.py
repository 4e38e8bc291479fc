"""Layouts with two answers and a verdict: votes between models (LMSYS), SHP, WebGPT, HelpSteer, tables of one's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from penchant.errors import DataError, RecordError
from penchant.message import Message
from penchant.shards.fields import Content
from penchant.shards.layouts.base import (
    REJECTED,
    Choice,
    Layout,
    Sample,
    Statement,
    Turns,
    bare,
    cell,
    prompt_turns,
    rejected,
)
from penchant.shards.layouts.verdicts import (
    ENDS,
    NO_VERDICT,
    TIE,
    TIED,
    Side,
    by_sign,
    decided_by,
    decided_by_flags,
    decided_by_scores,
    number_of,
    score_columns,
    verdict_column,
)
from penchant.shards.turns import answer_of, texts_of, turns_of

_STEMS = (
    "conversation", "response", "answer", "completion", "output", "reply", "text", "option", "candidate", "message",
    "output_text", "human_ref", "orig_response", "generation", "model_response", "summary", "assistant", "result",
    "content", "translation", "antwort", "reponse", "respuesta", "",
)  # fmt: skip
_PROMPTS = (
    "prompt", "question", "orig_instruction", "instruction", "history", "context", "query", "input", "post", "task",
    "user_prompt", "request", "user", "messages", "conversation", "input_text", "article", "document", "passage",
    "source", "source_text", "dialogue", "frage", "pregunta", "text",
)  # fmt: skip
_SHOWN = {"swapped", "swap", "flipped", "is_swapped", "is_flipped", "reversed", "shown_first", "first_shown"}
"""Columns that say in which order the answers were shown."""
_APART = "the two conversations differ before their last answer, so they share no prompt"
SHOWN = (
    "'{moved}' says in which order the answers were shown, so '{column}' may name a place and not an answer; if it "
    "names an answer, say so: --columns prompt=…,chosen={first},rejected={second},label={column},first=VALUE"
)


def battled(sample: Sample) -> Layout | None:
    """A file with two answers and a verdict, or a score for each.

    Raises:
        DataError: the verdicts could mean either side.
    """
    sides = sides_of(sample)
    if sides is None:
        return None
    first, second = sides
    decide: Callable[[Content], Side | None]
    columns: tuple[str, ...]
    winners = tuple(name for name in ("winner_model_a", "winner_model_b", "winner_tie") if sample.has(name))
    if len(winners) == 3:
        decide, columns, name = decided_by_flags, winners, "lmsys"
    elif (verdict := verdict_column(sample, sides)) is not None:
        decide, columns = decided_by(verdict, sample, sides), (verdict,)
        name = "lmsys" if first == "conversation_a" else "shp" if first == "human_ref_A" else "battles"
    elif first == "output_text_a" and sample.has("score"):  # LLM Comparator: above 0, A is better
        columns, name = ("score",), "llm comparator"

        def decide(row: Content) -> Side | None:
            return by_sign(row.get("score"), negative_is_first=False)

    elif (scores := score_columns(sample, sides)) is not None:
        decide, columns, name = decided_by_scores(scores), scores, "battles"
    else:
        return None
    if name == "battles" and (moved := next((sample.plain()[n] for n in _SHOWN if n in sample.plain()), None)):
        raise DataError(SHOWN.format(moved=moved, column=columns[0], first=first, second=second))
    prompt_key = None if first == "conversation_a" else prompt_column(sample)
    if prompt_key is None and not first.lower().startswith("conversation"):
        return None
    fields = {"chosen": first, "rejected": second, "label": columns[0]}
    if prompt_key is not None:
        fields = {"prompt": prompt_key, **fields}

    def read(row: Content) -> Iterator[Statement]:
        verdict = REJECTED if rejected(row) else None
        yield verdict or _decided(decide(row), *_answers(row, prompt_key, first, second))

    beside = {"input"} if prompt_key == "instruction" else set()
    return Layout(name, fields, read, also=frozenset({*columns, *TIED, *beside} & set(sample.columns)))


def prompt_column(sample: Sample) -> str | None:
    """The column that holds the prompt, in any spelling of capitals."""
    spelt = sample.plain()
    return next((spelt[name] for name in _PROMPTS if name in spelt), None)


def sides_of(sample: Sample) -> tuple[str, str] | None:
    """The columns of the two answers."""
    spelt = sample.plain()
    for stem in _STEMS:
        for one, two in ENDS:
            for pattern in ("{stem}_{end}", "{stem}{end}", "{end}_{stem}", "{stem} {end}", "{stem}-{end}"):
                pair = [pattern.format(stem=stem, end=end).strip("_- ") for end in (one, two)]
                if pair[0] in spelt and pair[1] in spelt and (stem or one in ("a", "left")):
                    columns = (spelt[pair[0]], spelt[pair[1]])
                    if all(not isinstance(sample.value(name), bool | int | float) for name in columns):
                        return columns
    if sample.has("model_a_response", "model_b_response"):
        return ("model_a_response", "model_b_response")
    return None


def siblings(sample: Sample, sides: tuple[str, str]) -> tuple[str, ...]:
    """The columns of all answers: those of the two sides, and others that are lettered or numbered on from them."""
    stem, last = bare(sides[0])[:-1], bare(sides[1])[-1:]
    ends = {name: bare(name)[-1:] for name in sample.columns if bare(name)[:-1] == stem}
    return (*sides, *sorted((name for name, end in ends.items() if end.isalnum() and end > last), key=ends.__getitem__))


def _answers(row: Content, prompt_key: str | None, first: str, second: str) -> tuple[Turns, str, str]:
    """The prompt and the two answers.

    Raises:
        RecordError: a text is missing, or two conversations differ before their last answer.
    """
    one, other = row.get(first), row.get(second)
    if prompt_key is None or (isinstance(one, list) and isinstance(other, list)):
        before, answer, another = last_answers(row, first, second)
        return prompt_turns(before, first), answer, another
    value = row.get(prompt_key)
    if prompt_key == "instruction" and isinstance(row.get("input"), str) and isinstance(value, str):
        value = "\n\n".join(part for part in (value, str(row["input"]).strip()) if part.strip())  # AlpacaFarm
    if isinstance(value, Mapping) and isinstance(value.get("full_text"), str):  # WebGPT
        value = value["full_text"]
    if (
        isinstance(value, str)
        and value[:1] == "["
        and all(isinstance(side, str) and side[:1] == "[" for side in (one, other))
    ):
        return _several_turns(row, prompt_key, first, second)
    return prompt_turns(turns_of(value, prompt_key), prompt_key), answer_of(one, first)[1], answer_of(other, second)[1]


def last_answers(row: Content, first: str, second: str) -> tuple[Turns, str, str]:
    """The turns before two answers, if they hold any, and the answers.

    Raises:
        RecordError: a text is missing, or two conversations differ before their last answer.
    """
    one, other = cell(row, first), cell(row, second)
    if number_of(row.get("turn")) == 1 and isinstance(one, list) and isinstance(other, list):
        one, other = one[:2], other[:2]  # MT-bench: the verdict is about the first turn
    (before, answer), (beside, another) = answer_of(one, first), answer_of(other, second)
    if before and beside and before != beside:
        raise RecordError(_APART)
    return before or beside, answer, another


def _several_turns(row: Content, prompt_key: str, first: str, second: str) -> tuple[Turns, str, str]:
    """Prompts and answers as lists in cells (LMSYS on Kaggle)."""
    prompts, ones, others = (texts_of(row.get(name), name) for name in (prompt_key, first, second))
    for name, texts in ((prompt_key, prompts), (first, ones), (second, others)):
        if not texts or not texts[-1].strip():
            raise RecordError(f"{name} is empty")
    if ones[:-1] != others[:-1] or not len(prompts) == len(ones) == len(others):
        raise RecordError(_APART)
    turns: list[Message] = []
    for prompt, answer in zip(prompts, ones, strict=True):
        turns += [Message("user", prompt), Message("assistant", answer)]
    return tuple(turns[:-1]), ones[-1], others[-1]


def _decided(side: Side | None, prompt: Turns, first: str, second: str) -> Statement:
    if side is None:
        return NO_VERDICT
    if side == "tie":
        return TIE
    return Choice(prompt, *((first, second) if side == "first" else (second, first)))
