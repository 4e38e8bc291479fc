"""Text that a base model is trained on before it meets anybody: threads, and recall of random bindings.

It gives what a pretrained model brings, general skill in context, and nothing about this population. Threads are
posts with replies by unrelated people, either pole as likely as the other. In a recall conversation somebody says
arbitrary things under arbitrary topics, a fresh binding each time, and the answer says them again: only looking back
helps. Both go through the one rendering path.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from penchant.forum.lexicon import KNOWN, Entry, lexicon
from penchant.forum.speech import COMMENTS, DESCRIPTION, POSTS, REPLIES, Speaker
from penchant.model.base import Candidates
from penchant.person import Person
from penchant.persona import Comment, Comparison, Demographics, Evidence, Persona
from penchant.render import Message, render
from penchant.space import PreferenceSpace


@dataclass
class Corpus:
    """An endless, seeded stream of conversations over the words of a lexicon."""

    entries: tuple[Entry, ...]
    rng: np.random.Generator
    items: int = 8
    topics: int = 5
    """Topics that a recall conversation binds."""
    asked: int = 6
    """Answers asked of each persona."""

    def __post_init__(self) -> None:
        poles = [pole for entry in self.entries for pole in (entry.positive, entry.negative)]
        self._phrases = [phrase for pole in poles for phrase in pole]
        self._speakers = [Speaker(self.entries, self.rng, unseen) for unseen in (False, True)]

    @classmethod
    def over(cls, space: PreferenceSpace, *, seed: int, asked: int) -> Corpus:
        """A stream over the lexicon of a whole space."""
        return cls(lexicon(space), np.random.default_rng(seed), asked=asked)

    def thread(self) -> Candidates:
        """A post about two topics and one stranger's reply."""
        dimensions = [int(d) for d in self.rng.choice(len(self.entries), size=2, replace=False)]
        stance = tuple((d, 1 if self.rng.random() < 0.5 else -1) for d in dimensions)
        # unseen phrasings occur in plain posts as often as their share of the vocabulary
        speaker = self._speakers[int(self.rng.random() < 1 - KNOWN / len(self.entries[0].positive))]
        post = speaker.post(dimensions)
        message: Message = {"role": "user", "content": post}
        return Candidates((message,), (speaker.reply(stance),))

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
    texts = [*POSTS, *COMMENTS, *REPLIES, DESCRIPTION]
    for entry in lexicon(space):
        texts += [entry.topic, *entry.positive, *entry.negative]
    for dimension in space.dimensions:
        texts += [dimension.name, dimension.positive, dimension.negative]
    return texts


def batches(corpus: Corpus, *, personas: int, threads: int) -> Iterator[tuple[list[list[Candidates]], list[list[Candidates]]]]:
    """Per training step, `personas` recall groups and `threads` threads."""
    while True:
        yield [corpus.recall() for _ in range(personas)], [[corpus.thread()] for _ in range(threads)]
