import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant import Comment, Comparison, Demographics, Persona, PreferenceSpace, Statement
from penchant.neutral_words import TRAITS, counterpart, neutral, neutralised, swapped


@pytest.mark.parametrize(
    ("text", "gender", "age"),
    [
        (
            "He told his wife that she is a 25 year old student.",
            "She told her husband that he is a 25 year old student.",
            "He told his wife that she is a 65 year old retiree.",
        ),
        ("I'm 31F, and HE is 67 years old!", "I'm 31F, and SHE is 67 years old!", "I'm 59F, and HE is 23 years old!"),
        ("In 1999 I ran 25 miles, 30, 40.", "In 1999 I ran 25 miles, 30, 40.", "In 1999 I ran 25 miles, 30, 40."),
        ("A Young mother", "A Young father", "A Old mother"),
        ("I am 22, and I'm 25 minutes late", "I am 22, and I'm 25 minutes late", "I am 68, and I'm 25 minutes late"),
        ("aged 45", "aged 45", "aged 46"),
        ("", "", ""),
    ],
)
def test_words_of_one_trait_are_changed_and_nothing_else(text: str, gender: str, age: str) -> None:
    assert swapped(text, "gender") == gender
    assert swapped(text, "age") == age


def test_words_that_are_pairs_come_back_when_they_are_swapped_twice() -> None:
    for text in ("the husband and the girl", "a teenager, 30 years old, in her twenties"):
        for trait in TRAITS:
            twice = swapped(swapped(text, trait), trait)
            assert twice.replace("his", "her") == text


def test_what_was_written_is_changed_and_what_was_chosen_is_not(tiny: PreferenceSpace) -> None:
    read = tiny.direction({"length": 1})
    chosen = Comparison("p", "he left", "she stayed")
    persona = Persona((Comment("to him", "I am a man", read), Demographics("a woman"), Statement("sir"), chosen))
    found = counterpart(persona, "gender").evidence
    assert found == (Comment("to him", "I am a woman"), Demographics("a man"), Statement("madam"), chosen)


WORDS = [
    "He",
    "she",
    "his",
    "HER",
    "him",
    "hers",
    "a",
    "mom",
    "lass",
    "kid",
    "youth",
    "retired",
    "young",
    "old",
    "teen",
    "elder",
    "grandparent",
    ",",
    ".",
    "student",
    "likes",
    "Mr",
    "ms",
    "twenties",
    "25 years old",
    "aged 70",
    "I am 31",
]


@given(st.lists(st.sampled_from(WORDS), max_size=8))
def test_a_text_and_its_counterpart_cannot_be_told_apart_once_neutral(words: list[str]) -> None:
    text = " ".join(words)
    for trait in TRAITS:
        assert neutral(swapped(text, trait)) == neutral(text)


def test_neutral_texts_say_the_rest_as_before() -> None:
    assert neutral("He told his wife that she is a 25 year old student.") == (
        "They told their spouse that they is a adult adult."
    )
    assert neutral("I love hiking, 30 miles a day!") == "I love hiking, 30 miles a day!"


def test_a_neutral_persona_keeps_directions_and_what_was_chosen(tiny: PreferenceSpace) -> None:
    read = tiny.direction({"length": 1})
    chosen = Comparison("p", "he left", "she stayed")
    persona = Persona((Comment("to him", "I am a man", read), Demographics("a woman"), Statement("sir"), chosen))
    found = neutralised(persona).evidence
    assert found == (Comment("to him", "I am a person", read), Demographics("a person"), Statement("mx"), chosen)
