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
        folder = how["local_dir"]
        (folder / "data").mkdir(parents=True)
        (folder / "data" / "test.json").write_text("[]", encoding="utf-8")

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    return asked


def test_a_dataset_is_fetched_at_exactly_the_commit_into_the_folder(hub, tmp_path) -> None:
    folder = tmp_path / "new" / "files"
    download(f"org/some-data_1.0@{COMMIT}", folder)
    ((name, how),) = hub
    assert (name, how["repo_type"], how["revision"]) == ("org/some-data_1.0", "dataset", COMMIT)
    assert (folder / "data" / "test.json").read_text(encoding="utf-8") == "[]"
    assert [path.name for path in folder.parent.iterdir()] == ["files"]


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
        download(f"org/broken@{COMMIT}", tmp_path / "files")
    assert list(tmp_path.iterdir()) == []


def test_what_stands_in_a_folder_is_never_taken_for_what_was_asked(hub, tmp_path) -> None:
    (tmp_path / "test.json").write_text("of another commit", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"fetches into a new folder, and .* is there; give another `data`"):
        download(f"org/name@{COMMIT}", tmp_path)
    assert hub == []


def test_without_a_network_the_hub_itself_gives_one_sentence(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(DataError, match=r"cannot fetch org/name@.*; check name, commit and network"):
        download(f"org/name@{COMMIT}", tmp_path / "files")
    assert list(tmp_path.iterdir()) == []
