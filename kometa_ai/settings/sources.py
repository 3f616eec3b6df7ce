"""The places that settings come from: each is read into texts by name, with what is wrong there."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from kometa_ai.domain.fault import Fault, FaultKind
from kometa_ai.settings.declared import BY_ENV, SETTINGS
from kometa_ai.settings.files import open_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kometa_ai.settings.kinds import Raw

YAML_TAG = "tag:yaml.org,2002:"
MOST_READ = 65_536
"""Bytes of the longest file that is read: what is longer is another file, or no file at all."""


class Origin(StrEnum):
    """Where a value comes from, as ``--dump-config`` says it; the first ones win."""

    FLAG = "flag"
    STORED = "stored"
    ENVIRONMENT = "environment"
    FILE = "file"
    SETTINGS_FILE = "settings file"
    OPTIONS = "options.json"
    ADD_ON = "add-on"
    IMAGE = "image"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Found:
    """A value as it was written, and the place for a message: ``settings.yaml:3``."""

    raw: Raw
    place: str


@dataclass(slots=True)
class Source:
    """What one place says, by env name; blank values are left out."""

    origin: Origin
    found: dict[str, Found] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def put(self, env: str, raw: Raw | None, place: str) -> None:
        """Keep a value, stripped, unless it is blank."""
        if isinstance(raw, str):
            raw = raw.strip()
        elif raw is not None:
            raw = tuple(entry.strip() for entry in raw if entry.strip())
        if raw:
            self.found[env] = Found(raw, place)

    def fault(self, where: str, message: str, remedy: str) -> None:
        """Note that something here is wrong."""
        self.faults.append(Fault(FaultKind.SETTINGS, where, message, remedy))


class _TooLongError(Exception):
    pass


def _text(path: Path) -> str:
    """Return a file's text without its byte order mark."""
    with open_file(path) as file:
        content = file.read(MOST_READ + 1)
    if len(content) > MOST_READ:
        raise _TooLongError
    return content.decode("utf-8-sig")


def from_flags(flags: Mapping[str, Raw]) -> Source:
    """Read what the command line sets, by env name; an unknown name is a fault."""
    source = Source(Origin.FLAG)
    for name, text in flags.items():
        if name in BY_ENV:
            source.put(name, text, "command line")
        else:
            source.fault(name, "There is no such setting.", _did_you_mean(name, BY_ENV))
    return source


def from_stored(stored: Mapping[str, str]) -> Source:
    """Read what was set at run time, by env name; a name of another version is passed over."""
    source = Source(Origin.STORED)
    for name, text in stored.items():
        if name in BY_ENV:
            source.put(name, text, "set at run time")
        else:
            source.notices.append(f"{name} was set at run time, but there is no such setting now.")
    return source


def from_environment(environ: Mapping[str, str]) -> Source:
    """Read the environment; names that look like misspelt ones of ours are pointed out."""
    source = Source(Origin.ENVIRONMENT)
    for env in BY_ENV:
        source.put(env, environ.get(env), "environment")
    source.notices.extend(_misspelt(environ))
    for setting in SETTINGS:
        if not setting.secret and environ.get(setting.file_env, "").strip():
            source.notices.append(
                f"{setting.file_env} is not read: only secrets may come from files of their own."
            )
    return source


def _misspelt(environ: Mapping[str, str]) -> Iterable[str]:
    known = [*BY_ENV, *(setting.file_env for setting in SETTINGS)]
    by_letters = {name.replace("_", ""): name for name in known}
    for name in sorted(set(environ).difference(known)):
        if "_" not in name and name.upper() not in by_letters:
            continue
        near = by_letters.get(name.upper().replace("_", ""))
        close = [near] if near else get_close_matches(name.upper(), known, n=1, cutoff=0.92)
        if close:
            yield f"{name} is set in the environment and not read. Did you mean {close[0]}?"


def from_secret_files(environ: Mapping[str, str]) -> Source:
    """Read the files that ``NAME_FILE`` variables name, for secrets only."""
    source = Source(Origin.FILE)
    for setting in SETTINGS:
        named = environ.get(setting.file_env, "").strip()
        if not setting.secret or not named:
            continue
        if environ.get(setting.env, "").strip():
            source.fault(
                setting.file_env,
                f"is set, and so is {setting.env}.",
                "Expected one of the two; remove the other.",
            )
            continue
        _read_secret(source, setting.env, Path(named))
    return source


def _read_secret(source: Source, env: str, path: Path) -> None:
    where = f"{env}_FILE"
    # A key that was put where its path belongs must not be shown.
    shown = repr(str(path)) if path.is_absolute() else "the file named there"
    remedy = "Expected the path of a text file that holds only the secret."
    try:
        text = _text(path).strip()
    except OSError as error:
        source.fault(where, f"{shown} cannot be read: {error.strerror}.", remedy)
    except _TooLongError:
        source.fault(where, f"{shown} is longer than {MOST_READ:,} bytes.", remedy)
    except ValueError:
        source.fault(where, f"{shown} is not text in UTF-8.", remedy)
    else:
        if not text:
            source.fault(where, f"{shown} is empty.", remedy)
        source.put(env, text, "file")


