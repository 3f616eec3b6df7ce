"""Settings for people and programs: ``--dump-config`` and the tables of the README."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

from kometa_ai.settings.declared import SETTINGS

if TYPE_CHECKING:
    from kometa_ai.settings.kinds import Plain
    from kometa_ai.settings.reading import Loaded
    from kometa_ai.settings.sources import Origin


@dataclass(frozen=True, slots=True)
class Row:
    """One setting with its value as JSON may show it (secrets masked, unset None) and origin."""

    name: str
    value: Plain
    origin: Origin
    about: str

    @property
    def text(self) -> str:
        """The value as text; empty where it is not set."""
        return plain_text(self.value)


def dump(loaded: Loaded) -> list[Row]:
    """Return every setting in the order of the declarations."""
    return [
        Row(
            setting.env,
            setting.shown(getattr(loaded.settings, setting.name)),
            loaded.origins[setting.env],
            setting.about,
        )
        for setting in SETTINGS
    ]


def dump_text(loaded: Loaded) -> str:
    """Return the rows as lines ``NAME=value  # origin``, aligned, with the groups as headings."""
    rows = dump(loaded)
    width = max(len(row.name) + len(row.text) for row in rows) + 1
    lines: list[str] = []
    for group, pairs in groupby(zip(SETTINGS, rows, strict=True), key=lambda pair: pair[0].group):
        lines.append(f"{'' if not lines else chr(10)}# {group}")
        lines.extend(f"{f'{row.name}={row.text}':{width}}  # {row.origin}" for _, row in pairs)
    return "\n".join(lines)


def dump_json(loaded: Loaded) -> dict[str, dict[str, Plain]]:
    """Return ``{NAME: {"value": …, "origin": …, "help": …}}``, ready for ``json.dumps``."""
    return {
        row.name: {"value": row.value, "origin": row.origin.value, "help": row.about}
        for row in dump(loaded)
    }


def markdown_table() -> str:
    """Return the README's settings as Markdown: a table with a bold line for each group."""
    lines = ["| Setting | Default | What it is |", "|---|---|---|"]
    for group, settings in groupby(SETTINGS, key=lambda setting: setting.group):
        lines.append(f"| **{group}** | | |")
        for setting in settings:
            default = plain_text(setting.shown(setting.default))
            about = f"{setting.about} *(secret)*" if setting.secret else setting.about
            cells = (f"`{setting.env}`", f"`{default}`" if default else "", about)
            lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def plain_text(value: Plain) -> str:
    """Return a plain value as the user would write it in the environment."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return ", ".join(value)
        case float():
            return f"{Decimal(str(value)).normalize():f}"
        case _:
            return str(value)
