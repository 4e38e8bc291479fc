import yaml

from penchant.build.card import card
from penchant.build.recipe import BuildRecipe
from penchant.config import parse


def test_the_card_says_what_was_left_out_and_where_the_splits_are() -> None:
    recipe = parse(BuildRecipe, {"name": "a", "sources": [{"kind": "reddit", "path": "x/RC.zst"}]}, where="a")
    steps = {
        "prose": {"unit": "posts", "in": 1200, "out": 1000, "dropped": {"too short": 200}},
        "scrub": {"unit": "posts", "in": 1000, "out": 1000, "dropped": {}, "changed": {"email": 3}},
    }
    manifest = {
        "name": "a",
        "recipe": recipe.model_dump(mode="json"),
        "records": {"train": 900, "test": 0},
        "steps": steps,
        "space": {"name": "alignx90"},
        "rules": {"split": "train", "records": 900, "longer": [0.5, 0.45, 0.55]},
    }
    text = card(manifest)
    heading = yaml.safe_load(text.split("---")[1])
    assert heading["configs"][0]["data_files"] == [{"split": "train", "path": "train/*.parquet"}]
    assert "| prose (posts) | 1,200 | 1,000 | too short: 200 |" in text
    assert "| RC.zst | reddit |" in text
    assert "email 3" in text
    assert "| longer | 50.0 (45.0 to 55.0) |" in text
    assert "Rules without" not in card({**manifest, "rules": None})
    assert "900 records of train. Of two replies" in text
