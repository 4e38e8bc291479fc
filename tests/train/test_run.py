"""Complete alignment runs on a tiny base: no row is lost, and an interrupted run ends with the same weights."""

import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import LlamaForCausalLM

from penchant.config import Recipe, TrainSection
from penchant.errors import ConfigError, ModelError, TrainingError
from penchant.message import Message
from penchant.model.base import Candidates
from penchant.model.card import aligned_card
from penchant.model.load import load_model, load_parts
from penchant.model.local import LocalModel
from penchant.persona import Comment, Persona
from penchant.record import Record
from penchant.train.run import UserTreeTrainer, _arguments, align
from penchant.train.trees import TrainingRow

SHORT = TrainSection(learning_rate=0.01, max_steps=4, users_per_step=3, pairs_per_user=4, warmup_steps=1, save_steps=2)


def weights(folder: Path | str) -> dict[str, torch.Tensor]:
    return dict(load_parts(str(folder))[0].named_parameters())


def furthest(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    return max((one[name] - other[name]).abs().max().item() for name in one.keys() | other.keys())


@pytest.fixture(scope="module")
def aligned(training_set, base: str, tmp_path_factory: pytest.TempPathFactory):
    """A complete run."""
    return align(training_set(), SHORT, base=base, folder=tmp_path_factory.mktemp("aligned"))


def test_every_row_is_trained_and_counted(aligned, training_set) -> None:
    assert aligned.rows == 12
    assert aligned.pairs == sum(len(training_set().records(row)) for row in training_set().rows(12)) == 48


def test_what_is_written_is_a_model_that_differs_from_its_base(aligned, base: str) -> None:
    assert {"model.safetensors", "config.json", "tokenizer.json", "curve.json"} <= {
        p.name for p in aligned.folder.iterdir()
    }
    assert 1e-3 < furthest(weights(aligned.folder), weights(base)) < 0.2
    model = LocalModel.load(str(aligned.folder))
    ((one, other),) = model.logprobs([Candidates((Message("user", "what"),), ("try", "how"))])
    assert one.logprob != other.logprob


def test_the_curve_is_logged_and_kept_beside_the_model(aligned) -> None:
    (point,) = aligned.curve
    assert point["step"] == 4
    assert 0 <= point["accuracy"] <= 1
    assert 0.5 < point["loss"] < 0.9
    assert json.loads((aligned.folder / "curve.json").read_text()) == aligned.curve


def test_the_card_names_the_run(aligned, training_set, base: str) -> None:
    records = [record for mine in training_set().people for record in mine]
    card = aligned_card(Recipe(name="tiny", base=base), "ica", SHORT, aligned.curve, records)
    for text in (f"base_model: {base}", "48 pairs of 6 people", '"max_steps":4', f"{aligned.curve[-1]['loss']:.4f}"):
        assert text in card


@pytest.mark.parametrize(("kind", "expected"), [("sigmoid", math.log(2)), ("hinge", 1.0), ("ipo", 1.0)])
def test_the_first_loss_is_that_of_a_coin(training_set, base: str, tmp_path: Path, kind: str, expected: float) -> None:
    once = SHORT.model_copy(update={"max_steps": 1, "users_per_step": 2, "loss_type": kind, "beta": 0.5})
    trained = align(training_set(), once, base=base, folder=tmp_path)
    assert trained.curve[0]["loss"] == pytest.approx(expected, abs=1e-4)


def test_nothing_is_written_to_standard_output(training_set, base: str, tmp_path: Path, capsys) -> None:
    steps: list[int] = []
    one = SHORT.model_copy(update={"max_steps": 1})
    align(training_set(), one, base=base, folder=tmp_path, progress=steps.append)
    assert capsys.readouterr().out == ""
    assert steps == [1]


def test_a_run_again_gives_the_same_weights(aligned, training_set, base: str, tmp_path: Path) -> None:
    again = align(training_set(), SHORT, base=base, folder=tmp_path)
    assert furthest(weights(aligned.folder), weights(again.folder)) == 0
    assert again.curve == aligned.curve


class Stopped(Exception):
    """A power cut in the middle of a run."""


def test_an_interrupted_run_goes_on_to_the_same_weights(
    aligned, training_set, base: str, tmp_path: Path, monkeypatch
) -> None:
    original, calls = UserTreeTrainer.compute_loss, []

    def pulled(self, *arguments, **named):
        calls.append(1)
        if len(calls) == 4:
            raise Stopped
        return original(self, *arguments, **named)

    monkeypatch.setattr(UserTreeTrainer, "compute_loss", pulled)
    with pytest.raises(Stopped):
        align(training_set(), SHORT, base=base, folder=tmp_path)
    assert not (tmp_path / "model.safetensors").exists()
    # an incomplete checkpoint, as a power cut leaves it
    (tmp_path / "checkpoints" / "checkpoint-3").mkdir()
    calls.clear()
    warned: list[str] = []
    monkeypatch.setattr("transformers.trainer.logger.warning", lambda text, *_: warned.append(text))
    resumed = align(training_set(), SHORT, base=base, folder=tmp_path, resume=True)
    assert len(calls) == 2
    assert not any("missing keys" in text for text in warned)  # of the tied head, which is kept as the embedding
    assert resumed.rows == aligned.rows
    assert furthest(weights(aligned.folder), weights(resumed.folder)) < 1e-6


def test_resuming_a_finished_run_changes_nothing(training_set, base: str, tmp_path: Path) -> None:
    once = SHORT.model_copy(update={"max_steps": 1})
    first = align(training_set(), once, base=base, folder=tmp_path)
    before = weights(tmp_path)
    again = align(training_set(), once, base=base, folder=tmp_path, resume=True)
    assert furthest(before, weights(tmp_path)) == 0
    assert again == first


def test_a_new_run_does_not_go_on_from_an_old_one(training_set, base: str, tmp_path: Path) -> None:
    once = SHORT.model_copy(update={"max_steps": 1})
    stale = tmp_path / "checkpoints" / "checkpoint-99"
    stale.mkdir(parents=True)
    (stale / "trainer_state.json").write_text("{}")
    align(training_set(), once, base=base, folder=tmp_path)
    assert not stale.exists()


def test_a_trainer_that_loses_a_row_is_found_out(training_set, base: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(
        UserTreeTrainer, "_prepare_dataset", lambda _self, dataset, *_: dataset.select(range(len(dataset) - 1))
    )
    with pytest.raises(TrainingError, match=r"12 rows were given but 11 were trained; nothing was saved"):
        align(training_set(), SHORT, base=base, folder=tmp_path)
    assert not (tmp_path / "model.safetensors").exists()


def test_a_persona_of_more_than_a_thousand_tokens_is_trained_whole(
    training_set, records, base: str, tmp_path: Path
) -> None:
    sentence = "; ".join([records[0].chosen] * 30)
    persona = Persona((Comment(records[0].task, sentence),) * 8)
    long = tuple(replace(record, persona=persona) for record in records[:16])
    data = training_set(of=long)
    prompts = [len(data.branches(data.person(TrainingRow(0, number)), long[:1])[0].prompt) for number in range(8)]
    assert max(prompts) > 1100
    settings = SHORT.model_copy(update={"max_steps": 1, "users_per_step": 2, "warmup_steps": 0})
    trained = align(data, settings, base=base, folder=tmp_path)
    assert (trained.rows, trained.pairs) == (2, 8)
    assert furthest(weights(tmp_path), weights(base)) > 0


def test_a_loss_that_is_not_a_number_names_the_record(training_set, records, base: str, tmp_path: Path) -> None:
    model, chat = load_parts(base)
    config = model.config
    config.tie_word_embeddings = False
    broken = LlamaForCausalLM(config)
    word = chat.tokenizer.convert_tokens_to_ids("dogs" if "dogs" in chat.tokenizer.get_vocab() else "nothing")
    with torch.no_grad():
        broken.model.embed_tokens.weight[word] = float("nan")
    broken.save_pretrained(tmp_path / "broken")
    chat.tokenizer.save_pretrained(tmp_path / "broken")
    text = chat.tokenizer.decode([word])
    plain = tuple(with_words(record, "try length") for record in records)
    bad = tuple(replace(r, chosen=f"try {text} .") if r.record_id.endswith("000002-01") else r for r in plain)
    settings = SHORT.model_copy(update={"max_steps": 1, "users_per_step": 6, "pairs_per_user": 8})
    with pytest.raises(TrainingError) as stopped:
        align(
            training_set(of=bad, pairs_per_person=8),
            settings,
            base=str(tmp_path / "broken"),
            folder=tmp_path / "out",
        )
    assert "not a number at records train-known-000002-" in str(stopped.value)
    assert not any(f"-00000{other}-" in str(stopped.value) for other in (0, 1, 3, 4, 5))


def with_words(record: Record, text: str) -> Record:
    return replace(record, prompt="what", chosen=text, rejected="how", persona=Persona((Comment("what", "try"),)))


def test_a_base_that_is_not_there_is_refused(training_set, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model folder"):
        align(training_set(), SHORT, base=str(tmp_path / "absent"), folder=tmp_path / "out")


def test_a_second_run_takes_the_references_numbers_from_disk(
    training_set, base: str, tmp_path: Path, monkeypatch
) -> None:
    first = align(training_set(), SHORT, base=base, folder=tmp_path / "one", reference_cache=tmp_path / "kept")
    loads = []
    monkeypatch.setattr("penchant.train.run.load_model", lambda source: loads.append(source) or load_model(source))
    again = align(training_set(), SHORT, base=base, folder=tmp_path / "two", reference_cache=tmp_path / "kept")
    assert loads == [base]
    assert again.curve == first.curve
    assert furthest(weights(first.folder), weights(again.folder)) == 0


def test_an_adapter_is_trained_saved_and_loaded_on_its_base(training_set, base: str, tmp_path: Path) -> None:
    settings = SHORT.model_copy(update={"use_peft": True, "lora_r": 4, "learning_rate": 0.05})
    trained = align(training_set(), settings, base=base, folder=tmp_path / "adapter")
    assert (tmp_path / "adapter" / "adapter_model.safetensors").exists()
    assert not (tmp_path / "adapter" / "model.safetensors").exists()
    assert trained.curve[0]["loss"] != pytest.approx(math.log(2), abs=1e-4)
    candidates = [Candidates((Message("user", "what"),), ("try", "how"))]
    ours, plain = (LocalModel.load(folder).logprobs(candidates)[0] for folder in (str(tmp_path / "adapter"), base))
    assert abs(ours[0].logprob - plain[0].logprob) > 1e-4


def test_an_adapter_of_a_base_that_is_gone_says_so(training_set, base: str, tmp_path: Path) -> None:
    settings = SHORT.model_copy(update={"use_peft": True, "max_steps": 1})
    align(training_set(), settings, base=base, folder=tmp_path)
    file = tmp_path / "adapter_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "base_model_name_or_path": str(tmp_path / "gone")}))
    with pytest.raises(ModelError, match="no model folder at .*gone"):
        LocalModel.load(str(tmp_path))


def test_parts_of_a_step_add_up_to_the_step(aligned, training_set, base: str, tmp_path: Path) -> None:
    parts = SHORT.model_copy(update={"gradient_accumulation_steps": 3})
    split = align(training_set(), parts, base=base, folder=tmp_path)
    assert split.rows == aligned.rows
    assert furthest(weights(aligned.folder), weights(split.folder)) < 1e-4


def test_parts_with_unequal_numbers_of_pairs_add_up_to_the_step_too(training_set, base: str, tmp_path: Path) -> None:
    mine: dict[str, int] = {}
    fewer = []
    for record in (record for records in training_set().people for record in records):
        mine[record.user_id] = mine.get(record.user_id, 0) + 1
        if mine[record.user_id] <= 1 + len(mine) % 4:
            fewer.append(record)
    assert len({len(records) for records in training_set(of=tuple(fewer)).people}) > 2
    folders = []
    for parts in (1, 3):
        settings = SHORT.model_copy(update={"gradient_accumulation_steps": parts, "trl": {"logging_steps": 1}})
        folders.append(align(training_set(of=tuple(fewer)), settings, base=base, folder=tmp_path / str(parts)))
    single, split = folders
    assert furthest(weights(single.folder), weights(split.folder)) < 1e-4
    for one, two in zip(single.curve, split.curve, strict=True):
        assert two["loss"] == pytest.approx(one["loss"], abs=2e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"trl": {"learning_rat": 1}}, "no key 'learning_rat' .under 'trl'.; nearest is 'learning_rate'"),
        ({"trl": {"beta": 1}}, "'trl.beta' is set by the method's own keys"),
        ({"trl": {"loss_type": "ipo"}}, "'trl.loss_type' is set by"),
        ({"gradient_accumulation_steps": 2}, "users_per_step=3 cannot be shared"),
    ],
)
def test_settings_that_cannot_be_met_are_refused_before_anything_is_written(
    training_set, base: str, tmp_path: Path, changes: dict, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        align(training_set(), SHORT.model_copy(update=changes), base=base, folder=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_keys_of_trl_are_passed_on(training_set, base: str, tmp_path: Path) -> None:
    settings = SHORT.model_copy(update={"trl": {"logging_steps": 1}})
    assert len(align(training_set(), settings, base=base, folder=tmp_path).curve) == 4


def test_fewer_processes_than_asked_for_are_refused(training_set, base: str, tmp_path: Path) -> None:
    settings = SHORT.model_copy(update={"processes": 3})
    with pytest.raises(TrainingError, match=r"asks for processes=3, the launcher started 1; start with: torchrun"):
        align(training_set(), settings, base=base, folder=tmp_path)


def test_two_processes_give_the_curve_and_the_weights_of_one(small_recipe, small_forum, tmp_path: Path) -> None:
    ran = {}
    for processes in (1, 2):
        out = tmp_path / str(processes)
        train = [
            str(Path(sys.executable).with_name("penchant")),
            "train",
            "--method",
            "ica",
            "--data",
            str(small_forum / "train"),
            "--out",
            str(out),
        ]
        train += ["--recipe", str(small_recipe), "--set", f"ica.processes={processes}", "--json"]
        train += ["--set", "ica.trl={logging_steps: 1}"]
        many = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--no-python"]
        launch = many if processes > 1 else []
        done = subprocess.run(
            [*launch, *train], capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False
        )
        assert done.returncode == 0, done.stderr  # all of it: the launcher's own message comes last
        ran[processes] = json.loads((out / "curve.json").read_text())
    assert len(ran[1]) == len(ran[2]) == 4
    for step, (one, two) in enumerate(zip(ran[1], ran[2], strict=True)):
        assert two["loss"] == pytest.approx(one["loss"], abs=2e-5)
        # before the first update policy and reference are equal: rounding decides the sign of every margin
        if step > 0:
            assert two["accuracy"] == pytest.approx(one["accuracy"])
    assert furthest(weights(tmp_path / "1"), weights(tmp_path / "2")) < 1e-4


def test_trees_in_parts_train_to_the_same_weights_and_are_counted(
    aligned, training_set, base: str, tmp_path: Path
) -> None:
    budget = max(
        len(tree.ids) for row in training_set().rows(12) for tree in training_set(max_tree_tokens=1).trees(row)
    )
    parts = align(training_set(max_tree_tokens=budget), SHORT, base=base, folder=tmp_path)
    assert (parts.rows, parts.pairs, aligned.split) == (aligned.rows, aligned.pairs, 0)
    assert 0 < parts.split <= 12
    assert furthest(weights(aligned.folder), weights(parts.folder)) < 1e-4


def test_a_new_run_leaves_nothing_of_an_older_one_in_its_folder(
    training_set, base: str, tmp_path: Path, monkeypatch
) -> None:
    once = SHORT.model_copy(update={"max_steps": 1})
    align(training_set(), once, base=base, folder=tmp_path)

    def pulled(self, *arguments, **named):
        raise Stopped

    monkeypatch.setattr(UserTreeTrainer, "compute_loss", pulled)
    with pytest.raises(Stopped):
        align(training_set(), once, base=base, folder=tmp_path)
    assert not (tmp_path / "model.safetensors").exists()
    assert not (tmp_path / "curve.json").exists()


def test_a_finished_run_given_more_steps_goes_on_and_logs_its_last_step(
    training_set, base: str, tmp_path: Path
) -> None:
    short, longer = (SHORT.model_copy(update={"max_steps": steps}) for steps in (10, 13))
    align(training_set(), short, base=base, folder=tmp_path)
    resumed = align(training_set(), longer, base=base, folder=tmp_path, resume=True)
    assert [point["step"] for point in resumed.curve] == [10, 13]
    assert resumed.rows == 13 * longer.users_per_step


def test_one_person_at_a_time_needs_no_number_of_parts() -> None:
    settings = SHORT.model_copy(update={"gradient_accumulation_steps": None, "users_per_step": 6, "processes": 2})
    arguments = _arguments(settings, Path("nowhere"), seed=0)
    assert (arguments.gradient_accumulation_steps, arguments.per_device_train_batch_size) == (3, 1)
