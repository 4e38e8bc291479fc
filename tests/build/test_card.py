import yaml

from penchant.build.card import card
from penchant.build.recipe import BuildRecipe
from penchant.config import parse


def test_the_card_says_what_was_left_out_and_where_the_splits_are() -> None:
    recipe = parse(BuildRecipe, {"name": "a", "sources": [{"kind": "reddit", "path": "x/RC.zst"}]}, where="a")
    steps = {
        "parse": {"unit": "rows", "in": 1200, "out": 1200, "dropped": {}, "changed": {"time not read": 4}},
        "prose": {"unit": "posts", "in": 1200, "out": 1000, "dropped": {"too short": 200}},
        "scrub": {"unit": "posts", "in": 1000, "out": 1000, "dropped": {}, "changed": {"email": 3}},
    }
    manifest = {
        "name": "a",
        "recipe": recipe.model_dump(mode="json"),
        "records": {"train": 900, "test": 0},
        "steps": steps,
        "space": {"name": "alignx90"},
        "shared": {"people": 0, "prompts": 0},
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
    assert "No person is in both splits, and no prompt." in text
    assert "| parse (rows) | 1,200 | 1,200 | time not read: 4 |" in text
    assert "**2 people and 3 prompts are in both" in card({**manifest, "shared": {"people": 2, "prompts": 3}})


def test_the_card_names_attributes_that_could_not_be_measured() -> None:
    profiles = {"path": "p.csv", "author": "user", "text": "{age}", "attributes": ["age", "sex"]}
    content = {"name": "a", "sources": [{"kind": "reddit", "path": "x/RC.zst"}], "profiles": profiles, "names": "en_x"}
    manifest = {
        "name": "a",
        "recipe": parse(BuildRecipe, content, where="a").model_dump(mode="json"),
        "records": {"train": 1, "test": 0},
        "steps": {},
        "space": {"name": "alignx90"},
        "rules": None,
        "shared": {"people": 0, "prompts": 0},
        "disclosed": [{"attribute": "age", "accuracy": 0.8, "most_common": 0.5, "disclosed": True}],
    }
    text = card(manifest)
    assert "tells from people's texts: age 80 % (most common value 50 %). Not measured: sex, as fewer" in text
    assert "with the spaCy model en_x are replaced by [person]" in text
    nothing = [{**manifest["disclosed"][0], "disclosed": False}]
    assert "tells none of age from people's texts" in card({**manifest, "disclosed": nothing})
