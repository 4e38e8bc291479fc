"""Makes a small base model from scratch: its training text is the simulated forum or real documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from penchant.config import BaseSection, load_section
from penchant.errors import ConfigError
from penchant.reporter import QUIET, Reporter
from penchant.runs.quiet import quiet_libraries

if TYPE_CHECKING:
    from penchant.model.base import Candidates
    from penchant.model.chat import ChatTokenizer

    Batches = Iterator[tuple[list[list[Candidates]], list[list[Candidates]]]]

RECIPE = "base"
"""The shipped recipe of the base over the simulated forum."""


def base(
    *,
    out: Path,
    recipe: str | Path = RECIPE,
    texts: Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    overrides: Sequence[str] = (),
    reporter: Reporter = QUIET,
) -> list[dict[str, float]]:
    """Makes a base, saves it with tokenizer, card and curve, and returns the curve.

    Args:
        recipe: name or YAML file of a base.
        texts: Parquet with a column `text`; the documents of a recipe with `corpus: text`.
        resume: go on from the snapshot that a stopped run left in `out`; without, the snapshot is removed.
        overwrite: replace a finished base in `out`.
        overrides: `key=value`, applied to the recipe.
    Raises:
        ConfigError: settings that cannot be used, documents without a recipe for them or the other way round, or `out`
            holds a base that is not to be replaced.
        TrainingError: the loss is not a number.
    """
    settings = load_section(BaseSection, recipe, overrides)
    if (out / "SHA256SUMS").exists() and not overwrite:
        raise ConfigError(f"{out} holds a finished base; give another `out`, or set `overwrite`")
    return make_base(settings, out, recipe=recipe, texts=texts, resume=resume, reporter=reporter)


def make_base(
    settings: BaseSection,
    out: Path,
    *,
    recipe: str | Path = RECIPE,
    texts: Path | None = None,
    resume: bool = False,
    reporter: Reporter = QUIET,
) -> list[dict[str, float]]:
    """Makes a base of settings that have been read; see `base`. `recipe` is named on the card."""
    from penchant.encoder.sentence import load_encoder
    from penchant.model.card import base_card
    from penchant.train.base_model import fresh_model, save_base, train_base
    from penchant.train.snapshot import SNAPSHOT

    if (settings.corpus == "text") != (texts is not None):
        raise ConfigError(
            f"{recipe} has corpus: {settings.corpus}; `texts` belongs to corpus: text, and is needed there"
        )
    corpus = _forum(settings) if texts is None else _documents(settings, texts, reporter)
    encoder = load_encoder()
    model = fresh_model(corpus.tokenizer, settings, encoder, seed=settings.seed)
    millions = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    reporter.note(f"training a base of {millions:.2f} M parameters from scratch")
    snapshot = out / SNAPSHOT
    _begin(snapshot, resume=resume, reporter=reporter)
    with reporter.bar(settings.max_steps, "base") as advance:
        curve = train_base(
            model,
            corpus.tokenizer,
            corpus.batches,
            settings,
            snapshot=snapshot,
            progress=lambda _step, _loss: advance(1),
        )
    documents = texts.name if texts else None
    card = base_card(settings, encoder.name, curve, recipe=str(recipe), texts=documents, credits=corpus.credits)
    with quiet_libraries():
        save_base(model, corpus.tokenizer, out, curve=curve, card=card, bf16=settings.bf16)
    return curve


def _begin(snapshot: Path, *, resume: bool, reporter: Reporter) -> None:
    """Removes an older snapshot unless the run goes on from it; notes which."""
    out = snapshot.parent
    if resume:
        go_on = f"going on from the snapshot in {out}"
        reporter.note(go_on if snapshot.exists() else f"no snapshot in {out}: starting anew")
    elif snapshot.exists():
        snapshot.unlink()
        reporter.note(f"the snapshot in {out} is removed; `resume` goes on from one")


class _Corpus(NamedTuple):
    """What a base is trained on."""

    tokenizer: ChatTokenizer
    batches: Batches
    credits: tuple[str, ...] = ()
    """Sources of the documents, with licences."""


def _forum(settings: BaseSection) -> _Corpus:
    from penchant.forum.corpus import Corpus, batches, vocabulary
    from penchant.render import fixed_texts
    from penchant.space import load_space
    from penchant.train.base_model import word_tokenizer

    space = load_space(settings.space)
    corpus = Corpus.over(space, seed=settings.seed, questions=settings.questions)
    tokenizer = word_tokenizer([*fixed_texts(), *vocabulary(space)])
    return _Corpus(tokenizer, batches(corpus, couples=settings.couples, threads=settings.threads))


def _documents(settings: BaseSection, path: Path, reporter: Reporter) -> _Corpus:
    from penchant.shards.texts import read_texts
    from penchant.train.base_model import subword_tokenizer
    from penchant.train.pages import RealText, batches

    documents = read_texts(path, split="train")
    reporter.note(f"{path}: {len(documents.texts):,} documents")
    tokenizer = subword_tokenizer(documents.texts, settings.vocabulary)
    corpus = RealText.over(documents.texts, seed=settings.seed, questions=settings.questions)
    stream = batches(corpus, couples=settings.couples, threads=settings.threads, reading=settings.reading_steps)
    return _Corpus(tokenizer, stream, documents.credits)
