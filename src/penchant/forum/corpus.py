"""Text that a base model is trained on before it meets anybody: threads, and recall of random bindings.

It gives what a pretrained model brings, English and skill in context, and nothing about any person: threads hold no
persona, and either pole is as likely as the other. A thread is a post with a stranger's reply, short or elaborated
(two wordings of one stance, so that paraphrases come to mean the same), or a question what some words mean. In a
recall conversation somebody says arbitrary things under arbitrary topics, a fresh binding each time, and the answer
says them again: only looking back helps. Both go through the one rendering path.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from penchant.forum.lexicon import KNOWN, lexicon
from penchant.forum.speech import COMMENTS, DESCRIPTION, POSTS, REPLIES, Speaker, Stance
from penchant.model.base import Candidates
from penchant.person import Person
from penchant.persona import Comment, Comparison, Demographics, Evidence, Persona
from penchant.render import Message, render
from penchant.space import PreferenceSpace

MEANING = "What is {}?"


@dataclass
class Corpus:
    """An endless, seeded stream of conversations over the words of a lexicon."""

    space: PreferenceSpace
    rng: np.random.Generator
    items: int = 8
    topics: int = 5
    """Topics that a recall conversation binds."""
    asked: int = 6
    """Answers asked of each persona."""

    def __post_init__(self) -> None:
        self.entries = lexicon(self.space)
        poles = [pole for entry in self.entries for pole in (entry.positive, entry.negative)]
        self._phrases = [phrase for pole in poles for phrase in pole]
        self._speakers = [Speaker(self.entries, self.rng, unseen) for unseen in (False, True)]

    @classmethod
    def over(cls, space: PreferenceSpace, *, seed: int, asked: int) -> Corpus:
        """A stream over the lexicon of a whole space."""
        return cls(space, np.random.default_rng(seed), asked=asked)

    def thread(self) -> Candidates:
        """A post with one stranger's reply, plain or elaborated, or a question of meaning, one third each."""
        return (self._plain, self._elaborated, self._meaning)[int(self.rng.integers(3))]()

    def _plain(self) -> Candidates:
        stance = self._stance()
        # unseen phrasings occur in plain posts as often as their share of the vocabulary
        speaker = self._speakers[int(self.rng.random() < 1 - KNOWN / len(self.entries[0].positive))]
        return _asked(speaker.post([d for d, _ in stance]), speaker.reply(stance))

    def _elaborated(self) -> Candidates:
        """One stance in two sentences, each in other words."""
        stance = self._stance()
        first, second = zip(*(self._two(self._pole(d, sign)) for d, sign in stance), strict=True)
        frames = (COMMENTS, REPLIES)[int(self.rng.integers(2))]
        answer = f"{self._write(frames, first)} {self._write(frames, second)}"
        return _asked(self._post([self.entries[d].topic for d, _ in stance]), answer)

    def _meaning(self) -> Candidates:
        """What the words for a pole mean; no person is spoken of."""
        ((dimension, sign), _) = self._stance()
        phrases = self._two(self._pole(dimension, sign))
        label = self.space.dimensions[dimension].pole(1 if sign > 0 else -1)
        return _asked(MEANING.format(label), f"{' and '.join(phrases)}.")

    def _stance(self) -> Stance:
        dimensions = self.rng.choice(len(self.entries), size=2, replace=False)
        return tuple((int(d), 1 if self.rng.random() < 0.5 else -1) for d in dimensions)

    def _pole(self, dimension: int, sign: int) -> tuple[str, ...]:
        entry = self.entries[dimension]
        return entry.positive if sign > 0 else entry.negative

    def recall(self) -> list[Candidates]:
        """Somebody who binds a few topics to arbitrary phrases, asked several times; every answer recalls two."""
        topics = [self.entries[int(i)].topic for i in self.rng.choice(len(self.entries), self.topics, replace=False)]
        bound = dict(zip(topics, self._some_phrases(self.topics), strict=True))
        evidence: list[Evidence] = []
        seen: set[str] = set()
        for _ in range(int(self.rng.integers(2, self.items + 1))):
            two = self._two(topics)
            seen.update(two)
            said = [bound[topic] for topic in two]
            if self.rng.random() < 0.5:
                evidence.append(Comment(self._post(two), self._write(COMMENTS, said)))
            else:
                others = self._some_phrases(2)
                evidence.append(Comparison(self._post(two), self._write(REPLIES, said), self._write(REPLIES, others)))
        if self.rng.random() < 0.3:
            evidence.append(Demographics(DESCRIPTION.format(", ".join(bound[topic] for topic in topics))))
        person = Person(Persona(tuple(evidence)))
        conversations = []
        for _ in range(self.asked):
            asked = self._two(sorted(seen))
            rendered = render(person, self._post(asked), content="history")
            answer = self._write(REPLIES, [bound[topic] for topic in asked])
            conversations.append(Candidates(rendered.messages, (answer,)))
        return conversations

    def _two(self, topics: Sequence[str]) -> list[str]:
        return [topics[int(i)] for i in self.rng.choice(len(topics), 2, replace=False)]

    def _some_phrases(self, count: int) -> list[str]:
        return [self._phrases[int(i)] for i in self.rng.choice(len(self._phrases), count, replace=False)]

    def _post(self, topics: Sequence[str]) -> str:
        return POSTS[int(self.rng.integers(len(POSTS)))].format(" and ".join(topics))

    def _write(self, frames: Sequence[str], phrases: Sequence[str]) -> str:
        return frames[int(self.rng.integers(len(frames)))].format(" and ".join(phrases))


def vocabulary(space: PreferenceSpace) -> list[str]:
    """Every text whose words a forum of this space can use: the lexicon, the frames and the space's own phrases."""
    # with the braces left in, "{}?" would be one run of punctuation and "?" a word that nobody knows
    texts = [frame.format(" ") for frame in (*POSTS, *COMMENTS, *REPLIES, DESCRIPTION)]
    for entry in lexicon(space):
        texts += [entry.topic, *entry.positive, *entry.negative]
    for dimension in space.dimensions:
        poles = (dimension.positive, dimension.negative)
        texts += [dimension.name, *poles, *map(MEANING.format, poles)]
    return texts


def batches(
    corpus: Corpus, *, personas: int, threads: int
) -> Iterator[tuple[list[list[Candidates]], list[list[Candidates]]]]:
    """Per training step, `personas` recall groups and `threads` threads."""
    while True:
        yield [corpus.recall() for _ in range(personas)], [[corpus.thread()] for _ in range(threads)]


def _asked(question: str, answer: str) -> Candidates:
    message: Message = {"role": "user", "content": question}
    return Candidates((message,), (answer,))
