"""`penchant base`: makes the small base model that the demo starts from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli.output import bar, result, say
from penchant.cli.simulate import SetOption
from penchant.config import BaseSection, load_section
from penchant.errors import ConfigError

if TYPE_CHECKING:
    from penchant.model.base import Candidates
    from penchant.model.local import ChatTokenizer

    Batches = Iterator[tuple[list[list[Candidates]], list[list[Candidates]]]]

BASE_RECIPE = Path("recipes/base.yaml")


def command(
    recipe: Annotated[Path, typer.Option("--recipe", help="Recipe YAML of a base.")] = BASE_RECIPE,
    out: Annotated[Path, typer.Option(help="Folder for weights, tokenizer, card and curve.")] = Path(
        "models/forum-base"
    ),
    texts: Annotated[
        Path | None, typer.Option(help="Parquet with a column 'text': the documents of a recipe with corpus: text.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the snapshot in --out.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a finished base in --out.")] = False,
    overrides: SetOption = [],  # noqa: B006 - typer reads the default, nothing changes it
) -> None:
    """Trains a base language model from scratch: forum threads or real text, and pages that it is asked about."""
    settings = load_section(BaseSection, recipe, overrides)
    if (out / "SHA256SUMS").exists() and not overwrite:
        raise ConfigError(f"{out} holds a finished base; give another --out, or add --overwrite")
    run(settings, out, recipe=recipe, texts=texts, resume=resume)
    result(str(out))


def run(
    settings: BaseSection,
    out: Path,
    *,
    recipe: Path = BASE_RECIPE,
    texts: Path | None = None,
    resume: bool = False,
) -> None:
    """Makes the base and saves it; with `resume` from the snapshot that a stopped run left in `out`.

    Raises:
        ConfigError: documents without a recipe for them, or the other way round.
    """
    from penchant.encoder.sentence import load_encoder
    from penchant.model.card import base_card
    from penchant.train.base import fresh_model, save_base, train_base
    from penchant.train.snapshot import SNAPSHOT

    if (settings.corpus == "text") != (texts is not None):
        raise ConfigError(
            f"{recipe} has corpus: {settings.corpus}; --texts belongs to corpus: text, and is needed there"
        )
    tokenizer, stream, owed = _forum(settings) if texts is None else _text(settings, texts)
    encoder = load_encoder()
    model = fresh_model(tokenizer, settings, encoder, seed=settings.seed)
    say(f"training a base of {sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters from scratch")
    snapshot = out / SNAPSHOT
    if snapshot.exists() and not resume:
        snapshot.unlink()
        say(f"the snapshot in {out} is dropped; --resume goes on from one")
    elif resume:
        say(f"going on from the snapshot in {out}" if snapshot.exists() else f"no snapshot in {out}: starting anew")
    with bar(settings.max_steps, "base") as advance:
        curve = train_base(
            model, tokenizer, stream, settings, snapshot=snapshot, progress=lambda _step, _loss: advance(1)
        )
    documents = texts.name if texts else None
    card = base_card(settings, encoder.name, curve, recipe=str(recipe), texts=documents, credits=owed)
    save_base(model, tokenizer, out, curve=curve, card=card, bf16=settings.bf16)


def _forum(settings: BaseSection) -> tuple[ChatTokenizer, Batches, tuple[str, ...]]:
    from penchant.forum.corpus import Corpus, batches, vocabulary
    from penchant.render import fixed_texts
    from penchant.space import load_space
    from penchant.train.base import word_tokenizer

    space = load_space(settings.space)
    corpus = Corpus.over(space, seed=settings.seed, asked=settings.asked)
    tokenizer = word_tokenizer([*fixed_texts(), *vocabulary(space)])
    return tokenizer, batches(corpus, couples=settings.couples, threads=settings.threads), ()


def _text(settings: BaseSection, path: Path) -> tuple[ChatTokenizer, Batches, tuple[str, ...]]:
    from penchant.shards.texts import read_texts
    from penchant.train.base import subword_tokenizer
    from penchant.train.pages import RealText, batches

    read = read_texts(path, split="train")
    say(f"{path}: {len(read.texts):,} documents")
    tokenizer = subword_tokenizer(read.texts, settings.vocabulary)
    corpus = RealText.over(read.texts, seed=settings.seed, asked=settings.asked)
    stream = batches(corpus, couples=settings.couples, threads=settings.threads, reading=settings.reading_steps)
    return tokenizer, stream, read.credits
