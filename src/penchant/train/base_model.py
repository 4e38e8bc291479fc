"""Trains a small base language model from scratch: tokenizer, weights, and training on conversations.

It replaces an instruction-tuned model where none is available. It writes in the style of the forum, and its answers are
faithful to the text in the prompt. Its training contains no preferences of any population, and does not reward pleasing
anybody. Token embeddings start from a sentence encoder's vectors for single words, so synonyms start near each other.
There are two losses: next-token prediction on right answers, and ranking right above wrong answers to the same
question. With the second loss the model learns to use the text in the prompt several times sooner than with the first
alone (docs/lab/demo.md).
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from penchant.config import BaseSection
from penchant.encoder.base import Encoder
from penchant.errors import TrainingError
from penchant.model.base import Candidates
from penchant.model.chat import ChatTokenizer
from penchant.model.likelihood import token_logprobs
from penchant.model.tree import Branch, collate, pack
from penchant.render import MARKS
from penchant.train.loss import finite
from penchant.train.snapshot import SNAPSHOT, Progress, load_snapshot, run_key, save_snapshot

_TURNS = ["<pad>", "<unk>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]
_MARKS = list(MARKS)
"""Ordinary tokens, not special ones: special tokens are removed from every message."""
_SPECIAL = [*_TURNS, *_MARKS]
_TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}"
    "{% if message.role == 'assistant' %}<|end|>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
_SIGN = r"[^\w\s]"
"""One punctuation mark or other sign."""
_WORD = re.compile(rf"\w+|{_SIGN}")


def word_tokenizer(texts: Sequence[str]) -> ChatTokenizer:
    """One token per lower-case word or punctuation mark in `texts`; any other word is unknown."""
    words = sorted({word for text in texts for word in _WORD.findall(text.lower())})
    tokens = [*_SPECIAL, *(word for word in words if word not in _SPECIAL)]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    # a quotation may end in any mark, so a run of punctuation is no token of its own
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.Split(Regex(_SIGN), behavior="isolated")]
    )
    tokenizer.add_special_tokens(_TURNS)
    return _chat(tokenizer)


def subword_tokenizer(texts: Sequence[str], size: int) -> ChatTokenizer:
    """Byte-pair tokens learned from `texts`; every text can be written, and no token is unknown.

    Args:
        size: number of tokens in the vocabulary.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size - len(_MARKS),
        special_tokens=_TURNS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return _chat(tokenizer)


def _chat(tokenizer: Tokenizer) -> ChatTokenizer:
    tokenizer.add_tokens([AddedToken(mark, normalized=False) for mark in _MARKS])
    fast: PreTrainedTokenizerBase = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", eos_token="<|end|>", bos_token=None
    )
    fast.chat_template = _TEMPLATE
    return ChatTokenizer(fast)


def fresh_model(tokenizer: ChatTokenizer, settings: BaseSection, encoder: Encoder | None, *, seed: int) -> Any:
    """An untrained Llama with tied embeddings, of the size in the settings.

    Args:
        encoder: the embeddings of words start at its vectors, projected; None draws them at random.
    """
    torch.manual_seed(seed)
    size = len(tokenizer.tokenizer)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=size,
            hidden_size=settings.hidden_size,
            intermediate_size=settings.hidden_size * 8 // 3 // 8 * 8,
            num_hidden_layers=settings.layers,
            num_attention_heads=settings.heads,
            num_key_value_heads=settings.heads,
            max_position_embeddings=4096,
            tie_word_embeddings=True,
            initializer_range=settings.initializer_range,
            pad_token_id=tokenizer.pad_id,
            bos_token_id=None,
            eos_token_id=tokenizer.tokenizer.eos_token_id,
        )
    )
    if encoder is not None:
        # an encoder cannot read a token that is a blank, or part of a letter
        token_texts = [str(tokenizer.tokenizer.decode([token])).strip() or "." for token in range(size)]
        vectors = encoder.embed(token_texts)
        vectors = vectors - vectors.mean(0)
        _, _, axes = np.linalg.svd(vectors, full_matrices=False)
        projected = vectors @ axes[: settings.hidden_size].T
        projected *= settings.initializer_range / projected.std()
        with torch.no_grad():
            words = slice(len(_SPECIAL), size)
            model.model.embed_tokens.weight[words] = torch.from_numpy(projected[words].astype(np.float32))
    return model


