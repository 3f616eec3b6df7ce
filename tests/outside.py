"""What tests take from the machine that they run on: ports, and programs that may not be there."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOOPBACK = "127.0.0.1"
# How long anything outside is waited for: a ceiling for a crowded machine, not a measure, and less
# than a test may take.
PATIENCE = 40.0


def missing(sentence: str) -> NoReturn:
    """Skip the test for want of a program; in CI, where nothing may be left out, fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI leaves no test out: {sentence}", pytrace=False)
    pytest.skip(sentence)


async def until(condition: Callable[[], object]) -> None:
    """Wait until something holds that sets no event of ours; what is outside lives in real time."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - that is what it is for
            await asyncio.sleep(0.005)  # noqa: TID251 - the same


@contextmanager
def reserved_port(host: str = LOOPBACK) -> Iterator[int]:
    """Hold a port that servers may come back to, of the loopback or of all addresses.

    It is bound, but nobody listens: a server that sets SO_REUSEADDR (all of ours do) can take it,
    go, and take it again, while the kernel gives it to no one else, and a client meets a refusal.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((host, 0))
        yield holder.getsockname()[1]
