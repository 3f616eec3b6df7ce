"""The parts that every entity is made of, as Home Assistant's discovery has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

MOVIES: Final = "movies"
USD: Final = "USD"
DIAGNOSTIC: Final = {"entity_category": "diagnostic"}
CONFIG: Final = {"entity_category": "config"}

Component = dict[str, object]


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity of the device: its platform, its stable key, its name, and what else it says."""

    platform: str
    key: str
    name: str
    icon: str
    more: Mapping[str, object]


def value_of(key: str) -> str:
    """Return the template of one key of a JSON topic; unknown where it is null or missing.

    Home Assistant logs a warning for a key that it prints and does not find, and an error for a
    message that is no JSON, such as the one that empties a retained topic.
    """
    return f"{{{{ (value_json | default({{}})).{key} | default(none) }}}}"


def attributes_of(**keys: str) -> str:
    """Return the template of some keys of a JSON topic as an object, each under its own name."""
    pairs = ", ".join(
        f"'{name}': (value_json | default({{}})).{key} | default(none)"
        for name, key in keys.items()
    )
    return f"{{{{ {{{pairs}}} | to_json }}}}"


ALL_ATTRIBUTES: Final = "{{ value_json | default({}) | to_json }}"
"""The template of a whole JSON topic as attributes."""
