"""What every model that writes promises."""

from dataclasses import replace

import pytest

from penchant.message import Message
from penchant.model.base import Sampling, Writes, Written

ASK: tuple[Message, ...] = (Message("user", "what about tea ?"),)
TELL: tuple[Message, ...] = (Message("system", "i like milk"), Message("user", "try hot milk or cold tea please"))
PROMPTS = [ASK, TELL, (Message("user", "coffee"),), ASK]
GREEDY = Sampling(temperature=0, max_tokens=12)


@pytest.fixture(params=["fake", "llama", "mamba", "endpoint"])
def model(request: pytest.FixtureRequest, open_model) -> Writes:
    return open_model(request.param)


@pytest.fixture(params=["fake", "llama", "mamba"])
def stepping(request: pytest.FixtureRequest, open_model) -> Writes:
    return open_model(request.param)


def streamed(model: Writes, prompt: tuple[Message, ...], settings: Sampling) -> tuple[list[str], Written]:
    *pieces, answer = model.stream(prompt, settings)
    assert all(isinstance(piece, str) and piece for piece in pieces)
    assert isinstance(answer, Written)
    return [str(piece) for piece in pieces], answer


@pytest.mark.filterwarnings("ignore:.*is not exact in batches")
@pytest.mark.parametrize("settings", [GREEDY, Sampling(max_tokens=6, seed=3), Sampling(temperature=1, top_p=1)])
def test_every_prompt_gets_the_answer_that_it_gets_alone(model: Writes, settings: Sampling) -> None:
    answers = model.write(PROMPTS, settings)
    assert answers == [model.write([prompt], settings)[0] for prompt in PROMPTS]
    assert answers[0] == answers[3]
    assert all(1 <= answer.answer_tokens <= settings.max_tokens for answer in answers)
    assert all(answer.prompt_tokens > 0 for answer in answers)
    assert all(answer.text == answer.text.strip() for answer in answers)
    assert model.name


def test_nothing_to_answer_is_nothing_written(model: Writes) -> None:
    assert model.write([], GREEDY) == []


@pytest.mark.filterwarnings("ignore:.*is not exact in batches")
@pytest.mark.parametrize("settings", [GREEDY, Sampling(max_tokens=9, seed=5)])
def test_pieces_of_a_stream_joined_are_the_written_answer(model: Writes, settings: Sampling) -> None:
    for prompt in PROMPTS[:3]:
        pieces, answer = streamed(model, prompt, settings)
        assert "".join(pieces) == answer.text
        assert answer == model.write([prompt], settings)[0]


def words_of(model: Writes, settings: Sampling) -> list[str]:
    return model.write([TELL], settings)[0].text.split()


@pytest.mark.filterwarnings("ignore:.*is not exact in batches")
def test_an_answer_ends_before_a_stop_text_that_spans_tokens(stepping: Writes) -> None:
    drawn = (Sampling(temperature=1, max_tokens=12, seed=seed) for seed in range(50))
    settings, words = next((one, words) for one in drawn if len(words := words_of(stepping, one)) >= 3)
    stop = f"{words[1][-1]} {words[2]}"
    (free,) = stepping.write([TELL], settings)
    settings = replace(settings, stop=("never written", stop))
    (answer,) = stepping.write([TELL], settings)
    assert answer.text == free.text[: free.text.index(stop)].strip()
    assert answer.finish == "stop"
    assert answer.answer_tokens <= free.answer_tokens
    pieces, same = streamed(stepping, TELL, settings)
    assert same == answer
    assert "".join(pieces) == answer.text


@pytest.mark.filterwarnings("ignore:.*is not exact in batches")
def test_an_answer_that_is_cut_says_so(stepping: Writes) -> None:
    (cut,) = stepping.write([TELL], Sampling(temperature=0, max_tokens=2))
    assert (cut.finish, cut.answer_tokens) == ("length", 2)


@pytest.mark.filterwarnings("ignore:.*is not exact in batches")
def test_another_seed_is_another_sample(stepping: Writes) -> None:
    settings = [Sampling(temperature=3, top_p=1, max_tokens=12, seed=seed) for seed in range(4)]
    assert len({stepping.write([ASK], one)[0].text for one in settings}) > 1
