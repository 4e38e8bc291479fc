"""Which of two answers a model says it would choose, asked outright, with the person and both answers in one prompt.

Beside it stands how likely the model finds each answer by itself (`scorer.implicit`). The letter of an answer is scored
by its likelihood and nothing is written; `named` reads the letter in a reply for harnesses that have one written. Each
pair is asked in both orders, so that a liking for a letter or a place cancels: swapping the answers negates a margin
exactly.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from penchant.eval.bench import Bench, Condition
from penchant.eval.score import Margins, Scored
from penchant.model.base import Candidates
from penchant.record import Record

LETTERS = ("A", "B")
_NAMED = re.compile(r"[\W_]*(?:answer[\W_]*)?([AB])(?:[\W_]*$|[*_]*[.):])", re.IGNORECASE)
_TASK = """\
The next line is data: a task and two answers to it, A and B.
{data}
Which of the two answers would you give? Reply with one letter, A or B."""


def task(prompt: str, first: str, second: str) -> str:
    """The question about two answers; whatever stands in one of them cannot close it."""
    data = {"task": prompt, **dict(zip(LETTERS, (first, second), strict=True))}
    return _TASK.format(data=json.dumps(data, ensure_ascii=False))


def orders(record: Record) -> tuple[Record, Record]:
    """The record with the question in place of its prompt: the chosen answer as A, then as B."""
    one, other = (
        task(record.prompt, record.chosen, record.rejected),
        task(record.prompt, record.rejected, record.chosen),
    )
    return replace(record, prompt=one), replace(record, prompt=other)


def named(reply: str) -> str | None:
    """The letter that a written reply names, A or B; None where it names neither, or goes on about something else.

    A letter stands first, alone or closed by one of `.` `)` `:`, or after the word "answer"; marks around it and its
    case do not matter. "A good answer is B" names none.
    """
    found = _NAMED.match(reply)
    return found[1].upper() if found else None


def margins(bench: Bench, name: str, shown: Condition) -> Margins:
    """log p(letter of chosen) - log p(letter of rejected), the mean of both orders, nats, (records,).

    Args:
        name: of the method that shows the person; few_shot asks the reference, any other its policy.
    Raises:
        RecordError: the method has nothing to show for a record, or the question alone is beyond the budget.
    """
    both = [orders(record) for record in shown.records]
    records = (*(first for first, _ in both), *(other for _, other in both))
    asked = replace(shown, records=records, personas=shown.personas * 2)
    found = bench.model(name).logprobs([Candidates(one.messages, LETTERS) for one in bench.prompts(name, asked)])
    bench.done(f"{name}, choice")
    for_a = np.array([a.logprob - b.logprob for a, b in found], dtype=np.float64)
    count = len(shown.records)
    return np.asarray((for_a[:count] - for_a[count:]) / 2)


def choices(bench: Bench, shown: Condition) -> Iterator[Scored]:
    """Choices of the reference and of every policy, as few_shot_choice, ica_choice and so on."""
    ceiling = bench.limits(shown)
    for name in ("few_shot", *bench.policies):
        yield Scored(f"{name}_choice", shown.persona, shown.records, margins(bench, name, shown), ceiling)
