from pathlib import Path

import numpy as np

from penchant import Record
from penchant.build.distributions import BINS, Distributions


def test_parts_add_up_to_the_whole(tiny, tmp_path: Path) -> None:
    short, jokes, none = tiny.direction({"length": 1}), tiny.direction({"length": -1, "humour": -1}), tiny.direction({})
    people = [[short, short, none], [jokes], [None], [short, jokes]]
    records = [Record("r", None, "p" * 30, "y", "n" * 7000)]
    whole = Distributions.of(people, records, 3)
    parts = Distributions.of(people[:2], [], 3) + Distributions.of(people[2:], records, 3)
    parts.save(tmp_path / "x.npz")
    for sums in (parts, Distributions.load(tmp_path / "x.npz")):
        np.testing.assert_allclose(sums.outer_DD, whole.outer_DD)
        assert (int(sums.people), sums.positive_D.tolist(), sums.negative_D.tolist()) == (3, [3, 0, 0], [2, 2, 0])
    assert whole.lengths_3L[0].tolist()[1] == whole.lengths_3L[1].tolist()[0] == 1
    assert whole.lengths_3L[2].tolist()[len(BINS) - 1] == 1


def test_the_correlation_is_that_of_peoples_mean_signs(tiny) -> None:
    rng = np.random.default_rng(0)
    signs = rng.integers(-1, 2, (50, 3))
    sums = Distributions.of(
        [[tiny.direction(dict(zip(("length", "humour", "depth"), row.tolist(), strict=True)))] for row in signs], [], 3
    )
    np.testing.assert_allclose(sums.correlation(), np.corrcoef(signs.T), atol=1e-12)
    assert np.isnan(Distributions.none(3).correlation()).all()
