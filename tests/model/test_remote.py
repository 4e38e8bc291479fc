"""Passing faults of an endpoint are retried, lasting ones stop the run, and no question is paid for twice."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penchant.config import EndpointSection
from penchant.errors import ConfigError, DataError, ModelError
from penchant.message import Message
from penchant.model.base import Sampling, Written
from penchant.model.ledger import Ledger
from penchant.model.remote import Endpoint, Request


def questions(*texts: str) -> list[Request]:
    return [Request((Message("user", text),)) for text in texts]


def echo(request: dict[str, Any], _number: int) -> str:
    return "re: " + request["messages"][0]["content"]


def number_of(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise DataError("no number") from error


@pytest.fixture
def endpoint(served: Any, tmp_path: Path) -> Callable[..., Endpoint]:
    def made(**settings: object) -> Endpoint:
        section = EndpointSection.model_validate({"base_url": served.url, "model": "m", "tries": 3, **settings})
        return Endpoint(section, Ledger(tmp_path / "ledger.sqlite"))

    return made


def test_answers_come_in_the_order_of_the_questions_and_equal_questions_are_asked_once(served, endpoint) -> None:
    served.reply = echo
    one = endpoint(concurrency=4)
    steps: list[int] = []
    names = [f"q{i % 10}" for i in range(30)]
    assert one.ask(questions(*names), str, progress=steps.append) == [f"re: {name}" for name in names]
    assert len(served.requests) == one.account.paid == 10
    assert sum(steps) == 30
    assert (one.account.prompt_tokens, one.account.answer_tokens) == (70, 30)
    assert served.most_at_once <= 4


def test_nothing_is_paid_for_twice(served, endpoint) -> None:
    served.reply = echo
    endpoint().ask(questions("a", "b"), str)
    again = endpoint()
    assert again.ask(questions("a", "b", "c"), str) == ["re: a", "re: b", "re: c"]
    assert len(served.requests) == 3
    assert (again.account.paid, again.account.kept) == (1, 2)
    # another model, or another temperature, is another question
    endpoint(model="other").ask(questions("a"), str)
    endpoint(temperature=1.0).ask(questions("a"), str)
    assert len(served.requests) == 5


def test_another_seed_is_another_sample(served, endpoint) -> None:
    served.reply = lambda request, _: str(request["seed"])
    message = (Message("user", "q"),)
    assert endpoint().ask([Request(message, seed=0), Request(message, seed=1)], str) == ["0", "1"]


def test_a_run_that_broke_off_goes_on_from_what_was_answered(served, endpoint) -> None:
    served.reply = lambda request, number: (401, {}) if number == 6 else echo(request, number)
    names = [f"q{i}" for i in range(10)]
    with pytest.raises(ModelError, match="OPENAI_API_KEY"):
        endpoint(concurrency=1).ask(questions(*names), str)
    served.reply = echo
    assert endpoint(concurrency=1).ask(questions(*names), str) == [f"re: {name}" for name in names]
    assert len(served.requests) == 11  # the refused request, and each question once


def test_retry_after_is_waited_for(served, endpoint) -> None:
    served.reply = lambda request, number: (429, {"Retry-After": "1"}) if number == 0 else echo(request, number)
    assert endpoint().ask(questions("a"), str) == ["re: a"]
    assert served.times[1] - served.times[0] >= 1


@pytest.mark.parametrize("fault", [(500, {}), (503, {}), "cut", "hang"])
def test_passing_faults_are_tried_again(served, endpoint, fault) -> None:
    served.reply = lambda request, number: fault if number == 0 else echo(request, number)
    one = endpoint(timeout_s=0.5)
    assert one.ask(questions("a"), str) == ["re: a"]
    assert len(served.requests) == 2
    assert one.account.paid == 1


def test_an_endpoint_that_stays_down_ends_the_run_in_one_sentence(served, endpoint) -> None:
    served.reply = lambda _request, _number: (500, {})
    with pytest.raises(
        ModelError, match=r"failed after all tries \(.*\); received answers are kept; run the same command"
    ):
        endpoint(tries=2).ask(questions("a"), str)
    assert len(served.requests) == 2


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_no_retry_can_mend_stops_at_once(served, endpoint, status) -> None:
    served.reply = lambda _request, _number: (status, {})
    with pytest.raises(ModelError, match=f"refuses model 'm' .*{status}"):
        endpoint(concurrency=1).ask(questions("a", "b"), str)
    assert len(served.requests) == 1


@pytest.mark.parametrize("fault", ["page", "garbled", (400, {}), (422, {})])
def test_one_question_that_cannot_be_answered_does_not_stop_the_others(served, endpoint, fault) -> None:
    served.reply = lambda request, _: fault if request["messages"][0]["content"] == "bad" else "5"
    one = endpoint(attempts=2)
    assert one.ask(questions("good", "bad", "fine"), number_of) == [5, None, 5]
    assert one.account.unusable == 1
    assert len(served.requests) == 4


def test_an_answer_of_no_use_is_asked_for_again_under_another_seed_then_given_up(served, endpoint) -> None:
    served.reply = lambda _, number: "dunno" if number < 2 else "7"
    one = endpoint(attempts=3)
    assert one.ask(questions("a"), number_of) == [7]
    assert len({request["seed"] for request in served.requests}) == 3
    served.reply = lambda _request, _number: "dunno"
    two = endpoint(attempts=3)
    assert two.ask(questions("b"), number_of) == [None]
    assert (two.account.paid, two.account.unusable) == (3, 1)
    # unusable answers are not paid for again either
    three = endpoint(attempts=3)
    assert three.ask(questions("b"), number_of) == [None]
    assert (three.account.paid, three.account.kept) == (0, 3)


def test_the_rate_limit_spaces_requests(served, endpoint) -> None:
    endpoint(requests_per_minute=300).ask(questions(*"abcd"), str)
    gaps = [later - earlier for earlier, later in zip(served.times, served.times[1:], strict=False)]
    assert served.times[-1] - served.times[0] >= 0.5
    assert max(gaps) < 1


@pytest.mark.parametrize(("structured", "form"), [("schema", "json_schema"), ("object", "json_object"), ("text", None)])
def test_the_form_of_an_answer_is_told_as_the_endpoint_can_take_it(served, endpoint, structured, form) -> None:
    question = Request((Message("user", "q"),), {"type": "object"})
    endpoint(structured=structured).ask([question], str)
    response_format = served.requests[0].get("response_format")
    assert (response_format and response_format["type"]) == form
    if form == "json_schema":
        assert response_format["json_schema"]["schema"] == {"type": "object"}


def test_a_key_is_asked_for_and_sent_unless_the_address_is_this_machine(
    served, endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOME_KEY", raising=False)
    assert endpoint(api_key_env="SOME_KEY").ask(questions("a"), str) == ['{"says": []}']
    with pytest.raises(ConfigError, match="set SOME_KEY"):
        endpoint(base_url="https://models.example/v1", api_key_env="SOME_KEY").ask(questions("b"), str)


def test_a_key_can_be_asked_for_before_there_is_a_question(served, endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    far = endpoint(base_url="https://models.example/v1", api_key_env="SOME_KEY")
    monkeypatch.delenv("SOME_KEY", raising=False)
    with pytest.raises(ConfigError, match="set SOME_KEY"):
        far.require_key()
    monkeypatch.setenv("SOME_KEY", "s")
    assert far.require_key() == "s"
    assert served.requests == []


def test_it_works_where_a_loop_runs_already(served, endpoint) -> None:
    import asyncio

    async def in_a_notebook() -> list[str | None]:
        return endpoint().ask(questions("a"), str)

    assert asyncio.run(in_a_notebook()) == ['{"says": []}']


def test_the_ledger_keeps_no_question(served, endpoint, tmp_path: Path) -> None:
    served.reply = lambda _request, _number: json.dumps({"says": []})
    endpoint().ask(questions("my secret garden"), str)
    for file in tmp_path.glob("ledger*"):
        assert b"secret garden" not in file.read_bytes()


PROMPT = (Message("user", "tea?"),)


def test_written_answers_are_drawn_as_asked_and_paid_for_once(served, endpoint) -> None:
    served.reply = lambda _request, _number: "  hot tea \n"
    settings = Sampling(temperature=0.3, top_p=0.8, max_tokens=5, stop=("x",), seed=4)
    one = endpoint()
    assert one.write([PROMPT, PROMPT], settings) == [Written("hot tea", 7, 3, "stop")] * 2
    (request,) = served.requests
    names = ("temperature", "top_p", "max_tokens", "stop", "seed")
    assert [request[name] for name in names] == [0.3, 0.8, 5, ["x"], 4]
    again = endpoint()
    assert again.write([PROMPT], settings) == [Written("hot tea", 7, 3, "stop")]
    assert (len(served.requests), again.account.kept) == (1, 1)
    again.write([PROMPT], Sampling(seed=5))
    assert len(served.requests) == 2


def test_a_stream_comes_in_pieces_with_its_usage_and_is_not_stored(served, endpoint) -> None:
    served.reply = lambda _request, _number: " hot tea, please\n"
    one = endpoint()
    *pieces, answer = one.stream(PROMPT, Sampling(stop=("please",)))
    assert answer == Written("hot tea,", 7, 3, "stop")
    assert "".join(pieces) == answer.text
    assert len(pieces) > 1
    assert (one.account.paid, one.account.prompt_tokens, one.account.answer_tokens) == (1, 7, 3)
    assert served.requests[0]["stream"] is True
    list(one.stream(PROMPT, Sampling()))
    assert len(served.requests) == 2


@pytest.mark.parametrize("fault", [(500, {}), (503, {})])
def test_a_stream_that_does_not_begin_is_tried_again(served, endpoint, fault) -> None:
    served.reply = lambda _request, number: fault if number == 0 else "tea"
    assert list(endpoint().stream(PROMPT, Sampling()))[-1] == Written("tea", 7, 3, "stop")


@pytest.mark.parametrize("fault", ["tea |", "page", "garbled"])
def test_a_stream_that_breaks_off_is_no_answer(served, endpoint, fault) -> None:
    served.reply = lambda _request, _number: fault
    with pytest.raises(ModelError, match="broke off"):
        list(endpoint().stream(PROMPT, Sampling()))


@pytest.mark.parametrize(("fault", "words"), [((400, {}), "cannot answer a prompt"), ((401, {}), "refuses model")])
def test_a_prompt_that_is_refused_is_no_empty_answer(served, endpoint, fault, words) -> None:
    served.reply = lambda _request, _number: fault
    for ask in (lambda one: one.write([PROMPT], Sampling()), lambda one: list(one.stream(PROMPT, Sampling()))):
        with pytest.raises(ModelError, match=words):
            ask(endpoint())


@pytest.mark.parametrize("fault", ["page", "garbled"])
def test_a_page_is_no_written_answer(served, endpoint, fault) -> None:
    served.reply = lambda _request, _number: fault
    with pytest.raises(ModelError, match="did not return a completion|cannot answer"):
        endpoint().write([PROMPT], Sampling())


def test_what_the_protocol_does_not_have_is_refused(served, endpoint) -> None:
    with pytest.raises(ConfigError, match="`top_k`"):
        endpoint().write([PROMPT], Sampling(top_k=5))
    assert served.requests == []
