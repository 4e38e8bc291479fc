"""Only the same run resumes from checkpoints."""

from dataclasses import replace

import pytest

from penchant.config import TrainSection
from penchant.errors import TrainingError
from penchant.persona import Comment, Persona
from penchant.train.resume import (
    IDENTITY_FILE,
    last_checkpoint,
    require_same_run,
    run_identity,
    step_of,
    write_identity,
)

SETTINGS = TrainSection(max_steps=4)


def test_the_same_run_goes_on_and_another_is_told_by_what_differs(training_set, records, tmp_path) -> None:
    run = run_identity(training_set(of=records[:8]), SETTINGS, "base")
    write_identity(tmp_path, run)
    require_same_run(tmp_path, run_identity(training_set(of=records[:8]), SETTINGS, "base"))
    require_same_run(
        tmp_path, run_identity(training_set(of=records[:8]), TrainSection(max_steps=9, save_steps=3), "base")
    )
    other = (replace(records[0], persona=Persona((Comment("p", "other"),))), *records[1:8])
    for changed, differs in (
        (run_identity(training_set(of=other), SETTINGS, "base"), "data"),
        (run_identity(training_set(of=records[:8]), TrainSection(beta=0.7), "base"), "beta"),
        (run_identity(training_set(of=records[:8]), SETTINGS, "another"), "base"),
    ):
        with pytest.raises(TrainingError, match=f"its checkpoints are of a run with other {differs};"):
            require_same_run(tmp_path, changed)


def test_the_last_checkpoint_is_the_newest_that_is_whole(tmp_path) -> None:
    assert last_checkpoint(tmp_path / "nowhere") is None
    for step, name in ((9, "trainer_state.json"), (10, "trainer_state.json"), (11, "model.safetensors")):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / name).touch()
    checkpoint = last_checkpoint(tmp_path)
    assert checkpoint is not None
    assert step_of(checkpoint) == 10


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_checkpoints_of_which_nothing_is_known_are_refused(training_set, records, tmp_path, text: str) -> None:
    run = run_identity(training_set(of=records[:8]), SETTINGS, "base")
    with pytest.raises(TrainingError, match="do not say what run they are of"):
        require_same_run(tmp_path, run)
    (tmp_path / IDENTITY_FILE).write_text(text, encoding="utf-8")
    with pytest.raises(TrainingError, match="do not say what run they are of"):
        require_same_run(tmp_path, run)
