"""What no suite can measure."""

import pytest


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--suite", "infre"), "--suite infre: known are infer, novel, limited, control, bias, cost, judge, all"),
        (("--suite", "infer"), "name its folder or recipe with --annotator"),
        (("--suite", "limited"), "--suite limited measures aligned models; name --reference and --ica or --pba"),
        (("--suite", "control", "--folds", "3"), "--folds is not read when control is measured; leave it out"),
        (("--suite", "control", "--personas", "ugc"), "--personas is not read when control is measured"),
        (("--suite", "bias", "--neutral"), "--neutral is not read when bias is measured"),
        (("--suite", "infer", "--layout", "paper"), "--layout is not read when infer is measured"),
        (("--suite", "judge", "--judge", "j.yaml"), "--suite judge measures aligned models; name --reference"),
        (("--suite", "judge", "--summaries", "s.yaml"), "--summaries is not read when judge is measured"),
        (("--suite", "control", "--judge", "j.yaml"), "--judge is not read when control is measured; leave it out"),
        (("--suite", "infer", "--judge", "j.yaml"), "--judge is not read when infer is measured; leave it out"),
        (("--judge", "j.yaml"), "--judge is not read when implicit is measured; leave it out"),
        (("--scorer", "encoder", "--judge", "j.yaml"), "--judge is not read when encoder is measured; leave it out"),
        (("--suite", "limited", "--baselines", "f"), "--baselines is not read when limited is measured; leave it out"),
        (("--out", "o"), "--out is not read when implicit is measured; leave it out"),
        (("--suite", "limited", "--out", "o"), "--out is not read when limited is measured; leave it out"),
    ],
)
def test_what_cannot_be_measured_is_said(penchant, small_forum, arguments, message: str) -> None:
    ran = penchant("eval", "--data", small_forum / "test", *arguments)
    assert ran.code == 2
    assert message in ran.err
