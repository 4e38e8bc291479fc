"""Learned scorers over the sentence encoder: fitted by `penchant train`, beside models in `eval --suite all`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.cli.data import read, space_for
from penchant.cli.output import bar, say
from penchant.errors import ConfigError
from penchant.persona import Persona
from penchant.record import Record
from penchant.space import PreferenceSpace

if TYPE_CHECKING:
    from penchant.encoder.base import Encoder
    from penchant.eval.benchmark import Bench
    from penchant.eval.score import Scored
    from penchant.scorer.base import TableScorer
    from penchant.scorer.belief import BeliefScorer
    from penchant.scorer.encoder.texts import Texts

LEARNED = ("vpl", "lore", "encoder")
OPTIONS = {"seed", "cache", "annotator"}
"""Options that only fitting one of them reads: encoder the annotator, the others the seed."""
_READ = {"data", "method", "out", "space", "rejected", "overwrite", "json", "cache"}
"""What is read for each; vpl and lore also draw by a seed."""


@dataclass(frozen=True, slots=True)
class More:
    """What fitting is told besides what, on whom and where to."""

    space: str | None = None
    rejected: Path | None = None
    seed: int = 0
    cache: Path | None = None
    """Keeps embeddings, for whatever is fitted on the same records later."""
    annotator: Path | None = None
    """Reads directions, which `encoder` then weighs too."""
    overwrite: bool = False


def fit(method: str, data: Path, out: Path, more: More) -> dict[str, object]:
    """Fits one of LEARNED on records, each beside all that it shows of its person, and saves it; says what was fitted.

    Raises:
        ConfigError: a finished one is in `out`, and it is not to be replaced.
        TrainingError: the records cannot be fitted on.
    """
    from penchant.encoder.cached import CachedEncoder
    from penchant.encoder.sentence import load_encoder
    from penchant.fit import BASELINES
    from penchant.fit.encoder import fit_parts

    _refuse_model(out)
    if (card := _card(out)) is not None and not more.overwrite:
        raise ConfigError(f"{card} is of a finished scorer; give another --out, or add --overwrite")
    where = space_for(data, more.space)
    believer = believer_of(more.annotator, where)
    records = read(data, where, rejected=more.rejected)
    personas = [record.persona for record in records]
    encoder = load_encoder() if more.cache is None else CachedEncoder(load_encoder(), more.cache)
    texts = embedded(records, personas, encoder)
    people = len({record.person_id for record in records})
    say(f"{method}: fitting on {people} people, {len(records)} records")
    told = {"method": method, "scorer": str(out), "encoder": encoder.name, "people": people, "records": len(records)}
    if method == "encoder":
        scorer = fit_parts(records, personas, encoder, texts, parts=("both",), believer=believer)["both"]
        _remove(out)
        scorer.save(out)
        return told
    fitted = BASELINES[method].fit(records, personas, texts, more.seed)
    _remove(out)
    fitted.save(out, encoder=encoder.name)
    return {**told, "fit": fitted.remark}


def refuse_scorer(out: Path) -> None:
    """Raises ConfigError where a folder holds a scorer, which no aligned model replaces."""
    if (card := _card(out)) is not None:
        raise ConfigError(f"{card} is of a scorer, beside which no model is put; give another --out")


def refuse_unread(method: str, options: Collection[str]) -> None:
    """Raises ConfigError for the first option that the fitting of one of LEARNED does not read."""
    for name in sorted(set(options) - _READ - ({"seed"} if method != "encoder" else {"annotator"})):
        flag = "set" if name == "overrides" else name.replace("_", "-")
        raise ConfigError(f"--{flag} is not read when {method} is fitted; leave it out")


def folders(text: str | None) -> tuple[Path, ...]:
    """Folders of scorers, as `--baselines` names them for `--suite all`; none where it is not given.

    Raises:
        ConfigError: none is named, or one holds no scorer.
    """
    found = tuple(Path(name.strip()) for name in (text or "").split(",") if name.strip())
    if text is not None and not found:
        raise ConfigError(f"--baselines {text}: name folders of scorers, comma-separated")
    for folder in found:
        if _card(folder) is None:
            raise ConfigError(
                f"--baselines {folder}: no scorer there; fit one by penchant train --method {', '.join(LEARNED)}"
            )
    return found


def believer_of(annotator: Path | None, space: PreferenceSpace) -> BeliefScorer | None:
    """What reads directions for the encoder scorer; None where no annotator is given."""
    if annotator is None:
        return None
    from penchant.cli.infer import load
    from penchant.scorer.belief import BeliefScorer

    opened = load(annotator, space)
    return BeliefScorer(opened, opened.prior)


def opened(saved: Sequence[Path], space: PreferenceSpace, annotator: Path | None = None) -> list[TableScorer]:
    """The scorers of some folders.

    Args:
        annotator: reads directions for those that were fitted with one.
    Raises:
        ConfigError: no scorer in one of them, two that tables would call the same, or no annotator for one.
        ModelError: one that is not complete, or was fitted over another encoder or with another annotator.
    """
    if not saved:
        return []
    from penchant.encoder.sentence import load_encoder
    from penchant.fit import load_baseline
    from penchant.scorer.encoder.scorer import EncoderScorer, annotator_of

    encoder, found = load_encoder(), dict[str, "TableScorer"]()
    for folder in saved:
        scorer: TableScorer
        baseline, own = (card.is_file() for card in _cards(folder))
        if baseline and own:
            raise ConfigError(f"--baselines {folder}: two scorers stand there; fit each into a folder of its own")
        if own:
            reads = annotator_of(folder)
            if reads is not None and annotator is None:
                raise ConfigError(
                    f"--baselines {folder}: fitted with the annotator '{reads}'; name its folder with --annotator"
                )
            scorer = EncoderScorer.load(folder, encoder, believer_of(annotator, space) if reads is not None else None)
        else:
            scorer = load_baseline(folder, encoder=encoder.name)
        if scorer.name in found:
            raise ConfigError(f"--baselines {folder}: another folder holds {scorer.name} too; give one of them")
        found[scorer.name] = scorer
    return list(found.values())


def scored(
    bench: Bench, records: Sequence[Record], personas: Sequence[str], scorers: Sequence[TableScorer]
) -> tuple[Scored, ...]:
    """Margins of some scorers wherever the models of a bench are measured."""
    from penchant.encoder.sentence import load_encoder
    from penchant.eval.beside import beside

    texts = embedded(records, [record.persona for record in records], load_encoder())
    return tuple(beside(bench, records, personas, scorers, texts))


def embedded(records: Sequence[Record], personas: Sequence[Persona], encoder: Encoder) -> Texts:
    """A table of every text of some records and of what is shown beside them."""
    from penchant.scorer.encoder.texts import Texts, texts_of

    distinct = texts_of(records, personas)
    with bar(len(distinct), "embedding texts") as advance:
        return Texts.of(distinct, encoder, progress=advance)


def _refuse_model(out: Path) -> None:
    from penchant.model.card import finished

    if (weights := finished(out)) is not None:
        raise ConfigError(f"{weights} is a model, beside which no scorer is put; give another --out")


def _cards(folder: Path) -> list[Path]:
    from penchant.fit.saved import CARD as BASELINE_CARD
    from penchant.scorer.encoder.scorer import CARD

    return [folder / name for name in (BASELINE_CARD, CARD)]


def _card(folder: Path) -> Path | None:
    return next((card for card in _cards(folder) if card.exists()), None)


def _remove(folder: Path) -> None:
    # before anything is written: a folder holds one scorer, and a card stands for whole weights
    for card in _cards(folder):
        card.unlink(missing_ok=True)
