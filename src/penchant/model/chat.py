"""Messages to tokens: a tokenizer with its chat template.

Training, scoring and writing turn messages into tokens in the same way: the chat template writes the prompt and the
answer as text, and each is tokenised on its own, so that no token spans the boundary. Only the template writes special
tokens; they are removed from every message and answer, so that no text can open a turn.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from transformers import PreTrainedTokenizerBase

from penchant.errors import ModelError
from penchant.message import Message


@dataclass(frozen=True, slots=True)
class Encoded:
    """A prompt and its answers as token ids."""

    prompt: tuple[int, ...]
    answers: tuple[tuple[int, ...], ...]


_PROBE = "tea"
"""A text that no template changes."""


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

    def end_ids(self, generation_config: Any) -> tuple[int, ...]:
        """Ids of the tokens that end an answer.

        These are the ends that the generation config names, the tokenizer's end of sequence, and the special token that
        the template writes right after an answer.

        Args:
            generation_config: of the model; None if it has none.
        """
        named = getattr(generation_config, "eos_token_id", None)
        ends = [*named] if isinstance(named, list | tuple) else [named]
        ends.append(self.tokenizer.eos_token_id)
        turns = [Message("user", _PROBE), Message("assistant", _PROBE)]
        after = self._ids(self._written(turns).rpartition(_PROBE)[2])[:1]
        added = self.tokenizer.added_tokens_decoder
        ends += [token for token in after if token in added and added[token].special]
        return tuple(dict.fromkeys(int(token) for token in ends if token is not None))

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
        conversations = [self._written([*messages, Message("assistant", answer)]) for answer in answers]
        if not all(text.startswith(prompt) for text in conversations):
            raise ModelError(
                "the chat template writes a prompt differently when an answer follows it; "
                "use a template whose prompt is a prefix of the whole conversation"
            )
        return [prompt, *(text[len(prompt) :] for text in conversations)]

    def _written(self, turns: Sequence[Message], *, add_generation_prompt: bool = False) -> str:
        plain = [{"role": turn.role, "content": self._plain(turn.content)} for turn in turns]
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
