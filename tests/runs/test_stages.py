from contextlib import contextmanager

from penchant.runs.stages import Stages


class Notes:
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    @contextmanager
    def bar(self, total, label, *, later=False):
        yield lambda _steps: None


def test_each_stage_is_noted_when_it_begins_and_timed_when_it_ends() -> None:
    notes = Notes()
    stages = Stages(notes)
    with stages.timed("train"):
        assert notes.notes == ["== train"]
        assert stages.seconds == {}
    with stages.timed("evaluate"):
        pass
    assert list(stages.seconds) == ["train", "evaluate"]
    assert min(stages.seconds.values()) >= 0
