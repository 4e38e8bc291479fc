"""Several answers with scores, ranks or marks: the best beats each that is worse."""

import pytest

from penchant.message import Message
from penchant.shards.layouts.base import Choice
from penchant.shards.layouts.scores import UNRATED, beats
from penchant.shards.layouts.verdicts import TIE

PROMPT = (Message("user", "Tea?"),)


@pytest.mark.parametrize(
    ("answers", "pairs"),
    [
        ([("a", 1.0), ("b", 3.0), ("c", 2.0)], [("b", "a"), ("b", "c")]),
        ([("a", 3.0), ("b", 3.0), ("c", 2.0)], [("a", "c")]),
        ([("a", 1.0), ("a", 3.0), ("b", 2.0)], [("a", "b")]),
        ([("a", None), ("b", 3.0), ("c", 2.0)], [("b", "c")]),
    ],
)
def test_the_best_beats_each_that_is_worse_once(answers, pairs) -> None:
    stated = [(one.chosen, one.rejected) for one in beats(PROMPT, answers) if isinstance(one, Choice)]
    assert stated == pairs


def test_an_answer_as_good_as_the_best_is_counted_as_a_tie() -> None:
    assert list(beats(PROMPT, [("a", 3.0), ("b", 3.0), ("c", 2.0)])) == [TIE, Choice(PROMPT, "a", "c")]


def test_equal_scores_tie_and_a_lone_score_says_nothing() -> None:
    assert list(beats(PROMPT, [("a", 1.0), ("b", 1.0)])) == [TIE]
    assert list(beats(PROMPT, [("a", 1.0), ("b", None)])) == [UNRATED]


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"prompt": "Tea?", "answers": [{"answer": "No.", "rank": 2}, {"answer": "Yes.", "rank": 1}]}, "nectar"),
        (
            {"question": "Tea?", "answers": [{"text": "Yes.", "pm_score": 4}, {"text": "No.", "pm_score": 1}]},
            "stack exchange",
        ),
        ({"instruction": "Tea?", "generations": ["No.", "Yes."], "ratings": [1, 5]}, "answers with scores"),
        (
            {
                "message_tree_id": "t",
                "prompt": {
                    "role": "prompter",
                    "text": "Tea?",
                    "replies": [
                        {"role": "assistant", "text": "No.", "rank": 1, "replies": []},
                        {"role": "assistant", "text": "Yes.", "rank": 0, "replies": []},
                    ],
                },
            },
            "oasst trees",
        ),
    ],
)
def test_lists_of_answers(statements, row: dict[str, object], name: str) -> None:
    assert statements(row) == (name, [Choice(PROMPT, "Yes.", "No.")])


def test_a_ranking_of_letters_is_its_annotators_and_only_the_personal_one_counts(statements) -> None:
    responses = [
        {"response_index": letter, "messages": [{"role": "assistant", "content": letter * 2}]} for letter in "ABC"
    ]
    blocks = {"world": [{"ranking": "A>B>C"}], "personal": [{"ranking": "B > A=C"}]}
    assessments = [
        {"annotator_id": "a1", "ranking_blocks": blocks},
        {"annotator_id": "a2", "ranking_blocks": {"personal": []}},
    ]
    row = {"prompt": {"messages": [{"role": "user", "content": "Tea?"}]}, "responses": responses}
    *choices, nothing = statements({**row, "metadata": {"assessments": assessments}})[1]
    assert [(c.chosen, c.rejected, c.user) for c in choices] == [("BB", "AA", "a1"), ("BB", "CC", "a1")]
    assert nothing.reason == "no personal ranking"


def test_gemini_completions_are_turns_after_a_system_text(statements) -> None:
    def said(text: str, score: int) -> dict[str, object]:
        return {"score": score, "completion": {"role": "model", "parts": [{"text": text}]}}

    row = {
        "system_instruction": {"parts": [{"text": "Be brief."}]},
        "contents": [{"role": "user", "parts": [{"text": "Tea?"}]}],
        "completions": [said("No.", 0), said("Yes.", 1)],
    }
    (choice,) = statements(row)[1]
    assert [turn.role for turn in choice.prompt] == ["system", "user"]
    assert (choice.chosen, choice.rejected) == ("Yes.", "No.")


def test_completions_of_turns_with_ranks_count_from_the_best(statements) -> None:
    def said(text: str, rank: int) -> dict[str, object]:
        return {"rank": rank, "completion": [{"role": "assistant", "content": text}]}

    (choice,) = statements(
        {"context": [{"role": "user", "content": "Tea?"}], "completions": [said("No.", 1), said("Yes.", 0)]}
    )[1]
    assert (choice.chosen, choice.rejected) == ("Yes.", "No.")
