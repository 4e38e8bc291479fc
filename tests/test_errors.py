import inspect
import re

import pytest

from penchant import errors

CLASSES = [value for _, value in sorted(vars(errors).items()) if inspect.isclass(value)]


@pytest.mark.parametrize("error", CLASSES)
def test_one_except_clause_catches_every_error(error: type[Exception]) -> None:
    with pytest.raises(errors.PenchantError, match="what, where, what to do"):
        raise error("what, where, what to do")


def test_a_mismatch_is_caught_as_a_space_error_and_not_as_a_record_error() -> None:
    assert issubclass(errors.SpaceMismatch, errors.SpaceError)
    assert not issubclass(errors.SpaceMismatch, errors.RecordError)


def test_the_tree_in_the_docstring_is_the_tree_in_the_code() -> None:
    drawn = {}
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        if found := re.match(r"^([ │├└─]*)([A-Z]\w+(?:Error|Mismatch))\b", line):
            depth, name = len(found[1]), found[2]
            above = [(d, n) for d, n in above if d < depth]
            drawn[name] = above[-1][1] if above else "Exception"
            above.append((depth, name))
    assert drawn == {error.__name__: error.__bases__[0].__name__ for error in CLASSES}


def test_library_errors_are_not_errors_of_the_project() -> None:
    assert not issubclass(ValueError, errors.PenchantError)
    assert not any(issubclass(error, ValueError | RuntimeError) for error in CLASSES)
