import pytest

from penchant.infer.questions import asks_others


@pytest.mark.parametrize(
    ("sentence", "asks"),
    [
        ("Do you like camping?", True),
        ("So, what are some of your favorite movies?", True),
        ("Does anyone here actually enjoy opera?", True),
        ("Who still reads newspapers?", True),
        ("What do you like about being a stay-at-home mom?", True),
        ("Does anyone know a good swing class in Leeds?", False),
        ("Could you go into more depth than that?", False),
        ("Do you know why I love opera?", False),
        ("People who like camping are odd.", False),
    ],
)
def test_a_question_about_other_peoples_tastes_is_told_from_one_that_shows_an_interest(sentence, asks) -> None:
    assert asks_others(sentence) is asks
