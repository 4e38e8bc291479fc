"""Two answers and a verdict: what is read and set aside."""

import pytest

from penchant.errors import RecordError
from penchant.shards.layouts.base import REJECTED
from penchant.shards.layouts.verdicts import TIE


def test_conversations_that_differ_before_their_last_answer_share_no_prompt(statements) -> None:
    def turns(*texts: str) -> list[dict[str, str]]:
        return [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(texts)]

    battle = {"winner": "model_a", "conversation_a": turns("Tea?", "Yes."), "conversation_b": turns("Tea?", "No.")}
    assert statements(battle)[1][0].chosen == "Yes."
    longer = {**battle, "conversation_a": turns("Tea?", "Yes.", "Milk?", "A drop.")}
    longer["conversation_b"] = turns("Tea?", "No.", "Milk?", "None.")
    with pytest.raises(RecordError, match="differ before their last answer"):
        statements(longer)


def test_a_column_of_a_task_platform_counts_without_its_prefix_and_rejected_work_is_left_out(statements) -> None:
    task = {"Input.prompt": "Tea?", "Input.response_a": "Yes.", "Input.response_b": "No.", "WorkerId": "w"}
    done = {**task, "Answer.preference": "B", "AssignmentStatus": "Approved"}
    name, found = statements(done, {**done, "AssignmentStatus": "Rejected"})
    assert name == "battles"
    assert [found[0].chosen, found[1]] == ["No.", REJECTED]


def test_llm_comparator_scores_above_zero_are_for_a(statements) -> None:
    texts = {"input_text": "Tea?", "output_text_a": "Yes.", "output_text_b": "No."}
    name, found = statements({**texts, "score": 1.25}, {**texts, "score": -0.5}, {**texts, "score": 0})
    assert name == "llm comparator"
    assert [found[0].chosen, found[1].chosen, found[2]] == ["Yes.", "No.", TIE]
