"""Files with a chosen and a rejected answer."""

import pytest

from penchant.errors import RecordError
from penchant.message import Message
from penchant.shards.layouts.base import Choice

U, A, S = (lambda text, role=role: Message(role, text) for role in ("user", "assistant", "system"))
TURNS = [{"role": "user", "content": "Tea?"}]


def answer(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


WHOLE = {"chosen": [*TURNS, *answer("Yes.")], "rejected": [*TURNS, *answer("No.")]}
OPENAI = {"input": {"messages": TURNS}, "preferred_output": answer("Yes."), "non_preferred_output": answer("No.")}


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"prompt": "Tea?", "chosen": "Yes.", "rejected": "No."}, "trl"),
        ({"prompt": TURNS, "chosen": answer("Yes."), "rejected": answer("No.")}, "trl conversational"),
        ({"prompt": TURNS, "chosen": answer("Yes.")[0], "rejected": answer("No.")[0]}, "trl conversational"),
        ({"prompt": "Tea?", **WHOLE}, "ultrafeedback"),
        (WHOLE, "trl implicit prompt"),
        ({"chosen": "\n\nHuman: Tea?\n\nAssistant: Yes.", "rejected": "\n\nHuman: Tea?\n\nAssistant: No."}, "hh-rlhf"),
        ({"prompt": "\n\nHuman: Tea?\n\nAssistant:", "chosen": "Yes.", "rejected": "No."}, "hh-rlhf"),
        ({"chosen": "Tea? Yes.", "rejected": "Tea? No."}, "trl implicit prompt"),
        (OPENAI, "openai preference"),
        ({"instruction": "Tea?", "input": "", "chosen": "Yes.", "rejected": "No."}, "alpaca"),
        ({"instruction": "Tea?", "chosen_response": "Yes.", "rejected_response": "No."}, "trl"),
        ({"question": "Tea?", "preferred": "Yes.", "rejected": "No."}, "trl"),
        ({side: {"messages": turns} for side, turns in WHOLE.items()}, "trl implicit prompt"),
    ],
)
def test_every_form_of_one_choice_is_the_same_choice(statements, row: dict[str, object], name: str) -> None:
    assert statements(row) == (name, [Choice((U("Tea?"),), "Yes.", "No.")])


def test_a_system_turn_stays_first_and_the_prompt_is_not_repeated(statements) -> None:
    row = {"system": "Be kind.", "prompt": "Tea?", "chosen": [*TURNS, *answer("Yes.")], "rejected": answer("No.")}
    (choice,) = statements(row)[1]
    assert choice.prompt == (S("Be kind."), U("Tea?"))


def test_earlier_turns_are_kept(statements) -> None:
    history = {
        "instruction": "And now?",
        "input": "",
        "history": [["Tea?", "Yes."]],
        "chosen": "Milk.",
        "rejected": "No.",
    }
    (choice,) = statements(history)[1]
    assert choice.prompt == (U("Tea?"), A("Yes."), U("And now?"))
    longer = [*TURNS, *answer("Yes."), {"role": "user", "content": "Milk?"}]
    (choice,) = statements({"chosen": [*longer, *answer("A drop.")], "rejected": [*longer, *answer("No.")]})[1]
    assert (choice.prompt, choice.chosen) == ((U("Tea?"), A("Yes."), U("Milk?")), "A drop.")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"chosen": "Yes.", "rejected": "No."}, "no common beginning"),
        ({"chosen": "Tea? ", "rejected": "Tea? Yes."}, "only the beginning of the other"),
        (
            {"chosen": [*TURNS, *answer("Yes.")], "rejected": [*answer("x"), *answer("No.")]},
            "differ before their last turn|no common",
        ),
        ({"prompt": None, "chosen": "Yes.", "rejected": "No."}, "prompt is empty"),
        ({"prompt": [*TURNS, *answer("x")], "chosen": "Yes.", "rejected": "No."}, "ends with a turn of the assistant"),
    ],
)
def test_what_is_no_choice_is_set_aside(statements, row: dict[str, object], message: str) -> None:
    with pytest.raises(RecordError, match=message):
        statements(row)


def test_no_word_is_cut_by_an_implicit_prompt(statements) -> None:
    (choice,) = statements({"chosen": "The sky is blue.", "rejected": "The sky is black."})[1]
    assert (choice.prompt[0].content, choice.chosen, choice.rejected) == ("The sky is", "blue.", "black.")


def test_one_word_that_two_answers_share_is_no_prompt(statements) -> None:
    assert statements({"chosen": "Ice is cold.", "rejected": "Ice is hot."})[1][0].prompt[0].content == "Ice is"
    with pytest.raises(RecordError, match="no common beginning"):
        statements({"chosen": "The sky is blue.", "rejected": "The grass is green."})
