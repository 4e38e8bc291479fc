"""Text that a base model is trained on before it meets anybody: threads, and pages to be asked about.

It stands for what an instruction-tuned model brings: English, and answers that are faithful to what it was given to
read. It holds nothing about any population: either pole is as likely as the other, and people are drawn afresh.

A *thread* is a post with a stranger's reply, short or elaborated (two wordings of one stance, so that paraphrases come
to mean the same), or a question what some words mean. A *page* shows what one person wrote and chose, or a list of
their preferences, and is asked about: what they said of some topics, or who they are. The faithful answer is in any
wording of what they hold; beside it stands the unfaithful one, which holds the opposite. Some pages bind topics to
arbitrary poles, so that only looking back helps. A plain post below a page is answered by a stranger, whose stance
has nothing to do with the page: that a reply should please the person on the page is what alignment teaches, not the
base. For the same reason a page never carries the system turn that methods put before a person.

Pages come in couples of opposite people who are asked the same, so that a pair of answers says nothing by itself.
Everything goes through the one rendering path. Wordings kept from training people never occur in a page's choices.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from penchant.errors import RecordError
from penchant.forum.lexicon import KNOWN, lexicon
from penchant.forum.speech import COMMENTS, DESCRIPTION, POSTS, REPLIES, Speaker, Stance
from penchant.model.base import Candidates
from penchant.person import Person
from penchant.persona import Comment, Comparison, Demographics, Evidence, Persona
from penchant.render import Content, Message, render
from penchant.space import Direction, PreferenceSpace

MEANING = "What is {}?"
QUESTIONS = ("What did they say about {}?", "Where do they stand on {}?")
DESCRIBE = "Describe this person."

Thing = TypeVar("Thing")
Page = list[Candidates]
"""Everything that one page is asked: the first answer is the right one; a second, where there is one, is wrong."""
Meaning = Mapping[int, tuple[int, int]]
"""Topic (dimension index) -> (dimension index, sign) that somebody says under it."""


@dataclass
class Corpus:
    """An endless, seeded stream of conversations over the words of a lexicon."""

    space: PreferenceSpace
    rng: np.random.Generator
    questions: int = 8
    """Questions asked of each page."""
    items: int = 8
    """Most items of evidence on a page."""
    topics: int = 10
    """Most topics on a page."""
    bound: float = 0.2
    """Share of pages that bind topics to arbitrary poles."""
    lists: float = 0.25
    """Share of pages that list preferences by their names instead of showing a history."""
    described: float = 0.3
    """Share of the other histories that end with a description; a third of these show nothing else."""
    strangers: float = 0.3
    """Share of questions that are posts answered by a stranger."""
    descriptions: float = 0.1
    """Share of questions that ask for a description."""

    def __post_init__(self) -> None:
        self.entries = lexicon(self.space)
        self._speakers = [Speaker(self.entries, self.rng, unseen) for unseen in (False, True)]

    @classmethod
    def over(cls, space: PreferenceSpace, *, seed: int, questions: int) -> Corpus:
        """A stream over the lexicon of a whole space."""
        return cls(space, np.random.default_rng(seed), questions=questions)

    def thread(self) -> Candidates:
        """A post with one stranger's reply, plain or elaborated, or a question of meaning, one third each."""
        return (self._plain, self._elaborated, self._meaning)[int(self.rng.integers(3))]()

    def _plain(self) -> Candidates:
        stance = self._stance(self._some_topics(2))
        # unseen phrasings occur in plain posts as often as their share of the vocabulary
        speaker = self._speakers[int(self.rng.random() < 1 - KNOWN / len(self.entries[0].positive))]
        return _asked(speaker.post([d for d, _ in stance]), speaker.reply(stance))

    def _elaborated(self) -> Candidates:
        """One stance in two sentences, each in other words."""
        stance = self._stance(self._some_topics(2))
        first, second = zip(*(self._two(self._pole(d, sign)) for d, sign in stance), strict=True)
        frames = (COMMENTS, REPLIES)[int(self.rng.integers(2))]
        answer = f"{self._write(frames, first)} {self._write(frames, second)}"
        return _asked(self._post([d for d, _ in stance]), answer)

    def _meaning(self) -> Candidates:
        """What the words for a pole mean; no person is spoken of."""
        ((dimension, sign),) = self._stance(self._some_topics(1))
        phrases = self._two(self._pole(dimension, sign))
        label = self.space.dimensions[dimension].pole(1 if sign > 0 else -1)
        return _asked(MEANING.format(label), f"{' and '.join(phrases)}.")

    def couple(self) -> tuple[Page, Page]:
        """The pages of two people with opposite poles who are asked the same."""
        least = min(3, len(self.space))
        topics = self._some_topics(int(self.rng.integers(least, min(self.topics, len(self.space)) + 1)))
        kind = self.rng.random()
        if kind < self.lists:
            meaning = {d: (d, sign) for d, sign in self._stance(topics)}
            people = [Person(profile=self._direction(one)) for one in (meaning, _opposite(meaning))]
            return self._ask(people, "directions", topics, meaning)
        bound = kind < self.lists + self.bound
        under = [int(d) for d in self.rng.integers(len(self.space), size=len(topics))] if bound else topics
        meaning = dict(zip(topics, self._stance(under), strict=True))
        seen, histories = self._histories(topics, meaning, bound=bound)
        return self._ask([Person(Persona(tuple(h))) for h in histories], "history", seen, meaning)

    def _histories(
        self, topics: Sequence[int], meaning: Meaning, *, bound: bool
    ) -> tuple[list[int], tuple[list[Evidence], list[Evidence]]]:
        """The topics that occur, and what either person wrote and chose; a bound page has one topic an item."""
        histories: tuple[list[Evidence], list[Evidence]] = ([], [])
        seen: set[int] = set()
        comments = (0.0, 0.5, 0.5, 0.5, 1.0)[int(self.rng.integers(5))]
        for _ in range(int(self.rng.integers(2, self.items + 1))):
            two = [topics[int(i)] for i in self.rng.choice(len(topics), 1 if bound else 2, replace=False)]
            seen.update(two)
            post, own = self._post(two), [meaning[topic] for topic in two]
            if self.rng.random() < comments:
                for history, stance in zip(histories, (own, _flipped(own)), strict=True):
                    history.append(Comment(post, self._say(COMMENTS, stance)))
            else:
                one, two_ = (self._say(REPLIES, stance, known=True) for stance in (own, _flipped(own)))
                histories[0].append(Comparison(post, one, two_))
                histories[1].append(Comparison(post, two_, one))
        chance = self.rng.random()
        if not bound and chance < self.described:
            own = [meaning[topic] for topic in topics]
            for history, stance in zip(histories, (own, _flipped(own)), strict=True):
                description = Demographics(DESCRIPTION.format(", ".join(self._phrases(stance))))
                history[:] = [description] if chance < self.described / 3 else [*history, description]
            seen = set(topics)
        return sorted(seen), histories

    def _ask(
        self, people: Sequence[Person], content: Content, topics: list[int], meaning: Meaning
    ) -> tuple[Page, Page]:
        pages: tuple[Page, Page] = ([], [])
        for _ in range(self.questions):
            about = self._order(topics)[: 1 if self.rng.random() < 0.2 else 2]
            own = [meaning[topic] for topic in about]
            answers: tuple[tuple[str, ...], tuple[str, ...]]
            if self.rng.random() < self.descriptions:
                task, everything = DESCRIBE, [meaning[topic] for topic in topics]
                right, wrong = (
                    DESCRIPTION.format(", ".join(self._phrases(s))) for s in (everything, _flipped(everything))
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
            for page, person, said in zip(pages, people, answers, strict=True):
                # without the system turn, which would tell the base to please
                page.append(Candidates(render(person, task, content=content).messages[1:], said))
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

    def _pole(self, dimension: int, sign: int, *, known: bool = False) -> tuple[str, ...]:
        entry = self.entries[dimension]
        pole = entry.positive if sign > 0 else entry.negative
        return pole[:KNOWN] if known else pole

    def _phrases(self, stance: Sequence[tuple[int, int]], *, known: bool = False) -> list[str]:
        """One wording of each pole, in any order."""
        return [self._pick(self._pole(d, sign, known=known)) for d, sign in self._order(stance)]

    def _say(self, frames: Sequence[str], stance: Sequence[tuple[int, int]], *, known: bool = False) -> str:
        return self._write(frames, self._phrases(stance, known=known))

    def _order(self, things: Sequence[Thing]) -> list[Thing]:
        return [things[int(i)] for i in self.rng.permutation(len(things))]

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
    """The question what somebody said about the topics of a post.

    Raises:
        RecordError: the text is no post of the forum.
    """
    for frame in POSTS:
        before, after = frame.split("{}")
        if post.startswith(before) and post.endswith(after):
            return QUESTIONS[0].format(post.removeprefix(before).removesuffix(after))
    raise RecordError(f"'{post}' is no post of the simulated forum; only those can be asked about outright")


def vocabulary(space: PreferenceSpace) -> list[str]:
    """Every text whose words a forum of this space can use: the lexicon, the frames and the space's own phrases."""
    # with the braces left in, "{}?" would be one run of punctuation and "?" a word that nobody knows
    texts = [frame.format(" ") for frame in (*POSTS, *COMMENTS, *REPLIES, DESCRIPTION, *QUESTIONS, DESCRIBE)]
    for entry in lexicon(space):
        texts += [entry.topic, *entry.positive, *entry.negative]
    for dimension in space.dimensions:
        poles = (dimension.positive, dimension.negative)
        texts += [dimension.name, *poles, *map(MEANING.format, poles)]
    return texts


def batches(corpus: Corpus, *, couples: int, threads: int) -> Iterator[tuple[list[Page], list[Page]]]:
    """Per training step, `couples` couples of pages and `threads` threads."""
    while True:
        yield (
            [page for _ in range(couples) for page in corpus.couple()],
            [[corpus.thread()] for _ in range(threads)],
        )


def _opposite(meaning: Meaning) -> Meaning:
    return {topic: (dimension, -sign) for topic, (dimension, sign) in meaning.items()}


def _flipped(stance: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(dimension, -sign) for dimension, sign in stance]


def _asked(question: str, answer: str) -> Candidates:
    message: Message = {"role": "user", "content": question}
    return Candidates((message,), (answer,))
