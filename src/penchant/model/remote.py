"""A language model behind an OpenAI-compatible endpoint, with many requests at once and a cache of paid answers.

The client retries lost connections, timeouts, 429 and 5xx, with growing waits, jitter and `Retry-After`; each try
counts against the rate limit. If the caller cannot use an answer, the client asks again with another seed. After some
attempts it counts the answer as unusable. An error that no retry can fix (a wrong key, model or address) stops the run;
the answers received before are in the ledger (`model.ledger`).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import openai
from aiolimiter import AsyncLimiter
from anyio.from_thread import start_blocking_portal
from openai.types.chat import ChatCompletion

from penchant.config import EndpointSection
from penchant.errors import ConfigError, DataError, ModelError
from penchant.message import Message, as_dicts
from penchant.model.ledger import Answer, Ledger

Read = TypeVar("Read")
_STOP = (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError)
"""Errors of the set-up, which every further question would raise as well."""


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a language model."""

    messages: tuple[Message, ...]
    schema: Mapping[str, Any] | None = None
    """JSON schema of the answer; None for free text."""
    seed: int = 0
    """Questions that differ only in the seed are different samples."""


@dataclass(slots=True)
class Account:
    """Counts of a run's questions and tokens."""

    paid: int = 0
    """Answers that the endpoint gave, to be paid for."""
    kept: int = 0
    """Answers from the ledger."""
    unusable: int = 0
    """Questions without a usable answer after all attempts."""
    prompt_tokens: int = 0
    """Prompt tokens of paid answers, as the endpoint counts them."""
    answer_tokens: int = 0
    """Answer tokens of paid answers, as the endpoint counts them."""

    def __str__(self) -> str:
        cost = f"{self.prompt_tokens:,} tokens in, {self.answer_tokens:,} out"
        return f"{self.paid} answers paid for ({cost}), {self.kept} from the ledger, {self.unusable} unusable"


