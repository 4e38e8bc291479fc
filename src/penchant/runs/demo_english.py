"""Real English for the demo: what a small published model writes for three invented people.

They describe themselves in plain words, and nothing is trained. The model answers without the person, with the person
in its prompt, and under mixtures of both prompts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from penchant.message import conversation
from penchant.method import METHODS
from penchant.person import meet
from penchant.persona import Persona, Statement
from penchant.space import load_space

if TYPE_CHECKING:
    from penchant.eval.report import Sample
    from penchant.message import Message
    from penchant.model.base import SteppingModel

PEOPLE: Final[Mapping[str, str]] = {
    "Ada": "I have two small children and no time. Short answers, please. We eat no meat.",
    "Ben": "I am a retired teacher. I love history, old towns and long walks, and I like to read the details.",
    "Cem": "I am eighteen. I play basketball and video games all day, and I like hot, spicy food.",
}
"""Invented people, and what they say of themselves."""
QUESTIONS: Final = ("What should I cook tonight?", "Where should I go this summer?")
SHARES: Final = (0.5, 0.8)
"""Probability that a token is drawn from the prompt with the person, of each mixture."""
_TOKENS = 48


def english_samples(model: SteppingModel, *, seed: int = 0) -> list[Sample]:
    """One sample per question: for each person, what every way of asking writes (temperature 0.7)."""
    from penchant.decode.decoders import decoded
    from penchant.eval.report import Sample, Written
    from penchant.model.base import Sampling

    settings = Sampling(max_tokens=_TOKENS, seed=seed)
    asked = [conversation(question) for question in QUESTIONS]
    prompts = [_with_person(words, question) for question in QUESTIONS for words in PEOPLE.values()]
    alone = [answer.text for answer in model.write(asked, settings)]
    columns = {"with the person in its prompt": [answer.text for answer in model.write(prompts, settings)]}
    for share in SHARES:
        mixed = decoded(model, "mixture", share).write(prompts, settings)
        columns[f"mixture, {share:.0%} with the person"] = [answer.text for answer in mixed]
    samples = []
    for place, question in enumerate(QUESTIONS):
        people = []
        for number, (name, words) in enumerate(PEOPLE.items()):
            row = place * len(PEOPLE) + number
            texts = [("alone", alone[place]), *((label, texts[row]) for label, texts in columns.items())]
            people.append(Written(name, (words,), tuple(texts)))
        samples.append(Sample(question, tuple(people)))
    return samples


def as_lines(samples: Sequence[Sample]) -> list[str]:
    """The samples for a terminal."""
    lines = []
    for sample in samples:
        lines.append(f"\n{sample.prompt}")
        for person in sample.people:
            lines.append(f"\n  {person.name}: {' '.join(person.poles)}")
            lines += [f"    {label}: {' '.join(text.split())}" for label, text in person.texts]
    return lines


def _with_person(words: str, question: str) -> Sequence[Message]:
    person = meet(Persona.of_items([Statement(words)]), load_space())
    return METHODS["ica"].messages(person, question).messages
