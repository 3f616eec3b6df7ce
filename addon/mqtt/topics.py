"""Where everything is published and heard."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

BIRTH: Final = "homeassistant/status"
"""Home Assistant's birth topic stays this one when its discovery prefix is changed."""


@dataclass(frozen=True, slots=True)
class Topics:
    """All topics, from the base topic and Home Assistant's discovery prefix."""

    base: str
    prefix: str

    @property
    def device_id(self) -> str:
        """Return the base topic as Home Assistant's discovery can carry it."""
        return re.sub(r"[^a-z0-9_]", "_", self.base)

    @property
    def availability(self) -> str:
        return f"{self.base}/availability"

    @property
    def state(self) -> str:
        return f"{self.base}/state"

    @property
    def event(self) -> str:
        return f"{self.base}/event"

    @property
    def command(self) -> str:
        return f"{self.base}/command"

    @property
    def response(self) -> str:
        return f"{self.base}/response"

    @property
    def discovery(self) -> str:
        return f"{self.prefix}/device/{self.device_id}/config"

    @property
    def births(self) -> tuple[str, ...]:
        """Return the topics on which Home Assistant says that it is there, each once."""
        return tuple(dict.fromkeys((f"{self.prefix}/status", BIRTH)))

    def command_of(self, word: str) -> str:
        """Return the topic of one command, as the entities use it."""
        return f"{self.command}/{word}"

    def collection(self, slug: str) -> str:
        """Return the topic of one collection's figures."""
        return f"{self.base}/collections/{slug}"
