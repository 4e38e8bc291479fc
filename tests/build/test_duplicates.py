import numpy as np

from penchant.build.duplicates import digest, nearly_repeated, repeated, signatures

TEXT = " ".join(f"word{number}" for number in range(60))


def test_texts_with_the_same_words_are_equal() -> None:
    assert digest("Hello, you!") == digest("hello you") != digest("hello me")
    digests = np.array([digest(text) for text in ("a b", "c", "A  b.", "c", "d")])
    assert repeated(digests).tolist() == [False, False, True, True, False]
    assert repeated(np.zeros(0, np.int64)).tolist() == []


def test_the_first_of_texts_that_are_nearly_the_same_is_kept() -> None:
    other = " ".join(f"other{number}" for number in range(60))
    made = signatures([TEXT, other, TEXT + " indeed", TEXT.replace("word30", "changed")])
    assert made.shape == (4, 64)
    assert nearly_repeated(made, 0.8).tolist() == [False, False, True, True]
    assert nearly_repeated(made[:0], 0.8).tolist() == []
    assert signatures(["", "one"]).shape == (2, 64)


def test_the_share_of_equal_numbers_estimates_the_share_of_common_runs() -> None:
    half = signatures([TEXT, TEXT + " " + " ".join(f"more{number}" for number in range(58))])
    assert abs((half[0] == half[1]).mean() - 0.5) < 0.2
