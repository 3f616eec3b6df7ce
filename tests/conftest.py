"""How tests are shared out between the processes that run them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped] # xdist has no types

if TYPE_CHECKING:
    from xdist.remote import Producer  # type: ignore[import-untyped] # xdist has no types

HOME_ASSISTANT = "tests/homeassistant/"
ADD_ON = "tests/image/test_add_on.py"


class ByNeighbours(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Tests that share a Home Assistant, or the one port that an add-on has, stay together.

    All others go one by one.

    xdist's own marks for groups (3.8) are lost on the node ids of pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith((HOME_ASSISTANT, ADD_ON)):
            return nodeid.split("::", 1)[0]
        return nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByNeighbours:
    return ByNeighbours(config, log)
