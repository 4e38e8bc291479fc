import re
from xml.etree import ElementTree

import matplotlib.pyplot as plt

from penchant.eval.plots import accuracy_bars, training_curves
from penchant.eval.rows import Row


def row(method: str, persona: str, accuracy: float = 0.7, ceiling: float | None = 0.85) -> Row:
    return Row(
        dataset="d",
        method=method,
        variant="",
        role="untrained" if method == "few_shot" else "personal",
        persona=persona,
        attribute="all",
        phrasing="known",
        layout="user_first",
        seed=0,
        accuracy=accuracy,
        ci95=(accuracy - 0.1, accuracy + 0.1),
        n=10,
        users=5,
        ties=0,
        ceiling=ceiling,
        macro=accuracy,
        worst_decile=0.0,
    )


ROWS = [row("ica", "ugc"), row("ica", "pair"), row("few_shot", "ugc", 0.55)]


def test_bars_are_svg_that_stands_inside_a_page() -> None:
    text = accuracy_bars(ROWS, ["ugc", "pair"], ["ica", "few_shot"])
    assert text.startswith("<svg")
    ElementTree.fromstring(text)
    assert [word in text for word in ("ugc", "pair", "ica", "few_shot")] == [True] * 4


def test_one_panel_is_drawn_per_persona_and_a_single_one_too() -> None:
    def panels(text: str) -> int:
        return len(re.findall(r'id="axes_\d+"', text))

    assert panels(accuracy_bars(ROWS, ["ugc", "pair"], ["ica"])) == 2
    assert panels(accuracy_bars(ROWS, ["ugc"], ["ica"])) == 1


def test_the_limit_is_a_dashed_line_only_where_it_is_known() -> None:
    assert "#b3402f" in accuracy_bars(ROWS, ["ugc"], ["ica"])
    assert "#b3402f" not in accuracy_bars([row("ica", "ugc", ceiling=None)], ["ugc"], ["ica"])


def test_curves_show_loss_and_accuracy_of_each_method() -> None:
    points = [{"step": 1, "loss": 0.7, "accuracy": 0.5}, {"step": 2, "loss": 0.6, "accuracy": 0.6}]
    text = training_curves({"ica": points, "pba": points})
    ElementTree.fromstring(text)
    assert [word in text for word in ("DPO loss", "training accuracy", "ica", "pba")] == [True] * 4


def test_no_figure_stays_open() -> None:
    accuracy_bars(ROWS, ["ugc"], ["ica"])
    training_curves({"ica": [{"step": 1, "loss": 0.7, "accuracy": 0.5}]})
    assert plt.get_fignums() == []
