"""Tables of items for a fit, and the figures of readings."""

import numpy as np
import torch

from penchant.encoder.fake import FakeEncoder
from penchant.fit.table import Readings, Table, cross_measured
from penchant.infer.labelled import Labelled
from penchant.persona import Comment, Comparison
from penchant.space import PreferenceSpace


def test_a_table_embeds_each_clause_once_and_centres_it(tiny: PreferenceSpace) -> None:
    labelled = [
        Labelled("u", Comment("p", "Short, please."), tiny.direction({"length": 1})),
        Labelled("v", Comparison("p", "Short, please.", "Long."), tiny.direction()),
    ]
    table = Table.of(labelled, FakeEncoder(size=16), None)
    assert table.truth_ND[:, tiny.index("length")].tolist() == [2, 1]
    assert table.people == ["u", "v"]
    stacked = np.array(list(table.vectors.values()))
    np.testing.assert_allclose(np.linalg.norm(stacked, axis=1), 1, atol=1e-5)
    assert {"Short", "please", "Long"} <= {clause.strip(" .,") for clause in table.vectors}
    clauses = table.clauses([1])
    assert sorted(clauses.side_P.tolist())[:1] == [-1]
    assert clauses.kind_N.tolist() == [1]
    own = np.ones(16, dtype=np.float32)
    assert Table.of(labelled, FakeEncoder(size=16), None, mean_E=own).mean_E is own


def readings(people: list[str]) -> Readings:
    """Certain and right readings of one dimension, from new clauses."""
    truth = torch.tensor([[2 * (row % 2)] for row in range(len(people))])
    logits = 9.0 * (torch.nn.functional.one_hot(truth, 3).float() - torch.tensor([0.0, 0.5, 0.0]))
    return Readings(logits, torch.full((len(people), 1), 0.5), truth, people)


def test_figures_need_two_people() -> None:
    assert cross_measured(readings(["u"] * 30), growth=None) is None
    people = [f"p{row % 30}" for row in range(120)]
    figures = cross_measured(readings(people), growth=None)
    assert figures is not None
    assert (figures.side, figures.recall) == (1.0, 1.0)


def test_cells_of_known_clauses_are_no_measure_of_new_ones() -> None:
    people = [f"p{row % 30}" for row in range(120)]
    known = readings(people)._replace(novelty_ND=torch.zeros(120, 1))
    figures = cross_measured(known, growth=None)
    assert figures is None or figures.cells == 0


def test_readings_are_selected_and_joined() -> None:
    both = readings(["u", "v"])
    first = both.where(torch.tensor([True, False]))
    assert first.people == ["u"]
    assert Readings.concatenated([first, both]).people == ["u", "u", "v"]
