"""What the texts of a data set give away of its people: the privacy lines of its datasheet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from penchant.encoder import SENTENCE, open_encoder
from penchant.reporter import Reporter
from penchant.runs.quiet import quiet_libraries

if TYPE_CHECKING:
    from penchant.build.stages.folder import BuildFolder

PEOPLE = 1_000
"""Most people whose texts are read."""
TEXTS = 20
"""Most texts of a person."""


def disclosures(folder: BuildFolder, reporter: Reporter) -> list[dict[str, Any]]:
    """For each attribute that the recipe names, how well it is told from what people wrote; see `audit.disclosure`.

    Raises:
        ConfigError: the table of profiles has no such column.
    """
    from penchant.audit.disclosure import disclosed
    from penchant.build.profiles import profiles_of

    section = folder.recipe.profiles
    if section is None or not section.attributes:
        return []
    attributes = {author: profile.attributes for author, profile in profiles_of(section).items()}
    written = _written(folder, attributes)
    texts = [text for theirs in written.values() for text in theirs]
    if not texts:
        return []
    with quiet_libraries():
        encoder = open_encoder(SENTENCE)
    vectors = []
    with reporter.bar(len(texts), "reading what texts give away") as advance:
        for theirs in written.values():
            mean = encoder.embed(theirs).mean(0)
            vectors.append(mean / max(1e-9, float(np.linalg.norm(mean))))
            advance(len(theirs))
    told = [
        disclosed(name, [attributes[author][name] for author in written], np.stack(vectors), seed=folder.recipe.seed)
        for name in section.attributes
    ]
    return [{**asdict(one), "disclosed": one.is_disclosed} for one in told if one is not None]


def _written(folder: BuildFolder, attributes: Mapping[str, object]) -> dict[str, list[str]]:
    """Author -> some of the texts; the people and texts that are drawn do not depend on the workers."""
    from penchant.build.draws import draw
    from penchant.build.spill import read_bucket

    written: dict[str, list[str]] = {}
    for bucket in range(folder.buckets):
        for table in read_bucket(folder.files("link", "written"), bucket):
            columns = (table.column(name).to_pylist() for name in ("person", "text"))
            for author, text in zip(*columns, strict=True):
                if author in attributes and len(theirs := written.setdefault(author, [])) < TEXTS:
                    theirs.append(text)
    drawn = sorted(written, key=lambda author: draw(folder.recipe.seed, "disclosure", author))[:PEOPLE]
    return {author: written[author] for author in drawn}
