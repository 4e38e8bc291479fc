"""A transformers model on this machine: likelihoods and sampling."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from penchant.message import Message
from penchant.model import local as module
from penchant.model.base import Candidates, Likelihood, Sampling
from penchant.model.chat import Encoded
from penchant.model.local import LocalModel
from penchant.model.tree import Branch, collate, pack

ASK: tuple[Message, ...] = (Message("user", "what about tea ?"),)


def naive(local: LocalModel, messages: tuple[Message, ...], answer: str) -> Likelihood:
    encoded = local.chat.encode(messages, (answer,))
    ids = torch.tensor([[*encoded.prompt, *encoded.answers[0]]])
    with torch.no_grad():
        logs = torch.log_softmax(local.model(input_ids=ids).logits[0].double(), -1)
    start = len(encoded.prompt) - 1
    total = sum(logs[start + i, token].item() for i, token in enumerate(encoded.answers[0]))
    return Likelihood(total, len(encoded.answers[0]))


def some_candidates() -> list[Candidates]:
    persona = "<notes>\ni like hot milk and tea please\n</notes>\n\n"
    people: list[tuple[Message, ...]] = [
        (Message("system", "i like you"), Message("user", text))
        for text in (
            persona + "what about coffee ?",
            persona + "tea ?",
            "cold",
            persona * 3 + "try",
            "milk or coffee ?",
        )
    ]
    return [Candidates(messages, ("never", "always hot tea !", "milk")) for messages in (*people, ASK)]


@pytest.mark.parametrize("budget", [(16_384, 4_096), (200, 60), (1, 1)])
def test_likelihoods_equal_a_naive_loop_however_they_are_grouped(local: LocalModel, monkeypatch, budget) -> None:
    monkeypatch.setattr(module, "_BATCH_TOKENS", {"cpu": budget[0], "cuda": budget[0]})
    monkeypatch.setattr(module, "_TREE_TOKENS", budget[1])
    distinct = some_candidates()
    for candidates in (distinct, distinct[::-1], [distinct[0]] * 3, distinct + distinct):
        for prompt, likelihoods in zip(candidates, local.logprobs(candidates), strict=True):
            for answer, likelihood in zip(prompt.answers, likelihoods, strict=True):
                expected = naive(local, prompt.messages, answer)
                assert likelihood.tokens == expected.tokens
                assert likelihood.logprob == pytest.approx(expected.logprob, abs=2e-5)


def test_neighbours_with_one_beginning_share_a_tree_and_strangers_do_not_shorten_it(local: LocalModel) -> None:
    encoded = [local.chat.encode(c.messages, c.answers) for c in some_candidates()]
    groups = list(module._groups(encoded))
    assert [item for _, group in groups for item in group] == encoded
    assert [start for start, _ in groups] == [0, 2, 3, 4, 5]
    assert len(groups[0][1]) == 2


def test_one_persons_pairs_share_a_tree_in_whatever_order_they_are_asked(local: LocalModel, monkeypatch) -> None:
    def ask(person: str, task: int) -> Candidates:
        return Candidates((Message("user", f"{person} " * 20 + "water " * task),), ("tea", "milk"))

    sizes: list[int] = []
    monkeypatch.setattr(module, "collate", lambda trees: sizes.append(sum(len(t.ids) for t in trees)) or collate(trees))
    by_person = [ask(person, task) for person in ("tea", "milk") for task in (1, 2, 3)]
    in_turns = [by_person[i] for i in (0, 3, 1, 4, 2, 5)]
    likelihoods = local.logprobs(in_turns)
    assert likelihoods == [local.logprobs(by_person)[i] for i in (0, 3, 1, 4, 2, 5)]
    alone = sum(
        len(e.prompt) + sum(map(len, e.answers))
        for e in local.chat.encode_all([(c.messages, c.answers) for c in by_person])
    )
    assert sizes[0] == sizes[1] < 0.6 * alone


def test_a_conversation_asked_about_at_every_turn_is_one_tree(local: LocalModel, monkeypatch) -> None:
    turns: list[Message] = [Message("user", "hot tea please " * 25)]
    asked = []
    for _ in range(6):
        asked.append(Candidates(tuple(turns), ("i like milk " * 4, "never")))
        turns += [Message("assistant", "i like milk " * 4), Message("user", "or try coffee ? " * 5)]
    sizes: list[int] = []
    monkeypatch.setattr(module, "collate", lambda trees: sizes.append(len(trees)) or collate(trees))
    likelihoods = local.logprobs(asked[::2] + asked[1::2])
    assert sizes == [1]
    for prompt, (given_one, other) in zip(asked[::2] + asked[1::2], likelihoods, strict=True):
        for answer, likelihood in zip(prompt.answers, (given_one, other), strict=True):
            assert likelihood.logprob == pytest.approx(naive(local, prompt.messages, answer).logprob, abs=2e-5)


@given(
    st.lists(st.tuples(st.integers(1, 12), st.integers(1, 6), st.integers(1, 4)), min_size=1, max_size=12),
    st.integers(8, 40),
)
def test_a_tree_of_several_stays_within_its_budget(rows: list, budget: int) -> None:
    encoded = [
        Encoded((*range(shared), *(100 + index * 10 + i for i in range(own))), ((7,) * answer,))
        for index, (shared, own, answer) in enumerate(rows)
    ]
    before = module._TREE_TOKENS
    module._TREE_TOKENS = budget
    try:
        groups = list(module._groups(encoded))
    finally:
        module._TREE_TOKENS = before
    assert [item for _, group in groups for item in group] == encoded
    for start, group in groups:
        assert encoded[start] == group[0]
        if len(group) > 1:
            assert len(pack([Branch(e.prompt, e.answers) for e in group]).ids) <= budget


def test_writing_is_decided_by_its_seed_and_leaves_no_special_token(local: LocalModel) -> None:
    first = local.write([ASK], Sampling(max_tokens=12, seed=1))
    assert local.write([ASK], Sampling(max_tokens=12, seed=1)) == first
    assert len({tuple(local.write([ASK], Sampling(max_tokens=12, seed=seed))) for seed in range(4)}) > 1
    turns = ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>")
    assert not any(turn in answer.text for turn in turns for answer in first)


def test_a_prompt_is_answered_the_same_in_any_company(local: LocalModel) -> None:
    other: tuple[Message, ...] = (Message("user", "milk"),)
    settings = Sampling(max_tokens=6, seed=2)
    assert local.write([other, ASK], settings)[1] == local.write([ASK], settings)[0]


def test_scoring_in_pieces_changes_no_number(local: LocalModel, monkeypatch: pytest.MonkeyPatch) -> None:
    prompts = [Candidates((Message("user", f"tea {'please ' * n}"),), ("yes", "no thanks")) for n in range(9)]
    whole = local.logprobs(prompts)
    for chars in (1, 30, 100):
        monkeypatch.setattr("penchant.model.local._PIECE_CHARS", chars)
        pieces = local.logprobs(prompts)
        assert [[one.tokens for one in row] for row in pieces] == [[one.tokens for one in row] for row in whole]
        for ours, theirs in zip(pieces, whole, strict=True):
            assert [one.logprob for one in ours] == pytest.approx([one.logprob for one in theirs], abs=1e-4)
    assert local.logprobs([]) == []
