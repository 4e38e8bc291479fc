import numpy as np

from penchant.encoder.fake import FakeEncoder


def test_texts_that_share_words_are_near() -> None:
    one, near, far = FakeEncoder(256).embed(["red roses bloom", "red roses fade", "diesel engines run"])
    assert one @ near > 0.4
    assert abs(one @ far) < 0.25


def test_case_and_punctuation_do_not_matter() -> None:
    one, other = FakeEncoder().embed(["Red roses!", "red, roses"])
    np.testing.assert_array_equal(one, other)


def test_vectors_do_not_depend_on_the_process() -> None:
    # a constant from another process: hash() would differ from run to run
    np.testing.assert_allclose(FakeEncoder(3).embed(["rose"])[0], [0.6912, -0.6394, 0.3367], atol=1e-4)


def test_the_first_view_is_a_mean_and_keeps_its_length() -> None:
    first = FakeEncoder().layers(["rose", "rose tulip fern lily moss ivy bolt"]).first
    assert np.linalg.norm(first[0]) > 1.5 * np.linalg.norm(first[1])
