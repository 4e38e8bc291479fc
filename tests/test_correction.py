import pytest

from penchant.correction import Correction
from penchant.errors import SpaceError


@pytest.mark.parametrize("sign", [2, -2, 0.5])
def test_a_correction_beyond_the_poles_is_refused(sign: float) -> None:
    with pytest.raises(SpaceError, match="correction of 'length'"):
        Correction("length", sign)