@dataclass
class Endpoint:
    """A model at an address, with a ledger of its answers."""

    settings: EndpointSection
    ledger: Ledger
    account: Account = field(default_factory=Account)

    @property
    def name(self) -> str:
        """The model's name at the endpoint."""
        return self.settings.model

    def ask(
        self,
        questions: Sequence[Request],
        read: Callable[[str], Read],
        *,
        progress: Callable[[int], None] | None = None,
    ) -> list[Read | None]:
        """Sends questions and parses the answers with `read`; the results are in order, None for an unusable answer.

        Args:
            read: parses an answer; raises DataError if the answer is unusable.
            progress: called with the number of questions that were completed since the last call.
        Raises:
            ConfigError: the environment has no API key.
            ModelError: the endpoint refuses the key, the model or the address, or fails after all tries.
        """
        keys = [self._key(question, 0) for question in questions]
        distinct = dict(zip(keys, questions, strict=True))
        counts = Counter(keys)

        def completed(key: str) -> None:
            if progress is not None:
                progress(counts[key])

        # a portal, not asyncio.run: it also works inside a running event loop, as in a notebook
        with start_blocking_portal() as portal:
            answers = portal.call(self._ask_all, distinct, read, completed)
        results = dict(zip(distinct, answers, strict=True))
        return [results[key] for key in keys]

    def require_key(self) -> str:
        """The API key of this endpoint; any text if the address is this machine. Call it before long work begins.

        Raises:
            ConfigError: the environment has no key.
        """
        key = os.environ.get(self.settings.api_key_env, "") or ("-" if self.settings.local else "")
        if not key:
            raise ConfigError(
                f"{self.settings.base_url} needs a key; set {self.settings.api_key_env}, or name another variable "
                "with api_key_env"
            )
        return key

    async def _ask_all(
        self, questions: Mapping[str, Request], read: Callable[[str], Read], completed: Callable[[str], None]
    ) -> list[Read | None]:
        answers: list[Read | None] = [None] * len(questions)
        waiting = iter(enumerate(questions.items()))

        async def work(client: openai.AsyncOpenAI) -> None:
            for index, (key, question) in waiting:
                answers[index] = await self._usable(client, question, read)
                completed(key)

        async with self._client() as client:
            workers = [asyncio.create_task(work(client)) for _ in range(min(self.settings.concurrency, len(questions)))]
            try:
                await asyncio.gather(*workers)
            finally:
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)
        return answers

    async def _usable(self, client: openai.AsyncOpenAI, question: Request, read: Callable[[str], Read]) -> Read | None:
        """The parsed answer of the first attempt that is usable; None after all attempts."""
        for attempt in range(self.settings.attempts):
            answer = await self._answer(client, question, attempt)
            try:
                return read(answer.text)
            except DataError:
                continue  # counted below if no attempt is usable
        self.account.unusable += 1
        return None

    async def _answer(self, client: openai.AsyncOpenAI, question: Request, attempt: int) -> Answer:
        """The answer from the ledger or the endpoint. A failed question gives an empty answer, which is not stored."""
        key = self._key(question, attempt)
        stored = self.ledger.find(key)
        if stored is not None:
            self.account.kept += 1
            return stored
        try:
            reply = await client.chat.completions.create(**self._request(question, attempt))
        except _STOP as error:
            raise ModelError(
                f"{self.settings.base_url} refuses model '{self.name}' ({_reason(error)}); check base_url, model and "
                f"the key in {self.settings.api_key_env}"
            ) from error
        except (openai.BadRequestError, openai.UnprocessableEntityError, json.JSONDecodeError):
            return Answer("")  # too long, filtered or garbled; other questions may work
        except openai.OpenAIError as error:
            raise ModelError(
                f"{self.settings.base_url} gave out ({_reason(error)}); its answers so far are kept, "
                "run the same again to go on"
            ) from error
        if not isinstance(reply, ChatCompletion):  # for example the error page of a proxy
            return Answer("")
        answer = _answer_of(reply)
        self.ledger.keep(key, answer)
        self.account.paid += 1
        self.account.prompt_tokens += answer.prompt_tokens
        self.account.answer_tokens += answer.answer_tokens
        return answer

    def _request(self, question: Request, attempt: int) -> dict[str, Any]:
        settings = self.settings
        request: dict[str, Any] = {
            "model": settings.model,
            "messages": as_dicts(question.messages),
            "temperature": settings.temperature,
            "max_tokens": settings.max_tokens,
            # another attempt needs another seed, else it could give the same unusable answer
            "seed": question.seed + 1_000_003 * attempt,
        }
        if question.schema is not None and settings.structured == "schema":
            schema = {"name": "answer", "strict": True, "schema": dict(question.schema)}
            request["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif question.schema is not None and settings.structured == "object":
            request["response_format"] = {"type": "json_object"}
        return request

    def _key(self, question: Request, attempt: int) -> str:
        content = {"base_url": self.settings.base_url, **self._request(question, attempt)}
        text = json.dumps(content, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def _client(self) -> openai.AsyncOpenAI:
        # one request per interval; a bucket for a minute would send all its requests at once
        rate = self.settings.requests_per_minute
        limiter = AsyncLimiter(1, 60 / rate) if rate is not None else None

        async def limited(_request: object) -> None:
            if limiter is not None:
                await limiter.acquire()

        return openai.AsyncOpenAI(
            base_url=self.settings.base_url,
            api_key=self.require_key(),
            timeout=self.settings.timeout_s,
            max_retries=self.settings.tries - 1,
            http_client=openai.DefaultAsyncHttpxClient(event_hooks={"request": [limited]}),
        )


def _answer_of(reply: ChatCompletion) -> Answer:
    text = reply.choices[0].message.content if reply.choices else None
    usage = reply.usage
    return Answer(text or "", usage.prompt_tokens if usage else 0, usage.completion_tokens if usage else 0)


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
