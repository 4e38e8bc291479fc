"""Pages and passages of real text."""

from itertools import islice

import numpy as np
import pytest

from penchant.errors import DataError
from penchant.manner import contrast, manner_space
from penchant.style import style
from penchant.train.pages import DESCRIBE, DIRECT_QUESTIONS, RealText, batches, passages

CALM = ("the river runs past the old mill and the road", "we sat by the fire and read a book about the sea")
LOUD = (
    "Wow! What a day! We won! The crowd sang! All night!",
    "Thanks! That is great! I love it! So good! Please come!",
)
HARD = (
    "Considerable institutional modification necessitates deliberation.",
    "Bureaucratic administration characteristically multiplies documentation.",
)
ASKING = ("Is it far? Can we go? Who knows the way? When? Why?", "Did you see? Where was it? How long? What then?")


def documents() -> list[str]:
    """Documents of every manner, in sentences of several lengths."""
    made = []
    for i in range(40):
        words = [*CALM, *LOUD, *HARD, *ASKING, "Short one here now.", "A bit more of it here and there, they said."]
        order = np.random.default_rng(i).permutation(len(words))
        made.append(" ".join(f"{words[j]}{'' if words[j][-1] in '.!?' else '.'}" for j in order))
    made.append(
        "Human: what is a mill?\n\nAssistant: A house in which corn is ground.\n\nHuman: and a weir?\n\nAssistant: no"
    )
    return made


@pytest.fixture(scope="module")
def corpus() -> RealText:
    return RealText.over(documents(), seed=0, questions=4)


def test_a_dialogue_is_cut_by_its_turns_and_prose_by_sentences() -> None:
    pieces = list(passages(documents(), np.random.default_rng(0)))
    assert [(p.before, p.text) for p in pieces if p.document == 40] == [
        ("what is a mill?", "A house in which corn is ground.")
    ]
    document = documents()[3]
    mine = [p for p in pieces if p.document == 3]
    assert len(mine) > 1
    # nothing is added, nothing is out of order
    assert [document.index(p.text) for p in mine] == sorted(document.index(p.text) for p in mine)
    assert all(p.text.startswith(("", p.text)) and p.before in document for p in mine)


def test_more_of_a_document_may_stand_before_a_passage_than_its_last_piece() -> None:
    turns = [("Human" if i % 2 == 0 else "Assistant", f"this is what was said in turn {i} of it") for i in range(12)]
    pieces = list(passages(["\n\n".join(f"{who}: {what}" for who, what in turns)] * 20, np.random.default_rng(0)))
    assert {p.text for p in pieces} == {what for _, what in turns[1:]}
    # a single turn has no speaker; of several turns each has one
    assert {p.before for p in pieces if p.text == turns[1][1]} == {turns[0][1]}
    longer = {p.before for p in pieces if p.text == turns[5][1]}
    assert turns[4][1] in longer
    assert "\n\n".join(f"{who}: {what}" for who, what in turns[3:5]) in longer
    document = documents()[3]
    before = [p.before for p in passages([document] * 20, np.random.default_rng(1)) if p.before]
    assert all(text in document for text in before)
    assert max(text.count(".") for text in before) > 2


def test_opposite_people_are_asked_the_same_and_right_for_one_is_wrong_for_the_other(corpus: RealText) -> None:
    questions = 0
    for _ in range(40):
        one, two = corpus.couple()
        assert len(one) == len(two) > 0
        for mine, theirs in zip(one, two, strict=True):
            task = mine.messages[-1].content.partition("</notes>")[2]
            assert task == theirs.messages[-1].content.partition("</notes>")[2]
            assert mine.messages != theirs.messages
            assert mine.answers == (theirs.answers if len(mine.answers) == 1 else theirs.answers[::-1])
            # only a direct question has a wrong answer: a plain task is answered by a stranger
            assert (len(mine.answers) == 2) == task.endswith((*DIRECT_QUESTIONS, DESCRIBE))
            assert [turn.role for turn in mine.messages] == ["user"]
            questions += len(mine.answers) == 2
    assert questions > 40


@pytest.mark.parametrize("dimension", [d.id for d in manner_space().dimensions])
def test_the_right_answer_stands_for_the_pole_that_the_page_tells(corpus: RealText, dimension: str) -> None:
    space = manner_space()
    only = space.subset([dimension], name="one")
    lists = RealText(corpus.pieces, np.random.default_rng(1), space=only, lists=1.0, topics=0.0, strangers=0.0)
    poles = {space.dimensions[space.index(dimension)].pole(sign): sign for sign in (1, -1)}
    kinds = set()
    for page in (page for _ in range(10) for page in lists.couple()):
        for conversation in page:
            (stated,) = [pole for pole in poles if f"- {pole}\n" in conversation.messages[0].content]
            right, wrong = conversation.answers
            described = right in poles
            kinds.add(described)
            assert right == stated if described else contrast(style(right) - style(wrong), dimension) == poles[stated]
    assert kinds == {True, False}


def test_a_page_of_choices_shows_the_rule_that_its_answers_follow(corpus: RealText) -> None:
    only = manner_space().subset(["length"], name="one")
    pages = RealText(
        corpus.pieces, np.random.default_rng(2), space=only, lists=0.0, topics=0.0, strangers=0.0, described=0
    )
    for page in (page for _ in range(20) for page in pages.couple()):
        page_text = page[0].messages[0].content
        if "they liked the answer" not in page_text:
            continue
        chosen, _, rejected = page_text.partition("liked the answer ")[2].partition("\n")[0].partition(" and not ")
        longer = len(chosen.split()) > len(rejected.split())
        assert all((len(c.answers[0].split()) > len(c.answers[1].split())) == longer for c in page)


def test_a_page_of_topics_keeps_to_one_document(corpus: RealText) -> None:
    pages = RealText(corpus.pieces, np.random.default_rng(3), topics=1.0, strangers=0.0)
    home: dict[str, set[int]] = {}
    for piece in corpus.pieces:
        home.setdefault(piece.text, set()).add(piece.document)
    for one, two in (pages.couple() for _ in range(10)):
        mine, theirs = ([home[c.answers[side]] for c in one] for side in (0, 1))
        assert set.intersection(*mine)
        assert set.intersection(*theirs)
        assert len(one) == len(two)


def test_the_seed_decides_everything_and_reading_comes_first() -> None:
    one, same, other = (
        list(islice(batches(RealText.over(documents(), seed=s, questions=3), couples=1, threads=2, reading=2), 4))
        for s in (0, 0, 1)
    )
    assert one == same != other
    assert [(len(pages), len(threads)) for pages, threads in one] == [(0, 8), (0, 8), (2, 2), (2, 2)]


def test_texts_that_cannot_make_pages_are_refused() -> None:
    with pytest.raises(DataError, match="at least two documents"):
        RealText.over(["one text"], seed=0, questions=2)
    flat = RealText.over([("a b c d e f. " * 60), ("g h i j k l. " * 60)], seed=0, questions=2)
    flat.lists, flat.topics, flat.space = 1.0, 0.0, manner_space().subset(["warmth"], name="one")
    with pytest.raises(DataError, match="no two differ in 'warmth'"):
        flat.couple()
