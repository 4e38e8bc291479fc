"""Two people, told to a real instruction-tuned model: it answers each of them, in other words, and from their poles.

The person files are JSON files as anybody may write them; the prompts are those of `METHODS`, and nothing is trained.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from penchant.message import Message
from penchant.method import METHODS
from penchant.model.base import Sampling
from penchant.model.local import LocalModel
from penchant.model.smollm2 import NAME, prepared
from penchant.person import Person
from penchant.runs.beliefs import people_of
from penchant.space import load_space

pytestmark = [
    pytest.mark.prove,
    pytest.mark.skipif(prepared() is None, reason="smollm2 is not prepared: neither the Hub nor its package was there"),
]

TASKS = ("What should I do this weekend?", "What could I cook tonight?")
SPACE = load_space("alignx90")


STAMP = {"name": SPACE.name, "digest": SPACE.digest}


def signs(**poles: int) -> list[dict[str, object]]:
    """A direction as a person file has it."""
    return [{"dimension": dimension, "sign": sign} for dimension, sign in poles.items()]


PEOPLE = {
    "ines": {
        "user_id": "ines",
        "space": STAMP,
        "evidence": [
            {"kind": "demographics", "text": "A 34-year-old woman with two dogs"},
            {
                "kind": "comment",
                "prompt": "How was your weekend?",
                "text": "We took the dogs up the mountain trail and slept in the tent.",
                "direction": signs(pets=1, outdoors=1, camping=1),
            },
            {
                "kind": "comparison",
                "prompt": "What is a good exercise?",
                "chosen": "Hiking.",
                "rejected": "There are many exercises, and it depends on what you like.",
                "direction": signs(communication_length=1, outdoors=1),
            },
        ],
        "corrections": [{"dimension": "sports", "sign": -1}],
    },
    "tom": {
        "user_id": "tom",
        "space": STAMP,
        "evidence": [
            {"kind": "demographics", "text": "A retired judge of 71 who lives alone in the city"},
            {
                "kind": "comment",
                "prompt": "What did you read last?",
                "text": "A history of the opera, in one long quiet evening at home.",
                "direction": signs(reading=1, music=1, outdoors=-1),
            },
            {
                "kind": "rating",
                "prompt": "What is a good meal?",
                "answer": "Pasta with butter and sage, with an old red wine.",
                "liked": True,
                "direction": signs(gourmet_food=1),
            },
        ],
        "corrections": [{"dimension": "cinema", "sign": 1}],
    },
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("people")
    for name, content in PEOPLE.items():
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return {name: folder / f"{name}.json" for name in PEOPLE}


@pytest.fixture(scope="module")
def people(files: dict[str, Path]) -> dict[str, Person]:
    return {name: people_of(path, SPACE, user=name)[name].person(SPACE) for name, path in files.items()}


@pytest.fixture(scope="module")
def real() -> LocalModel:
    return LocalModel.load(NAME)


def greedy(model: LocalModel, prompts: Sequence[Sequence[Message]]) -> list[str]:
    return [answer.text for answer in model.write(prompts, Sampling(temperature=0, max_tokens=60))]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("method", ["pba", "ica"])
def test_each_is_answered_and_in_other_words(speech, people, real: LocalModel, method: str, task: str) -> None:
    prompts = [METHODS[method].messages(person, task).messages for person in people.values()]
    answers = greedy(real, prompts)
    for answer, prompt in zip(answers, prompts, strict=True):
        assert not speech.empty(answer)
        assert not speech.speaks_about(answer), answer
        assert not speech.speaks_as(answer), answer
        assert not speech.repeats(answer, prompt[-1].content.removesuffix(task)), answer
    assert len(set(answers)) == len(people), answers


@pytest.mark.parametrize("name", PEOPLE)
def test_a_model_is_told_the_poles_that_show_user_states(penchant, files, people, name: str) -> None:
    ran = penchant("show", "user", "--data", files[name], "--json")
    assert ran.code == 0, ran.err
    shown = {belief["pole"] for belief in ran.last["beliefs"] if belief["pole"] is not None}
    text = METHODS["pba"].messages(people[name], TASKS[0]).messages[-1].content
    notes = text.partition("<notes>\n")[2].partition("\n</notes>")[0]
    assert {line.removeprefix("- ") for line in notes.splitlines()} == shown
    assert shown
