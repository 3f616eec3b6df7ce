"""What is wrong only with two settings together."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from kometa_ai.domain.fault import Fault, FaultKind
from kometa_ai.settings.sources import Origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kometa_ai.settings.declared import Settings


def contradictions(settings: Settings, origins: Mapping[str, Origin]) -> Iterator[Fault]:
    """Return a fault for each setting that can't be with another, or without it."""
    host = settings.web_host
    # A password that is there and wrong has a fault of its own.
    if host and not is_loopback(host) and origins["WEB_PASSWORD"] is Origin.DEFAULT:
        yield Fault(
            FaultKind.SETTINGS,
            "WEB_HOST",
            f"{host} lets everybody who reaches it start runs, and WEB_PASSWORD is not set.",
            "Set WEB_PASSWORD, or leave WEB_HOST blank: then the page is for this machine alone.",
        )


def is_loopback(host: str) -> bool:
    """Return whether a host, a name or an address, is the machine itself."""
    if host.lower() == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
