"""A base from scratch: its tokenizer, its first weights, its training and its folder."""

import hashlib
import json
import re
from itertools import repeat
from pathlib import Path

import numpy as np
import pytest
import torch

from penchant.config import BaseSection
from penchant.encoder.fake import FakeEncoder
from penchant.errors import TrainingError
from penchant.forum.corpus import Corpus, batches, vocabulary
from penchant.forum.population import ForumSettings
from penchant.forum.simulate import simulate
from penchant.message import Message
from penchant.method import METHODS
from penchant.model.base import Candidates
from penchant.model.chat import ChatTokenizer
from penchant.model.load import load_parts
from penchant.person import meet
from penchant.render import fixed_texts
from penchant.space import PreferenceSpace, load_space
from penchant.train import base_model as module
from penchant.train.base_model import fresh_model, save_base, subword_tokenizer, train_base, word_tokenizer
from penchant.train.snapshot import SNAPSHOT

SMALL = BaseSection(
    hidden_size=16, layers=1, heads=2, max_steps=3, warmup_steps=1, couples=1, questions=2, threads=2, log_steps=2
)


def test_turns_and_marks_come_first_and_words_in_order() -> None:
    vocabulary = word_tokenizer(["Tea, please!", "a tea <notes>"]).tokenizer.get_vocab()
    assert sorted(vocabulary, key=vocabulary.get) == [
        "<pad>", "<unk>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>", "<notes>", "</notes>",
        "!", ",", "<", ">", "a", "notes", "please", "tea",
    ]  # fmt: skip


def test_marks_of_a_person_are_tokens_but_not_special_ones() -> None:
    chat = word_tokenizer(["tea"])
    added = {token.content: token.special for token in chat.tokenizer.added_tokens_decoder.values()}
    assert added == {
        **dict.fromkeys(("<pad>", "<unk>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"), True),
        "<notes>": False,
        "</notes>": False,
    }
    assert chat.tokenizer.tokenize("<notes>tea</notes>") == ["<notes>", "tea", "</notes>"]


def test_words_are_read_in_any_case_and_unknown_ones_as_unknown() -> None:
    chat = word_tokenizer(["Tea, please!"])
    assert chat.tokenizer.tokenize("TEA ,please coffee") == ["tea", ",", "please", "<unk>"]
    assert chat.tokenizer.eos_token == "<|end|>"


@pytest.mark.parametrize("method", ["ica", "pba"])
def test_a_base_of_the_whole_space_knows_every_word_of_its_forum(method: str) -> None:
    space = load_space("alignx90")
    chat = word_tokenizer([*fixed_texts(), *vocabulary(space)])
    for record in simulate(space, ForumSettings(train_users=20, test_users=4, train_targets=2)).records:
        messages = METHODS[method].messages(meet(record.persona, space), record.prompt).messages
        encoded = chat.encode(messages, (record.chosen, record.rejected))
        ids = {*encoded.prompt, *(i for answer in encoded.answers for i in answer)}
        assert chat.tokenizer.unk_token_id not in ids, chat.prompt_text(messages)


def test_words_start_at_their_encoders_vectors_and_turns_at_random(tokenizer: ChatTokenizer) -> None:
    settings = SMALL.model_copy(update={"hidden_size": 48})
    encoder = FakeEncoder(size=48)
    weight = fresh_model(tokenizer, settings, encoder, seed=0).get_input_embeddings().weight.detach().numpy()
    plain = fresh_model(tokenizer, settings, None, seed=0).get_input_embeddings().weight.detach().numpy()
    special = len(module._SPECIAL)
    assert (weight[:special] == plain[:special]).all()
    words = [w for w, _ in sorted(tokenizer.tokenizer.get_vocab().items(), key=lambda item: item[1])]
    vectors = encoder.embed(words)
    centred = (vectors - vectors.mean(0))[special:]
    # as many axes as the encoder has: the projection turns the vectors and keeps their angles
    expected = centred @ centred.T / np.mean(np.sum(centred**2, 1))
    similarity = weight[special:] @ weight[special:].T / np.mean(np.sum(weight[special:] ** 2, 1))
    assert np.abs(similarity - expected).max() < 1e-4
    assert weight[special:].std() == pytest.approx(settings.initializer_range, rel=0.05)


