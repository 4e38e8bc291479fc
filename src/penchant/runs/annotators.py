"""Opens an annotator from a folder or a recipe, and applies it to evidence.

An annotator reads directions (which preferences an item expresses) from evidence. penchant's own annotator of ordinary
English reads where no annotator is named and the data states no directions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from penchant.config import is_recipe
from penchant.errors import ModelError
from penchant.persona import Evidence
from penchant.record import Record
from penchant.reporter import QUIET, Reporter
from penchant.runs.quiet import quiet_libraries
from penchant.space import PreferenceSpace

if TYPE_CHECKING:
    from penchant.infer.base import Annotator, Reason


ENGLISH: Final = "english"
"""Names the annotator that reads where none is named."""
OWN: Final = {ENGLISH: "english", "english-large": "english_large"}
"""Name of each of penchant's own annotators -> its folder; the second one needs all-mpnet-base-v2 and finds more."""


@dataclass(frozen=True, slots=True)
class Inferred:
    """What an annotator reads from items of evidence."""

    items: Mapping[Evidence, Evidence]
    """Each item -> the same item with the direction that was read."""
    set_aside: Mapping[Evidence, Reason] = field(default_factory=dict)
    """Item, before reading -> why the annotator discounts it. Items that were read in full are missing."""
    caution: str | None = None
    """The annotator's warning about the quality of its readings."""


def open_annotator(source: str | Path, space: PreferenceSpace, *, reporter: Reporter = QUIET) -> Annotator:
    """A fitted annotator with the encoder that it was fitted over, or the language model of a recipe.

    Args:
        source: a name of `OWN`, the folder of an annotator, the name of a shipped recipe, or the path of a YAML file.
        space: the dimensions to read; others than those of the fit are read from their phrases.
    Raises:
        ModelError: the folder holds no annotator, or a broken one.
        ConfigError: the recipe cannot be used.
    """
    if is_language_model(source):
        from penchant.runs.language_models import language_annotator

        return language_annotator(source, space, reporter=reporter)
    from penchant.encoder import open_encoder
    from penchant.encoder.low_rank import UPDATE
    from penchant.infer.fitted import EncoderAnnotator, encoder_of, space_of

    folder = folder_of(source)
    if not folder.exists():
        raise ModelError(f"no annotator {source}; give a folder, a recipe, {' or '.join(OWN)}")
    fitted = space_of(folder)
    if fitted != space.name:
        reporter.note(
            f"{folder} was fitted on space '{fitted}'; the dimensions of '{space.name}' are read from their phrases"
        )
    with quiet_libraries():
        encoder = open_encoder(encoder_of(folder), folder / UPDATE)
    return EncoderAnnotator.load(folder, encoder, space)


def is_language_model(source: str | Path) -> bool:
    """Whether a source is the recipe of a language model; `english` is also a recipe, for training."""
    return str(source) not in OWN and is_recipe(source)


def folder_of(source: str | Path) -> Path:
    """The folder of an annotator; the names of penchant's own name them, unless a folder is called so."""
    own = OWN.get(str(source))
    return Path(source) if own is None or Path(source).exists() else Path(str(files("penchant.infer") / own))


def annotator_for(
    annotator: str | Path | None, evidence: Iterable[Evidence], *, stated: bool, reporter: Reporter
) -> str | Path | None:
    """The annotator of a request; else penchant's own, if there is evidence and the data states no directions.

    Args:
        stated: whether the data states directions elsewhere, as profiles of its people.
    """
    if annotator is not None or stated:
        return annotator
    items = list(evidence)
    if not items or any(item.direction is not None for item in items):
        return None
    reporter.note(f"the data states no directions; `annotator` {ENGLISH} reads them (penchant's own, of English)")
    return ENGLISH


def read_evidence(
    annotator: str | Path | Annotator,
    items: Sequence[Evidence],
    space: PreferenceSpace,
    *,
    neutral: bool = False,
    reporter: Reporter = QUIET,
) -> Inferred:
    """What an annotator reads from some items; equal items are read once.

    Args:
        annotator: an annotator, or its source; see `open_annotator`.
        neutral: make words of gender and age neutral before reading. The returned items keep their text.
    """
    from penchant.infer.annotate import read_items

    reader = open_annotator(annotator, space, reporter=reporter) if isinstance(annotator, str | Path) else annotator
    distinct = list(dict.fromkeys(items))
    with reporter.bar(len(distinct), "reading evidence") as advance:
        read = read_items(distinct, reader, neutral=neutral, progress=advance)
    set_aside = {item: why for item, why in zip(distinct, reader.set_aside(distinct), strict=True) if why}
    report_set_aside(Counter(set_aside.values()), len(distinct), reporter=reporter)
    return Inferred(read, set_aside, reader.caution())


def inferred(
    records: Sequence[Record],
    space: PreferenceSpace,
    annotator: str | Path | Annotator,
    *,
    neutral: bool = False,
    reporter: Reporter = QUIET,
) -> Inferred:
    """What an annotator reads from the evidence of some records; notes its caution. Arguments as `read_evidence`."""
    from penchant.infer.annotate import items_of

    read = read_evidence(annotator, items_of(records), space, neutral=neutral, reporter=reporter)
    report_caution(read.caution, reporter=reporter)
    return read


def report_caution(caution: str | None, *, reporter: Reporter) -> None:
    """Notes an annotator's warning about its readings, if it has one."""
    if caution:
        reporter.note(with_care(caution))


def with_care(caution: str) -> str:
    """An annotator's warning as a line of its own."""
    return f"to be taken with care: {caution}"


def report_set_aside(counts: Mapping[Reason, int], items: int, *, reporter: Reporter) -> None:
    """Notes how many of some items the annotator discounted, by reason.

    Args:
        counts: reason -> number of items.
        items: the number of all items.
    """
    for why, count in counts.items():
        reporter.note(f"{count:,} of {items:,} items say little or nothing: {why}")
