"""UF-P-4: simulated users who each rank answers by one of four attributes, and therefore disagree.

The data is read as AlignX publishes it (one .json file per attribute), or built from UltraFeedback as VPL does. The
released files do not say everything about how they were built; our choices follow. Each prompt gives one pair, drawn
from the pairs that two attributes order differently. A tie under a user's attribute is left out; it is not broken by
chance. A user's persona has four pairs, and four other pairs are measured, all with different prompts. The text of a
prompt alone decides whether it belongs to the test split, so users in different splits share no prompt, whatever the
seed.

Keys of UltraFeedback, JSON lines: `instruction`, `completions`: [`response`, `annotations`: {attribute: {`Rating`}}]. A
rating is a number, or its text; anything else (`N/A`) is no rating.

The row counts refer to rows of the published files. For UltraFeedback each line counts four rows, one choice per
attribute. Source: UltraFeedback, arXiv:2310.01377; VPL, arXiv:2408.10075; AlignX, arXiv:2503.15463.
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
from penchant.message import conversation
from penchant.persona import Comparison, Persona
from penchant.record import Record
from penchant.shards.fields import Content, items, mapping, text
from penchant.shards.tables.json_files import json_lines
from penchant.space import PreferenceSpace

ATTRIBUTES = ("helpfulness", "honesty", "instruction_following", "truthfulness")
EVIDENCE, TARGETS = 4, 4
"""Pairs that a user shows, and pairs that a user is asked about."""
TEST_SHARE = 5
"""One prompt in five is for testing."""
_UNRATED = "answer: it has not all four ratings"


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two answers to one prompt."""

    prompt: str
    answers: tuple[str, str]
    signs: tuple[int, ...]
    """Per attribute: 1 if the first answer is rated higher, -1 if the second is, 0 for a tie."""

    def chosen(self, attribute: int) -> Comparison:
        """The choice of a user who ranks by this attribute; it must not be a tie."""
        first, second = self.answers if self.signs[attribute] > 0 else reversed(self.answers)
        return Comparison(self.prompt, first, second)


def load(path: Path, space: PreferenceSpace, seed: int) -> Built:
    """The published files, or records built from UltraFeedback: a .jsonl file, or a folder of them.

    Raises:
        DataError: the files are missing or have another layout, or there is no record.
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
        path: the data that the user named, for messages.
        seed: draws the pair of each prompt, and each user's prompts.
    """
    dropped: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    pairs = list(_pairs(sources, seed, dropped, lost))
    records: list[Record] = []
    for split in ("train", TEST):
        of_split = [pair for pair in pairs if split_of(pair.prompt) == split]
        for column, attribute in enumerate(ATTRIBUTES):
            decided = [pair for pair in of_split if pair.signs[column]]
            dropped[f"a tie under {attribute}"] += len(of_split) - len(decided)
            random.Random(f"uf_p4:{seed}:{split}:{attribute}").shuffle(decided)
            people = len(decided) // (EVIDENCE + TARGETS)
            dropped["shown as evidence"] += people * EVIDENCE
            dropped["left over: too few for one more user"] += len(decided) % (EVIDENCE + TARGETS)
            for person in range(people):
                block = decided[person * (EVIDENCE + TARGETS) :][: EVIDENCE + TARGETS]
                records += _person(f"{attribute}-{split}-{person:05d}", attribute, split, block)
    return built(path, records, +dropped, +lost)


def split_of(prompt: str) -> str:
    """The split of every user who sees a prompt; it follows from the prompt's text alone."""
    return "train" if int(hashlib.sha256(prompt.encode()).hexdigest(), 16) % TEST_SHARE else TEST


def _person(user_id: str, attribute: str, split: str, block: Sequence[_Pair]) -> Iterator[Record]:
    choices = [pair.chosen(ATTRIBUTES.index(attribute)) for pair in block]
    persona = Persona.of_items(choices[:EVIDENCE])
    where = provenance(TASK, attribute, licence="MIT", source="UltraFeedback, arXiv:2310.01377")
    for number, target in enumerate(choices[EVIDENCE:]):
        yield Record(
            record_id=f"{user_id}-{number}",
            user_id=user_id,
            prompt=conversation(target.prompt),
            chosen=target.chosen,
            rejected=target.rejected,
            persona=persona,
            split=split,
            provenance=where,
        )


def _pairs(sources: Sequence[Path], seed: int, dropped: Counter[str], lost: Counter[str]) -> Iterator[_Pair]:
    """One pair per prompt; a line without a pair counts in `dropped` once per attribute."""
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
    """A pair that two attributes order differently, and the number of answers without all four ratings."""
    prompt = text(content, "instruction").strip()
    completions = items(content, "completions")
    rated = [(text(c, "response"), r) for c in completions if (r := _ratings(c)) is not None]
    if len(rated) < 2:
        raise RecordError("fewer than two answers have all four ratings")
    pairs = []
    for (first, first_ratings), (second, second_ratings) in combinations(rated, 2):
        signs = tuple((a > b) - (a < b) for a, b in zip(first_ratings, second_ratings, strict=True))
        if {1, -1} <= set(signs) and first.strip() != second.strip():
            pairs.append(_Pair(prompt, (first, second), signs))
    if not pairs:
        raise RecordError("no two answers that the attributes order differently")
    return random.Random(f"uf_p4:{seed}:{prompt}").choice(pairs), len(completions) - len(rated)


def _ratings(completion: Content) -> tuple[float, ...] | None:
    """The ratings in the order of ATTRIBUTES; None when one is missing or not a number."""
    annotations = mapping(completion, "annotations") or {}
    values = [_number((mapping(annotations, attribute) or {}).get("Rating")) for attribute in ATTRIBUTES]
    ratings = tuple(value for value in values if value is not None)
    return ratings if len(ratings) == len(ATTRIBUTES) else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _require_layout(content: Content, *, first: bool) -> None:
    """Raises DataError at the first key that a line lacks; only the first line's annotations are checked."""
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
