"""Which posts are kept: each function names the reason why a post is not, or returns None."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from penchant.build.post import Post
from penchant.build.recipe import FiltersSection
from penchant.errors import ConfigError

_DELETED = frozenset({"[deleted]", "[removed]", "deleted", "removed", "[deleted by user]"})


def deleted(post: Post) -> str | None:
    """Posts whose author or text was deleted."""
    if post.author.lower() in _DELETED:
        return "deleted author"
    return "deleted text" if post.text.strip().lower() in _DELETED else None


def by_machine(post: Post, settings: FiltersSection) -> str | None:
    """Posts by bots, as far as their name tells."""
    name = post.author.lower()
    is_bot = name.endswith(("bot", "_bot", "-bot")) or name in {bot.lower() for bot in settings.bots}
    return "bot" if is_bot else None


def unlike_prose(text: str, settings: FiltersSection) -> str | None:
    """Texts that are too short, too long, or no prose."""
    if len(text) < settings.shortest:
        return "too short"
    if len(text) > settings.longest:
        return "too long"
    letters = sum(map(str.isalpha, text)) + text.count(" ")
    return "hardly any letters" if letters < settings.letters * len(text) else None


def in_other_language(text: str, settings: FiltersSection) -> str | None:
    """Texts that are surely in another language than that of the recipe; short texts are seldom sure of any."""
    if settings.language is None:
        return None
    language, probability = _identifier().classify(text[:1000])
    return f"in language {language}" if language != settings.language and probability >= settings.sure else None


def check_language(settings: FiltersSection) -> None:
    """Raises ConfigError: the language of the recipe is none of those that are told apart."""
    known = [] if settings.language is None else [str(code) for code in _identifier().nb_classes]
    if settings.language is not None and settings.language not in known:
        raise ConfigError(f"`filters.language` {settings.language}: no such code; known are {', '.join(sorted(known))}")


@lru_cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # slow to import: only where a language is wanted

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    # the same numbers in single precision: products of half precision take three times as long
    identifier.nb_ptc = identifier.nb_ptc.astype(np.float32)
    return identifier
