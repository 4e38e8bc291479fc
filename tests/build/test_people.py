import json
from dataclasses import replace
from datetime import UTC, datetime

from penchant.build.people import Chosen, Written, grouped, records_of
from penchant.build.recipe import PersonaSection
from penchant.persona import Comment, Comparison, Demographics


def written(number: int, thread: str, *, in_test: bool = False, text: str = "") -> Written:
    at = datetime(2024, 1, 28 - number, tzinfo=UTC)
    return Written(
        f"w{number}", thread, f"post {number}", text or f"comment {number}", at, None, in_test, f"row {number}"
    )


def chosen(number: int, thread: str, split: str = "train") -> Chosen:
    texts = f"prompt {number}", f"better answer {number}", f"worse answer {number}"
    return Chosen(f"c{number}", thread, *texts, None, None, split, ["row a", f"row c{number}", "row b"], f"p{number}")


def test_evidence_comes_from_other_threads_and_the_description_last() -> None:
    choices = [chosen(1, "t1"), chosen(2, "t2"), chosen(3, "t1")]
    theirs = [written(1, "t1"), written(2, "t2"), written(3, "t3")]
    nurse = Demographics("a nurse")
    records, counts = records_of("ann", theirs, choices, nurse, PersonaSection(), rule="own", seed=0)
    first = records[0]
    assert [item.id for item in first.persona.items] == ["w3", "w2", "c2", "profile"]  # comments by time
    assert [type(one) for one in first.persona.evidence] == [Comment, Comment, Comparison, Demographics]
    assert (first.user_id, first.task, first.chosen, first.rejected) == (
        "ann",
        "prompt 1",
        "better answer 1",
        "worse answer 1",
    )
    meta = json.loads(first.provenance.meta)
    assert meta["rows"] == ["row a", "row c1", "row b"]
    assert meta["evidence"] == {"w3": "row 3", "w2": "row 2", "c2": "row c2", "profile": ""}
    assert (counts.rows_in, counts.rows_out) == (3, 3)


def test_what_holds_an_answer_or_answers_a_prompt_of_test_is_not_shown_to_train() -> None:
    theirs = [
        written(1, "t9", text="as I said: better answer 1, and no more"),
        written(2, "t9", text="better answer 1"),
        written(3, "t8", in_test=True),
        written(4, "t7"),
    ]
    (record,), _ = records_of("ann", theirs, [chosen(1, "t1")], None, PersonaSection(), rule="own", seed=0)
    assert [item.id for item in record.persona.items] == ["w4", "w1"]  # w1 only shares three words with the answer
    (record,), _ = records_of("ann", theirs, [chosen(1, "t1", "test")], None, PersonaSection(), rule="own", seed=0)
    assert [item.id for item in record.persona.items] == ["w4", "w3", "w1"]


def test_no_post_of_a_person_is_shown_twice() -> None:
    choices = [chosen(1, "t1"), *(replace(chosen(number, "t2"), post="w5") for number in (2, 3))]
    (record, *_), _ = records_of("ann", [written(5, "t2")], choices, None, PersonaSection(), rule="own", seed=0)
    assert [item.id for item in record.persona.items] == ["w5"]
    (record, *_), _ = records_of("ann", [], choices, None, PersonaSection(), rule="own", seed=0)
    assert len(record.persona.items) == 1


def test_people_without_enough_evidence_are_counted() -> None:
    records, counts = records_of(
        "ann", [written(1, "t1")], [chosen(1, "t1")], "a nurse", PersonaSection(fewest=1), rule="own", seed=0
    )
    assert records == []
    assert counts.dropped == {"fewer than 1 comments and choices in other threads": 1}


def test_draws_differ_between_records_and_not_between_runs() -> None:
    theirs = [written(number, f"w{number}") for number in range(12)]
    choices = [chosen(number, "t") for number in range(6)]

    def drawn() -> list[list[str]]:
        records, _ = records_of("ann", theirs, choices, None, PersonaSection(ugc=3), rule="own", seed=0)
        return [[item.id for item in record.persona.items] for record in records]

    assert drawn() == drawn()
    assert len({tuple(items) for items in drawn()}) > 1


def test_rows_are_grouped_by_person() -> None:
    assert list(grouped(["b1", "a1", "b2"], lambda row: row[0])) == [("a", ["a1"]), ("b", ["b1", "b2"])]


def test_only_what_was_written_before_the_choice_is_shown_if_the_recipe_says_so() -> None:
    choice = replace(chosen(1, "t1"), at=datetime(2024, 1, 20, tzinfo=UTC))
    theirs = [written(5, "t2"), written(9, "t3"), replace(written(10, "t4"), at=None)]
    (record,), _ = records_of("ann", theirs, [choice], None, PersonaSection(earlier=True), rule="own", seed=0)
    assert [item.id for item in record.persona.items] == ["w9"]
    (record,), _ = records_of("ann", theirs, [choice], None, PersonaSection(), rule="own", seed=0)
    assert {item.id for item in record.persona.items} == {"w5", "w9", "w10"}
