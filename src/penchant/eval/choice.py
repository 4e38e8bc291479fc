"""Shows both answers to the model and compares the likelihood of the letters A and B.

`scorer.implicit` measures the likelihood of each answer text instead. Here no answer is generated. Some evaluation
harnesses generate a reply; `letter_in` reads the letter from a written reply. Each pair is shown in both orders, so a
preference for a letter or for the first answer cancels. Swapping the two answers negates a margin exactly.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from penchant.eval.bench import Bench, Condition, scored
from penchant.eval.score import Margins, Scored
from penchant.message import Conversation, as_value, conversation
from penchant.model.base import Candidates
from penchant.record import Record

LETTERS = ("A", "B")
_LETTER = re.compile(r"[\W_]*(?:answer[\W_]*)?([AB])(?:[\W_]*$|[*_]*[.):])", re.IGNORECASE)
_TASK = """\
The next line is data: a task and two answers to it, A and B.
{data}
Which of the two answers would you give? Reply with one letter, A or B."""


def task(prompt: Conversation, first: str, second: str) -> str:
    """The question about two answers; the text of an answer cannot end the data."""
    data = {"task": as_value(prompt), **dict(zip(LETTERS, (first, second), strict=True))}
    return _TASK.format(data=json.dumps(data, ensure_ascii=False))


def orders(record: Record) -> tuple[Record, Record]:
    """The record with the question in place of its prompt: once with the chosen answer as A, once as B."""
    chosen_first = task(record.prompt, record.chosen, record.rejected)
    rejected_first = task(record.prompt, record.rejected, record.chosen)
    return replace(record, prompt=conversation(chosen_first)), replace(record, prompt=conversation(rejected_first))


def letter_in(reply: str) -> str | None:
    """The letter that a written reply names, A or B; None where it names neither or goes on with other text.

    The letter must come first, or after the word "answer", and must end the reply or be followed by `.`, `)` or `:`.
    Case and punctuation around it do not matter. "A good answer is B" names no letter.
    """
    match = _LETTER.match(reply)
    return match[1].upper() if match else None


def margins(bench: Bench, name: str, condition: Condition) -> Margins:
    """log p(letter of chosen) - log p(letter of rejected), the mean of both orders, nats, (records,).

    Args:
        name: the method that shows the person; few_shot asks the reference, any other method asks its policy.
    Raises:
        RecordError: the method cannot show a record's evidence, or the question alone exceeds the budget.
    """
    both = [orders(record) for record in condition.records]
    records = (*(first for first, _ in both), *(second for _, second in both))
    doubled = replace(condition, records=records, personas=condition.personas * 2)
    candidates = [Candidates(prompt.messages, LETTERS) for prompt in bench.prompts(name, doubled)]
    likelihoods = bench.model(name).logprobs(candidates)
    bench.done(f"{name}, choice")
    for_a = np.array([a.logprob - b.logprob for a, b in likelihoods], dtype=np.float64)
    count = len(condition.records)
    return np.asarray((for_a[:count] - for_a[count:]) / 2)


def choices(bench: Bench, condition: Condition) -> Iterator[Scored]:
    """Choices of the reference and of every policy, as variant `choice` of few_shot, ica and so on."""
    ceiling = bench.limits(condition)
    for name in ("few_shot", *bench.policies):
        yield scored(name, condition, margins(bench, name, condition), ceiling, variant="choice", role="baseline")
