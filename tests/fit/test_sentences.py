"""Sentences of ordinary English: their format, and that those to test on are not those to fit on."""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from penchant.errors import DataError
from penchant.fit.sentences import KINDS, Sentence, parse, read, shipped
from penchant.persona import Comment, Comparison, Demographics
from penchant.space import load_space

TESTS = Path(__file__).parents[1] / "infer" / "english"
TEXT = """# a remark
## pets
plain + | Two dogs on the sofa, as ever. | home_decor-, order-
pair - | A pet? | No, thanks. | Yes, a dog.
describe + | Vet, 34
contrast + | I can't get enough of dogs.
contrast - | I have had enough of dogs.
trap 0 | It rained cats and dogs.
"""


def test_each_line_is_an_item_with_its_poles() -> None:
    plain, pair, described, more, less, trap = parse(TEXT, "a.txt")
    assert plain.item == Comment("", "Two dogs on the sofa, as ever.")
    assert plain.poles == {"pets": 1, "home_decor": -1, "order": -1}
    assert pair.item == Comparison("A pet?", "No, thanks.", "Yes, a dog.")
    assert described.item == Demographics("Vet, 34")
    assert (more.sign, less.sign, more.group == less.group) == (1, -1, True)
    assert trap.poles == {}
    assert len({one.group for one in (plain, pair, described, more, trap)}) == 5


def test_poles_of_other_spaces_are_left_out() -> None:
    plain = next(parse(TEXT, "a.txt"))
    pets = load_space().subset(["pets"], name="pets")
    assert plain.labelled(pets).direction == pets.direction({"pets": 1})


@pytest.mark.parametrize(
    "line",
    ["plain | no sign", "plain + no bar", "shout + | unknown kind", "pair + | one | two", "plain + | a | b+ | c"],
)
def test_another_form_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(DataError, match=r"a.txt, line 2: not of the form"):
        list(parse(f"## pets\n{line}\n", "a.txt"))
    with pytest.raises(DataError, match=r"line 2: 'camping' is not of the form"):
        list(parse("## pets\nplain + | a | camping\n", "a.txt"))
    with pytest.raises(DataError, match="line 1"):
        list(parse("plain + | no dimension above\n", "a.txt"))


def test_every_pole_has_sentences_to_fit_on_and_to_test_on() -> None:
    ids = {dimension.id for dimension in load_space().dimensions}
    fitted = Counter((one.dimension, one.sign) for one in shipped() if one.kind != "pair")
    assert {name for name, _ in fitted} == ids
    assert min(fitted[name, sign] for name in ids for sign in (1, -1)) >= 60
    for name, least in (("ours", 600), ("judging", 540)):
        sentences = read(TESTS / f"{name}.txt")
        assert len(sentences) >= least
        assert {(one.dimension, one.sign) for one in sentences} >= {(name, sign) for name in ids for sign in (1, -1)}
        assert {one.kind for one in sentences} == set(KINDS) - {"contrast", "two", "denied", "part"}
    two = read(TESTS / "two.txt")
    assert Counter(one.kind for one in two) == {"two": 75, "denied": 41, "part": 44}
    assert all(len(one.poles) == (2 if one.kind == "two" else 0) for one in two)


def test_no_sentence_to_test_on_shares_five_words_in_a_row_with_one_to_fit_on() -> None:
    fitted = set(_runs(shipped()))
    for name in ("ours", "judging", "two"):
        shared = fitted & set(_runs(read(TESTS / f"{name}.txt")))
        assert not shared


def _runs(sentences: Iterable[Sentence]) -> Iterable[str]:
    for one in sentences:
        item = one.item
        texts = (item.prompt, item.chosen, item.rejected) if isinstance(item, Comparison) else (item.text,)
        for text in texts:
            words = re.findall(r"[a-z']+", text.lower())
            yield from (" ".join(words[start : start + 5]) for start in range(len(words) - 4))
