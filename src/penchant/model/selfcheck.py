"""Whether a model's numbers through trees are those of plain sequences: it is tried, once, and remembered.

No list of architectures decides. Before a model is scored or trained through trees, two people with two tasks of two
answers each go both ways (`model.passes`): values, and a gradient where it learns. When conversations get longer than
what was tried, a long tree beside a short one is tried at the next power of two, because windows and some rotary
scalings only show at their length. A model that differs by more than the bound, or that cannot be routed, is computed
one sequence at a time from that length on, after one warning.

A result is remembered for the life of the process. For an unchanged model folder or Hub revision it is also kept in the
user's cache folder, under a digest of everything that decides it.

The bounds, in nats of root mean square over answer tokens, lie between two kinds of error that are far apart. In
float32, models whose trees are exact differ from plain sequences by the rounding of sums in another order: 1e-7 to 9e-7
over 53 tiny random models, and 6e-6 for smollm2. Of those that mix tokens elsewhere, none differs by less than 0.026.
In half precision, one rounding of a logit near 20 is 0.06 nats, and a model differs from itself in another batch by as
much.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import torch
import transformers
from torch import Tensor

from penchant.model.load import positions_of
from penchant.model.passes import FAULTS, base_of, in_sequences, through_trees
from penchant.model.tree import Branch, Forest, collate, pack
from penchant.user_cache import user_cache

_SHORT = 32
"""Tokens of the longest conversation of the first check."""
_BOUND = {torch.float64: 1e-3, torch.float32: 1e-3}
_HALF_BOUND = 0.25
"""Root mean square over answer tokens, nats; see above. A gradient may differ by as much, relative to its norm."""
_KEPT = 200
"""Results in the user's cache folder, at most; the oldest go first."""


@dataclass(slots=True)
class Finding:
    """What is known of one model, on one kind of device and in one precision."""

    sound: int = 0
    """Trees are right for conversations of up to this many tokens."""
    learns: bool = False
    """Whether a gradient was compared too."""
    unsound: int | None = None
    """Trees are wrong for conversations of this many tokens or more; None: no such length is known."""
    reason: str = ""
    """Why they are wrong."""


_FINDINGS: WeakKeyDictionary[Any, dict[str, Finding]] = WeakKeyDictionary()
_WARNED: set[tuple[str, str]] = set()


def sound(model: Any, longest: int, *, learning: bool = False) -> bool:
    """Whether a forest may go through trees; tries the model where this is not known yet.

    Args:
        model: a transformers causal language model, with or without adapters.
        longest: tokens of the forest's longest prompt with its longest answer.
        learning: whether gradients are wanted. Gradients are not checked for sharded weights, because their hooks run
            backward passes in one order only.
    """
    device = next(model.parameters()).device.type
    place = f"{device} {_dtype(model)}"
    findings = _FINDINGS.setdefault(model, {})
    window = _window(model)
    if window is not None and window < longest:
        warn(model, f"a conversation is longer than its attention window of {window} tokens")
        return False
    finding = findings.get(place)
    if finding is None:
        finding = findings[place] = _recall(model, device) or Finding()
    if finding.unsound is None or longest < finding.unsound:
        low, high = _rung(longest, [window, positions_of(base_of(model).config)])
        if (learning and not finding.learns) or finding.sound == 0:
            _try(model, finding, 0, _SHORT, learning=learning)
        if finding.unsound is None and longest > finding.sound:
            _try(model, finding, low, high, learning=False)
    if finding.unsound is not None and longest >= finding.unsound:
        warn(model, finding.reason)
        return False
    return True


def warn(model: Any, reason: str) -> None:
    """One warning per class of models and reason. Reasons that differ only in numbers count as one."""
    name = type(base_of(model)).__name__
    key = name, "".join(letter for letter in reason if not letter.isdigit())
    if key not in _WARNED:
        _WARNED.add(key)
        warnings.warn(
            f"{name} is computed one sequence at a time, which is right but slower than trees: {reason}", stacklevel=3
        )


def _try(model: Any, finding: Finding, low: int, high: int, *, learning: bool) -> None:
    """Tries conversations of `high` tokens; the result holds from `low` on."""
    reason = _difference(model, high, learning=learning)
    if reason:
        finding.unsound, finding.reason = max(low, finding.sound) + 1, reason
        if high == _SHORT:
            finding.sound, finding.unsound = 0, 0
    else:
        finding.sound = max(high, finding.sound)
        finding.learns = finding.learns or learning
    _keep(model, finding)


def _difference(model: Any, tokens: int, *, learning: bool) -> str:
    """How trees differ from plain sequences in a small forest, as a reason; empty if they do not."""
    # some models have embeddings that are no tokens
    size = min(int(base_of(model).get_input_embeddings().weight.shape[0]), _text(model).vocab_size)
    device = next(model.parameters()).device
    forest = _probe(tokens, size).to(device)
    # one answer per task, as every sequence reads all weights; the answers beside it are those that it must not hear
    answers = (1, 2, 5, 6) if tokens == _SHORT else (1, 2)
    chosen = torch.isin(forest.answer_A, torch.tensor(answers, device=device))
    weights = _weights(model) if learning else []
    bound = _BOUND.get(_dtype(model), _HALF_BOUND)
    with _calm(model), torch.autocast(device.type, enabled=False), torch.set_grad_enabled(bool(weights)):
        plain = in_sequences(model, forest, answers=answers)
        expected = _gradient(plain, weights)
        try:
            trees = through_trees(model, forest)[chosen]
            gradient = _gradient(trees, weights)
        except FAULTS as error:
            return str(error).partition("\n")[0] or type(error).__name__
    off = float((trees - plain).detach().double().square().mean().sqrt())
    if not off <= bound:  # also where it is not a number
        return f"through trees, its answers differ by {off:.2g} nats a token (more than {bound:g})"
    for one, other in zip(gradient, expected, strict=True):
        off = float((one - other).norm()) / max(float(other.norm()), 1e-12)
        if not off <= bound and float((one - other).norm()) > 1e-6:
            return f"through trees, a gradient differs by {off:.2g} of its norm (more than {bound:g})"
    return ""


