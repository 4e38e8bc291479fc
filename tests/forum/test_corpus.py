"""What a base is trained on: threads that take no side, and bindings that only looking back can recall."""

import re

import pytest

from penchant.forum.corpus import MEANING, Corpus, batches, vocabulary
from penchant.forum.lexicon import KNOWN, lexicon
from penchant.forum.population import ForumSettings
from penchant.forum.simulate import simulate
from penchant.forum.speech import COMMENTS, POSTS, REPLIES
from penchant.model.base import Candidates
from penchant.persona import Comparison
from penchant.render import fixed_texts
from penchant.space import PreferenceSpace

WORD = re.compile(r"\w+|[^\w\s]+")


def inner(frames: tuple[str, ...], text: str) -> list[str]:
    for frame in frames:
        found = re.fullmatch(re.escape(frame).replace(r"\{\}", "(.*)"), text)
        if found:
            return found.group(1).split(" and ")
    raise AssertionError(f"no frame fits {text!r}")


@pytest.fixture
def corpus(twelve: PreferenceSpace) -> Corpus:
    return Corpus.over(twelve, seed=0, asked=6)


def plain(thread: Candidates) -> list[str] | None:
    """The phrases of a short reply; None for an elaborated one or a question of meaning."""
    answer = thread.answers[0]
    return inner(REPLIES, answer) if answer.count(".") == 1 and not asks_meaning(thread) else None


def asks_meaning(thread: Candidates) -> bool:
    return thread.messages[0]["content"].startswith(MEANING.partition("{")[0])


def test_threads_are_plain_elaborated_or_about_meaning_a_third_each(corpus: Corpus) -> None:
    threads = [corpus.thread() for _ in range(600)]
    counts = (sum(plain(t) is not None for t in threads), sum(map(asks_meaning, threads)))
    assert all(abs(count - 200) < 4 * (600 * 2 / 9) ** 0.5 for count in counts)


def test_a_plain_thread_is_a_post_with_one_reply_about_its_topics(twelve: PreferenceSpace, corpus: Corpus) -> None:
    said = {phrase: entry for entry in lexicon(twelve) for phrase in (*entry.positive, *entry.negative)}
    for thread in (t for t in (corpus.thread() for _ in range(150)) if (t and plain(t))):
        (message,) = thread.messages
        assert message["role"] == "user"
        assert {said[phrase].topic for phrase in plain(thread) or ()} == set(inner(POSTS, message["content"]))


def test_an_elaborated_thread_says_the_same_stance_twice_in_other_words(twelve, corpus: Corpus) -> None:
    pole = {p: (e.topic, sign) for e in lexicon(twelve) for sign, ps in ((1, e.positive), (-1, e.negative)) for p in ps}
    elaborated = [t for t in (corpus.thread() for _ in range(150)) if t.answers[0].count(".") == 2]
    assert elaborated
    for thread in elaborated:
        one, two = (f"{part.strip()}." for part in thread.answers[0].split(".")[:2])
        first, second = (inner((*REPLIES, *COMMENTS), sentence) for sentence in (one, two))
        assert [pole[phrase] for phrase in first] == [pole[phrase] for phrase in second]
        assert not set(first) & set(second)


def test_a_question_of_meaning_names_a_pole_and_no_person(twelve: PreferenceSpace, corpus: Corpus) -> None:
    entries = dict(zip(twelve.dimensions, lexicon(twelve), strict=True))
    phrases = {d.pole(s): (e.positive if s > 0 else e.negative) for d, e in entries.items() for s in (1, -1)}
    asked = [t for t in (corpus.thread() for _ in range(150)) if asks_meaning(t)]
    for thread in asked:
        label = thread.messages[0]["content"].removeprefix("What is ").removesuffix("?")
        assert set(thread.answers[0].removesuffix(".").split(" and ")) <= set(phrases[label])


def test_threads_take_either_side_and_either_vocabulary_as_often_as_there_are_phrases(twelve, corpus: Corpus) -> None:
    side = {p: sign for e in lexicon(twelve) for sign, pole in ((1, e.positive), (-1, e.negative)) for p in pole}
    unseen = {p for e in lexicon(twelve) for pole in (e.positive, e.negative) for p in pole[KNOWN:]}
    phrases = [found for _ in range(2400) if (found := plain(corpus.thread()))]
    count = len(phrases)
    positive = sum(side[phrase] > 0 for pair in phrases for phrase in pair) / (2 * count)
    assert abs(positive - 0.5) < 4 * 0.5 / (2 * count) ** 0.5
    share = sum(pair[0] in unseen for pair in phrases) / count
    assert abs(share - 0.25) < 4 * (0.25 * 0.75 / count) ** 0.5
    assert all((a in unseen) == (b in unseen) for a, b in phrases)


def test_every_recalled_answer_stands_in_its_prompt_under_its_topic(corpus: Corpus) -> None:
    for _ in range(30):
        conversations = corpus.recall()
        assert len(conversations) == 6
        for conversation in conversations:
            system, user = conversation.messages
            history, _, task = user["content"].rpartition("\n")
            assert system["role"] == "system"
            for phrase in inner(REPLIES, conversation.answers[0]):
                lines = [line for line in history.splitlines() if phrase in line]
                assert lines
            for topic in inner(POSTS, task):
                assert topic in history


def test_the_answers_of_one_persona_share_its_history(corpus: Corpus) -> None:
    conversations = corpus.recall()
    assert len({c.messages[1]["content"].rpartition("\n")[0] for c in conversations}) == 1


def test_bindings_are_arbitrary_and_fresh(twelve: PreferenceSpace, corpus: Corpus) -> None:
    own = {entry.topic: {*entry.positive, *entry.negative} for entry in lexicon(twelve)}
    about, bound = 0, set()
    for _ in range(60):
        for conversation in corpus.recall()[:1]:
            topics = inner(POSTS, conversation.messages[-1]["content"].rpartition("\n")[2])
            phrases = inner(REPLIES, conversation.answers[0])
            about += sum(phrase in own[topic] for topic, phrase in zip(topics, phrases, strict=True))
            bound.update(zip(topics, phrases, strict=True))
    # of 120 phrases, one in twelve is of the topic's own dimension by chance
    assert about < 30
    assert len(bound) > 100


def test_the_same_seed_gives_the_same_stream(twelve: PreferenceSpace) -> None:
    def start(seed: int) -> list[Candidates]:
        stream = batches(Corpus.over(twelve, seed=seed, asked=2), personas=2, threads=3)
        recall, threads = next(stream)
        assert [len(group) for group in recall] == [2, 2]
        assert [len(group) for group in threads] == [1, 1, 1]
        return [c for group in (*recall, *threads, *next(stream)[0]) for c in group]

    assert start(1) == start(1)
    assert start(1) != start(2)


def test_the_vocabulary_covers_every_word_of_a_forum_and_of_the_corpus(twelve: PreferenceSpace, corpus: Corpus) -> None:
    known = {word for text in [*vocabulary(twelve), *fixed_texts()] for word in WORD.findall(text.lower())}
    forum = simulate(twelve, ForumSettings(train_users=8, test_users=8))
    texts = [text for record in forum.records for text in (record.prompt, record.chosen, record.rejected)]
    for record in forum.records:
        for item in record.persona.evidence:
            texts += [item.chosen, item.rejected, item.prompt] if isinstance(item, Comparison) else [item.text]
    for conversation in [*corpus.recall(), corpus.thread()]:
        texts += [message["content"] for message in conversation.messages] + list(conversation.answers)
    assert {word for text in texts for word in WORD.findall(text.lower())} - known == set()
