import torch

from penchant import Record
from penchant.encoder.fake import FakeEncoder
from penchant.fit.descent import StoppingPoint
from penchant.fit.training_pairs import TrainingPairs
from penchant.record import people_digest
from penchant.scorer.encoder.texts import Texts, texts_of


def test_what_is_given_is_counted_by_records_and_looked_at_without_the_people_held_out(planted: list[Record]) -> None:
    personas = [record.persona for record in planted]
    texts = Texts.of(texts_of(planted, personas), FakeEncoder(8))
    data = TrainingPairs.of(planted, personas, texts, seed=0)
    # each of the four records of 24 people has a persona of two comparisons
    assert (data.records, len(data.pairs), len(data.people)) == (96, 288, 288)
    held_out = set(data.people) - {data.people[row] for row in data.fitted.tolist()}
    assert len(held_out) == 3
    assert len(data.held_out) == 3 * 12
    others = [record for record in planted if record.user_id not in held_out]
    alone = TrainingPairs.of(others, [record.persona for record in others], texts, seed=0)
    everything = torch.cat([alone.pairs.pair_N3[alone.fitted], alone.held_out.pair_N3]).unique(dim=0)
    assert torch.equal(data.pairs.pair_N3[data.fitted].unique(dim=0), everything)
    summary = data.summary("any settings", StoppingPoint(7, 0.25))
    assert (summary.records, summary.people, summary.settings) == (96, 24, "any settings")
    assert summary.people_digest == people_digest(planted)
    assert summary.remark == "best after 7 steps (held-out loss 0.250)"
