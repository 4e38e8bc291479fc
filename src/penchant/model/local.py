"""A transformers causal language model on this machine's CPU or GPU.

Training, scoring and generation turn messages into tokens in the same way: the chat template writes the prompt and the
answer as text, and each is tokenised on its own, so that no token spans the boundary. Only the template writes special
tokens; they are removed from every message and answer, so that no text can open a turn. Weights must be safetensors,
and code that comes with a model is never run.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from penchant.errors import ModelError
from penchant.model.base import Candidates, Likelihood
from penchant.model.tree import Branch, Packed, answer_logprobs, collate, pack, shared_prefix
from penchant.render import Message

_PICKLED = (".bin", ".pt", ".pth", ".pkl", ".ckpt")
_ADAPTER = "adapter_config.json"
_BATCH_TOKENS = {"cpu": 2_048, "cuda": 16_384}
"""Packed tokens per scoring pass, at most; on a CPU, results that exceed its cache would take a tenth more time."""
_TREE_TOKENS = 4_096
"""Packed tokens of one tree, at most; a user with more is scored in several trees."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A prompt and its answers as token ids."""

    prompt: tuple[int, ...]
    answers: tuple[tuple[int, ...], ...]


class ChatTokenizer:
    """A tokenizer and its chat template: messages in, token ids out."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        if tokenizer.chat_template is None:
            raise ModelError(
                f"the tokenizer of '{tokenizer.name_or_path}' has no chat template; use an instruction-tuned model "
                "or put a chat_template.jinja into its folder"
            )
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token
        self.tokenizer = tokenizer
        added = tokenizer.added_tokens_decoder.values()
        special = {*tokenizer.all_special_tokens, *(token.content for token in added if token.special)}
        # longest first, as a token may contain another; any case, as some tokenizers match after lower-casing
        ordered = sorted(special, key=lambda token: (-len(token), token))
        pattern = "|".join(re.escape(token) for token in ordered if token)
        self._special = re.compile(pattern, re.IGNORECASE) if pattern else None

    @property
    def pad_id(self) -> int:
        """Id of the padding token."""
        return int(self.tokenizer.pad_token_id)

    def prompt_text(self, messages: Sequence[Message]) -> str:
        """The exact text that the model reads before it answers."""
        return self._written(messages, add_generation_prompt=True)

    def prompt_ids(self, messages: Sequence[Message]) -> tuple[int, ...]:
        """Token ids of `prompt_text`."""
        return self._ids(self.prompt_text(messages))

    def encode(self, messages: Sequence[Message], answers: Sequence[str]) -> Encoded:
        """One prompt and its answers as token ids; see `encode_all`."""
        return self.encode_all([(messages, answers)])[0]

    def encode_all(self, conversations: Sequence[tuple[Sequence[Message], Sequence[str]]]) -> list[Encoded]:
        """Prompts and their answers as token ids; each answer ends with the template's end of turn.

        Args:
            conversations: the messages of each prompt, with its answers.
        Raises:
            ModelError: the chat template changes the prompt when an answer follows.
        """
        texts = [text for messages, answers in conversations for text in self.texts(messages, answers)]
        # all texts at once: a call per text would cost more than the tokenising itself
        ids = iter(self.tokenizer(texts, add_special_tokens=False)["input_ids"]) if texts else iter(())
        return [Encoded(tuple(next(ids)), tuple(tuple(next(ids)) for _ in answers)) for _, answers in conversations]

    def texts(self, messages: Sequence[Message], answers: Sequence[str]) -> list[str]:
        """The prompt, then each answer with the template's end of turn, as text.

        Raises:
            ModelError: the chat template changes the prompt when an answer follows.
        """
        prompt = self.prompt_text(messages)
        conversations = [self._written([*messages, {"role": "assistant", "content": answer}]) for answer in answers]
        if not all(text.startswith(prompt) for text in conversations):
            raise ModelError(
                "the chat template writes a prompt differently when an answer follows it; "
                "use a template whose prompt is a prefix of the whole conversation"
            )
        return [prompt, *(text[len(prompt) :] for text in conversations)]

    def _written(self, turns: Sequence[Message], *, add_generation_prompt: bool = False) -> str:
        plain = [{"role": turn["role"], "content": self._plain(turn["content"])} for turn in turns]
        text = self.tokenizer.apply_chat_template(plain, tokenize=False, add_generation_prompt=add_generation_prompt)
        return str(text)

    def _plain(self, text: str) -> str:
        """A text without the tokenizer's special tokens. Other added tokens, such as <person>, stay."""
        removed = 1
        # repeated, as the removal of a token inside another one may join the outer one's halves
        while self._special is not None and removed:
            text, removed = self._special.subn(" ", text)
        return text

    def _ids(self, text: str) -> tuple[int, ...]:
        return tuple(self.tokenizer(text, add_special_tokens=False)["input_ids"])


