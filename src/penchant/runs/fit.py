"""Fits scorers and annotators on records, and saves them.

A folder holds one scorer or annotator; `overwrite` replaces it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.encoder import SENTENCE, open_encoder
from penchant.errors import ConfigError
from penchant.record import Record
from penchant.reporter import QUIET, Reporter
from penchant.runs.data import Data, as_data, read, space_for
from penchant.runs.quiet import quiet_libraries
from penchant.runs.scorers import believer_of, embedded, scorer_card, scorer_cards
from penchant.space import PreferenceSpace, load_space

ENGLISH = Path("english")
"""Names penchant's own sentences of ordinary English in place of data."""

if TYPE_CHECKING:
    from penchant.encoder.base import Encoder
    from penchant.fit.tuning import Taught
    from penchant.infer.heldout import HeldOut
    from penchant.infer.labelled import Labelled
    from penchant.scorer.encoder.texts import Texts


def fit_encoder(
    *,
    data: Path | Data,
    out: Path,
    annotator: str | Path | None = None,
    cache: Path | None = None,
    space: str | None = None,
    rejected: Path | None = None,
    overwrite: bool = False,
    reporter: Reporter = QUIET,
) -> dict[str, object]:
    """Fits the encoder scorer, each record with all evidence of its person, and saves it; returns what was fitted.

    Args:
        annotator: reads directions, which the scorer then weighs too; a folder or a recipe.
        cache: folder that keeps embeddings for whatever is fitted on the same records later.
        rejected: receives the rows left out.
    Raises:
        ConfigError: `out` holds a model, or a scorer that is not to be replaced.
        TrainingError: the records cannot be fitted on.
    """
    from penchant.fit.encoder import fit_parts

    _refuse_taken(out, overwrite=overwrite)
    data_space = space_for(data, space)
    believer = believer_of(annotator, data_space, reporter=reporter)
    records = read(data, data_space, rejected=rejected, reporter=reporter)
    encoder, texts = _embedded(records, cache, reporter)
    summary = _summary("encoder", out, encoder, records, reporter)
    personas = [record.persona for record in records]
    scorer = fit_parts(records, personas, encoder, texts, parts=("both",), believer=believer)["both"]
    _remove_scorer(out)
    scorer.save(out)
    return summary


def fit_baseline(
    *,
    name: str,
    data: Path | Data,
    out: Path,
    seed: int = 0,
    cache: Path | None = None,
    space: str | None = None,
    rejected: Path | None = None,
    overwrite: bool = False,
    reporter: Reporter = QUIET,
) -> dict[str, object]:
    """Fits a baseline from the literature and saves it; the rest is as in `fit_encoder`.

    Args:
        name: one of `fit.BASELINES`: vpl or lore.
        seed: seed of the weights and of the choice of people held out.
    Raises:
        ConfigError: an unknown name; or as in `fit_encoder`.
        TrainingError: the records cannot be fitted on.
    """
    from penchant.fit import BASELINES

    if name not in BASELINES:
        raise ConfigError(f"`name` {name}: choose from {', '.join(BASELINES)}")
    _refuse_taken(out, overwrite=overwrite)
    records = read(data, space_for(data, space), rejected=rejected, reporter=reporter)
    encoder, texts = _embedded(records, cache, reporter)
    summary = _summary(name, out, encoder, records, reporter)
    fitted = BASELINES[name].fit(records, [record.persona for record in records], texts, seed)
    _remove_scorer(out)
    fitted.save(out, encoder=encoder.name)
    return {**summary, "fit": fitted.remark}


@dataclass(frozen=True, slots=True)
class AnnotatorFit:
    """An annotator that was fitted and saved, and how well it reads."""

    counts: dict[str, object]
    """Folder, encoder, space, items, people and temperature."""
    held_out: HeldOut | None
    """Figures over people it was not fitted on; None with fewer than twenty, or where their evidence says nothing."""
    new_words: HeldOut | None
    """Figures over words that a first fit did not see; None where too few words are rare."""


