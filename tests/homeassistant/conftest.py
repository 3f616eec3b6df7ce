"""A broker and a Home Assistant for each module: they take too long to start for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from tests.homeassistant.core import home_assistant
from tests.mosquitto import mosquitto

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

    from tests.homeassistant.core import Core
    from tests.mosquitto import Mosquitto


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mosquitto]:
    """Give a module its broker."""
    async with mosquitto(tmp_path_factory.mktemp("broker") / "broker") as broker:
        yield broker


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def core(broker: Mosquitto, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Core]:
    """Give a module its Home Assistant, connected with the module's broker."""
    async with home_assistant(tmp_path_factory.mktemp("core") / "core") as core:
        await core.add_broker(broker)
        yield core
