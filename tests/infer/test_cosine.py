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


def test_a_long_comment_needs_a_stronger_sentence_and_a_description_does_not() -> None:
    head = CosineHead().eval()
    poles = Poles(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]), torch.zeros(1, 2))
    sentences = torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    owner, side = torch.zeros(4, dtype=torch.long), torch.ones(4)
    with torch.no_grad():
        one, four, told = (
            head(Clauses(sentences[:count], owner[:count], side[:count], torch.tensor([kind])), poles)[0, 0, 2]
            for count, kind in ((1, 0), (4, 0), (4, 2))
        )
    torch.testing.assert_close(one - four, torch.tensor(4.0).log(), atol=1e-3, rtol=0)
    torch.testing.assert_close(told, one, atol=1e-3, rtol=0)
