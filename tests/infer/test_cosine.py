import torch

from penchant.infer.cosine import CosineHead
from penchant.infer.head import Clauses, Poles


def test_the_logit_of_a_pole_is_the_weighed_product_and_the_bias_of_the_kind() -> None:
    head = CosineHead().eval()
    with torch.no_grad():
        head.near.fill_(10.0)
        head.bias.copy_(torch.tensor([-1.0, -2.0, -3.0]))
    poles = Poles(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 2.0]]), torch.zeros(1, 2))
    clauses = Clauses(
        torch.tensor([[0.6, 0.8], [0.6, 0.8]]), torch.tensor([0, 1]), torch.tensor([1, -1]), torch.tensor([0, 1])
    )
    with torch.no_grad():
        logits = head(clauses, poles)[:, 0]
    torch.testing.assert_close(logits, torch.tensor([[15.0, 0.0, 5.0], [4.0, 0.0, 14.0]]))
