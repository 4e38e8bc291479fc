"""A language model behind any OpenAI-compatible endpoint, asked many questions at once and never the same one twice.

Lost connections, hangs, 429 and 5xx are tried again by the client, with growing waits, jitter and `Retry-After`; every
try counts against the rate limit. An answer that its asker cannot use is asked for again under another seed, then
given up and counted. What no retry can mend (a wrong key, model or address) stops the run; what was answered until
then is in the ledger.
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
from penchant.model.ledger import Answer, Ledger
from penchant.render import Message

Read = TypeVar("Read")
_STOP = (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError)
"""Errors of the set-up: every further question would meet them too."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question to a model."""

    messages: tuple[Message, ...]
    schema: Mapping[str, Any] | None = None
    """JSON schema that the answer must follow; None for free text."""
    seed: int = 0
    """Two questions that differ in nothing else are two samples."""


@dataclass(slots=True)
class Account:
    """What a run asked and what became of it."""

    paid: int = 0
    """Answers that were asked of the endpoint."""
    kept: int = 0
    """Answers that the ledger had already."""
    unusable: int = 0
    """Questions given up on, as no answer was of use."""
    prompt_tokens: int = 0
    """Of the answers paid for, as the endpoint counts them."""
    answer_tokens: int = 0

    def __str__(self) -> str:
        cost = f"{self.prompt_tokens:,} tokens in, {self.answer_tokens:,} out"
        return f"{self.paid} answers paid for ({cost}), {self.kept} from the ledger, {self.unusable} unusable"


@dataclass
class Endpoint:
    """A model at an address, with the ledger of what it answered."""

    settings: EndpointSection
    ledger: Ledger
    account: Account = field(default_factory=Account)

    @property
    def name(self) -> str:
        """The model's name at the endpoint."""
        return self.settings.model

    def ask(
        self,
        questions: Sequence[Question],
        read: Callable[[str], Read],
        *,
        progress: Callable[[int], None] | None = None,
    ) -> list[Read | None]:
        """What `read` makes of each answer, in order; None where no answer was usable.

        Args:
            read: raises DataError when an answer is of no use.
            progress: told how many more questions are settled.
        Raises:
            ConfigError: no API key in the environment.
            ModelError: the endpoint refuses the key, the model or the address, or gave out after all tries.
        """
        keys = [self._key(question, 0) for question in questions]
        distinct = dict(zip(keys, questions, strict=True))
        times = Counter(keys)
        # a portal, not asyncio.run: it works where a loop runs already, as in a notebook
        with start_blocking_portal() as portal:
            answers = portal.call(self._settled, distinct, read, lambda key: progress and progress(times[key]))
        found = dict(zip(distinct, answers, strict=True))
        return [found[key] for key in keys]

    def require_key(self) -> str:
        """The key of this endpoint, any text where the address is this machine; asked for before long work begins.

        Raises:
            ConfigError: the environment has none.
        """
        key = os.environ.get(self.settings.api_key_env, "") or ("-" if self.settings.local else "")
        if not key:
            raise ConfigError(
                f"{self.settings.base_url} needs a key; set {self.settings.api_key_env}, or name another variable "
                "with api_key_env"
            )
        return key

    async def _settled(
        self, questions: Mapping[str, Question], read: Callable[[str], Read], settled: Callable[[str], object]
    ) -> list[Read | None]:
        answers: list[Read | None] = [None] * len(questions)
        waiting = iter(enumerate(questions.items()))

        async def work(client: openai.AsyncOpenAI) -> None:
            for place, (key, question) in waiting:
                answers[place] = await self._usable(client, question, read)
                settled(key)

        async with self._client() as client:
            workers = [asyncio.create_task(work(client)) for _ in range(min(self.settings.concurrency, len(questions)))]
            try:
                await asyncio.gather(*workers)
            finally:
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)
        return answers

    async def _usable(self, client: openai.AsyncOpenAI, question: Question, read: Callable[[str], Read]) -> Read | None:
        for attempt in range(self.settings.attempts):
            answer = await self._answer(client, question, attempt)
            try:
                return read(answer.text)
            except DataError:
                continue  # counted below when no attempt is of use
        self.account.unusable += 1
        return None

    async def _answer(self, client: openai.AsyncOpenAI, question: Question, attempt: int) -> Answer:
        """The answer of the ledger or the endpoint; an empty one, not kept, when what came back is none."""
        key = self._key(question, attempt)
        known = self.ledger.find(key)
        if known is not None:
            self.account.kept += 1
            return known
        try:
            reply = await client.chat.completions.create(**self._request(question, attempt))
        except _STOP as error:
            raise ModelError(
                f"{self.settings.base_url} refuses model '{self.name}' ({_reason(error)}); check base_url, model and "
                f"the key in {self.settings.api_key_env}"
            ) from error
        except (openai.BadRequestError, openai.UnprocessableEntityError, json.JSONDecodeError):
            return Answer("")  # too long, filtered or garbled: other questions may pass
        except openai.OpenAIError as error:
            raise ModelError(
                f"{self.settings.base_url} gave out ({_reason(error)}); what was answered is kept, run the same again "
                "to go on"
            ) from error
        if not isinstance(reply, ChatCompletion):  # a page of a proxy, say
            return Answer("")
        answer = _answer_of(reply)
        self.ledger.keep(key, answer)
        self.account.paid += 1
        self.account.prompt_tokens += answer.prompt_tokens
        self.account.answer_tokens += answer.answer_tokens
        return answer

    def _request(self, question: Question, attempt: int) -> dict[str, Any]:
        settings = self.settings
        request: dict[str, Any] = {
            "model": settings.model,
            "messages": list(question.messages),
            "temperature": settings.temperature,
            "max_tokens": settings.max_tokens,
            # an answer that was of no use is not asked for under the same seed
            "seed": question.seed + 1_000_003 * attempt,
        }
        if question.schema is not None and settings.structured == "schema":
            wanted = {"name": "answer", "strict": True, "schema": dict(question.schema)}
            request["response_format"] = {"type": "json_schema", "json_schema": wanted}
        elif question.schema is not None and settings.structured == "object":
            request["response_format"] = {"type": "json_object"}
        return request

    def _key(self, question: Question, attempt: int) -> str:
        content = {"base_url": self.settings.base_url, **self._request(question, attempt)}
        text = json.dumps(content, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def _client(self) -> openai.AsyncOpenAI:
        # a full bucket would let the whole minute's requests go at once
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
    used = reply.usage
    return Answer(text or "", used.prompt_tokens if used else 0, used.completion_tokens if used else 0)


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