def require_safetensors(folder: Path) -> None:
    """Refuses a model folder that is missing, has pickled weights or has no safetensors.

    Raises:
        ModelError: names the offending file.
    """
    if not folder.is_dir():
        raise ModelError(f"no model folder at {folder}; check the path, or train one with 'penchant train'")
    for file in sorted(folder.iterdir()):
        if file.suffix in _PICKLED and file.name not in _TRAINER_STATE:
            raise ModelError(f"{file}: pickled weights can run code and are refused; convert them to safetensors")
    if not any(folder.glob("*.safetensors")):
        raise ModelError(f"{folder} holds no .safetensors weights; give a folder that save_pretrained wrote")


_TRAINER_STATE = frozenset({"optimizer.pt", "scheduler.pt", "rng_state.pth", "scaler.pt", "training_args.bin"})
"""Files that the trainer writes to resume a run; loading a model never reads them."""


def require_model(source: str) -> None:
    """Refuses a folder without a language model that can be loaded. A Hub id is not checked before it is loaded.

    Raises:
        ModelError: names the folder and its content.
    """
    if not _is_local(source):
        return
    folder = Path(source)
    require_safetensors(folder)
    if not any((folder / name).is_file() for name in ("config.json", _ADAPTER)):
        names = ", ".join(sorted(entry.name for entry in folder.iterdir())[:4])
        raise ModelError(f"{folder} holds no language model but {names}; name a folder that penchant train wrote")


def load_tokenizer(source: str, *, revision: str | None = None) -> ChatTokenizer:
    """The tokenizer of a folder or Hub id.

    Raises:
        ModelError: the tokenizer is missing, or has no chat template.
    """
    if _is_local(source) and not Path(source).is_dir():
        raise ModelError(f"no model folder at {source}; check the path, or train one with 'penchant train'")
    try:
        return ChatTokenizer(AutoTokenizer.from_pretrained(source, trust_remote_code=False, revision=revision))
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot load a tokenizer from '{source}': {error}") from error


def load_parts(source: str, *, revision: str | None = None) -> tuple[Any, ChatTokenizer]:
    """Model and tokenizer of a folder or Hub id, in float32 on a CPU and in the stored type on a GPU.

    Raises:
        ModelError: the model is missing or unsafe, or its tokenizer has no chat template.
    """
    require_model(source)
    if _is_local(source) and (Path(source) / _ADAPTER).is_file():
        return _with_adapter(Path(source))
    tokenizer = load_tokenizer(source, revision=revision)
    dtype = "auto" if torch.cuda.is_available() else torch.float32
    try:
        model = AutoModelForCausalLM.from_pretrained(
            source,
            dtype=dtype,
            attn_implementation="sdpa",
            use_safetensors=True,
            trust_remote_code=False,
            revision=revision,
        )
    except (OSError, ValueError, SafetensorError) as error:
        raise ModelError(f"cannot load a model from '{source}': {error}") from error
    return model, tokenizer


def _with_adapter(folder: Path) -> tuple[Any, ChatTokenizer]:
    """An adapter, on the base model that its configuration names."""
    from peft import PeftModel  # imported only if there is an adapter

    try:
        base = json.loads((folder / _ADAPTER).read_text(encoding="utf-8"))["base_model_name_or_path"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder / _ADAPTER} names no base model ({error!r}); train the adapter again") from error
    model, tokenizer = load_parts(str(base))
    try:
        return PeftModel.from_pretrained(model, str(folder)), tokenizer
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"the adapter in {folder} does not fit '{base}': {error}") from error


def _is_local(source: str) -> bool:
    """Whether a source is a path, not a Hub id: it or its parent folder exists, or it does not look like owner/name."""
    path = Path(source)
    return path.exists() or path.parent.is_dir() or source.count("/") != 1


def weights_key(source: str) -> str:
    """Twelve hex digits of a hash over the weights of a model folder; for a Hub id, over the id."""
    digest = hashlib.sha256()
    files = sorted(Path(source).glob("*.safetensors")) if Path(source).is_dir() else []
    if not files:
        digest.update(source.encode())
    for file in files:
        with file.open("rb") as content:
            digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()[:12]


