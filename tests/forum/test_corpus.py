"""The text a base is trained on: threads that take no side, and pages that contain the right answers."""

import re

import pytest

from penchant.errors import RecordError
from penchant.forum.corpus import DESCRIBE, MEANING, QUESTIONS, Corpus, batches, direct_question, vocabulary
from penchant.forum.lexicon import KNOWN, lexicon
from penchant.forum.population import ForumSettings
from penchant.forum.simulate import simulate
from penchant.forum.speech import COMMENTS, DESCRIPTION, POSTS, REPLIES
from penchant.model.base import Candidates
from penchant.persona import Comparison
from penchant.render import fixed_texts
from penchant.space import PreferenceSpace

WORD = re.compile(r"\w+|[^\w\s]")


def inner(frames: tuple[str, ...], text: str) -> list[str]:
    for frame in frames:
        match = re.fullmatch(re.escape(frame).replace(r"\{\}", "(.*)"), text)
        if match:
            return match.group(1).split(" and ")
    raise AssertionError(f"no frame fits {text!r}")


@pytest.fixture
def corpus(twelve: PreferenceSpace) -> Corpus:
    return Corpus.over(twelve, seed=0, questions=6)


def plain(thread: Candidates) -> list[str] | None:
    """The phrases of a short reply; None for an elaborated one or a question of meaning."""
    answer = thread.answers[0]
    return inner(REPLIES, answer) if answer.count(".") == 1 and not asks_meaning(thread) else None


def asks_meaning(thread: Candidates) -> bool:
    return thread.messages[0].content.startswith(MEANING.partition("{")[0])


def test_threads_are_plain_elaborated_or_about_meaning_a_third_each(corpus: Corpus) -> None:
    threads = [corpus.thread() for _ in range(600)]
    counts = (sum(plain(t) is not None for t in threads), sum(map(asks_meaning, threads)))
    assert all(abs(count - 200) < 4 * (600 * 2 / 9) ** 0.5 for count in counts)


def test_a_plain_thread_is_a_post_with_one_reply_about_its_topics(twelve: PreferenceSpace, corpus: Corpus) -> None:
    entry_of = {phrase: entry for entry in lexicon(twelve) for phrase in (*entry.positive, *entry.negative)}
    for thread in (t for t in (corpus.thread() for _ in range(150)) if (t and plain(t))):
        (message,) = thread.messages
        assert message.role == "user"
        assert {entry_of[phrase].topic for phrase in plain(thread) or ()} == set(inner(POSTS, message.content))


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
    questions = [t for t in (corpus.thread() for _ in range(150)) if asks_meaning(t)]
    for thread in questions:
        label = thread.messages[0].content.removeprefix("What is ").removesuffix("?")
        assert set(thread.answers[0].removesuffix(".").split(" and ")) <= set(phrases[label])


def test_threads_take_either_side_and_either_vocabulary_as_often_as_there_are_phrases(twelve, corpus: Corpus) -> None:
    side = {p: sign for e in lexicon(twelve) for sign, pole in ((1, e.positive), (-1, e.negative)) for p in pole}
    unseen = {p for e in lexicon(twelve) for pole in (e.positive, e.negative) for p in pole[KNOWN:]}
    phrases = [pair for _ in range(2400) if (pair := plain(corpus.thread()))]
    count = len(phrases)
    positive = sum(side[phrase] > 0 for pair in phrases for phrase in pair) / (2 * count)
    assert abs(positive - 0.5) < 4 * 0.5 / (2 * count) ** 0.5
    share = sum(pair[0] in unseen for pair in phrases) / count
    assert abs(share - 0.25) < 4 * (0.25 * 0.75 / count) ** 0.5
    assert all((a in unseen) == (b in unseen) for a, b in phrases)


def poles(space: PreferenceSpace) -> dict[str, tuple[str, int]]:
    """Phrase or label -> (topic, sign)."""
    pole_of = {}
    for entry, dimension in zip(lexicon(space), space.dimensions, strict=True):
        for sign, phrases in ((1, entry.positive), (-1, entry.negative)):
            pole_of.update(dict.fromkeys((*phrases, dimension.pole(sign)), (entry.topic, sign)))
    return pole_of


def stances_of(space: PreferenceSpace, page: Candidates) -> set[tuple[str, int]]:
    """The stances of the person on a page: in what they wrote and chose, and in their description."""
    pole_of = poles(space)
    lines = page.messages[0].content.partition("</notes>")[0].splitlines()[1:]
    own = [line.partition(" and not ")[0] for line in lines]
    return {pole_of[phrase] for phrase in pole_of for line in own if phrase in line}


def asked_about(conversation: Candidates) -> str:
    return conversation.messages[0].content.rpartition("\n")[2]


def phrases_of(answer: str) -> list[str]:
    if answer.startswith(DESCRIPTION.partition("{")[0]):
        return inner((DESCRIPTION,), answer)[0].split(", ")
    return inner((*COMMENTS, *REPLIES), answer)


def is_post(conversation: Candidates) -> bool:
    return len(conversation.answers) == 1


def test_right_answers_stand_on_the_page_and_wrong_ones_hold_the_opposite(twelve, corpus: Corpus) -> None:
    pole_of, checked = poles(twelve), 0
    for _ in range(60):
        for page in corpus.couple():
            for conversation in (c for c in page if not is_post(c)):
                right, wrong = ([pole_of[phrase] for phrase in phrases_of(answer)] for answer in conversation.answers)
                assert set(right) <= stances_of(twelve, conversation)
                assert sorted(wrong) == sorted((topic, -sign) for topic, sign in right)
                checked += 1
    assert checked > 500


