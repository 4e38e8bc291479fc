from penchant.infer.fake import FakeAnnotator
from penchant.persona import Comment
from penchant.space import PreferenceSpace


def test_the_fake_is_as_sure_as_it_is_told(tiny: PreferenceSpace) -> None:
    (reading,) = FakeAnnotator(tiny, {"short": ("length", 1)}, sure=0.8).annotate([Comment("p", "Short it is")])
    assert [round(float(value), 3) for value in reading[0]] == [0.1, 0.1, 0.8]