def from_settings_file(path: Path) -> Source:
    """Read the YAML file that SETTINGS_FILE names.

    The nodes are read and not the values: YAML would turn ``13:00`` into 780 and a password of
    ``0123`` into 83, and the nodes know their line.
    """
    source = Source(Origin.SETTINGS_FILE)
    root = _yaml_root(source, path)
    if root is None or root.tag == f"{YAML_TAG}null":
        return source  # an empty file, or only comments
    if not isinstance(root, yaml.MappingNode):
        source.fault(
            "SETTINGS_FILE",
            f"{path} does not hold settings.",
            "Expected lines such as radarr_url: http://radarr:7878",
        )
        return source
    seen: set[str] = set()
    for key, value in root.value:
        _take_node(source, path, key, value, seen)
    return source


def _yaml_root(source: Source, path: Path) -> yaml.Node | None:
    try:
        # The text and not the bytes: PyYAML would guess the encoding.
        return yaml.compose(_text(path), Loader=yaml.SafeLoader)
    except OSError as error:
        source.fault(
            "SETTINGS_FILE",
            f"{str(path)!r} cannot be read: {error.strerror}.",
            "Expected the path of a YAML file.",
        )
    except _TooLongError:
        source.fault("SETTINGS_FILE", f"{path} is longer than {MOST_READ:,} bytes.", "")
    except yaml.MarkedYAMLError as error:
        # The parser's own words may quote the line, and with it a password.
        mark = error.problem_mark
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        source.fault(
            "SETTINGS_FILE",
            f"{place}: this is not valid YAML.",
            "Values with special characters need quotation marks around them.",
        )
    except (yaml.YAMLError, ValueError, RecursionError):
        # The name itself may be none: in JSON it can be half a character.
        source.fault("SETTINGS_FILE", f"{str(path)!r} is not YAML text in UTF-8.", "")
    return None


def _take_node(
    source: Source, path: Path, key: yaml.Node, value: yaml.Node, seen: set[str]
) -> None:
    name = key.value if isinstance(key, yaml.ScalarNode) else "?"
    place = f"{path.name}:{key.start_mark.line + 1}"
    setting = BY_ENV.get(name.upper())
    if setting is None or setting.name != name:
        names = [each.name for each in SETTINGS]
        remedy = _did_you_mean(name, names)
        source.fault("SETTINGS_FILE", f"{place}: {name!r} is not a setting.", remedy)
    elif name in seen:
        source.fault(setting.env, f"stands twice in the file ({place}).", "Remove one of them.")
    elif name == "settings_file":
        source.fault(setting.env, f"cannot be set in the file itself ({place}).", "Remove it.")
    else:
        seen.add(name)
        try:
            source.put(setting.env, _node_raw(value), place)
        except TypeError:
            source.fault(
                setting.env,
                f"has something else than a plain value in the file ({place}).",
                f"Expected {setting.kind.expected}.",
            )


def _node_raw(node: yaml.Node) -> Raw | None:
    if isinstance(node, yaml.SequenceNode):
        return tuple(_scalar(entry) or "" for entry in node.value)
    return _scalar(node)


def _scalar(node: yaml.Node) -> str | None:
    if not isinstance(node, yaml.ScalarNode) or not node.tag.startswith(YAML_TAG):
        raise TypeError  # a mapping, or a tag such as !secret that only other programs know
    return None if node.tag == f"{YAML_TAG}null" else str(node.value)


def from_options(path: Path | None) -> Source:
    """Read the add-on's options; a file that is not there is no fault, one that is broken is."""
    source = Source(Origin.OPTIONS)
    if path is None:
        return source
    try:
        text = _text(path)
        # Numbers stay as they are written: 0.1 must not take the way through a float.
        options = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except FileNotFoundError:
        return source
    except OSError as error:
        source.fault(str(path), f"cannot be read: {error.strerror}.", "")
        return source
    except _TooLongError:
        source.fault(str(path), f"is longer than {MOST_READ:,} bytes.", "")
        return source
    except (ValueError, RecursionError):
        options = None
    if not isinstance(options, dict):
        source.fault(str(path), "is not a JSON object.", "Save the add-on's options again.")
        return source
    for name, value in options.items():
        _take_option(source, path, name, value)
    return source


def _take_option(source: Source, path: Path, name: str, value: object) -> None:
    setting = BY_ENV.get(name.upper())
    if setting is None or setting.name != name:
        hint = _did_you_mean(name, [each.name for each in SETTINGS])
        source.notices.append(f"{path} has {name!r}, which is not a setting. {hint}".rstrip())
        return
    try:
        source.put(setting.env, _option_raw(value), path.name)
    except TypeError:
        source.fault(
            setting.env,
            f"has something else than a plain value ({path.name}).",
            f"Expected {setting.kind.expected}.",
        )


def _option_raw(value: object) -> Raw | None:
    if isinstance(value, list):
        return tuple(_option_text(entry) or "" for entry in value)
    return _option_text(value)


def _option_text(value: object) -> str | None:
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case _:
            raise TypeError


def _did_you_mean(name: str, names: Iterable[str]) -> str:
    by_lower = {each.lower(): each for each in names}
    near = get_close_matches(name.lower(), by_lower, n=1)
    return f"Did you mean {by_lower[near[0]]}?" if near else ""
