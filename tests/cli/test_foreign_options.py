import pytest
import typer

from penchant.cli.app import app
from penchant.cli.foreign_options import refuse_foreign_options
from penchant.errors import ConfigError

ROOT = typer.main.get_command(app)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("eval limited m --judge j", "No such option: --judge of penchant eval limited; penchant eval judge has it"),
        (
            "eval accuracy --folds=3",
            "--folds of penchant eval accuracy; penchant crossval models and",
        ),
        ("train --annotator a", "No such option: --annotator of penchant train; "),
    ],
)
def test_an_option_of_another_command_is_answered_with_that_command(words: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        refuse_foreign_options(ROOT, words.split())


@pytest.mark.parametrize(
    "words",
    [
        "",
        "--version",
        "eval",
        "eval --help",
        "eval limited m --data d --seed=1",
        "evall --data x",
        "demo --no-such-thing",
    ],
)
def test_everything_else_is_left_to_the_command(words: str) -> None:
    refuse_foreign_options(ROOT, words.split())
