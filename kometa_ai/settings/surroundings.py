"""What the place where we run makes of a setting that nobody has set: an add-on, an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kometa_ai.settings.sources import Origin, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

KOMETA_PLACES: Final = (
    "homeassistant/addons_config/kometa",
    "homeassistant/kometa",
    "share/kometa",
    "config",
)
"""Where Kometa's files are on a Home Assistant, in the order in which they are looked for."""
SETTINGS_PLACE: Final = "config/kometa-ai.yaml"
"""The file of settings that is picked up without being named."""
IMAGE_LOG_DIR: Final = "IMAGE_LOG_DIR"
"""Set by the container's entry where there is a volume for logs (container/python)."""


def from_surroundings(environ: Mapping[str, str], options_file: Path | None) -> Source:
    """Return what holds where no source says anything else.

    Inside the add-on, whose folders stand beside the one of its options: ``/data/options.json``
    means that Kometa's files may be in ``/share/kometa``.
    """
    if options_file is None or not options_file.exists():
        image = Source(Origin.IMAGE)
        image.put("LOG_DIR", environ.get(IMAGE_LOG_DIR), "image")
        return image
    add_on, root = Source(Origin.ADD_ON), options_file.parent.parent
    add_on.put("STATE_DIR", str(options_file.parent), "add-on")
    add_on.put("KOMETA_CONFIG_DIR", tuple(str(root / place) for place in KOMETA_PLACES), "add-on")
    settings_file = add_on_settings_file(options_file)
    if settings_file.exists():
        add_on.put("SETTINGS_FILE", str(settings_file), "add-on")
    return add_on


def look_further(options: Source, surroundings: Source) -> None:
    """Have the folder of the add-on's option looked into first, and the usual ones after it."""
    named = options.found.get("KOMETA_CONFIG_DIR")
    usual = surroundings.found.get("KOMETA_CONFIG_DIR")
    if named is None or usual is None or not isinstance(named.raw, str):
        return
    places = tuple(place for place in usual.raw if place != named.raw)
    options.put("KOMETA_CONFIG_DIR", (named.raw, *places), named.place)


def no_such_folder(folders: Sequence[Path], origin: Origin) -> Iterator[str]:
    """Say that the folder of the add-on's option is not there, as others are looked into then."""
    if origin is Origin.OPTIONS and not _may_be_folder(folders[0]):
        yield (
            f"KOMETA_CONFIG_DIR: there is no folder {folders[0]}, so Kometa's files are looked for"
            " in the usual places."
        )


def _may_be_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return True  # what can't be looked at, or has too long a name: reading it tells why


def add_on_settings_file(options_file: Path) -> Path:
    """Return where the add-on's user may put a file of settings."""
    return options_file.parent.parent / SETTINGS_PLACE
