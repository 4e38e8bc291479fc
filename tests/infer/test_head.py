import pytest
import torch

from penchant.infer.bilinear import BilinearHead
from penchant.infer.cosine import CosineHead
from penchant.infer.head import Clauses, Head, Poles

ITEMS, DIMENSIONS, SIZE = 3, 4, 8


@pytest.fixture(params=["bilinear", "cosine"])
def head(request: pytest.FixtureRequest) -> Head:
    torch.manual_seed(0)
    if request.param == "cosine":
        return CosineHead().eval()
    made = BilinearHead(SIZE)
    for weights in made.right:
        torch.nn.init.normal_(weights)
    return made.eval()


@pytest.fixture
def poles() -> Poles:
    torch.manual_seed(1)
    return Poles(*torch.randn(3, DIMENSIONS, SIZE))


def clauses(*, flip: bool = False, order: list[int] | None = None) -> Clauses:
    """Item 0: own, rejected, task. Item 1: own twice. Item 2: a task only."""
    torch.manual_seed(2)
    vectors, owner, side = torch.randn(6, SIZE), torch.tensor([0, 0, 0, 1, 1, 2]), torch.tensor([1, -1, 0, 1, 1, 0])
    order = order or list(range(6))
    return Clauses(vectors[order], owner[order], (-side if flip else side)[order], torch.tensor([1, 0, 0]))


def test_neutral_stands_at_nought(head: Head, poles: Poles) -> None:
    logits = head(clauses(), poles)
    assert logits.shape == (ITEMS, DIMENSIONS, 3)
    assert (logits[..., 1] == 0).all()


def test_poles_that_change_places_change_the_sides(head: Head, poles: Poles) -> None:
    turned = head(clauses(), Poles(poles.negative, poles.positive, poles.name))
    torch.testing.assert_close(turned, head(clauses(), poles).flip(-1), atol=1e-4, rtol=1e-5)


def test_choosing_what_was_passed_over_changes_the_sides(head: Head, poles: Poles) -> None:
    torch.testing.assert_close(head(clauses(flip=True), poles), head(clauses(), poles).flip(-1), atol=1e-4, rtol=1e-5)


def test_the_order_of_clauses_does_not_matter(head: Head, poles: Poles) -> None:
    mixed = head(clauses(order=[5, 3, 1, 0, 4, 2]), poles)
    torch.testing.assert_close(mixed, head(clauses(), poles), atol=1e-4, rtol=1e-5)


def test_an_item_without_a_clause_of_its_own_is_neutral(head: Head, poles: Poles) -> None:
    logits = head(clauses(), poles)
    assert (logits[2].argmax(-1) == 1).all()
    assert torch.isfinite(logits).all()


def test_a_dimension_does_not_know_of_the_others(head: Head, poles: Poles) -> None:
    alone = head(clauses(), Poles(*(part[1:2] for part in poles)))
    torch.testing.assert_close(alone[:, 0], head(clauses(), poles)[:, 1], atol=1e-4, rtol=1e-5)
