"""What tests of batches look at."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.world import World


async def reached(world: World, what: str) -> None:
    """Wait until this is asked of the simulator's batches."""
    async with asyncio.timeout(20):
        while what not in world.claude.batch_calls:  # noqa: ASYNC110 - it is asked over a wire
            await asyncio.sleep(0.005)  # noqa: TID251 - the same


def books(world: World) -> tuple[Decimal, int, int]:
    """Return what is booked, how many reservations there are, and how many open requests."""
    with closing(sqlite3.connect(world.state / "kometa_ai.db")) as db:
        costs = [Decimal(cost) for (cost,) in db.execute("SELECT cost FROM purchases")]
        counts = [
            int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - ours
            for table in ("reservations", "batch_requests")
        ]
    return sum(costs, Decimal(0)), counts[0], counts[1]
