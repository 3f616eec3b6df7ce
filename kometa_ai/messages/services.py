"""How people call the services that apprise knows, without asking apprise."""

from __future__ import annotations

from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

_SERVICES: Final = {
    "discord": "Discord",
    "gotify": "Gotify",
    "gotifys": "Gotify",
    "hassio": "Home Assistant",
    "hassios": "Home Assistant",
    "json": "JSON",
    "jsons": "JSON",
    "mailto": "apprise mail",
    "mailtos": "apprise mail",
    "matrix": "Matrix",
    "matrixs": "Matrix",
    "mmost": "Mattermost",
    "mmosts": "Mattermost",
    "msteams": "Teams",
    "ntfys": "ntfy",
    "pbul": "Pushbullet",
    "pover": "Pushover",
    "signal": "Signal",
    "signals": "Signal",
    "slack": "Slack",
    "tgram": "Telegram",
    "workflow": "Teams",
    "workflows": "Teams",
}
"""How people call a service, by the scheme of its address; others are called by the scheme."""
_SITES: Final = {"discord": "Discord", "discordapp": "Discord", "slack": "Slack", "ntfy": "ntfy"}
"""How people call a service whose own web address apprise understands."""


def service(address: str) -> str:
    """Return how people call the service of an address; nothing secret is in it."""
    scheme = address.partition("://")[0].lower()
    if scheme not in {"http", "https"}:
        return _SERVICES.get(scheme, scheme)
    with suppress(ValueError):
        site = (urlsplit(address).hostname or "").removesuffix(".com").rpartition(".")[2]
        return _SITES.get(site, "chat")
    return "chat"