class LocalModel:
    """A transformers model as a `Model`."""

    def __init__(self, model: Any, tokenizer: ChatTokenizer, *, name: str) -> None:
        self.model = model.eval()
        self.chat = tokenizer
        self.name = name

    @classmethod
    def load(cls, source: str, *, name: str | None = None, revision: str | None = None) -> LocalModel:
        """Loads a folder or Hub id, onto the GPU if there is one."""
        model, tokenizer = load_parts(source, revision=revision)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        return cls(model.to(device), tokenizer, name=name or Path(source).name)

    def count(self, messages: Sequence[Message]) -> int:
        """See `Model.count`."""
        return len(self.chat.prompt_ids(messages))

    @torch.inference_mode()
    def logprobs(self, candidates: Sequence[Candidates]) -> list[tuple[Likelihood, ...]]:
        """See `Model.logprobs`; sums are taken in float64."""
        encoded = self.chat.encode_all([(prompt.messages, prompt.answers) for prompt in candidates])
        # sorted by tokens, prompts with a common beginning are neighbours, whatever their order in the call
        order = sorted(range(len(encoded)), key=lambda index: encoded[index].prompt)
        groups = _groups([encoded[index] for index in order])
        trees = [(start, pack([Branch(e.prompt, e.answers) for e in group])) for start, group in groups]
        scores: dict[int, list[float]] = {}
        budget = _BATCH_TOKENS.get(self.model.device.type, _BATCH_TOKENS["cuda"])
        for batch in _batches(trees, budget):
            packed = [tree for _, tree in batch]
            sums = answer_logprobs(self.model, collate(packed).to(self.model.device))
            parts = torch.split(sums, [len(tree.paths) for tree in packed])
            scores.update({start: part.tolist() for (start, _), part in zip(batch, parts, strict=True)})
        flat = iter([value for start, _ in trees for value in scores[start]])
        results = {index: tuple(Likelihood(next(flat), len(ids)) for ids in encoded[index].answers) for index in order}
        return [results[index] for index in range(len(encoded))]

    @torch.inference_mode()
    def generate(self, prompts: Sequence[Sequence[Message]], *, max_tokens: int, seed: int = 0) -> list[str]:
        """See `Model.generate`; temperature 0.7, nucleus 0.9, one prompt at a time."""
        texts = []
        for prompt in prompts:
            torch.manual_seed(seed)
            ids = torch.tensor([self.chat.prompt_ids(prompt)], device=self.model.device)
            output = self.model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=max_tokens,
                do_sample=True,
                temperature=0.7,
                top_p=0.9,
                top_k=0,
                eos_token_id=self.chat.tokenizer.eos_token_id,
                pad_token_id=self.chat.pad_id,
            )
            texts.append(str(self.chat.tokenizer.decode(output[0, ids.shape[1] :], skip_special_tokens=True)).strip())
        return texts


def _groups(encoded: Sequence[Encoded]) -> Iterator[tuple[int, list[Encoded]]]:
    """Groups neighbours with a common beginning while their tree fits `_TREE_TOKENS`; yields (first index, group)."""
    group: list[Encoded] = []
    start = size = root = 0
    for index, item in enumerate(encoded):
        answers = sum(len(ids) for ids in item.answers)
        if group:
            shared = min(root, shared_prefix([group[0].prompt, item.prompt]))
            # a shorter root repeats the rest of the old one in each other branch
            repeated = (root - shared) * (len(group) - 1)
            grown = size + repeated + len(item.prompt) - shared + answers
            if (shared - repeated) * 2 > len(item.prompt) and grown <= _TREE_TOKENS:
                group.append(item)
                size, root = grown, shared
                continue
            yield start, group
        group, start, size, root = [item], index, len(item.prompt) + answers, len(item.prompt) - 1
    if group:
        yield start, group


def _batches(trees: Sequence[tuple[int, Packed]], budget: int) -> Iterator[list[tuple[int, Packed]]]:
    """Batches of trees, in order, each within the budget of packed tokens."""
    batch: list[tuple[int, Packed]] = []
    size = 0
    for tree in trees:
        if batch and size + len(tree[1].ids) > budget:
            yield batch
            batch, size = [], 0
        batch.append(tree)
        size += len(tree[1].ids)
    if batch:
        yield batch
