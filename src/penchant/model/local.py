"""A transformers causal language model on this machine, or on its GPU.

One way to turn messages into tokens for training, scoring and writing: the chat template writes the prompt and the
rest as text, each is tokenised on its own, so that no token straddles the boundary. Only the template writes special
tokens: they are taken out of every message and answer, so that nobody's text can open a turn. Weights are safetensors
only, and no code that comes with a model is run.
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
"""Packed tokens per forward pass when scoring; on a CPU, results that outgrow its cache cost a tenth of the time."""
_TREE_TOKENS = 4_096
"""Packed tokens of one tree; a user with more is scored in several."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A prompt and its answers as token ids."""

    prompt: tuple[int, ...]
    answers: tuple[tuple[int, ...], ...]


class ChatTokenizer:
    """A tokenizer with its chat template: messages in, ids out."""

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
        # longest first, so that a token within another leaves no rest; any case, as some are matched after lower-casing
        found = "|".join(re.escape(token) for token in sorted(special, key=lambda token: (-len(token), token)) if token)
        self._special = re.compile(found, re.IGNORECASE) if found else None

    @property
    def pad_id(self) -> int:
        """Id used to fill up rows."""
        return int(self.tokenizer.pad_token_id)

    def prompt_text(self, messages: Sequence[Message]) -> str:
        """Exactly what the model reads before it answers."""
        return self._written(messages, add_generation_prompt=True)

    def prompt_ids(self, messages: Sequence[Message]) -> tuple[int, ...]:
        """Token ids of `prompt_text`."""
        return self._ids(self.prompt_text(messages))

    def encode(self, messages: Sequence[Message], answers: Sequence[str]) -> Encoded:
        """Prompt and answers as ids; see `encode_all`."""
        return self.encode_all([(messages, answers)])[0]

    def encode_all(self, asked: Sequence[tuple[Sequence[Message], Sequence[str]]]) -> list[Encoded]:
        """Prompts with their answers as ids; each answer ends with the template's end of turn.

        Raises:
            ModelError: the chat template changes the prompt when an answer follows.
        """
        texts = [text for messages, answers in asked for text in self.texts(messages, answers)]
        # all at once: a call for each text costs more than the tokenising
        ids = iter(self.tokenizer(texts, add_special_tokens=False)["input_ids"]) if texts else iter(())
        return [Encoded(tuple(next(ids)), tuple(tuple(next(ids)) for _ in answers)) for _, answers in asked]

    def texts(self, messages: Sequence[Message], answers: Sequence[str]) -> list[str]:
        """The prompt, then each answer with the template's end of turn, as text.

        Raises:
            ModelError: the chat template changes the prompt when an answer follows.
        """
        prompt = self.prompt_text(messages)
        wholes = [self._written([*messages, {"role": "assistant", "content": answer}]) for answer in answers]
        if not all(whole.startswith(prompt) for whole in wholes):
            raise ModelError(
                "the chat template writes a prompt differently when an answer follows it; "
                "use a template whose prompt is a prefix of the whole conversation"
            )
        return [prompt, *(whole[len(prompt) :] for whole in wholes)]

    def _written(self, turns: Sequence[Message], *, add_generation_prompt: bool = False) -> str:
        plain = [{"role": turn["role"], "content": self._plain(turn["content"])} for turn in turns]
        text = self.tokenizer.apply_chat_template(plain, tokenize=False, add_generation_prompt=add_generation_prompt)
        return str(text)

    def _plain(self, text: str) -> str:
        """A text without the tokenizer's special tokens; its other added tokens, such as <person>, stay."""
        found = 1
        while self._special is not None and found:  # a token taken out of the middle of another leaves one behind
            text, found = self._special.subn(" ", text)
        return text

    def _ids(self, text: str) -> tuple[int, ...]:
        return tuple(self.tokenizer(text, add_special_tokens=False)["input_ids"])


def require_safetensors(folder: Path) -> None:
    """Refuses a model folder that is missing, has pickled weights or brings code.

    Raises:
        ModelError: names the offending file.
    """
    if not folder.is_dir():
        raise ModelError(f"no model folder at {folder}; check the path, or train one with 'penchant train'")
    for file in sorted(folder.iterdir()):
        if file.suffix in _PICKLED and file.name not in _TRAINER_STATE:
            raise ModelError(f"{file}: pickled weights can run code and are refused; convert them to safetensors")
    if not any(folder.glob("*.safetensors")):
        raise ModelError(f"{folder} holds no .safetensors weights; point to a folder written by save_pretrained")


_TRAINER_STATE = frozenset({"optimizer.pt", "scheduler.pt", "rng_state.pth", "scaler.pt", "training_args.bin"})
"""Written by the trainer for its own resume; never read when a model is loaded for use."""


