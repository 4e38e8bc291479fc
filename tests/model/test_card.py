"""Model cards describe a folder: its content, how it was made, and from what."""

import yaml

from penchant.config import BaseSection, Recipe, TrainSection
from penchant.model.card import aligned_card, base_card, finished, prompts_of, tags, trained_on, versions
from penchant.record import Provenance, Record, people_digest


def front(card: str) -> dict[str, object]:
    _, head, _ = card.split("---\n", 2)
    return yaml.safe_load(head)


def record(number: int, user: str | None) -> Record:
    return Record(f"r{number}", user, "p", "a", "b", provenance=Provenance("simulated-forum"))


def test_versions_name_python_and_what_is_installed_only() -> None:
    installed = versions()
    assert {"python", "torch", "transformers", "trl", "numpy"} <= set(installed)
    assert all(value[0].isdigit() for value in installed.values())


CURVE = [{"step": 7, "page": 1.25, "thread": 2.5, "faithful": 0.1, "right": 0.875}]


def test_the_card_of_a_base_of_documents_names_them_and_does_not_say_simulated() -> None:
    credits = ("books (MIT): 2", "web (PDDL): 1")
    card = base_card(
        BaseSection(corpus="text"), "enc", CURVE, recipe="recipes/e.yaml", texts="docs.parquet", credits=credits
    )
    assert "books (MIT): 2; web (PDDL): 1" in card
    assert "penchant base --recipe recipes/e.yaml --texts docs.parquet" in card
    assert "documents of `docs.parquet`" in card
    assert "simulated" not in card


def test_the_card_of_a_base_says_that_it_is_made_from_simulated_text() -> None:
    settings = BaseSection(hidden_size=32, layers=1, max_steps=7, seed=3)
    card = base_card(settings, "all-MiniLM-L6-v2@abc", CURVE, recipe="r.yaml")
    assert front(card)["license"] == "apache-2.0"
    assert "simulated" in front(card)["tags"]
    for text in (
        "width 32",
        "seed 3, 7 steps",
        "pages 1.25, threads or passages 2.5",
        "87.5 %",
        "all-MiniLM-L6-v2@abc",
        '"layers":1',
        "torch ",
    ):
        assert text in card


def test_the_card_of_an_aligned_model_names_base_method_data_and_people() -> None:
    recipe = Recipe(name="demo", base="models/forum-base", seed=5)
    records = [record(0, "u1"), record(1, "u1"), record(2, "u2"), record(3, None)]
    curve = [{"step": 10, "loss": 0.7, "accuracy": 0.4}, {"step": 20, "loss": 0.51234, "accuracy": 0.75}]
    card = aligned_card(recipe, "pba", TrainSection(beta=0.25), curve, records)
    assert front(card)["base_model"] == "models/forum-base"
    assert "pba" in front(card)["tags"]
    for text in (
        "# demo: aligned to each person by PBA",
        "simulated-forum; 4 pairs of 3 people",
        '"beta":0.25',
        "seed 5",
        "loss 0.5123, training accuracy 0.750",
        "layout `user_first`",
        "penchant show prompt --method pba",
    ):
        assert text in card


def test_a_run_too_short_to_log_still_has_a_card() -> None:
    assert "0 pairs of 0 people" in aligned_card(Recipe(name="x"), "ica", TrainSection(), [], [])


def test_the_card_names_what_it_was_trained_on_and_by() -> None:
    recipe = Recipe(name="x")
    thumbs = aligned_card(recipe, "ica", TrainSection(), [{"step": 1, "loss": 0.5}], [record(0, "u")], ratings=7)
    assert "7 ratings of 1 people" in thumbs
    assert "KTO" in thumbs
    assert "training accuracy" not in thumbs
    assert "IPO" in aligned_card(recipe, "ica", TrainSection(loss_type="ipo"), [], [])


def test_the_tags_of_a_card_can_be_read_back_and_of_anything_else_there_are_none(tmp_path) -> None:
    for content, has_tags in (
        (aligned_card(Recipe(name="demo", base="b"), "pba", TrainSection(), [], [record(0, "u")]), True),
        ("# no front matter\n", False),
        ("---\n[broken\n---\n", False),
        ("---\n- a list\n---\n", False),
        ("---\ntags: 3\n---\n", False),
    ):
        (tmp_path / "README.md").write_text(content, encoding="utf-8")
        assert ("pba" in tags(tmp_path)) is has_tags
        assert has_tags or not tags(tmp_path)
    assert not tags(tmp_path / "absent")


def test_a_card_tells_by_a_digest_to_whom_a_model_was_aligned_and_its_base_before_it(tmp_path) -> None:
    mine, others = [record(0, "u1"), record(1, "u2")], [record(0, "u3")]
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, base, records in ((first, "b", mine), (second, str(first), others)):
        folder.mkdir()
        card = aligned_card(Recipe(name="demo", base=base), "ica", TrainSection(), [], records)
        (folder / "README.md").write_text(card, encoding="utf-8")
        assert "u1" not in card
    assert trained_on(first) == {people_digest(mine)}
    assert trained_on(second) == {people_digest(mine), people_digest(others)}
    assert trained_on(tmp_path) == frozenset()


def test_a_folder_with_weights_is_finished(tmp_path) -> None:
    assert finished(tmp_path) is None
    (tmp_path / "adapter_model.safetensors").write_bytes(b"")
    assert finished(tmp_path) == tmp_path / "adapter_model.safetensors"


def test_a_card_says_how_its_prompts_were_made(tmp_path) -> None:
    recipe = Recipe(name="x", base="b", layout="paper", directions="measured")
    (tmp_path / "README.md").write_text(aligned_card(recipe, "pba", TrainSection(), [], []), encoding="utf-8")
    assert prompts_of(tmp_path) == {"layout": "paper", "directions": "measured"}
    assert prompts_of(tmp_path / "absent") == {}
