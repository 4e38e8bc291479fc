import numpy as np
import pytest

from penchant import Comment, Comparison, Demographics, Persona
from penchant.encoder.fake import FakeEncoder
from penchant.scorer.encoder import late as module
from penchant.scorer.encoder.late import MEASURES, NAMES, late_features
from penchant.scorer.encoder.texts import Contexts, Texts

WORDS = FakeEncoder(32)


def values_of(persona: Persona, answer: str) -> dict[str, float]:
    other_texts = [
        text for item in persona.evidence for text in (getattr(item, "text", ""), getattr(item, "rejected", ""))
    ]
    chosen = [getattr(item, "chosen", "") for item in persona.evidence]
    texts = Texts.of(["q", answer, *other_texts, *chosen], WORDS)
    values = late_features(texts, Contexts.of(["q"], [persona], texts), texts.find([answer]))
    assert values.shape == (1, len(NAMES))
    return dict(zip(NAMES, values[0].tolist(), strict=True))


def near(one: str, other: str) -> float:
    first, second = (WORDS.tokens([word]).vectors[0].astype(np.float64) for word in (one, other))
    return float(first @ second)


def test_every_token_is_met_by_its_nearest() -> None:
    values = values_of(Persona((Comment("", "rose gear"), Comment("", "tulip"))), "rose moss")
    moss = max(near("moss", word) for word in ("rose", "gear", "tulip"))
    assert values["late: comments met"] == pytest.approx((1 + moss) / 2, abs=2e-3)
    meets = [max(near(word, other) for other in ("rose", "moss")) for word in ("rose", "gear", "tulip")]
    assert values["late: comments meets"] == pytest.approx(np.mean(meets), abs=2e-3)
    close = [0.25, max(moss - 0.5, 0) ** 2]
    assert values["late: comments met closely"] == pytest.approx(np.mean(close), abs=2e-3)


def test_the_best_alone_are_the_best_five() -> None:
    values = values_of(Persona((Comment("", "a b c d e"),)), "a b c d e moss ivy fern lily")
    assert values["late: comments met best"] == pytest.approx(1, abs=2e-3)
    assert values["late: comments met"] < 0.95


def test_groups_are_kept_apart_and_empty_ones_are_nought() -> None:
    values = values_of(Persona((Comparison("p", "rose", "gear"), Demographics("ivy"))), "rose")
    assert values["late: liked met"] == pytest.approx(1, abs=2e-3)
    assert values["late: disliked met"] == pytest.approx(near("rose", "gear"), abs=2e-3)
    assert values["late: told met"] == pytest.approx(near("rose", "ivy"), abs=2e-3)
    assert [values[f"late: comments {measure}"] for measure in MEASURES] == [0, 0, 0, 0]


def test_what_was_found_once_is_not_worked_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    persona = Persona((Comment("", "rose"),))
    texts = Texts.of(["q", "rose moss", "rose"], WORDS)
    contexts, answers = Contexts.of(["q"], [persona], texts), texts.find(["rose moss"])
    first = late_features(texts, contexts, answers)
    monkeypatch.setattr(module, "_measures", None)
    np.testing.assert_array_equal(late_features(texts, contexts, answers), first)
