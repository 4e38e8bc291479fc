"""Messages to tokens: a tokenizer with its chat template.

Training, scoring and writing turn messages into tokens in the same way: the chat template writes the prompt and the
answer as text, and each is tokenised on its own, so that no token spans the boundary. Only the template opens and ends
turns; what does so is taken out of every message and answer.

What a template can write is tried with probes, texts that occur nowhere else, once for each order of roles. No name of
a model or of a role decides. Where a template writes no system turn, the system text opens the next turn of the user.
What a template writes before an answer, such as an empty block of thoughts, belongs to the prompt.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from penchant.errors import ModelError
from penchant.message import Message, Role, as_dicts
from penchant.model.marks import Marks
from penchant.model.template import DATE, with_fixed_date

_PROBED: tuple[tuple[Role, ...], ...] = (
    ("user",),
    ("user", "assistant", "user"),
    ("system", "user", "assistant", "user"),
    ("system", "user", "assistant", "tool"),
)
"""Conversations whose turn marks are taken out of people's text, as far as the template can write them."""
_LARGEST_LENGTH = 10**9
"""A `model_max_length` beyond it means that the tokenizer states none."""
_OPEN_BLOCK = re.compile(r"<([\w:]+)>\s*\Z")
"""The opening of a block at the end of a prompt."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A prompt and its answers as token ids."""

    prompt: tuple[int, ...]
    answers: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class _Form:
    """How the template writes conversations of one order of roles."""

    fold: int | None
    """System turns from this position on open the next turn of the user; None leaves all where they are."""
    surplus: str
    """What the generation prompt ends with and a conversation has not: blanks, or the opening of thoughts."""
    opening: str
    """What the prompt ends with instead: an empty block of thoughts, or nothing."""
    thoughts: str
    """The part of the opening that the template writes in a conversation too."""
    end: str
    """What the template writes after an answer."""


