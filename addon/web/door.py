"""Where the page listens, and who may come in, as the settings and the surroundings say."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from kometa_ai.settings import is_loopback

if TYPE_CHECKING:
    from kometa_ai.settings import Settings

INGRESS_PORT: Final = 8099
"""The port that config.yaml names as ``ingress_port``."""
SUPERVISOR: Final = "172.30.32.2"
"""The one address from which ingress comes."""
EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - who comes in is another question, see Guard
LOOPBACK: Final = "127.0.0.1"


class Guard(Enum):
    """Whom the page answers."""

    SUPERVISOR = auto()
    """Home Assistant's Supervisor alone, which has asked for a login."""
    PASSWORD = auto()
    """Whoever knows the password."""
    LOOPBACK = auto()
    """Programs on this machine, as long as they ask for this machine."""


@dataclass(frozen=True, slots=True)
class Door:
    """An address to listen on, and whom to answer there; what the guard needs is with it."""

    guard: Guard
    host: str
    port: int
    password: str = field(default="", repr=False)
    supervisor: str = SUPERVISOR


def door_of(settings: Settings, *, ingress: bool) -> Door:
    """Return the door that the settings ask for; behind ingress none of them has a say."""
    if ingress:
        return Door(Guard.SUPERVISOR, EVERYWHERE, INGRESS_PORT)
    if settings.web_password:
        host = settings.web_host or EVERYWHERE
        return Door(Guard.PASSWORD, host, settings.web_port, settings.web_password)
    # Anything but the loopback is a fault of the settings; here it must not become an open door.
    host = settings.web_host or LOOPBACK
    return Door(Guard.LOOPBACK, host if is_loopback(host) else LOOPBACK, settings.web_port)
