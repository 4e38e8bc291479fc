"""The demo's real English: every person gets every way of asking, and the voice alone is the same for all."""

from penchant.model.fake import FakeModel
from penchant.runs.demo_english import PEOPLE, QUESTIONS, SHARES, as_lines, english_samples


def test_every_person_is_answered_alone_with_the_person_and_mixed() -> None:
    samples = english_samples(FakeModel())
    assert [sample.prompt for sample in samples] == list(QUESTIONS)
    for sample in samples:
        assert [person.name for person in sample.people] == list(PEOPLE)
        labels = [label for label, _ in sample.people[0].texts]
        assert len(labels) == 2 + len(SHARES)
        assert labels[0] == "alone"
        assert len({person.texts[0] for person in sample.people}) == 1
        assert len({person.texts[1] for person in sample.people}) == len(PEOPLE)


def test_the_lines_name_people_and_ways_of_asking() -> None:
    lines = as_lines(english_samples(FakeModel()))
    assert len(lines) == len(QUESTIONS) * (1 + len(PEOPLE) * (3 + len(SHARES)))
    assert any("mixture, 50% with the person" in line for line in lines)
    assert all(words in "\n".join(lines) for words in PEOPLE.values())
