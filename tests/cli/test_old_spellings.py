"""Every spelling of before is answered with the one of now."""

import pytest

from penchant.cli.old_spellings import refuse_old_spelling
from penchant.errors import ConfigError

BEFORE_AND_NOW = [
    ("eval --data D --reference B --ica I --pba P --universal U", "penchant eval accuracy MODELS --data DATA"),
    ("eval --suite limited --data D --reference B --ica I", "penchant eval limited MODELS --data DATA"),
    ("eval --suite control --data D --reference B --ica I", "penchant eval control MODELS --data DATA"),
    ("eval --suite bias --data D --reference B --ica I", "penchant eval bias MODELS --data DATA"),
    ("eval --suite cost --data D --reference B --ica I", "penchant eval cost MODELS --data DATA"),
    ("eval --suite novel --data D --reference B --ica I", "penchant eval novel MODELS --data DATA"),
    ("eval --suite=judge --data D --reference B --ica I", "penchant eval judge MODELS --data DATA"),
    ("eval --suite infer --annotator R --data D", "penchant eval beliefs --annotator FOLDER --data DATA"),
    ("eval --suite all --data D --baselines V,L,E --out O", "penchant eval report MODELS --data DATA"),
    ("eval --data D --scorer encoder --folds 5 --baselines vpl,lore", "penchant crossval scorers --data DATA"),
    ("eval --scorer=encoder --fit train --split dev --data D", "penchant crossval scorers --data DATA"),
    ("eval accuracy --data D --ica I", "--ica is gone: give models as paths, penchant eval accuracy MODELS"),
    ("eval limited I --reference B --data D", "--reference is gone: give models as paths, penchant eval limited"),
    ("crossval --data D --out O --encoder", "penchant crossval models --data DATA --out FOLDER"),
    ("train --method vpl --data D --out O", "penchant fit vpl --data DATA --out FOLDER"),
    ("train --method=lore --data D --out O", "penchant fit lore --data DATA --out FOLDER"),
    ("train --data D --out O --method encoder", "penchant fit encoder --data DATA --out FOLDER"),
    ("train --method ica --seed 3 --data D --out O", "give --set seed=3"),
    ("annotator --data D --out O", "penchant fit annotator --data DATA --out FOLDER"),
    ("infer --data D --annotator R", "penchant show users --data DATA --annotator FOLDER"),
]


@pytest.mark.parametrize(("before", "now"), BEFORE_AND_NOW)
def test_an_old_spelling_is_answered_with_the_new_one(before: str, now: str) -> None:
    with pytest.raises(ConfigError) as refused:
        refuse_old_spelling(before.split())
    assert now in str(refused.value)


@pytest.mark.parametrize(
    "now",
    [
        "",
        "--help",
        "eval",
        "eval accuracy I P U --data D",
        "eval limited I P --data D",
        "eval report I P U V L E --data D --out O",
        "eval beliefs --annotator R --data D",
        "eval --help",
        "crossval",
        "crossval models --data D --out O --encoder",
        "crossval scorers --data D --folds 5 --baselines vpl,lore",
        "train --method ica --recipe hub --data D --out O",
        "fit annotator --data D --out O",
        "fit vpl --data D --out O --seed 1",
        "infer --data D --annotator R --out O",
        "infer --help",
        "show users --data D --annotator R",
        "annotator --help",
    ],
)
def test_spellings_of_now_and_calls_for_help_pass(now: str) -> None:
    refuse_old_spelling(now.split())


def test_the_command_line_prints_the_answer_as_one_sentence(penchant) -> None:
    ran = penchant("annotator", "--data", "D", "--out", "O")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "penchant: penchant annotator is now: penchant fit annotator --data DATA --out FOLDER\n"


def test_a_recipe_by_its_old_path_is_answered_with_its_name(penchant, tmp_path) -> None:
    ran = penchant("simulate", "--recipe", "recipes/hub.yaml", "--out", tmp_path / "forum")
    assert (ran.code, ran.out) == (2, "")
    assert "recipes ship with the package now, this one as 'hub'" in ran.err