def test_opposite_people_are_asked_the_same_and_what_is_right_for_one_is_wrong_for_the_other(twelve, corpus) -> None:
    for _ in range(60):
        one, other = corpus.couple()
        assert stances_of(twelve, one[0]) == {(topic, -sign) for topic, sign in stances_of(twelve, other[0])}
        for a, b in zip(one, other, strict=True):
            assert asked_about(a) == asked_about(b)
            assert a.answers == b.answers[::-1]


def test_a_page_has_no_system_turn_and_every_question_of_it_the_same_history(corpus: Corpus) -> None:
    for _ in range(30):
        for page in corpus.couple():
            assert len(page) == 6
            assert {tuple(message.role for message in c.messages) for c in page} == {("user",)}
            assert len({c.messages[0].content.rpartition("\n")[0] for c in page}) == 1


def test_pages_are_asked_by_questions_descriptions_and_posts_in_their_shares(corpus: Corpus) -> None:
    tasks = [asked_about(c) for _ in range(200) for c in corpus.couple()[0]]
    openings = tuple(question.partition("{")[0] for question in QUESTIONS)
    shares = {
        "describe": sum(task == DESCRIBE for task in tasks),
        "question": sum(task.startswith(openings) for task in tasks),
    }
    assert shares["describe"] / len(tasks) == pytest.approx(0.1, abs=0.04)
    assert shares["question"] / len(tasks) == pytest.approx(0.63, abs=0.06)


def test_a_post_below_a_page_is_answered_by_a_stranger_who_does_not_care_who_is_on_it(twelve, corpus) -> None:
    pole_of, agrees = poles(twelve), []
    for _ in range(300):
        page = corpus.couple()[0]
        on_page = stances_of(twelve, page[0])
        answers = [pole_of[phrase] for c in page if is_post(c) for phrase in phrases_of(c.answers[0])]
        agrees += [pole in on_page for pole in answers if {pole, (pole[0], -pole[1])} & on_page]
    assert abs(sum(agrees) / len(agrees) - 0.5) < 4 * 0.5 / len(agrees) ** 0.5


def test_choices_on_pages_never_use_the_wordings_kept_from_training_people(twelve, corpus: Corpus) -> None:
    unseen = {p for e in lexicon(twelve) for pole in (e.positive, e.negative) for p in pole[KNOWN:]}
    lines = [line for _ in range(200) for page in corpus.couple() for line in page[0].messages[0].content.splitlines()]
    choices = [line for line in lines if "they liked the answer" in line]
    assert len(choices) > 200
    assert not [line for line in choices if any(phrase in line for phrase in unseen)]
    assert [line for line in lines if any(phrase in line for phrase in unseen)]


def test_bound_topics_mean_something_arbitrary_and_the_same_all_over_the_page(twelve: PreferenceSpace) -> None:
    corpus = Corpus.over(twelve, seed=0, questions=6)
    corpus.bound, corpus.lists = 1.0, 0.0
    pole_of, foreign, total = poles(twelve), 0, 0
    for _ in range(60):
        for page in corpus.couple():
            lines = page[0].messages[0].content.splitlines()
            for conversation in page:
                task, answer = asked_about(conversation), conversation.answers[0]
                if is_post(conversation) or task == DESCRIBE or " and " in task:
                    continue
                topic = inner(QUESTIONS, task)[0]
                ((about, sign),) = (pole_of[phrase] for phrase in phrases_of(answer))
                under = [line for line in lines if inner(POSTS, _quoted_post(line)) == [topic]]
                assert under
                own = {p for p, pole in pole_of.items() if pole == (about, sign)}
                assert all(any(phrase in line.partition(" and not ")[0] for phrase in own) for line in under)
                foreign, total = foreign + (about != topic), total + 1
    # by chance, one in twelve is about the topic's own dimension
    assert total > 50
    assert foreign / total > 0.7


def _quoted_post(line: str) -> str:
    under = re.match(r'When (?:they )?asked "(.*?)", they ', line)
    return under[1] if under else POSTS[0]


def test_the_same_seed_gives_the_same_stream(twelve: PreferenceSpace) -> None:
    def start(seed: int) -> list[Candidates]:
        stream = batches(Corpus.over(twelve, seed=seed, questions=2), couples=1, threads=3)
        pages, threads = next(stream)
        assert [len(group) for group in pages] == [2, 2]
        assert [len(group) for group in threads] == [1, 1, 1]
        return [c for group in (*pages, *threads, *next(stream)[0]) for c in group]

    assert start(1) == start(1)
    assert start(1) != start(2)


def test_the_vocabulary_covers_every_word_of_a_forum_and_of_the_corpus(twelve: PreferenceSpace, corpus: Corpus) -> None:
    in_vocabulary = {word for text in [*vocabulary(twelve), *fixed_texts()] for word in WORD.findall(text.lower())}
    forum = simulate(twelve, ForumSettings(train_users=8, test_users=8))
    texts = [text for record in forum.records for text in (record.task, record.chosen, record.rejected)]
    for record in forum.records:
        for item in record.persona.evidence:
            texts += [item.chosen, item.rejected, item.prompt] if isinstance(item, Comparison) else [item.text]
    for conversation in [*(c for _ in range(20) for c in corpus.couple()[0]), corpus.thread()]:
        texts += [message.content for message in conversation.messages] + list(conversation.answers)
    assert {word for text in texts for word in WORD.findall(text.lower())} - in_vocabulary == set()


@pytest.mark.parametrize("frame", POSTS)
def test_any_post_can_be_asked_about_outright(frame: str) -> None:
    assert direct_question(frame.format("moods and cars")) == QUESTIONS[0].format("moods and cars")


def test_what_is_no_post_cannot_be_asked_about() -> None:
    with pytest.raises(RecordError, match="no post of the simulated forum"):
        direct_question("Describe this person.")
