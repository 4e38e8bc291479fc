from dataclasses import replace

import numpy as np
import pytest

from penchant import Comment, Persona, Record
from penchant.errors import RecordError
from penchant.message import Message
from penchant.method import METHODS
from penchant.model.fake import FakeModel
from penchant.person import Person, meet
from penchant.scorer import implicit
from penchant.scorer.implicit import ImplicitReward, pair_likelihoods, prompts

TOLD = Persona((Comment("a post", "tea"),))
RECORD = Record("r", "u", "drink?", "tea cup", "coffee", TOLD)


def person_of(record: Record, persona: Persona) -> Person:
    return Person(persona)


def test_likelihoods_of_both_answers_are_summed_and_normalised_by_hand() -> None:
    model = FakeModel({"tea": -1.0, "cup": -3.0, "coffee": -2.0}, follow=0.5)
    likelihoods = pair_likelihoods(model, METHODS["ica"], [RECORD], [TOLD], person_of)
    # tea is in the history, so it is half a nat likelier
    assert (likelihoods.chosen[0], likelihoods.rejected[0]) == (-3.5, -2.0)
    assert (likelihoods.chosen_tokens[0], likelihoods.rejected_tokens[0]) == (2, 1)
    assert likelihoods.raw().tolist() == [-1.5]
    assert likelihoods.per_token().tolist() == [-1.75 + 2.0]
    assert likelihoods.chosen.dtype == np.float64


def test_evidence_goes_where_prompt_and_answers_are_longer_than_the_models_context() -> None:
    told = Persona((Comment("a post", "old words"), Comment("a post", "new words")))
    answers = replace(RECORD, chosen="tea " * 10)
    counts = [
        pair_likelihoods(FakeModel(context=context), METHODS["ica"], [answers], [told], person_of).dropped
        for context in (None, 200, 45, 44, 36)
    ]
    assert counts == [0, 0, 0, 1, 2]
    with pytest.raises(RecordError, match="cannot ask ica about record 'r': the prompt alone is longer than"):
        pair_likelihoods(FakeModel(context=12), METHODS["ica"], [answers], [told], person_of)


def test_an_answer_that_is_still_to_be_written_has_its_room() -> None:
    told = Persona((Comment("a post", "old words"), Comment("a post", "new words")))
    model = FakeModel(context=100)
    dropped = [
        prompts(model, METHODS["ica"], [RECORD], [told], person_of, answer_tokens=tokens)[0].dropped
        for tokens in (0, 70, 80)
    ]
    assert dropped == sorted(dropped)
    assert dropped[0] == 0
    assert dropped[-1] > 0


def margin(scorer: ImplicitReward, person: Person, record: Record) -> float:
    chosen, rejected = scorer.score(person, record.prompt, (record.chosen, record.rejected))
    return float(chosen - rejected)


def test_the_published_reward_gives_the_reference_the_history_and_same_prompt_the_policys(tiny) -> None:
    persona = Persona((Comment("a post", "tea", tiny.direction({"humour": 1})),))
    record = Record("r", "u", "what?", "jokes", "tea", persona)
    models = {"policy": FakeModel(), "reference": FakeModel(follow=1.0), "method": METHODS["pba"]}
    person = meet(persona, tiny)
    # the policy is indifferent; "tea" occurs in the history, "jokes" in the directions
    published = ImplicitReward(**models)
    assert published.name == "pba"
    assert margin(published, person, record) == 0.0 - (-1.0 - 0.0)
    same = ImplicitReward(**models, same_prompt=True)
    assert margin(same, person, record) == 0.0 - (0.0 - -1.0)


def test_swapping_the_answers_negates_the_margin() -> None:
    scorer = ImplicitReward(FakeModel({"tea": -0.25}, follow=0.5), FakeModel(), METHODS["ica"])
    swapped = Record("r", "u", "drink?", RECORD.rejected, RECORD.chosen, TOLD)
    one, two = (margin(scorer, Person(TOLD), record) for record in (RECORD, swapped))
    assert one == -two != 0


def test_an_empty_persona_is_asked_the_bare_prompt_by_every_method() -> None:
    for method in METHODS.values():
        assert method.messages(Person(), "drink?").messages == (Message("user", "drink?"),)


def test_what_the_budget_leaves_out_is_counted_over_all_records() -> None:
    persona = Persona(tuple(Comment("a post", f"word{i}") for i in range(3)))
    bare = FakeModel().count(METHODS["ica"].messages(Person(persona), "drink?").messages)
    one_less = bare - 1
    likelihoods = pair_likelihoods(
        FakeModel(), METHODS["ica"], [RECORD, RECORD], [persona, TOLD], person_of, max_prompt_tokens=one_less
    )
    assert likelihoods.dropped == 1


def test_a_record_that_the_method_cannot_show_is_named() -> None:
    def unknown(record: Record, persona: Persona) -> Person:
        return Person(persona)

    with pytest.raises(RecordError, match="cannot ask pba about record 'r': there is no belief about this person"):
        pair_likelihoods(FakeModel(), METHODS["pba"], [RECORD], [TOLD], unknown)


def test_no_records_give_no_margins() -> None:
    likelihoods = pair_likelihoods(FakeModel(), METHODS["ica"], [], [], person_of)
    assert likelihoods.raw().shape == (0,)


@pytest.mark.parametrize("same_prompt", [False, True])
def test_rewards_of_many_answers_differ_by_the_margins_of_their_pairs(tiny, same_prompt: bool) -> None:
    persona = Persona((Comment("a post", "tea", tiny.direction({"humour": 1})),))
    models = {"policy": FakeModel({"tea": -0.25}), "reference": FakeModel(follow=1.0), "method": METHODS["pba"]}
    scorer, person = ImplicitReward(**models, same_prompt=same_prompt), meet(persona, tiny)
    answers = ("tea", "jokes", "coffee cup", "tea jokes")
    rewards = scorer.score(person, "what?", answers)
    assert len(set(rewards.tolist())) > 1
    for i, one in enumerate(answers):
        for j, two in enumerate(answers):
            pair = Record("r", "u", "what?", one, two, persona) if i != j else None
            expected = 0.0 if pair is None else margin(scorer, person, pair)
            assert rewards[i] - rewards[j] == pytest.approx(expected)


def test_pieces_change_no_number_and_keep_people_together(monkeypatch) -> None:
    records = [replace(RECORD, record_id=str(i), user_id=f"u{i % 3}", chosen="tea " * (i + 1)) for i in range(8)]
    personas = [Persona((Comment("a post", "tea " * (i + 1)),)) for i in range(8)]
    model = FakeModel({"tea": -1.0, "cup": -3.0, "coffee": -2.0}, follow=0.5)
    whole = pair_likelihoods(model, METHODS["ica"], records, personas, person_of)
    monkeypatch.setattr(implicit, "_PIECE", 3)
    assert [[records[row].user_id for row in rows] for rows in implicit._pieces(records)] == [
        ["u0", "u0", "u0"],
        ["u1", "u1", "u1"],
        ["u2", "u2"],
    ]
    parts = pair_likelihoods(model, METHODS["ica"], records, personas, person_of)
    assert parts.raw().tolist() == whole.raw().tolist()
    assert parts.chosen_tokens.tolist() == whole.chosen_tokens.tolist()