def test_a_fresh_model_is_tied_sized_and_decided_by_its_seed(tokenizer: ChatTokenizer) -> None:
    one, same, other = (fresh_model(tokenizer, SMALL, None, seed=seed) for seed in (0, 0, 1))
    assert one.config.vocab_size == len(tokenizer.tokenizer)
    assert one.get_output_embeddings().weight is one.get_input_embeddings().weight
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))
    assert not torch.equal(next(one.parameters()), next(other.parameters()))


def stream(tiny: PreferenceSpace, settings: BaseSection):
    corpus = Corpus.over(tiny, seed=settings.seed, questions=settings.questions)
    return batches(corpus, couples=settings.couples, threads=settings.threads)


def test_training_lowers_the_loss_and_logs_its_curve(tiny: PreferenceSpace, tokenizer: ChatTokenizer) -> None:
    settings = SMALL.model_copy(update={"max_steps": 25, "log_steps": 10, "learning_rate": 0.02})
    model = fresh_model(tokenizer, settings, None, seed=0)
    steps: list[int] = []
    curve = train_base(model, tokenizer, stream(tiny, settings), settings, progress=lambda step, _: steps.append(step))
    assert steps == list(range(1, 26))
    assert [point["step"] for point in curve] == [10, 20, 25]
    assert curve[-1]["page"] < curve[0]["page"] - 0.3
    assert curve[-1]["thread"] < curve[0]["thread"] - 0.3
    assert curve[0]["page"] < np.log(len(tokenizer.tokenizer)) + 0.5
    assert not model.training


def test_a_base_learns_to_put_the_right_answer_above_the_wrong_one() -> None:
    """The page is one word and the question is which word: only the page decides the answer."""
    settings = SMALL.model_copy(update={"max_steps": 150, "learning_rate": 0.02, "log_steps": 50, "warmup_steps": 10})
    chat = word_tokenizer(["tea", "coffee", "which?"])
    model = fresh_model(chat, settings, None, seed=0)

    def ask(right: str, wrong: str) -> list[Candidates]:
        return [Candidates((Message("user", f"{right} which?"),), (right, wrong))]

    pages = [ask("tea", "coffee"), ask("coffee", "tea")]
    thread = [[Candidates((Message("user", "which?"),), ("tea",))]]
    curve = train_base(model, chat, repeat((pages, thread)), settings)
    assert curve[0]["right"] < 1.0
    assert curve[-1]["right"] == 1.0
    assert curve[-1]["faithful"] < 0.1


def test_in_couples_only_what_the_page_decides_is_learned() -> None:
    """The answers differ much in length and the page decides which is right; alone, the longer one could never win."""
    chat = word_tokenizer(["tea", "coffee", "which?"])
    long = "coffee " * 12

    def ask(page: str, right: str, wrong: str) -> list[Candidates]:
        return [Candidates((Message("user", f"{page} which?"),), (right, wrong))]

    couple = [ask("tea", "tea", long), ask("coffee", long, "tea")]
    thread = [[Candidates((Message("user", "which?"),), ("tea",))]]
    curves = {}
    for kind in ("page", "couple"):
        settings = SMALL.model_copy(update={"faithful_in": kind, "max_steps": 120, "learning_rate": 0.02})
        model = fresh_model(chat, settings, None, seed=0)
        curves[kind] = train_base(model, chat, repeat((couple, thread)), settings)
    first = {kind: curve[0]["faithful"] for kind, curve in curves.items()}
    assert first["page"] > 5 > 1 > first["couple"]
    assert curves["couple"][-1]["right"] == 1.0
    assert curves["couple"][-1]["faithful"] < 0.1