def require_model(source: str) -> None:
    """Refuses a folder that holds no language model that can be loaded; a Hub id is not asked for before it is.

    Raises:
        ModelError: names the folder and what it holds.
    """
    if not _is_local(source):
        return
    folder = Path(source)
    require_safetensors(folder)
    if not any((folder / name).is_file() for name in ("config.json", _ADAPTER)):
        held = ", ".join(sorted(entry.name for entry in folder.iterdir())[:4])
        raise ModelError(f"{folder} holds no language model but {held}; name a folder that penchant train wrote")


def load_tokenizer(source: str, *, revision: str | None = None) -> ChatTokenizer:
    """The tokenizer of a folder or Hub id.

    Raises:
        ModelError: missing, or without a chat template.
    """
    if _is_local(source) and not Path(source).is_dir():
        raise ModelError(f"no model folder at {source}; check the path, or train one with 'penchant train'")
    try:
        return ChatTokenizer(AutoTokenizer.from_pretrained(source, trust_remote_code=False, revision=revision))
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot load a tokenizer from '{source}': {error}") from error


def load_parts(source: str, *, revision: str | None = None) -> tuple[Any, ChatTokenizer]:
    """Model and tokenizer from a folder or a Hub id, float32 on a CPU and the stored type on a GPU.

    Raises:
        ModelError: unsafe, missing or without a chat template.
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
    """An adapter on the base that its own file names."""
    from peft import PeftModel  # only where adapters are used

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
    """A path rather than a Hub id: it or the folder it would be in exists, or it is not of the form owner/name."""
    path = Path(source)
    return path.exists() or path.parent.is_dir() or source.count("/") != 1


def weights_key(source: str) -> str:
    """Twelve hex digits over the weights of a model folder; for a Hub id, over its name."""
    digest = hashlib.sha256()
    files = sorted(Path(source).glob("*.safetensors")) if Path(source).is_dir() else []
    if not files:
        digest.update(source.encode())
    for file in files:
        with file.open("rb") as content:
            digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()[:12]


class LocalModel:
    """A transformers model behind the `Model` seam."""

    def __init__(self, model: Any, tokenizer: ChatTokenizer, *, name: str) -> None:
        self.model = model.eval()
        self.chat = tokenizer
        self.name = name

    @classmethod
    def load(cls, source: str, *, name: str | None = None, revision: str | None = None) -> LocalModel:
        """From a folder or a Hub id; on a GPU when there is one."""
        model, tokenizer = load_parts(source, revision=revision)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        return cls(model.to(device), tokenizer, name=name or Path(source).name)

    def count(self, messages: Sequence[Message]) -> int:
        """See `Model.count`."""
        return len(self.chat.prompt_ids(messages))

    @torch.inference_mode()
    def logprobs(self, candidates: Sequence[Candidates]) -> list[tuple[Likelihood, ...]]:
        """See `Model.logprobs`; sums are taken in float64."""
        encoded = self.chat.encode_all([(c.messages, c.answers) for c in candidates])
        # in the order of their tokens, whatever begins alike stands together, in whatever order it was asked
        order = sorted(range(len(encoded)), key=lambda place: encoded[place].prompt)
        alike = _groups([encoded[place] for place in order])
        trees = [(place, pack([Branch(e.prompt, e.answers) for e in group])) for place, group in alike]
        scores: dict[int, list[float]] = {}
        budget = _BATCH_TOKENS.get(self.model.device.type, _BATCH_TOKENS["cuda"])
        for batch in _batches(trees, budget):
            packed = [tree for _, tree in batch]
            together = collate(packed).to(self.model.device)
            sums = answer_logprobs(self.model, together)
            parts = torch.split(sums, [len(tree.paths) for tree in packed])
            scores.update({place: part.tolist() for (place, _), part in zip(batch, parts, strict=True)})
        flat = iter([value for place, _ in trees for value in scores[place]])
        found = {place: tuple(Likelihood(next(flat), len(ids)) for ids in encoded[place].answers) for place in order}
        return [found[place] for place in range(len(encoded))]

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
    """Neighbours whose prompts begin alike, as long as the tree stays within its budget; with their first place."""
    group: list[Encoded] = []
    start = size = root = 0
    for place, item in enumerate(encoded):
        answers = sum(len(ids) for ids in item.answers)
        if group:
            shared = min(root, shared_prefix([group[0].prompt, item.prompt]))
            # a shorter root stands again in each of the others
            repeated = (root - shared) * (len(group) - 1)
            grown = size + repeated + len(item.prompt) - shared + answers
            if (shared - repeated) * 2 > len(item.prompt) and grown <= _TREE_TOKENS:
                group.append(item)
                size, root = grown, shared
                continue
            yield start, group
        group, start, size, root = [item], place, len(item.prompt) + answers, len(item.prompt) - 1
    if group:
        yield start, group


def _batches(trees: Sequence[tuple[int, Packed]], budget: int) -> Iterator[list[tuple[int, Packed]]]:
    """Trees in order, as many at once as the budget of packed tokens allows."""
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
