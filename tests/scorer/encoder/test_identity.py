import numpy as np
import pytest

from penchant import Comment, Comparison, Persona
from penchant.encoder.fake import FakeEncoder
from penchant.scorer.encoder.identity import NAMES, PEOPLE, Identity, identity_features, own_texts
from penchant.scorer.encoder.texts import Contexts, Texts


def crowd(seed: int = 0, people: int = 40, each: int = 12, size: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of people who differ a little in eight directions, and of texts that differ much in all others."""
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(people), each)
    centre = rng.normal(size=(people, size)) * np.where(np.arange(size) < 8, 1.0, 0.0)
    texts = centre[owner] + rng.normal(size=(len(owner), size)) * np.where(np.arange(size) < 8, 0.5, 3.0)
    return texts.astype(np.float32), owner


def same_and_other(unit_TM: np.ndarray, owner: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    cosines = unit_TM @ unit_TM.T
    same = owner[:, None] == owner
    return cosines[same & ~np.eye(len(owner), dtype=bool)], cosines[~same]


def apart(unit_TM: np.ndarray, owner: np.ndarray) -> float:
    """How often two texts of one person are nearer than two of different people."""
    same, other = same_and_other(unit_TM, owner)
    rng = np.random.default_rng(0)
    return float((rng.choice(same, 20_000) > rng.choice(other, 20_000)).mean())


def test_texts_of_people_never_met_are_told_apart_better_than_by_their_vectors() -> None:
    texts, owner = crowd()
    new, whose = crowd(seed=1)
    learned = Identity.learn(texts, owner, np.arange(len(owner)))
    plain = new / np.linalg.norm(new, axis=1, keepdims=True)
    assert apart(learned.project(new), whose) > apart(plain, whose) + 0.1


def test_where_nobody_differs_there_is_nothing_to_learn() -> None:
    texts, owner = crowd()
    shuffled = np.random.default_rng(2).permutation(owner)
    new, whose = crowd(seed=1)
    rows = np.arange(len(owner))
    learned, honest = Identity.learn(texts, shuffled, rows), Identity.learn(texts, owner, rows)
    assert apart(learned.project(new), whose) < apart(honest.project(new), whose)


def test_one_text_per_person_is_enough_to_go_on() -> None:
    texts, _ = crowd()
    learned = Identity.learn(texts[:5], np.arange(5), np.arange(5))
    assert np.isfinite(learned.project(texts)).all()
    assert learned.people_CM.shape[0] == 5


@pytest.fixture
def two_rows() -> tuple[Texts, Contexts, np.ndarray]:
    persona = Persona((Comment("post", "mine"), Comparison("p", "chosen", "passed")))
    texts = Texts.of(["q", "answer", "post", "mine", "chosen", "passed"], FakeEncoder(8))
    return texts, Contexts.of(["q", "q"], [persona, Persona()], texts), texts.find(["answer", "answer"])


def test_features_are_cosines_in_the_metric(two_rows) -> None:
    texts, contexts, answers = two_rows
    learned = Identity.learn(texts.final, np.array([0, 0, 1, 1]), np.arange(4))
    unit = learned.project(texts.final)
    both = identity_features(unit, learned.people_CM, contexts, answers)
    values = dict(zip((*NAMES, *PEOPLE), both[0].tolist(), strict=True))
    answer, mine, chosen, post = (unit[texts.ids[text]] for text in ("answer", "mine", "chosen", "post"))
    assert values["identity: comments mean"] == pytest.approx(answer @ mine)
    assert values["identity: liked max"] == pytest.approx(answer @ chosen)
    together = mine + chosen + post
    assert values["identity: all"] == pytest.approx(answer @ together / np.linalg.norm(together))
    assert values["people: nearest"] == pytest.approx((learned.people_CM @ answer).max())
    assert values["people: all"] <= values["people: nearest"] + 1e-12


def test_of_nobody_only_the_known_people_speak(two_rows) -> None:
    texts, contexts, answers = two_rows
    learned = Identity.learn(texts.final, np.array([0, 0, 1, 1]), np.arange(4))
    both = identity_features(learned.project(texts.final), learned.people_CM, contexts, answers)
    assert not both[1, : len(NAMES)].any()
    np.testing.assert_allclose(both[1, len(NAMES) :], both[0, len(NAMES) :])


def test_what_was_passed_over_is_nobodys_own(two_rows) -> None:
    texts, contexts, answers = two_rows
    whose, ids = own_texts(contexts, answers, np.array([7, 8]))
    names = {row: text for text, row in texts.ids.items()}
    assert [(int(w), names[p]) for w, p in zip(whose, ids, strict=True)] == [
        (7, text) for text in sorted(["answer", "chosen", "mine", "post"], key=texts.ids.__getitem__)
    ] + [(8, "answer")]