def test_reading_steps_have_no_pages_and_bfloat16_is_near_to_float32() -> None:
    chat = word_tokenizer(["tea", "coffee", "which?"])
    thread = [[Candidates((Message("user", "which?"),), ("tea",))]]
    curves = []
    for bf16 in (False, True):
        settings = SMALL.model_copy(update={"max_steps": 20, "log_steps": 10, "bf16": bf16})
        curves.append(train_base(fresh_model(chat, settings, None, seed=0), chat, repeat(([], thread)), settings))
    assert [point["page"] for point in curves[0]] == [0.0, 0.0]
    for one, two in zip(*curves, strict=True):
        assert one["thread"] == pytest.approx(two["thread"], rel=0.02)
        assert one["thread"] != two["thread"]


def test_byte_pairs_write_any_text_and_turns_and_marks_are_tokens(tmp_path: Path) -> None:
    chat = subword_tokenizer(["the cat sat on the mat", "the hat of the cat"] * 20, 300)
    vocabulary = chat.tokenizer.get_vocab()
    assert len(vocabulary) <= 300
    assert [vocabulary[turn] for turn in module._TURNS] == list(range(len(module._TURNS)))
    for text in ("the cat", "ünïcödé 猫\nnew line", "Élan!"):
        ids = chat.tokenizer(text, add_special_tokens=False)["input_ids"]
        assert chat.tokenizer.decode(ids) == text
        assert chat.tokenizer.unk_token_id not in ids
    assert chat.tokenizer.tokenize("<notes>the</notes>")[0] == "<notes>"
    messages = (Message("user", "the mat"),)
    assert chat.tokenizer.decode(chat.prompt_ids(messages)) == "<|user|>the mat<|assistant|>"


def test_a_base_kept_in_bfloat16_loads_in_float32(tokenizer: ChatTokenizer, tmp_path: Path) -> None:
    sizes = []
    for bf16 in (False, True):
        save_base(
            fresh_model(tokenizer, SMALL, None, seed=0), tokenizer, tmp_path / str(bf16), curve=[], card="", bf16=bf16
        )
        sizes.append((tmp_path / str(bf16) / "model.safetensors").stat().st_size)
    assert sizes[1] < 0.7 * sizes[0]
    (full, _), (kept, _) = load_parts(str(tmp_path / "False")), load_parts(str(tmp_path / "True"))
    for one, two in zip(full.parameters(), kept.parameters(), strict=True):
        assert two.dtype == torch.float32
        assert torch.equal(one.detach().bfloat16().float(), two)


def test_without_weight_wrong_answers_change_nothing() -> None:
    settings = SMALL.model_copy(update={"faithful_weight": 0.0})
    chat = word_tokenizer(["tea", "coffee", "which?"])

    def weights(*answers: str) -> list[torch.Tensor]:
        model = fresh_model(chat, settings, None, seed=0)
        page = [[Candidates((Message("user", "which?"),), answers)]]
        train_base(model, chat, repeat((page, [[page[0][0]]])), settings)
        return [parameter.detach() for parameter in model.parameters()]

    alone, with_wrong = weights("tea"), weights("tea", "coffee")
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(alone, with_wrong, strict=True))


def test_training_twice_gives_the_same_weights(tiny: PreferenceSpace, tokenizer: ChatTokenizer) -> None:
    def weights() -> list[torch.Tensor]:
        model = fresh_model(tokenizer, SMALL, None, seed=0)
        train_base(model, tokenizer, stream(tiny, SMALL), SMALL)
        return [parameter.detach() for parameter in model.parameters()]

    assert all(torch.equal(a, b) for a, b in zip(weights(), weights(), strict=True))