class ChatTokenizer:
    """A tokenizer and its chat template: messages in, token ids out.

    Args:
        positions: the most tokens that the model takes; None where that is not known.
    Raises:
        ModelError: there is no chat template, or it cannot write a question and its answer.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, *, positions: int | None = None) -> None:
        if tokenizer.chat_template is None:
            raise ModelError(
                f"the tokenizer of '{tokenizer.name_or_path}' has no chat template; set `template` to chatml, plain or "
                "the file of a template, or use an instruction-tuned model"
            )
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token
        _fix_date(tokenizer)
        self.tokenizer = tokenizer
        self.context = smallest(positions, tokenizer.model_max_length)
        """The most tokens of a prompt with its answer; None where neither model nor tokenizer says."""
        added = tokenizer.added_tokens_decoder.values()
        self._special = {*tokenizer.all_special_tokens, *(token.content for token in added if token.special)}
        self._forms: dict[tuple[Role, ...], _Form] = {}
        self._normalizer = getattr(getattr(tokenizer, "backend_tokenizer", None), "normalizer", None)
        any_case = self._normalizer is not None and "a" in self._normalizer.normalize_str("A")
        self._marks = Marks.of(self._special, self._literals(), any_case=any_case)
        self._form(("user",))

    @property
    def pad_id(self) -> int:
        """Id of the padding token."""
        pad = self.tokenizer.pad_token_id
        return 0 if pad is None else int(pad)  # any id will do, as padding is masked

    def end_ids(self, generation_config: Any = None) -> tuple[int, ...]:
        """Every id that ends a turn, for the template, the tokenizer or a generation config, in ascending order."""
        stated = getattr(generation_config, "eos_token_id", None)
        ids = {*(stated if isinstance(stated, list | tuple) else [stated]), self.tokenizer.eos_token_id}
        end = self._form(("user",)).end.lstrip()
        token = max((token for token in self._special if token and end.startswith(token)), key=len, default=None)
        if token is not None:
            ids.add(self.tokenizer.convert_tokens_to_ids(token))
        return tuple(sorted(ids - {None}))

    def turns(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """The messages as the template takes them: without turn marks in their text, system turns where it writes them.

        Raises:
            ModelError: the template cannot write such a conversation.
        """
        plain = [Message(message.role, self.plain(message.content)) for message in messages]
        return tuple(_folded(plain, self._form(_roles(messages)).fold))

    def prompt_text(self, messages: Sequence[Message]) -> str:
        """The exact text that the model reads before it answers.

        Raises:
            ModelError: the template cannot write the conversation, or leaves out some of its text.
        """
        form = self._form(_roles(messages))
        return self._written(self.turns(messages), prompt=True).removesuffix(form.surplus) + form.opening

    def prompt_ids(self, messages: Sequence[Message]) -> tuple[int, ...]:
        """Token ids of `prompt_text`."""
        return tuple(self.tokenizer(self.prompt_text(messages), add_special_tokens=False)["input_ids"])

    def count(self, messages: Sequence[Message], *, enough: int = 0) -> int:
        """Number of tokens of `prompt_text`; see `Model.count`."""
        text = self.prompt_text(messages)
        most = most_tokens(text)
        return most if most <= enough else len(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def encode(self, messages: Sequence[Message], answers: Sequence[str]) -> Encoded:
        """One prompt and its answers as token ids; see `encode_all`."""
        return self.encode_all([(messages, answers)])[0]

    def encode_all(self, conversations: Sequence[tuple[Sequence[Message], Sequence[str]]]) -> list[Encoded]:
        """Prompts and their answers as token ids; each answer ends with the template's end of turn.

        Args:
            conversations: the messages of each prompt, with its answers.
        Raises:
            ModelError: as `texts`.
        """
        texts = [text for messages, answers in conversations for text in self.texts(messages, answers)]
        # all texts at once: a call per text would cost more than the tokenising itself
        ids = iter(self.tokenizer(texts, add_special_tokens=False)["input_ids"]) if texts else iter(())
        return [Encoded(tuple(next(ids)), tuple(tuple(next(ids)) for _ in answers)) for _, answers in conversations]

    def texts(self, messages: Sequence[Message], answers: Sequence[str]) -> list[str]:
        """The prompt, then each answer with the template's end of turn, as text.

        Raises:
            ModelError: the template cannot write the conversation, leaves out some of its text, or changes the prompt
                when an answer follows.
        """
        form, turns = self._form(_roles(messages)), self.turns(messages)
        prompt = self._written(turns, prompt=True).removesuffix(form.surplus)
        before = prompt + form.thoughts
        texts = [prompt + form.opening]
        for answer in answers:
            text = self._written((*turns, Message("assistant", self.plain(answer))))
            if not (text.startswith(before) and text.endswith(form.end)):
                raise ModelError(
                    "the chat template writes a prompt differently when an answer follows it; "
                    "use a template whose prompt is a prefix of the whole conversation"
                )
            texts.append(text[len(before) : len(text) - len(form.end)] + self._ending(form.end))
        return texts

    def _ending(self, end: str) -> str:
        """The end of a turn: a special token, without the blanks that a template writes behind it."""
        if any(token and token in end for token in self._special):
            return end.rstrip()
        return end.rstrip() + str(self.tokenizer.eos_token or "")

    def _written(self, turns: Sequence[Message], *, prompt: bool = False) -> str:
        """The text that the template makes of turns; none of them is left out."""
        try:
            text = self.tokenizer.apply_chat_template(
                as_dicts(turns), tokenize=False, add_generation_prompt=prompt, enable_thinking=False
            )
        except (TemplateError, ValueError, TypeError, KeyError, IndexError) as error:
            reason = " ".join(str(error).split()).rstrip(".")
            raise ModelError(
                f"{self._template()} cannot write this conversation ({reason}); set `template` to another, or leave "
                "out such turns"
            ) from error
        for turn in turns:
            if turn.content.strip() not in text:
                raise ModelError(
                    f"{self._template()} does not write all text of a turn of the {turn.role}; set `template` to "
                    "another, or leave out such turns"
                )
        return str(text)

    def _template(self) -> str:
        return f"the chat template of '{self.tokenizer.name_or_path}'"

    def _form(self, roles: tuple[Role, ...]) -> _Form:
        if roles not in self._forms:
            self._forms[roles] = self._probe(roles)
        return self._forms[roles]

    def _probe(self, roles: tuple[Role, ...]) -> _Form:
        turns, answer = _probes(roles), Message("assistant", "probeanswer")
        refusal = ModelError(f"{self._template()} writes no conversation")
        for fold in (None, 1, 0) if "system" in roles else (None,):
            folded = _folded(turns, fold)
            try:
                prompt, whole = self._written(folded, prompt=True), self._written([*folded, answer])
            except ModelError as error:
                refusal = error
            else:
                before, _, end = whole.rpartition(answer.content)
                return _form_of(prompt, before, end, fold=fold)
        raise refusal

    def _literals(self) -> Iterator[str]:
        """What the template writes before, between and after turns."""
        for roles in _PROBED:
            turns = [*_probes(roles), Message("assistant", "probeanswer")]
            for fold in (None, 0):
                try:
                    texts = [self._written(_folded(turns[:-1], fold), prompt=True), self._written(_folded(turns, fold))]
                except ModelError:
                    continue
                for text in texts:
                    yield from re.split(r"probe(?:answer|\d+x)", text)

    def plain(self, text: str) -> str:
        """A text without special tokens and turn marks. Other added tokens, such as <notes>, stay."""
        text = self._marks.remove(text)
        if self._normalizer is not None and not text.isascii():
            normal = self._normalizer.normalize_str(text)  # wide brackets, for instance, may become plain ones
            text = self._marks.remove(normal) if normal in self._marks else text
        return text


def smallest(*lengths: int | None) -> int | None:
    """The smallest of some lengths in tokens; None where none is stated."""
    return min((int(length) for length in lengths if length is not None and length < _LARGEST_LENGTH), default=None)


def most_tokens(text: str) -> int:
    """A number of tokens that a text cannot exceed: one a byte, and more where a normalizer may write signs out.

    Compatibility forms of Unicode write a sign of three bytes as 33 bytes at most (NFKC of U+FDFA).
    """
    written_out = 0 if text.isascii() else 18 * (len(text.encode()) - len(text))
    return len(text) + written_out


def _fix_date(tokenizer: PreTrainedTokenizerBase) -> None:
    template: str | dict[str, str] = tokenizer.chat_template
    if isinstance(template, dict):
        tokenizer.chat_template = {name: with_fixed_date(text) for name, text in template.items()}
    else:
        tokenizer.chat_template = with_fixed_date(template)
    if tokenizer.chat_template != template:
        warnings.warn(
            f"the chat template of '{tokenizer.name_or_path}' writes today's date: it is always {DATE}, so that "
            "results repeat",
            stacklevel=3,
        )


def _roles(messages: Sequence[Message]) -> tuple[Role, ...]:
    return tuple(message.role for message in messages)


def _probes(roles: Sequence[Role]) -> list[Message]:
    """A turn for each role, with a text that occurs nowhere else."""
    return [Message(role, f"probe{place}x") for place, role in enumerate(roles)]


def _folded(turns: Sequence[Message], fold: int | None) -> list[Message]:
    """The turns; system turns from position `fold` on are joined to the turn of the user that follows."""
    if fold is None:
        return list(turns)
    folded: list[Message] = []
    waiting: list[str] = []
    for place, turn in enumerate(turns):
        if turn.role == "system" and place >= fold:
            waiting.append(turn.content)
            continue
        if waiting and turn.role == "user":
            turn, waiting = Message("user", "\n\n".join([*waiting, turn.content])), []
        folded.append(turn)
    return [*folded, *(Message("system", text) for text in waiting)]


def _form_of(prompt: str, before: str, end: str, *, fold: int | None) -> _Form:
    """The form of probes.

    Args:
        prompt: the probes with the generation prompt.
        before, end: what a conversation has before and after an answer to them.
    Raises:
        ModelError: the conversation does not go on from the generation prompt.
    """
    if before.startswith(prompt):
        # blanks stay with the answer, as tokens of most models start with a blank
        thoughts = before[len(prompt) :] if before[len(prompt) :].strip() else ""
        return _Form(fold, surplus="", opening=thoughts, thoughts=thoughts, end=end)
    surplus = prompt[len(before) :]
    block = _OPEN_BLOCK.search(surplus)
    if not prompt.startswith(before) or (surplus.strip() and block is None):
        raise ModelError(
            "the chat template writes a prompt differently when an answer follows it; "
            "use a template whose prompt is a prefix of the whole conversation"
        )
    # the model would think first; an answer without thoughts follows a closed block
    opening = f"{surplus}\n</{block[1]}>\n\n" if block else ""
    return _Form(fold, surplus=surplus, opening=opening, thoughts="", end=end)
