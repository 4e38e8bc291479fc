"""Refuses old spellings of commands; one sentence says what to type now."""

from __future__ import annotations

from collections.abc import Sequence

from penchant.errors import ConfigError

_SUITES = {"infer": "beliefs", "all": "report"}
"""Old name of a question -> its name."""
_SCORERS = ("vpl", "lore", "encoder")


def refuse_old_spelling(words: Sequence[str]) -> None:
    """Refuses an old spelling.

    Args:
        words: the command line after `penchant`.
    Raises:
        ConfigError: the spelling is old; the message has the new one.
    """
    verb = words[0] if words else ""
    advice = {"eval": _evaluate, "train": _train, "crossval": _crossval, "annotator": _annotator, "infer": _infer}
    if verb in advice and "--help" not in words and (sentence := advice[verb](words[1:])) is not None:
        raise ConfigError(sentence)


def _evaluate(words: Sequence[str]) -> str | None:
    if words and not words[0].startswith("-"):
        old = _options(words) & {"--suite", "--scorer", "--reference", "--ica", "--pba", "--universal"}
        if not old:
            return None
        return f"{min(old)} is gone: give models as paths, penchant eval {words[0]} MODELS --data DATA"
    options = _options(words)
    if "--suite" in options:
        suite = _value(words, "--suite")
        name = _SUITES.get(suite, suite)
        models = "--annotator FOLDER" if name == "beliefs" else "MODELS"
        return f"--suite {suite} is a command of its own now: penchant eval {name} {models} --data DATA"
    if _value(words, "--scorer") == "encoder":
        return "--scorer encoder is a command of its own now: penchant crossval scorers --data DATA"
    if options:
        return "penchant eval asks one question per command now: penchant eval accuracy MODELS --data DATA"
    return None


def _train(words: Sequence[str]) -> str | None:
    method = _value(words, "--method")
    if method in _SCORERS:
        return f"--method {method} is a command of its own now: penchant fit {method} --data DATA --out FOLDER"
    if "--seed" in _options(words):
        return f"penchant train has no --seed: the seed is the recipe's; give --set seed={_value(words, '--seed')}"
    return None


def _crossval(words: Sequence[str]) -> str | None:
    if words and words[0].startswith("-"):
        return "penchant crossval says what it measures now: penchant crossval models --data DATA --out FOLDER"
    return None


def _annotator(_words: Sequence[str]) -> str | None:
    return "penchant annotator is now: penchant fit annotator --data DATA --out FOLDER"


def _infer(words: Sequence[str]) -> str | None:
    if "--out" not in _options(words) and words:
        return (
            "penchant infer writes records to --out; to see what is believed of people: "
            "penchant show users --data DATA --annotator FOLDER"
        )
    return None


def _options(words: Sequence[str]) -> set[str]:
    return {word.split("=")[0] for word in words if word.startswith("--")}


def _value(words: Sequence[str], option: str) -> str:
    """The value of an option, written `--option value` or `--option=value`; empty where there is none."""
    for position, word in enumerate(words):
        if word.startswith(f"{option}="):
            return word.split("=", 1)[1]
        if word == option and position + 1 < len(words):
            return words[position + 1]
    return ""