def fit_annotator(
    *,
    data: Path | Data,
    out: Path,
    encoder: str = SENTENCE,
    steps: int = 2000,
    tune: bool = False,
    epochs: float = 3.0,
    teacher: str | Path | None = None,
    texts: Path | None = None,
    seed: int = 0,
    space: str | None = None,
    rejected: Path | None = None,
    overwrite: bool = False,
    reporter: Reporter = QUIET,
) -> AnnotatorFit:
    """Fits an annotator on evidence that carries directions, and saves it.

    A tenth of the people is held out, as are some words of a first fit. The held-out people are split in two; each half
    is measured with confidence calibrated on the other.

    Args:
        encoder: `sentence`, or the folder or Hub id of a language model.
        data: records with annotated evidence, or `english`: penchant's own sentences (`fit.sentences`).
        steps: steps of 128 items.
        tune: tune the encoder too, see `fit.tuning`; `steps` are not used then.
        epochs: passes over the items in tuning.
        teacher: an annotator whose readings of `texts` are learned too, in tuning.
        texts: a Parquet file with a column `text`, see `shards.texts`; the texts need no labels.
        seed: seed of the weights, the batches and the choice of people held out.
    Raises:
        ConfigError: `out` holds an annotator that is not to be replaced, or no evidence carries directions; a teacher
            without texts or without `tune`, or texts without a teacher.
        DataError: the texts cannot be read.
        TrainingError: too few people to fit on.
    """
    from penchant.fit.annotator import fit_annotator as fit
    from penchant.fit.tuned import tune_annotator
    from penchant.fit.tuning import Tuning, steps_of
    from penchant.infer.fitted import CARD
    from penchant.infer.pieces import parts

    if (out / CARD).exists() and not overwrite:
        raise ConfigError(f"{out / CARD} exists already; give another `out`, or set `overwrite`")
    if (teacher is None) != (texts is None) or (teacher is not None and not tune):
        raise ConfigError("a teacher reads `texts` for `tune`; give `tune`, `teacher` and `texts` together")
    items, data_space = _labelled(data, space, rejected, reporter)
    with quiet_libraries():
        opened = open_encoder(encoder)
    taught = None if teacher is None or texts is None else _taught(teacher, texts, data_space, reporter)
    tuning = Tuning(epochs=epochs) if tune else None
    clauses = len({text for one in items for part in parts(one.item, by_sentence=tune) for text in part})
    with (
        reporter.bar(clauses, "embedding clauses", later=tune) as embedding,
        reporter.bar(
            2 * steps if tuning is None else steps_of(len(items) + (len(taught.items) if taught else 0), tuning),
            "fitting twice" if tuning is None else "tuning",
            later=True,
        ) as fitting,
    ):
        if tuning is None:
            annotator = fit(items, opened, data_space, steps=steps, seed=seed, embedding=embedding, progress=fitting)
        else:
            annotator = tune_annotator(
                items, opened, data_space, tuning, seed=seed, taught=taught, embedding=embedding, progress=fitting
            )
    annotator.save(out)
    counts: dict[str, object] = {"annotator": str(out), "encoder": opened.name, "space": data_space.name}
    counts |= {"items": len(items), "people": len({one.person for one in items})}
    counts |= {"taught": len(taught.items)} if taught else {}
    counts |= {"temperature": round(annotator.doubt.temperature, 4)}
    return AnnotatorFit(counts, annotator.held_out, annotator.new_words)


def _labelled(
    data: Path | Data, space: str | None, rejected: Path | None, reporter: Reporter
) -> tuple[list[Labelled], PreferenceSpace]:
    """The annotated evidence of some records, or penchant's own sentences; and their space."""
    from penchant.fit.sentences import shipped
    from penchant.infer.labelled import labelled

    if as_data(data).path == ENGLISH and not ENGLISH.exists():
        data_space = load_space() if space is None else load_space(space)
        return [sentence.labelled(data_space) for sentence in shipped()], data_space
    data_space = space_for(data, space)
    items = labelled(read(data, data_space, rejected=rejected, reporter=reporter))
    if not items:
        raise ConfigError(f"{data} has no evidence with directions; an annotator is fitted on annotated evidence")
    return items, data_space


def _taught(teacher: str | Path, texts: Path, space: PreferenceSpace, reporter: Reporter) -> Taught:
    """The distinct texts of a file, and what a teacher reads in them."""
    from penchant.fit.tuning import Taught
    from penchant.persona import Comment
    from penchant.runs.annotators import open_annotator
    from penchant.shards.texts import read_texts

    documents = read_texts(texts, split="train")
    items = [Comment("", text) for text in dict.fromkeys(documents.texts)]
    reader = open_annotator(teacher, space, reporter=reporter)
    with reporter.bar(len(items), "reading texts") as advance:
        return Taught(items, reader.annotate(items, progress=advance), documents.credits)


def refuse_scorer(out: Path) -> None:
    """Checks that a model may be written to a folder.

    Raises:
        ConfigError: the folder holds a scorer.
    """
    if (card := scorer_card(out)) is not None:
        raise ConfigError(f"{card} belongs to a scorer, and a folder holds one thing; give another `out`")


def _refuse_taken(out: Path, *, overwrite: bool) -> None:
    from penchant.model.card import finished

    if (weights := finished(out)) is not None:
        raise ConfigError(f"{weights} belongs to a model, and a folder holds one thing; give another `out`")
    if (card := scorer_card(out)) is not None and not overwrite:
        raise ConfigError(f"{card} belongs to a finished scorer; give another `out`, or set `overwrite`")


def _embedded(records: list[Record], cache: Path | None, reporter: Reporter) -> tuple[Encoder, Texts]:
    """The sentence encoder, and a table of every text of the records."""
    from penchant.encoder.cached import CachedEncoder
    from penchant.encoder.sentence import load_encoder

    encoder = load_encoder() if cache is None else CachedEncoder(load_encoder(), cache)
    return encoder, embedded(records, [record.persona for record in records], encoder, reporter=reporter)


def _summary(name: str, out: Path, encoder: Encoder, records: list[Record], reporter: Reporter) -> dict[str, object]:
    people = len({record.person_id for record in records})
    reporter.note(f"{name}: fitting on {people} people, {len(records)} records")
    return {"method": name, "scorer": str(out), "encoder": encoder.name, "people": people, "records": len(records)}


def _remove_scorer(folder: Path) -> None:
    # before anything is written: a folder holds one scorer, and a card means that its weights are complete
    for card in scorer_cards(folder):
        card.unlink(missing_ok=True)
