import numpy as np

from penchant.infer.annotate import directions, items_of, read_items, reread
from penchant.infer.fake import FakeAnnotator
from penchant.persona import Comment, Persona
from penchant.record import Record
from penchant.space import PreferenceSpace, load_space

WORDS = {"short": ("length", 1), "long": ("length", -1)}


def test_items_are_read_once_and_keep_everything_but_their_direction(tiny: PreferenceSpace) -> None:
    items = [Comment("p", "short"), Comment("p", "long", tiny.direction({"depth": 1})), Comment("p", "short")]
    steps: list[int] = []
    read = read_items(items, FakeAnnotator(tiny, WORDS), progress=steps.append)
    assert sum(steps) == len(read) == 2
    (short, long) = (read[item] for item in items[:2])
    assert (short.direction.sign("length"), long.direction.sign("length")) == (1, -1)
    assert (long.prompt, long.text, long.direction.sign("depth")) == ("p", "long", 0)
    assert short.direction.confidence[tiny.index("length")] == np.float32(0.9)
    assert reread(Persona(tuple(items)), read).evidence == (short, long, short)


def test_a_side_is_taken_from_one_half_on(tiny: PreferenceSpace) -> None:
    readings = np.array([[[0.1, 0.4, 0.5], [0.45, 0.1, 0.45], [0.6, 0.3, 0.1]]], dtype=np.float32)
    (direction,) = directions(readings, tiny)
    assert direction.signs.tolist() == [1, 0, -1]
    np.testing.assert_allclose(direction.probabilities(), [0.5, 1.0, 0.6])


def test_equal_items_of_several_records_are_one() -> None:
    persona = Persona((Comment("p", "a"), Comment("p", "b")))
    records = [Record(name, "u", "q", "yes", "no", persona) for name in ("r1", "r2")]
    assert items_of(records) == list(persona.evidence)


def test_a_neutral_text_is_read_and_the_item_stays_as_it_was(tiny: PreferenceSpace) -> None:
    item = Comment("p", "a woman, short")
    texts: list[str] = []

    class Listening(FakeAnnotator):
        def annotate(self, items, *, progress=None):
            texts.extend(one.text for one in items)
            return super().annotate(items, progress=progress)

    read = read_items([item], Listening(tiny, WORDS), neutral=True)
    assert texts == ["a person, short"]
    assert read[item].text == item.text
    assert read[item].direction is not None


def test_what_is_withheld_is_not_read() -> None:
    space = load_space()
    readings = np.full((1, len(space), 3), 0.05, dtype=np.float32)
    readings[..., 2] = 0.9
    (direction,) = directions(readings, space)
    assert (direction.sign("gender"), direction.sign("age_group"), direction.sign("gaming")) == (0, 0, 1)
    (direction,) = directions(readings, space.opened())
    assert direction.sign("gender") == 1
