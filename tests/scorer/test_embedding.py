import numpy as np

from penchant import Person, Record
from penchant.encoder.fake import FakeEncoder
from penchant.fit.encoder import fit_encoder
from penchant.scorer.embedding import EmbeddingScorer


def test_scores_differ_by_the_margins_of_the_table_scorer_whatever_the_order(planted: list[Record]) -> None:
    encoder = FakeEncoder(16)
    fitted = fit_encoder(planted, [record.persona for record in planted], encoder)
    scorer, record = EmbeddingScorer(fitted, encoder), planted[0]
    assert scorer.name == "encoder"
    answers = [record.rejected, record.chosen, record.rejected]
    scores = scorer.score(Person(record.persona), record.prompt, answers)
    assert scores[0] == scores[2] != scores[1]
    np.testing.assert_allclose(scores[1] - scores[0], fitted.margins([record], [record.persona])[0], atol=1e-6)
    np.testing.assert_array_equal(scorer.score(Person(record.persona), record.prompt, answers[::-1]), scores[::-1])
