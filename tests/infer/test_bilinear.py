import pytest
import torch

from penchant.infer.bilinear import BilinearHead
from penchant.infer.head import Clauses, Poles

SIZE = 8


def test_a_fresh_head_weighs_plain_cosines_alone() -> None:
    torch.manual_seed(0)
    head = BilinearHead(SIZE).eval()
    x, a, b = torch.nn.functional.normalize(torch.randn(3, SIZE), dim=-1)
    poles = Poles(a[None], b[None], torch.zeros(1, SIZE))
    clauses = Clauses(x[None], torch.tensor([0]), torch.tensor([1]), torch.tensor([0]))
    with torch.no_grad():
        negative, _, positive = head(clauses, poles)[0, 0].tolist()
    side, relevance = 15 * float(x @ (a - b)), 12 * float(x @ (a + b)) / 2
    assert (negative, positive) == pytest.approx((relevance - side - 12, relevance + side - 12), abs=1e-4)


def test_a_task_that_is_about_the_dimension_raises_both_poles() -> None:
    torch.manual_seed(0)
    head = BilinearHead(SIZE).eval()
    x, name = torch.nn.functional.normalize(torch.randn(2, SIZE), dim=-1)
    poles = Poles(torch.randn(1, SIZE), torch.randn(1, SIZE), name[None])
    with torch.no_grad():
        alone, asked = (
            head(Clauses(torch.stack(rows), torch.zeros(len(rows), dtype=torch.long), side, torch.tensor([0])), poles)
            for rows, side in (([x], torch.tensor([1])), ([x, name], torch.tensor([1, 0])))
        )
    torch.testing.assert_close((asked - alone)[0, 0], torch.tensor([12.0, 0.0, 12.0]))
