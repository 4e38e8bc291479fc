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
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import openai
from aiolimiter import AsyncLimiter
from anyio.from_thread import start_blocking_portal
from openai.types.chat import ChatCompletion

from penchant.config import EndpointSection
from penchant.errors import ConfigError, DataError, ModelError
from penchant.message import Message, as_dicts
from penchant.model.base import Sampling, Written
from penchant.model.ledger import Answer, Ledger
from penchant.model.write import Pieces

Read = TypeVar("Read")
Result = TypeVar("Result")
_STOP = (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError)
"""Errors of the set-up, which every further question would raise as well."""
_UNANSWERED = (openai.BadRequestError, openai.UnprocessableEntityError, json.JSONDecodeError)
"""Errors of one question; others may work."""


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a language model."""

    messages: tuple[Message, ...]
    schema: Mapping[str, Any] | None = None
    """JSON schema of the answer; None for free text."""
    seed: int = 0
    """Questions that differ only in the seed are different samples."""
    sampling: Sampling | None = None
    """How the answer is drawn; None: by the endpoint's section of the recipe, and `seed`."""


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

        async def usable(client: openai.AsyncOpenAI, key: str, question: Request) -> Read | None:
            result = await self._usable(client, question, read)
            completed(key)
            return result

        # a portal, not asyncio.run: it also works inside a running event loop, as in a notebook
        with start_blocking_portal() as portal:
            answers = portal.call(self._at_once, distinct, usable)
        results = dict(zip(distinct, answers, strict=True))
        return [results[key] for key in keys]

    def write(self, prompts: Sequence[Sequence[Message]], settings: Sampling) -> list[Written]:
        """See `Writes.write`. Answers come from the ledger if they were paid for before.

        Raises:
            ConfigError: the environment has no API key, or the settings ask for what the protocol does not have.
            ModelError: the endpoint refuses the key, the model, the address or a prompt, or fails after all tries.
        """
        _require_sendable(settings)
        questions = [Request(tuple(prompt), sampling=settings) for prompt in prompts]
        keys = [self._key(question, 0) for question in questions]
        distinct = dict(zip(keys, questions, strict=True))

        async def answer(client: openai.AsyncOpenAI, _key: str, question: Request) -> Answer:
            return await self._answer(client, question, 0)

        with start_blocking_portal() as portal:
            answers = dict(zip(distinct, portal.call(self._at_once, distinct, answer), strict=True))
        return [_written(answers[key]) for key in keys]

    def stream(self, prompt: Sequence[Message], settings: Sampling) -> Iterator[str | Written]:
        """See `Writes.stream`; the ledger is neither asked nor written, and `requests_per_minute` is not kept.

        Raises:
            ConfigError, ModelError: as `write`, or the endpoint breaks off.
        """
        _require_sendable(settings)
        request = self._request(Request(tuple(prompt), sampling=settings), 0)
        pieces, text, finish, usage = Pieces(settings.stop), "", None, None
        with self._errors(), self._sync_client() as client:
            chunks = client.chat.completions.create(**request, stream=True, stream_options={"include_usage": True})
            for chunk in chunks:
                usage = chunk.usage or usage
                for choice in chunk.choices[:1]:
                    finish = choice.finish_reason or finish
                    piece = pieces.add(choice.delta.content or "")
                    if piece:
                        text += piece
                        yield piece
        if finish is None:
            raise ModelError(f"{self.settings.base_url} broke off in the middle of an answer; ask again")
        rest = pieces.end()
        if rest:
            yield rest
        answer = Answer(
            text + rest, usage.prompt_tokens if usage else 0, usage.completion_tokens if usage else 0, finish
        )
        self._pay(answer)
        yield _written(answer)

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

    async def _at_once(
        self,
        questions: Mapping[str, Request],
        answer: Callable[[openai.AsyncOpenAI, str, Request], Awaitable[Result]],
    ) -> list[Result]:
        """Answers by key, in order, many at once."""
        answers: dict[int, Result] = {}
        waiting = iter(enumerate(questions.items()))

        async def work(client: openai.AsyncOpenAI) -> None:
            for index, (key, question) in waiting:
                answers[index] = await answer(client, key, question)

        async with self._client() as client:
            workers = [asyncio.create_task(work(client)) for _ in range(min(self.settings.concurrency, len(questions)))]
            try:
                await asyncio.gather(*workers)
            finally:
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)
        return [answers[index] for index in range(len(questions))]

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
        with self._errors():
            try:
                reply = await client.chat.completions.create(**self._request(question, attempt))
            except _UNANSWERED:
                if question.sampling is not None:
                    raise
                return Answer("")  # too long, filtered or garbled; other questions may work
        if not isinstance(reply, ChatCompletion):  # for example the error page of a proxy
            if question.sampling is not None:
                raise ModelError(f"{self.settings.base_url} did not return a completion; check the address")
            return Answer("")
        answer = _answer_of(reply)
        self.ledger.keep(key, answer)
        self._pay(answer)
        return answer

    def _pay(self, answer: Answer) -> None:
        self.account.paid += 1
        self.account.prompt_tokens += answer.prompt_tokens
        self.account.answer_tokens += answer.answer_tokens

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Errors of the client, as ours."""
        try:
            yield
        except _STOP as error:
            raise ModelError(
                f"{self.settings.base_url} refuses model '{self.name}' ({_reason(error)}); check base_url, model and "
                f"the key in {self.settings.api_key_env}"
            ) from error
        except _UNANSWERED as error:
            raise ModelError(
                f"{self.settings.base_url} cannot answer a prompt ({_reason(error)}); check its length and the settings"
            ) from error
        except openai.OpenAIError as error:
            raise ModelError(
                f"{self.settings.base_url} failed after all tries ({_reason(error)}); received answers are kept; "
                "run the same command again"
            ) from error

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
        if question.sampling is not None:
            sampling = question.sampling
            request |= {"temperature": sampling.temperature, "max_tokens": sampling.max_tokens, "seed": sampling.seed}
            request["top_p"] = sampling.top_p
            if sampling.stop:
                request["stop"] = list(sampling.stop)
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

    def _sync_client(self) -> openai.OpenAI:
        return openai.OpenAI(
            base_url=self.settings.base_url,
            api_key=self.require_key(),
            timeout=self.settings.timeout_s,
            max_retries=self.settings.tries - 1,
        )

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
    choice = reply.choices[0] if reply.choices else None
    text, finish = (choice.message.content, choice.finish_reason) if choice else (None, "stop")
    usage = reply.usage
    return Answer(text or "", usage.prompt_tokens if usage else 0, usage.completion_tokens if usage else 0, finish)


def _written(answer: Answer) -> Written:
    finish: Literal["stop", "length"] = "length" if answer.finish == "length" else "stop"
    return Written(answer.text.strip(), answer.prompt_tokens, answer.answer_tokens, finish)


def _require_sendable(settings: Sampling) -> None:
    if settings.top_k:
        raise ConfigError("an endpoint takes no `top_k`; leave it at 0, or use a model on this machine")


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
