"""Reads rows in memory by the layout that their columns have."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from penchant.shards.layouts import recognise
from penchant.shards.layouts.base import Layout, Sample, Statement


@pytest.fixture
def statements() -> Callable[..., tuple[str, list[Statement]]]:
    """(rows) -> name of the layout, and what the rows state."""

    def read(*rows: Mapping[str, Any]) -> tuple[str, list[Statement]]:
        layout = recognise(Sample.of(rows), {})
        assert isinstance(layout, Layout)
        contents = [{"rows": list(rows)}] if layout.group else rows
        return layout.name, [statement for row in contents for statement in layout.read(row)]

    return read
