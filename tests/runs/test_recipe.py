"""Which recipe a run takes, and what may be changed on top."""

import pytest

from penchant.errors import ConfigError
from penchant.runs.recipe import recipe_for


def test_a_shipped_recipe_is_taken_by_name_and_changed_on_top() -> None:
    recipe = recipe_for("hub", ["seed=3"], model="some/model", lora=True)
    assert (recipe.name, recipe.seed, recipe.base) == ("hub", 3, "some/model")
    assert recipe.ica.use_peft
    assert recipe.pba.use_peft


def test_nothing_is_changed_unasked(small_recipe, small_base) -> None:
    recipe = recipe_for(small_recipe)
    assert recipe.base == str(small_base)
    assert not recipe.ica.use_peft


@pytest.mark.parametrize("source", [None, ""])
def test_no_recipe_is_an_error_that_names_them(source) -> None:
    with pytest.raises(ConfigError, match="`recipe` is missing: take hub for a pretrained model.* there are adapt, "):
        recipe_for(source, model="some/model")


def test_an_adapter_has_a_learning_rate_of_its_own_unless_one_is_named() -> None:
    published = recipe_for("hub")
    adapter = recipe_for("hub", lora=True)
    assert (published.ica.learning_rate, adapter.ica.learning_rate) == (5e-7, 2e-4)
    named = recipe_for("hub", ["ica.learning_rate=0.001"], lora=True)
    assert (named.ica.learning_rate, named.pba.learning_rate) == (1e-3, 2e-4)
