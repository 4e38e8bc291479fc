import sys
from collections.abc import Callable
from importlib import import_module

import pytest

from penchant.errors import ConfigError


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], str]:
    """Imports a module where a package is not installed; what is said."""

    def said(package: str, module: str) -> str:
        for name in list(sys.modules):
            if name == module or name.split(".")[0] == package:
                monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(ConfigError) as refused:
            import_module(module)
        return str(refused.value)

    return said
