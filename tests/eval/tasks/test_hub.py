import pytest

from penchant.errors import ConfigError, DataError
from penchant.eval.tasks.hub import download

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def hub(monkeypatch):
    """Stands for the Hub: notes what it is asked for, and fails when it is told to."""
    asked: list[tuple[str, dict[str, object]]] = []

    def snapshot(name: str, **how: object) -> None:
        asked.append((name, how))
        if name == "org/broken":
            raise OSError("no route to host")

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    return asked


def test_a_dataset_is_fetched_at_exactly_the_commit_into_the_folder(hub, tmp_path) -> None:
    download(f"org/some-data_1.0@{COMMIT}", tmp_path)
    how = {"repo_type": "dataset", "revision": COMMIT, "local_dir": tmp_path}
    assert hub == [("org/some-data_1.0", how)]


@pytest.mark.parametrize(
    "pinned",
    [
        "org/name",
        "org/name@main",
        "org/name@v1.0",
        f"org/name@{COMMIT[:39]}",
        f"org/name@{COMMIT}0",
        f"org/name@{COMMIT.upper()}",
        f"name@{COMMIT}",
        f"org/name@{COMMIT}\n",
        f"https://example.org/org/name@{COMMIT}",
    ],
)
def test_anything_but_a_full_commit_is_refused_before_the_hub_is_asked(hub, pinned: str, tmp_path) -> None:
    with pytest.raises(ConfigError, match="give ORG/NAME@COMMIT with all 40 hexadecimal digits"):
        download(pinned, tmp_path)
    assert hub == []


def test_a_failure_is_one_sentence_with_what_to_do(hub, tmp_path) -> None:
    with pytest.raises(DataError, match=r"cannot fetch org/broken@.* \(no route to host\); check name, commit"):
        download(f"org/broken@{COMMIT}", tmp_path)
