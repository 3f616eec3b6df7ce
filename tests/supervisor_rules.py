"""What Home Assistant's Supervisor asks of an add-on, written out from its validation of 2026.08.

Only the keys that we use or might: whatever is not here is refused, where the Supervisor would
drop it without a word and a misspelt key would go unnoticed.
"""

from __future__ import annotations

import re
from typing import Any, Final

import voluptuous as vol

TYPE: Final = re.compile(
    r"(bool|email|url|port|device(\(subsystem=[a-z]+\))?"
    r"|(str|password)(\(\d*,\d*\))?"
    r"|int(\(-?\d*,-?\d*\))?|float(\(-?[\d.]*,-?[\d.]*\))?"
    r"|match\(.*\)|list\(.+\))\??"
)
VERSION: Final = re.compile(r"\d+\.\d+\.\d+(-[a-z0-9.]+)?")
IMAGE: Final = re.compile(r"([a-zA-Z.:\d{}-]+/)*[\w{}-]+/[\w{}-]+")  # a tag would be refused
WATCHDOG: Final = re.compile(r"(https?|\[PROTO:\w+\]|tcp)://\[HOST\]:(\[PORT:\d+\]|\d+).*")
SERVICE: Final = re.compile(r"(mqtt|mysql):(provide|want|need)")
FOLDERS: Final = (
    "data",
    "ssl",
    "local_apps",
    "backup",
    "share",
    "media",
    "homeassistant_config",
    "all_app_configs",
    "app_config",
)
"""Without those whose use is warned of since 2026.07."""
LOWERING: Final = frozenset(
    [
        "BPF",
        "CHECKPOINT_RESTORE",
        "DAC_READ_SEARCH",
        "NET_ADMIN",
        "NET_RAW",
        "PERFMON",
        "SYS_ADMIN",
        "SYS_MODULE",
        "SYS_PTRACE",
        "SYS_RAWIO",
    ]
)
"""The privileges that lower the rating."""


def full(pattern: re.Pattern[str]) -> Any:
    """Return a check that a text matches a pattern from end to end."""

    def check(text: object) -> str:
        if not isinstance(text, str) or not pattern.fullmatch(text):
            raise vol.Invalid(f"{text!r} is not of the form {pattern.pattern}")
        return text

    return check


def _exclusive_ports(manifest: dict[str, Any]) -> dict[str, Any]:
    if manifest.get("ingress") and manifest.get("ingress_port") == 0:
        for published in manifest.get("ports", {}):
            if 62000 <= int(published.partition("/")[0]) <= 65500:
                raise vol.Invalid(f"{published} may become the ingress port")
    return manifest


OPTION: Final = vol.Any(full(TYPE), [vol.Any(full(TYPE), {str: vol.Self})], {str: vol.Self})
PORT: Final = vol.All(int, vol.Range(1, 65535))
PUBLISHED: Final = {full(re.compile(r"\d+(-\d+)?(/tcp|/udp)?")): vol.Any(None, PORT)}
MANIFEST: Final = vol.Schema(
    vol.All(
        {
            vol.Required("name"): str,
            vol.Required("version"): full(VERSION),
            vol.Required("slug"): full(re.compile(r"[-_.A-Za-z0-9]+")),
            vol.Required("description"): str,
            vol.Required("arch"): vol.All([vol.In(("aarch64", "amd64"))], vol.Length(min=1)),
            "url": vol.Url(),
            "image": full(IMAGE),
            "stage": vol.In(("stable", "experimental", "deprecated")),
            "startup": vol.In(("initialize", "system", "services", "application", "once")),
            "boot": vol.In(("auto", "manual", "manual_only")),
            "init": bool,
            "homeassistant": full(VERSION),
            "ingress": bool,
            "ingress_port": vol.Any(PORT, 0),
            "ingress_entry": str,
            "ingress_stream": bool,
            "panel_icon": full(re.compile(r"mdi:[a-z0-9-]+")),
            "panel_title": str,
            "panel_admin": bool,
            "ports": PUBLISHED,
            "ports_description": {str: str},
            "services": [full(SERVICE)],
            "map": [
                {
                    vol.Required("type"): vol.In(FOLDERS),
                    "read_only": bool,
                    "path": str,
                }
            ],
            "watchdog": full(WATCHDOG),
            "timeout": vol.All(int, vol.Range(10, 300)),
            "tmpfs": bool,
            "backup": vol.In(("hot", "cold")),
            "backup_pre": str,
            "backup_post": str,
            "backup_exclude": [str],
            "environment": {full(re.compile(r"\w+")): str},
            "options": dict,
            "schema": vol.Any({str: OPTION}, False),  # noqa: FBT003 - a value that it may have
            "hassio_api": bool,
            "hassio_role": vol.In(("default", "homeassistant", "backup", "manager", "admin")),
            "homeassistant_api": bool,
            "auth_api": bool,
            "apparmor": bool,
            "privileged": [str],
            "full_access": bool,
            "docker_api": bool,
            "host_network": bool,
            "host_pid": bool,
            "host_uts": bool,
            "kernel_modules": bool,
            "breaking_versions": [full(VERSION)],
        },
        _exclusive_ports,
    )
)
REPOSITORY: Final = vol.Schema({vol.Required("name"): str, "url": vol.Url(), "maintainer": str})


def _described() -> vol.Schema:
    entry: dict[Any, Any] = {vol.Required("name"): str, "description": vol.Any(str, None)}
    entry["fields"] = {str: vol.Self}
    return vol.Schema(entry)


TRANSLATION: Final = vol.Schema({"configuration": {str: _described()}, "network": {str: str}})


def accepts(kind: str, value: object) -> bool:
    """Return whether the Supervisor lets an option of this type have this value."""
    bare = kind.removesuffix("?")
    if value is None:
        return False  # a field without a value is one that is not there
    if bare.startswith(("str", "password")):
        return isinstance(value, str)
    if bare.startswith("match"):
        return bool(re.match(bare[len("match(") : -1], str(value)))
    checks = {
        "bool": vol.Boolean(),
        "email": vol.Email(),
        "url": vol.Url(),
        "port": vol.All(vol.Coerce(int), vol.Range(1, 65535)),
        "int": vol.Coerce(int),
        "float": vol.Coerce(float),
    }
    try:
        vol.Schema(checks[bare.partition("(")[0]])(value)
    except vol.Invalid:
        return False
    return True


def rating(manifest: dict[str, Any], *, profile: bool) -> int:
    """Return the security rating of the store, 1 to 8; ``profile``: apparmor.txt is there."""
    privileged = LOWERING.intersection(manifest.get("privileged", ()))
    points = 5
    if not manifest.get("apparmor", True):
        points -= 1
    elif profile:
        points += 1
    if manifest.get("ingress"):
        points += 2
    elif manifest.get("auth_api"):
        points += 1
    points -= bool(privileged or manifest.get("kernel_modules"))
    points -= {"manager": 1, "admin": 2}.get(manifest.get("hassio_role", "default"), 0)
    points -= bool(manifest.get("host_network"))
    points -= 2 * bool(manifest.get("host_pid"))
    points -= bool(manifest.get("host_uts") and "SYS_ADMIN" in privileged)
    if manifest.get("docker_api") or manifest.get("full_access"):
        points = 1
    return max(1, min(8, points))
