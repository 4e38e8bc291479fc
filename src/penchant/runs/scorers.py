"""Opens learned scorers: reads which scorer a folder holds, opens several, and scores records with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.errors import ConfigError
from penchant.persona import Persona
from penchant.record import Record
from penchant.reporter import QUIET, Reporter
from penchant.space import PreferenceSpace

if TYPE_CHECKING:
    from penchant.encoder.base import Encoder
    from penchant.eval.bench import Bench
    from penchant.eval.score import Scored
    from penchant.scorer.base import TableScorer
    from penchant.scorer.belief import BeliefScorer
    from penchant.scorer.encoder.texts import Texts

SCORERS = ("vpl", "lore", "encoder")
"""Scorers that can be fitted; `encoder` alone reads an annotator's directions."""


def scorer_card(folder: Path) -> Path | None:
    """The card of the scorer in a folder; None where there is no scorer."""
    return next((card for card in scorer_cards(folder) if card.exists()), None)


def scorer_cards(folder: Path) -> list[Path]:
    """The cards that a folder may hold: of a baseline, and of the encoder scorer."""
    from penchant.fit.saved import CARD as BASELINE_CARD
    from penchant.scorer.encoder.scorer import CARD

    return [folder / BASELINE_CARD, folder / CARD]


def require_scorers(folders: Sequence[Path]) -> None:
    """Checks that every folder holds a scorer, before any data is read.

    Raises:
        ConfigError: a folder holds none.
    """
    for folder in folders:
        if scorer_card(folder) is None:
            fits = ", ".join(f"penchant fit {name}" for name in SCORERS)
            raise ConfigError(f"{folder} holds no scorer; make one with {fits}")


def opened(
    folders: Sequence[Path], space: PreferenceSpace, annotator: str | Path | None = None, *, reporter: Reporter = QUIET
) -> list[TableScorer]:
    """The scorers in some folders.

    Args:
        annotator: reads directions for the scorers that were fitted with one; a folder or a recipe.
    Raises:
        ConfigError: a folder without a scorer or with two, two scorers of one name, or a missing annotator.
        ModelError: an incomplete scorer, or one that was fitted over another encoder or with another annotator.
    """
    if not folders:
        return []
    from penchant.encoder.sentence import load_encoder

    require_scorers(folders)
    encoder, scorers = load_encoder(), dict[str, "TableScorer"]()
    for folder in folders:
        scorer = _load(folder, encoder, space, annotator, reporter)
        if scorer.name in scorers:
            raise ConfigError(f"{folder}: another folder holds {scorer.name} too; give one of them")
        scorers[scorer.name] = scorer
    return list(scorers.values())


def _load(
    folder: Path, encoder: Encoder, space: PreferenceSpace, annotator: str | Path | None, reporter: Reporter
) -> TableScorer:
    from penchant.fit import load_baseline
    from penchant.scorer.encoder.scorer import EncoderScorer, annotator_of

    baseline, own = (card.is_file() for card in scorer_cards(folder))
    if baseline and own:
        raise ConfigError(f"{folder} holds two scorers; fit each into a folder of its own")
    if baseline:
        return load_baseline(folder, encoder=encoder.name)
    name = annotator_of(folder)
    if name is None:
        return EncoderScorer.load(folder, encoder)
    if annotator is None:
        raise ConfigError(f"{folder}: fitted with the annotator '{name}'; name its folder with `annotator`")
    return EncoderScorer.load(folder, encoder, believer_of(annotator, space, reporter=reporter))


def believer_of(
    annotator: str | Path | None, space: PreferenceSpace, *, reporter: Reporter = QUIET
) -> BeliefScorer | None:
    """The belief scorer over an annotator, for the encoder scorer; None where no annotator is given."""
    if annotator is None:
        return None
    from penchant.runs.annotators import open_annotator
    from penchant.scorer.belief import BeliefScorer

    return BeliefScorer(open_annotator(annotator, space, reporter=reporter))


def scored(
    bench: Bench,
    records: Sequence[Record],
    personas: Sequence[str],
    scorers: Sequence[TableScorer],
    *,
    reporter: Reporter = QUIET,
) -> tuple[Scored, ...]:
    """Margins of some scorers under every condition of a bench."""
    from penchant.encoder.sentence import load_encoder
    from penchant.eval.table_scorers import scores_of

    texts = embedded(records, [record.persona for record in records], load_encoder(), reporter=reporter)
    return tuple(scores_of(bench, records, personas, scorers=scorers, texts=texts))


def embedded(
    records: Sequence[Record], personas: Sequence[Persona], encoder: Encoder, *, reporter: Reporter = QUIET
) -> Texts:
    """A table of every text of some records and of the personas shown with them."""
    from penchant.scorer.encoder.texts import Texts, texts_of

    distinct = texts_of(records, personas)
    with reporter.bar(len(distinct), "embedding texts") as advance:
        return Texts.of(distinct, encoder, progress=advance)
