"""Training text for a base model: forum threads, and pages with questions.

The text replaces the pretraining of an instruction-tuned model: it teaches English, and answers that are faithful to
the text in the prompt. It teaches nothing about any population: both poles (sides) of a dimension are equally likely,
and people are drawn at random.

A *thread* is a post with a stranger's reply, or a question about the meaning of some words. A reply is short or
elaborated. Both forms express one stance, so that paraphrases get the same meaning.

A *page* contains texts and choices by one person, or a list of the person's preferences. Its questions ask what the
person said about some topics, or who the person is. The right answer states the person's own poles in any wording; the
wrong answer states the opposite poles. Some pages bind topics to arbitrary poles, so that a model must look back at the
page. A plain post below a page is answered by a stranger, whose stance does not depend on the page: only alignment
teaches that a reply should please the person on the page. For the same reason a page never carries the system turn that
methods put before a person.

Pages come in couples of opposite people with the same questions, so a pair of answers reveals nothing by itself.
`penchant.render` makes all prompts. Phrasings that are reserved for test people never occur in a page's choices.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from penchant.errors import RecordError
from penchant.forum.lexicon import KNOWN, lexicon
from penchant.forum.speech import COMMENTS, DESCRIPTION, POSTS, REPLIES, Speaker, Stance
from penchant.message import Message
from penchant.model.base import Candidates
from penchant.person import Person
from penchant.persona import Comment, Comparison, Demographics, Evidence, Persona
from penchant.render import Content, render
from penchant.space import Direction, PreferenceSpace

MEANING = "What is {}?"
QUESTIONS = ("What did they say about {}?", "Where do they stand on {}?")
DESCRIBE = "Describe this person."

Item = TypeVar("Item")
Page = list[Candidates]
"""The questions of one page. The first answer of each is right; a second one, if there is one, is wrong."""
Meaning = Mapping[int, tuple[int, int]]
"""Topic, as a dimension index -> (dimension index, sign) that a person states about it. The two dimensions differ on
pages that bind topics to arbitrary poles."""


@dataclass
class Corpus:
    """An endless, seeded stream of conversations over the words of a lexicon."""

    space: PreferenceSpace
    rng: np.random.Generator
    questions: int = 8
    """Questions on each page."""
    items: int = 8
    """Most evidence items on a page."""
    topics: int = 10
    """Most topics on a page."""
    bound: float = 0.2
    """Share of pages that bind topics to arbitrary poles."""
    lists: float = 0.25
    """Share of pages that list the names of preferences instead of showing a history."""
    described: float = 0.3
    """Share of the other histories that end with a description; a third of these consist of the description alone."""
    strangers: float = 0.3
    """Share of questions that are posts answered by a stranger."""
    descriptions: float = 0.1
    """Share of questions that ask for a description of the person."""

    def __post_init__(self) -> None:
        self.entries = lexicon(self.space)
        self._speakers = [Speaker(self.entries, self.rng, unseen) for unseen in (False, True)]

    @classmethod
    def over(cls, space: PreferenceSpace, *, seed: int, questions: int) -> Corpus:
        """A stream over the lexicon of a space.

        Args:
            questions: questions on each page.
        """
        return cls(space, np.random.default_rng(seed), questions=questions)

    def thread(self) -> Candidates:
        """A post with a plain reply, a post with an elaborated reply, or a question of meaning; one third each."""
        return (self._plain, self._elaborated, self._meaning)[int(self.rng.integers(3))]()

    def _plain(self) -> Candidates:
        stance = self._stance(self._some_topics(2))
        # unseen phrasings occur in plain replies with their share of the vocabulary
        speaker = self._speakers[int(self.rng.random() < 1 - KNOWN / len(self.entries[0].positive))]
        return _conversation(speaker.post([d for d, _ in stance]), speaker.reply(stance))

    def _elaborated(self) -> Candidates:
        """A post with one stance in two sentences of different words."""
        stance = self._stance(self._some_topics(2))
        first, second = zip(*(self._two(self._pole(d, sign)) for d, sign in stance), strict=True)
        frames = (COMMENTS, REPLIES)[int(self.rng.integers(2))]
        answer = f"{self._write(frames, first)} {self._write(frames, second)}"
        return _conversation(self._post([d for d, _ in stance]), answer)

    def _meaning(self) -> Candidates:
        """The question what the words for a pole mean; it is about no person."""
        ((dimension, sign),) = self._stance(self._some_topics(1))
        phrases = self._two(self._pole(dimension, sign))
        label = self.space.dimensions[dimension].pole(1 if sign > 0 else -1)
        return _conversation(MEANING.format(label), f"{' and '.join(phrases)}.")

    def couple(self) -> tuple[Page, Page]:
        """The pages of two people with opposite poles and the same questions."""
        least = min(3, len(self.space))
        topics = self._some_topics(int(self.rng.integers(least, min(self.topics, len(self.space)) + 1)))
        kind = self.rng.random()
        if kind < self.lists:
            meaning = {d: (d, sign) for d, sign in self._stance(topics)}
            people = [Person(profile=self._direction(side)) for side in (meaning, _opposite(meaning))]
            return self._ask(people, "directions", topics, meaning=meaning)
        bound = kind < self.lists + self.bound
        dimensions = [int(d) for d in self.rng.integers(len(self.space), size=len(topics))] if bound else topics
        meaning = dict(zip(topics, self._stance(dimensions), strict=True))
        mentioned, histories = self._histories(topics, meaning, bound=bound)
        people = [Person(Persona.of_items(history)) for history in histories]
        return self._ask(people, "history", mentioned, meaning=meaning)

    def _histories(
        self, topics: Sequence[int], meaning: Meaning, *, bound: bool
    ) -> tuple[list[int], tuple[list[Evidence], list[Evidence]]]:
        """The topics that occur, and the evidence of both people; an item of a bound page has one topic, else two."""
        histories: tuple[list[Evidence], list[Evidence]] = ([], [])
        mentioned: set[int] = set()
        comments = (0.0, 0.5, 0.5, 0.5, 1.0)[int(self.rng.integers(5))]
        for _ in range(int(self.rng.integers(2, self.items + 1))):
            item_topics = [topics[int(i)] for i in self.rng.choice(len(topics), 1 if bound else 2, replace=False)]
            mentioned.update(item_topics)
            post, own = self._post(item_topics), [meaning[topic] for topic in item_topics]
            if self.rng.random() < comments:
                for history, stance in zip(histories, (own, _flipped(own)), strict=True):
                    history.append(Comment(post, self._say(COMMENTS, stance)))
            else:
                one, other = (self._say(REPLIES, stance, known_only=True) for stance in (own, _flipped(own)))
                histories[0].append(Comparison(post, chosen=one, rejected=other))
                histories[1].append(Comparison(post, chosen=other, rejected=one))
        chance = self.rng.random()
        if not bound and chance < self.described:
            own = [meaning[topic] for topic in topics]
            for history, stance in zip(histories, (own, _flipped(own)), strict=True):
                description = Demographics(DESCRIPTION.format(", ".join(self._phrases(stance))))
                history[:] = [description] if chance < self.described / 3 else [*history, description]
            mentioned = set(topics)
        return sorted(mentioned), histories

    def _ask(
        self, people: Sequence[Person], content: Content, topics: list[int], *, meaning: Meaning
    ) -> tuple[Page, Page]:
        """The pages of two people, with questions about some topics."""
        pages: tuple[Page, Page] = ([], [])
        for _ in range(self.questions):
            about = self._order(topics)[: 1 if self.rng.random() < 0.2 else 2]
            own = [meaning[topic] for topic in about]
            answers: tuple[tuple[str, ...], tuple[str, ...]]
            if self.rng.random() < self.descriptions:
                task, poles = DESCRIBE, [meaning[topic] for topic in topics]
                right, wrong = (
                    DESCRIPTION.format(", ".join(self._phrases(stance))) for stance in (poles, _flipped(poles))
                )
                answers = ((right, wrong), (wrong, right))
            elif self.rng.random() < self.strangers:
                task = self._post(about)
                stranger = self._say(REPLIES, self._stance([dimension for dimension, _ in own]))
                answers = ((stranger,), (stranger,))
            else:
                task = self._pick(QUESTIONS).format(self._topics(about))
                frames = (COMMENTS, REPLIES)[int(self.rng.integers(2))]
                right, wrong = (self._say(frames, stance) for stance in (own, _flipped(own)))
                answers = ((right, wrong), (wrong, right))
            for page, person, person_answers in zip(pages, people, answers, strict=True):
                # without the system turn, which would tell the base to please the person
                page.append(Candidates(render(person, task, content=content).messages[1:], person_answers))
        return pages

    def _direction(self, meaning: Meaning) -> Direction:
        signs = np.zeros(len(self.space), dtype=np.int8)
        for dimension, sign in meaning.values():
            signs[dimension] = sign
        return Direction(self.space, signs)

    def _some_topics(self, count: int) -> list[int]:
        return [int(d) for d in self.rng.choice(len(self.entries), size=count, replace=False)]

    def _stance(self, dimensions: Sequence[int]) -> Stance:
        return tuple((d, 1 if self.rng.random() < 0.5 else -1) for d in dimensions)

    def _pole(self, dimension: int, sign: int, *, known_only: bool = False) -> tuple[str, ...]:
        entry = self.entries[dimension]
        pole = entry.positive if sign > 0 else entry.negative
        return pole[:KNOWN] if known_only else pole

    def _phrases(self, stance: Sequence[tuple[int, int]], *, known_only: bool = False) -> list[str]:
        """One phrase for each pole, in random order."""
        return [self._pick(self._pole(d, sign, known_only=known_only)) for d, sign in self._order(stance)]

    def _say(self, frames: Sequence[str], stance: Sequence[tuple[int, int]], *, known_only: bool = False) -> str:
        return self._write(frames, self._phrases(stance, known_only=known_only))

    def _order(self, items: Sequence[Item]) -> list[Item]:
        """The items in random order."""
        return [items[int(i)] for i in self.rng.permutation(len(items))]

    def _two(self, phrases: Sequence[str]) -> list[str]:
        return [phrases[int(i)] for i in self.rng.choice(len(phrases), 2, replace=False)]

    def _pick(self, options: Sequence[str]) -> str:
        return options[int(self.rng.integers(len(options)))]

    def _topics(self, dimensions: Sequence[int]) -> str:
        return " and ".join(self.entries[dimension].topic for dimension in dimensions)

    def _post(self, dimensions: Sequence[int]) -> str:
        return self._pick(POSTS).format(self._topics(dimensions))

    def _write(self, frames: Sequence[str], phrases: Sequence[str]) -> str:
        return self._pick(frames).format(" and ".join(phrases))


def direct_question(post: str) -> str:
    """The question what somebody said about the topics of a post, as pages have it.

    Raises:
        RecordError: the text is not a post of the forum.
    """
    for frame in POSTS:
        before, after = frame.split("{}")
        if post.startswith(before) and post.endswith(after):
            return QUESTIONS[0].format(post.removeprefix(before).removesuffix(after))
    raise RecordError(f"'{post}' is no post of the simulated forum; only its posts have a direct question")


def vocabulary(space: PreferenceSpace) -> list[str]:
    """Texts with every word that a forum of this space can use: its lexicon, the frames, the phrases of the space."""
    # filled in, since no text has the braces
    texts = [frame.format(" ") for frame in (*POSTS, *COMMENTS, *REPLIES, DESCRIPTION, *QUESTIONS, DESCRIBE)]
    for entry in lexicon(space):
        texts += [entry.topic, *entry.positive, *entry.negative]
    for dimension in space.dimensions:
        poles = (dimension.positive, dimension.negative)
        texts += [dimension.name, *poles, *map(MEANING.format, poles)]
    return texts


def batches(corpus: Corpus, *, couples: int, threads: int) -> Iterator[tuple[list[Page], list[Page]]]:
    """Batches of training steps: `couples` couples of pages and `threads` threads each."""
    while True:
        yield (
            [page for _ in range(couples) for page in corpus.couple()],
            [[corpus.thread()] for _ in range(threads)],
        )


def _opposite(meaning: Meaning) -> Meaning:
    return {topic: (dimension, -sign) for topic, (dimension, sign) in meaning.items()}


def _flipped(stance: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(dimension, -sign) for dimension, sign in stance]


def _conversation(question: str, answer: str) -> Candidates:
    message: Message = Message("user", question)
    return Candidates((message,), (answer,))
