"""UF-P-4: simulated users who each rank answers by one of four attributes, and disagree.

Read as AlignX ships it (one .json file per attribute), or built from UltraFeedback in the manner of VPL. Building is
ours where the released files do not say how: one pair per prompt, drawn from the pairs on which two attributes want
different answers; a tie under a user's attribute is left out instead of broken by chance; a user shows four pairs and
is asked about four others, all of different prompts; which prompts are for testing is a property of their text, so
that people of different splits share none, whatever the seed.

Keys of UltraFeedback, JSON lines: `instruction`, `completions`: [`response`, `annotations`: {attribute: {`Rating`}}],
a rating being a number, also as text; anything else (`N/A`) is none.

Rows of the published files are their rows. UltraFeedback offers four rows a line, one choice per attribute. Source:
UltraFeedback, arXiv:2310.01377; VPL, arXiv:2408.10075; AlignX, arXiv:2503.15463.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from penchant.errors import DataError, RecordError
from penchant.eval.tasks.base import (
    TEST,
    Built,
    Task,
    built,
    listing,
    placed,
    provenance,
    published_files,
    read_published,
    require_keys,
)
from penchant.persona import Comparison, Persona
from penchant.record import Record
from penchant.shards.fields import Content, items, mapping, text
from penchant.shards.source import json_lines
from penchant.space import PreferenceSpace

ATTRIBUTES = ("helpfulness", "honesty", "instruction_following", "truthfulness")
SHOWN, ASKED = 4, 4
"""Pairs that a user shows, and is asked about."""
TEST_SHARE = 5
"""One prompt in so many is for testing."""
_UNRATED = "answer: it has not all four ratings"


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two answers to one prompt."""

    prompt: str
    answers: tuple[str, str]
    signs: tuple[int, ...]
    """Per attribute: 1 where the first is rated higher, -1 where the second is, 0 for a tie."""

    def chosen(self, attribute: int) -> Comparison:
        """What somebody who goes by this attribute prefers; there is no tie under it."""
        first, second = self.answers if self.signs[attribute] > 0 else reversed(self.answers)
        return Comparison(self.prompt, first, second)


def load(path: Path, space: PreferenceSpace, seed: int) -> Built:
    """The published files, or records built from UltraFeedback: a .jsonl file, or a folder of them.

    Raises:
        DataError: neither of them there, another layout, or no record.
    """
    if path.is_dir() and not any((path / name).is_file() for name in TASK.published):
        sources = sorted(path.glob("*.jsonl"))
        if not sources:
            names = ", ".join(TASK.published)
            raise DataError(f"{path}: has none of {names} and no .jsonl file of UltraFeedback; it has: {listing(path)}")
        return build(path, sources, seed)
    if path.suffix == ".jsonl":
        return build(path, [path], seed)
    return read_published(TASK, path, published_files(path, TASK.published), space)


def build(path: Path, sources: Sequence[Path], seed: int) -> Built:
    """Users of UltraFeedback, in splits `train` and `test`.

    Args:
        path: what was asked for, for messages.
        seed: decides which pair of a prompt is taken, and who is asked about what.
    """
    dropped: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    pairs = list(_pairs(sources, seed, dropped, lost))
    records: list[Record] = []
    for split in ("train", TEST):
        here = [pair for pair in pairs if split_of(pair.prompt) == split]
        for place, attribute in enumerate(ATTRIBUTES):
            told = [pair for pair in here if pair.signs[place]]
            dropped[f"a tie under {attribute}"] += len(here) - len(told)
            random.Random(f"uf_p4:{seed}:{split}:{attribute}").shuffle(told)
            people = len(told) // (SHOWN + ASKED)
            dropped["shown as evidence"] += people * SHOWN
            dropped["left over: too few for one more user"] += len(told) % (SHOWN + ASKED)
            for person in range(people):
                block = told[person * (SHOWN + ASKED) :][: SHOWN + ASKED]
                records += _person(f"{attribute}-{split}-{person:05d}", attribute, split, block)
    return built(path, records, +dropped, +lost)