def train_base(
    model: Any,
    tokenizer: ChatTokenizer,
    batches: Iterator[tuple[list[list[Candidates]], list[list[Candidates]]]],
    settings: BaseSection,
    *,
    snapshot: Path | None = None,
    progress: Callable[[int, float], None] = lambda _step, _loss: None,
) -> list[dict[str, float]]:
    """Trains on the answers of conversations; returns the curve.

    Args:
        batches: for each step, groups of conversations that share a page, and groups of thread conversations. The first
            answer of a conversation is right; a second one is wrong.
        snapshot: file that is written every `save_steps`. If it exists, training resumes from it with the batches that
            an uninterrupted run would have had.
        progress: called with each step and its page loss, which is NaN for steps that the snapshot had done.
    Raises:
        TrainingError: the loss is not a number, or the snapshot is of another run.
    """
    optimizer = _optimizer(model, settings)
    key = run_key(settings.model_dump_json(exclude={"save_steps"}), tokenizer.tokenizer.backend_tokenizer.to_str())
    done = Progress()
    if snapshot is not None and snapshot.exists():
        done = load_snapshot(snapshot, model, optimizer, key=key)
    curve, window = done.curve, done.window
    model.train()
    for step, (pages, threads) in zip(range(1, settings.max_steps + 1), batches, strict=False):
        if step <= done.step:
            progress(step, math.nan)
            continue
        for group in optimizer.param_groups:
            warm = min(1.0, step / settings.warmup_steps)
            group["lr"] = group["scale"] * settings.learning_rate * warm * (1 - 0.95 * step / settings.max_steps)
        with torch.autocast(model.device.type, torch.bfloat16, enabled=settings.bf16):
            page, faithful, right = _losses(model, tokenizer, pages, settings.faithful_in)
            thread, _, _ = _losses(model, tokenizer, threads, "page")
        loss = page + thread + settings.faithful_weight * faithful
        if not finite(loss):
            raise TrainingError(f"the base's loss is not a number at step {step}; lower base.learning_rate")
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        window.append((page.item(), thread.item(), faithful.item(), right))
        if step % settings.log_steps == 0 or step == settings.max_steps:
            means = [round(float(mean), 4) for mean in np.mean(window, axis=0)]
            curve.append({"step": step, **dict(zip(("page", "thread", "faithful", "right"), means, strict=True))})
            window.clear()
        if snapshot is not None and step % settings.save_steps == 0:
            save_snapshot(snapshot, model, optimizer, Progress(step, curve, window), key=key)
        progress(step, page.item())
    model.eval()
    return curve


def _optimizer(model: Any, settings: BaseSection) -> torch.optim.Optimizer:
    """AdamW; token embeddings have their own learning rate and no weight decay."""
    words = model.get_input_embeddings().weight
    rest = [parameter for parameter in model.parameters() if parameter is not words]
    return torch.optim.AdamW(
        [
            {"params": rest, "scale": 1.0, "weight_decay": 0.01},
            {"params": [words], "scale": settings.embedding_rate, "weight_decay": 0.0},
        ],
        lr=settings.learning_rate,
        betas=(0.9, 0.98),
    )


def _losses(
    model: Any, tokenizer: ChatTokenizer, groups: Sequence[Sequence[Candidates]], faithful_in: str
) -> tuple[torch.Tensor, torch.Tensor, float]:
    """Losses of some groups of conversations.

    Returns:
        Mean nats per token of right answers; mean ranking loss of right over wrong answers, 0 without wrong ones; share
        of questions whose right answer ranks first.
    """
    conversations = [conversation for group in groups for conversation in group]
    if not conversations:
        return torch.zeros(()), torch.zeros(()), 0.0
    encoded = iter(tokenizer.encode_all([(c.messages, c.answers) for c in conversations]))
    trees = [pack([Branch(e.prompt, e.answers) for e in islice(encoded, len(group))]) for group in groups]
    forest = collate(trees).to(model.device)
    tokens_A = token_logprobs(model, forest)
    first = list(accumulate((len(c.answers) for c in conversations[:-1]), initial=0))
    right_S = torch.zeros(forest.answers, dtype=torch.bool, device=tokens_A.device)
    right_S[first] = True
    nats = -tokens_A[right_S[forest.answer_A]].mean()
    numbered = iter(zip(first, conversations, strict=True))
    paired = [[index for index, c in islice(numbered, len(group)) if len(c.answers) > 1] for group in groups]
    right = [index for group in paired for index in group]
    if not right:
        return nats, torch.zeros_like(nats), 0.0
    sums_S = torch.zeros(forest.answers, device=tokens_A.device).index_add(0, forest.answer_A, tokens_A)
    margin = sums_S[right] - sums_S[[index + 1 for index in right]]
    if faithful_in == "couple":
        # the two pages of a couple have the same questions, and right on one is wrong on the other: the sum of both
        # margins cancels what the answers say by themselves
        sides = torch.split(margin, [len(group) for group in paired])
        margin = torch.cat([one + other for one, other in zip(sides[::2], sides[1::2], strict=True)])
    faithful = -torch.nn.functional.logsigmoid(_STRENGTH[faithful_in] * margin).mean()
    return nats, faithful, (margin > 0).float().mean().item()


_STRENGTH = {"page": 1.0, "couple": 0.3}
"""Factor of a margin in nats, in the ranking loss. Passages of real text differ by tens of nats, so couples, which
are used for them, have a small one."""


def save_base(
    model: Any,
    tokenizer: ChatTokenizer,
    folder: Path,
    *,
    curve: list[dict[str, float]],
    card: str,
    bf16: bool = False,
) -> None:
    """Writes weights, tokenizer, curve, card and, last, checksums; removes the snapshot in the folder.

    Args:
        card: the text of README.md.
        bf16: save the weights in bfloat16.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (model.to(torch.bfloat16) if bf16 else model).save_pretrained(folder)
    tokenizer.tokenizer.save_pretrained(folder)
    (folder / "curve.json").write_text(json.dumps(curve, indent=1) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(card, encoding="utf-8")
    (folder / SNAPSHOT).unlink(missing_ok=True)
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != "SHA256SUMS")
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (folder / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")
