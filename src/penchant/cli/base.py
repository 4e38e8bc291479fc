"""`penchant base`: makes the small base model that the demo starts from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.output import bar, result, say
from penchant.cli.simulate import SetOption
from penchant.config import BaseSection, load_section

BASE_RECIPE = Path("recipes/base.yaml")


def command(
    recipe: Annotated[Path, typer.Option("--recipe", help="Recipe YAML of a base.")] = BASE_RECIPE,
    out: Annotated[Path, typer.Option(help="Folder for weights, tokenizer, card and curve.")] = Path(
        "models/forum-base"
    ),
    overrides: SetOption = [],  # noqa: B006 - typer reads the default, nothing changes it
) -> None:
    """Trains a base language model from scratch: forum threads, and pages that it answers questions about."""
    run(load_section(BaseSection, recipe, overrides), out)
    result(str(out))


def run(settings: BaseSection, out: Path) -> None:
    """Makes the base and saves it."""
    from penchant.encoder.sentence import load_encoder
    from penchant.forum.corpus import Corpus, batches, vocabulary
    from penchant.model.card import base_card
    from penchant.render import fixed_texts
    from penchant.space import load_space
    from penchant.train.base import fresh_model, save_base, train_base, word_tokenizer

    space = load_space(settings.space)
    tokenizer = word_tokenizer([*fixed_texts(), *vocabulary(space)])
    encoder = load_encoder()
    model = fresh_model(tokenizer, settings, encoder, seed=settings.seed)
    say(f"training a base of {sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters from scratch")
    corpus = Corpus.over(space, seed=settings.seed, asked=settings.asked)
    stream = batches(corpus, couples=settings.couples, threads=settings.threads)
    with bar(settings.max_steps, "base") as advance:
        curve = train_base(model, tokenizer, stream, settings, progress=lambda _step, _loss: advance(1))
    save_base(model, tokenizer, out, curve=curve, card=base_card(settings, encoder.name, curve))
