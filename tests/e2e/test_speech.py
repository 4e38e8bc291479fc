"""The measures of benchmarks/words.py on sentences whose reading is plain."""

import pytest


@pytest.mark.parametrize(
    "answer",
    [
        "The person enjoyed the weekend and is planning to do more hiking and camping.",
        "This user would like a short answer.",
        "Based on their comments, a book about dogs.",
        "They prefer to cook at home.",
        "She also enjoys chess.",
        "A walk would suit his preferences.",
    ],
)
def test_an_answer_about_the_person_is_seen(speech, answer: str) -> None:
    assert speech.speaks_about(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "You could take a walk with your dogs.",
        "Boil the water, then add the egg.",
        "Meet new people; they are often friendly.",
        "The first person to walk on the moon was Armstrong, a person of courage.",
        "Viruses need a host. They can be very small.",
        "The person who wrote Romeo and Juliet is Shakespeare.",
    ],
)
def test_an_answer_to_the_person_is_not_one_about_them(speech, answer: str) -> None:
    assert not speech.speaks_about(answer)


def test_a_sister_may_be_she_but_the_person_may_not(speech) -> None:
    assert not speech.speaks_about("Give her a scarf, as she likes warm things.", others=True)
    assert speech.speaks_about("Give her a scarf, as the user likes knitting.", others=True)


@pytest.mark.parametrize(
    "answer", ["I love my two dogs.", "I'm planning to go hiking.", "As a 34-year-old woman I am late."]
)
def test_an_answer_in_the_persons_place_is_seen_unless_it_is_a_letter(speech, answer: str) -> None:
    assert speech.speaks_as(answer)
    assert not speech.speaks_as(answer, letter=True)


@pytest.mark.parametrize(
    "answer", ["I would suggest a walk.", "I'm glad you asked.", "I am here to help you.", 'Say: "I love it."']
)
def test_an_assistant_may_say_i(speech, answer: str) -> None:
    assert not speech.speaks_as(answer)


def test_seven_words_of_the_block_in_a_row_are_a_repetition(speech) -> None:
    told = "Because I have five minutes and ten messages."
    assert speech.repeats("You said: because I have five minutes and ten messages!", told)
    assert speech.repeats("- described as: a woman", told)
    assert not speech.repeats("You have five minutes and ten messages.", told)


def test_a_loop_says_five_words_three_times(speech) -> None:
    assert speech.loops("a good idea for you " * 3)
    assert not speech.loops("a good idea for you " * 2)
    assert speech.empty(" … ")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("You can take a walk in the park with your dog.", "en"),
        ("Puedes dar un paseo por el parque con tu perro.", "es"),
        ("Vous pouvez faire une promenade dans le parc avec votre chien.", "fr"),
        ("Du kannst mit dem Hund in den Park gehen und die Sonne genießen.", "de"),
        ("Paris.", "en"),
    ],
)
def test_the_language_is_that_of_the_little_words(speech, answer: str, expected: str) -> None:
    assert speech.language(answer) == expected


def test_tones_are_told_by_their_marks(speech) -> None:
    assert speech.formal("It is advisable to rest.")
    assert not speech.formal("It's best to rest.")
    assert not speech.formal("Rest!")
    assert speech.funny("Here is a joke about eggs.")
    assert not speech.funny("Boil the egg.")
    assert speech.asks("What do you like?")
    assert speech.says_you("Take your time.")
    assert not speech.says_you("Boil the water.")


def test_an_excuse_is_no_help(speech) -> None:
    assert speech.refuses("I'm sorry for the confusion, but as a chatbot I cannot.")
    assert not speech.refuses("Say that you are sorry.")


def test_a_stem_is_the_beginning_of_a_word(speech) -> None:
    assert speech.mentions("Go hiking.", ["hik"])
    assert not speech.mentions("The category is wide.", ["cat ", "ego"])
