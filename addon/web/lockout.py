"""Counts wrong passwords by client, and lets nobody guess on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final

TRIES: Final = 10
"""Wrong passwords that a client has."""
PAUSE: Final = 60.0
"""Seconds without a wrong one after which a client begins anew."""
CLIENTS: Final = 1_000
"""So many clients are remembered; the one that was wrong longest ago is forgotten first."""
SUBNET: Final = 64
"""Bits of an IPv6 address that tell one household from another."""


@dataclass(slots=True)
class _Tries:
    wrong: int
    since: float


class Lockout:
    """Who was wrong how often; ``now`` is a clock's ``monotonic`` time."""

    def __init__(self) -> None:
        self._clients: dict[str, _Tries] = {}

    def wait(self, peer: str, now: float) -> int:
        """Return how many seconds a client must wait before it is listened to, 0 if it need not."""
        tries = self._clients.get(_client(peer))
        if tries is None or tries.wrong < TRIES:
            return 0
        return max(0, math.ceil(tries.since + PAUSE - now))

    def wrong(self, peer: str, now: float) -> None:
        """Take note of a wrong password."""
        client = _client(peer)
        tries = self._clients.pop(client, None)
        if tries is None or now >= tries.since + PAUSE:
            tries = _Tries(0, now)
        tries.wrong, tries.since = tries.wrong + 1, now
        self._clients[client] = tries  # at the end: the newest
        if len(self._clients) > CLIENTS:
            del self._clients[next(iter(self._clients))]

    def right(self, peer: str) -> None:
        """Forget what a client had wrong."""
        self._clients.pop(_client(peer), None)


def _client(peer: str) -> str:
    """Return what stands for a client; who owns one IPv6 address mostly owns 2**64 of them."""
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return peer
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(int(address) >> SUBNET)