def split_of(prompt: str) -> str:
    """The split of every user who sees a prompt, a property of its text alone."""
    return "train" if int(hashlib.sha256(prompt.encode()).hexdigest(), 16) % TEST_SHARE else TEST


def _person(user_id: str, attribute: str, split: str, block: Sequence[_Pair]) -> Iterator[Record]:
    choices = [pair.chosen(ATTRIBUTES.index(attribute)) for pair in block]
    persona = Persona(tuple(choices[:SHOWN]))
    where = provenance(TASK, attribute, licence="MIT", source="UltraFeedback, arXiv:2310.01377")
    for number, asked in enumerate(choices[SHOWN:]):
        yield Record(
            record_id=f"{user_id}-{number}",
            user_id=user_id,
            prompt=asked.prompt,
            chosen=asked.chosen,
            rejected=asked.rejected,
            persona=persona,
            split=split,
            provenance=where,
        )


def _pairs(sources: Sequence[Path], seed: int, dropped: Counter[str], lost: Counter[str]) -> Iterator[_Pair]:
    """One pair per prompt; a line without one is counted under `dropped`, once per attribute."""
    seen: set[str] = set()
    for path in sources:
        for row in json_lines(path):
            try:
                with placed(path, row):
                    _require_layout(row.content, first=not (seen or dropped))
                    pair, unrated = _pair(row.content, seed)
                if pair.prompt in seen:
                    raise RecordError("a line before it has the same instruction")
            except RecordError as error:
                dropped[str(error)] += len(ATTRIBUTES)
                continue
            lost[_UNRATED] += unrated
            seen.add(pair.prompt)
            yield pair


def _pair(content: Content, seed: int) -> tuple[_Pair, int]:
    """A pair that two attributes order differently, and how many answers were left out for want of a rating."""
    prompt = text(content, "instruction").strip()
    completions = items(content, "completions")
    rated = [(text(c, "response"), r) for c in completions if (r := _ratings(c)) is not None]
    if len(rated) < 2:
        raise RecordError("fewer than two answers have all four ratings")
    pairs = []
    for (one, ratings), (other, others) in combinations(rated, 2):
        signs = tuple((a > b) - (a < b) for a, b in zip(ratings, others, strict=True))
        if {1, -1} <= set(signs) and one.strip() != other.strip():
            pairs.append(_Pair(prompt, (one, other), signs))
    if not pairs:
        raise RecordError("no two answers that the attributes order differently")
    return random.Random(f"uf_p4:{seed}:{prompt}").choice(pairs), len(completions) - len(rated)


def _ratings(completion: Content) -> tuple[float, ...] | None:
    """The ratings in the order of ATTRIBUTES; None when one is missing or no number."""
    annotations = mapping(completion, "annotations") or {}
    found = [_number((mapping(annotations, attribute) or {}).get("Rating")) for attribute in ATTRIBUTES]
    ratings = tuple(value for value in found if value is not None)
    return ratings if len(ratings) == len(ATTRIBUTES) else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _require_layout(content: Content, *, first: bool) -> None:
    """Raises DataError at the first key that a line lacks; how annotations look is told by the first line."""
    require_keys(content, ("instruction", "completions"), what="a line of UltraFeedback")
    for completion in items(content, "completions"):
        require_keys(completion, ("response", "annotations"), what="an answer of UltraFeedback")
        if first:
            annotations: Content = mapping(completion, "annotations") or {}
            require_keys(annotations, ATTRIBUTES, what="the annotations of UltraFeedback")


TASK = Task(
    name="uf_p4",
    what="Users who each rank by helpfulness, honesty, instruction following or truthfulness, with four choices shown.",
    source="JinaLeejnl/AlignX, benchmark/UF-P-4, or built from openbmb/UltraFeedback; arXiv:2503.15463",
    licence="published files: none stated, pass nothing on; built from UltraFeedback: MIT",
    metric="alignment accuracy, the mean of the four attributes, intervals over prompts; built: over users",
    personas="pair",
    published=tuple(f"{attribute}.json" for attribute in ATTRIBUTES),
    simulated=True,
    load=load,
)