def _probe(tokens: int, vocabulary: int) -> Forest:
    """A short person, then one whose longest conversation has `tokens` tokens; no special tokens, where that is known.

    Tokenizers have their special tokens at either end of the vocabulary.
    """
    generator = torch.Generator().manual_seed(tokens)
    low = vocabulary // 4

    def draw(count: int) -> tuple[int, ...]:
        return tuple(torch.randint(low, max(vocabulary // 2, low + 1), (count,), generator=generator).tolist())

    short, long = draw(5), draw(tokens - 9)
    if tokens == _SHORT:
        people = [
            [Branch(short + draw(2), (draw(3), draw(1))), Branch(short + draw(4), (draw(2), draw(4)))],
            [Branch(long + draw(3), (draw(4), draw(6))), Branch(long + draw(1), (draw(1), draw(3)))],
        ]
    else:
        people = [[Branch(short + draw(2), (draw(3), draw(1)))], [Branch(long + draw(3), (draw(4), draw(6)))]]
    return collate([pack(person) for person in people])


@contextmanager
def _calm(model: Any) -> Iterator[None]:
    """In this context nothing of the model is drawn at random; each part is then put back as it was."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


def _weights(model: Any) -> list[Tensor]:
    """The first two weights that learn: an adapter's first matrix gets no gradient as long as its second one is 0."""
    return [weight for weight in model.parameters() if weight.requires_grad][:2]


def _gradient(logprobs_A: Tensor, weights: list[Tensor]) -> list[Tensor]:
    if not weights:
        return []
    pulls = torch.linspace(-1, 2, len(logprobs_A), device=logprobs_A.device).to(logprobs_A.dtype)
    grads = torch.autograd.grad((pulls * logprobs_A).sum(), weights, allow_unused=True)
    return [torch.zeros_like(w) if g is None else g for w, g in zip(weights, grads, strict=True)]


def _rung(longest: int, limits: list[int | None]) -> tuple[int, int]:
    """(less, at most) tokens of the conversations that one try stands for: powers of two, cut at the model's limits."""
    high = max(_SHORT, 1 << (longest - 1).bit_length())
    low = high // 2 if high > _SHORT else 0
    for limit in limits:
        if limit is not None and low < limit < high:
            low, high = (limit, high) if limit < longest else (low, limit)
    return low, high


def _window(model: Any) -> int | None:
    """The attention window of a model's text layers, if any of them has one."""
    text = _text(model)
    window, kinds = getattr(text, "sliding_window", None), getattr(text, "layer_types", None)
    slides = kinds is None or "sliding_attention" in kinds
    return int(window) if window is not None and slides else None


def _text(model: Any) -> Any:
    """The configuration of a model's text part: itself, or a part of it in a wrapper that also sees."""
    return base_of(model).config.get_text_config()


def _dtype(model: Any) -> torch.dtype:
    dtype: torch.dtype = next(model.parameters()).dtype
    return dtype


def _cache_file() -> Path:
    return user_cache() / "trees.json"


def _recall(model: Any, device: str) -> Finding | None:
    """What an earlier process found of the same weights."""
    key = _key(model, device)
    try:
        return None if key is None else Finding(**_kept()[key])
    except (KeyError, TypeError):
        return None


def _kept() -> dict[str, Any]:
    """All results that are kept; a file that cannot be read holds none."""
    try:
        content = json.loads(_cache_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _keep(model: Any, finding: Finding) -> None:
    key = _key(model, next(model.parameters()).device.type)
    if key is None:
        return
    kept = {name: value for name, value in _kept().items() if name != key}
    kept[key] = asdict(finding)
    file = _cache_file()
    temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(dict(list(kept.items())[-_KEPT:]), indent=1), encoding="utf-8")
        temporary.replace(file)  # another process never reads half a file
    except OSError as error:  # a home that cannot be written to costs a check per process
        warnings.warn(f"the self-check's result is not kept: {error}", stacklevel=2)


def _key(model: Any, device: str) -> str | None:
    """Digest of what decides a result; None for a model that comes from no file, or that has adapters.

    Weights are known by their files' names, sizes and times: hashing 540 MB takes as long as the check itself.
    """
    source = str(getattr(model.config, "_name_or_path", "") or "")
    revision = getattr(model.config, "_commit_hash", None)
    files = sorted(Path(source).glob("*.safetensors")) if source else []
    if model is not base_of(model) or not (files or revision):
        return None
    stats = [[file.name, file.stat().st_size, file.stat().st_mtime_ns] for file in files]
    settings = model.config.to_json_string(use_diff=False)
    software = [torch.__version__, transformers.__version__, hashlib.sha256(_sources()).hexdigest()]
    content = [type(model).__qualname__, str(_dtype(model)), device, source, revision, stats, settings, software]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:24]


def _sources() -> bytes:
    """The code that a result is about: this folder's parts of the two passes."""
    names = ("attention.py", "head.py", "passes.py", "selfcheck.py", "tree.py")
    return b"".join((Path(__file__).parent / name).read_bytes() for name in names)