def test_a_loss_that_is_not_a_number_stops_the_base(tiny: PreferenceSpace, tokenizer: ChatTokenizer) -> None:
    model = fresh_model(tokenizer, SMALL, None, seed=0)
    with torch.no_grad():
        next(model.parameters())[:] = float("nan")
    with pytest.raises(TrainingError, match="not a number at step 1"):
        train_base(model, tokenizer, stream(tiny, SMALL), SMALL)


def test_a_saved_base_loads_and_its_checksums_hold(tokenizer: ChatTokenizer, tmp_path: Path) -> None:
    model = fresh_model(tokenizer, SMALL, None, seed=0)
    save_base(model, tokenizer, tmp_path / "b", curve=[{"step": 1, "page": 2.0, "thread": 3.0}], card="# card\n")
    loaded, chat = load_parts(str(tmp_path / "b"))
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), loaded.parameters(), strict=True))
    assert chat.tokenizer.get_vocab() == tokenizer.tokenizer.get_vocab()
    assert json.loads((tmp_path / "b" / "curve.json").read_text()) == [{"step": 1, "page": 2.0, "thread": 3.0}]
    assert (tmp_path / "b" / "README.md").read_text() == "# card\n"
    lines = (tmp_path / "b" / "SHA256SUMS").read_text().splitlines()
    named = dict(reversed(re.split("  ", line)) for line in lines)
    files = {path.name for path in (tmp_path / "b").iterdir()} - {"SHA256SUMS"}
    assert set(named) == files >= {"model.safetensors", "config.json", "tokenizer.json", "README.md"}
    for name, digest in named.items():
        assert hashlib.sha256((tmp_path / "b" / name).read_bytes()).hexdigest() == digest


def stopped_and_resumed(tiny, chat, folder, stop: int, **more) -> tuple[list[torch.Tensor], list[dict[str, float]]]:
    settings = SMALL.model_copy(update={"max_steps": 7, "save_steps": 2, "log_steps": 3, **more})
    if stop:

        def kill(step: int, _loss: float) -> None:
            if step == stop:
                raise KeyboardInterrupt

        first = fresh_model(chat, settings, None, seed=0)
        with pytest.raises(KeyboardInterrupt):
            train_base(first, chat, stream(tiny, settings), settings, snapshot=folder / SNAPSHOT, progress=kill)
    model = fresh_model(chat, settings, None, seed=0)
    curve = train_base(model, chat, stream(tiny, settings), settings, snapshot=folder / SNAPSHOT)
    return [parameter.detach() for parameter in model.parameters()], curve


def test_a_base_that_was_stopped_goes_on_to_the_same_weights(tiny, tokenizer, tmp_path: Path) -> None:
    uninterrupted, curve = stopped_and_resumed(tiny, tokenizer, tmp_path / "whole", stop=0)
    again, joined = stopped_and_resumed(tiny, tokenizer, tmp_path / "stopped", stop=5)
    assert all(torch.equal(a, b) for a, b in zip(uninterrupted, again, strict=True))
    assert curve == joined


def test_going_on_takes_no_step_twice(tiny, tokenizer, tmp_path: Path, monkeypatch) -> None:
    computed = []
    losses = module._losses
    monkeypatch.setattr(module, "_losses", lambda *arguments: computed.append(1) or losses(*arguments))
    stopped_and_resumed(tiny, tokenizer, tmp_path, stop=5)
    assert len(computed) == 2 * (5 + 3)


def test_a_saved_base_leaves_no_snapshot(tiny, tokenizer, tmp_path: Path) -> None:
    stopped_and_resumed(tiny, tokenizer, tmp_path, stop=0)
    assert (tmp_path / SNAPSHOT).exists()
    save_base(fresh_model(tokenizer, SMALL, None, seed=0), tokenizer, tmp_path, curve=[], card="")
    assert not (tmp_path / SNAPSHOT).exists()
    assert SNAPSHOT not in (tmp_path / "SHA256SUMS").read_text()
