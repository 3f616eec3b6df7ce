"""The add-on's manifest, against the Supervisor's rules and against what the program is."""

from __future__ import annotations

import os
import re
import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import voluptuous as vol
import yaml

from addon.web.door import INGRESS_PORT
from kometa_ai import __version__
from kometa_ai.settings import BY_ENV, RUN_NEEDS, SETTINGS
from tests.supervisor_rules import MANIFEST, REPOSITORY, TRANSLATION, accepts, rating

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
LANGUAGES = ("en", "de")


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text("utf-8"))


@pytest.fixture
def manifest() -> dict[str, Any]:
    found: dict[str, Any] = read("config.yaml")
    return found


def test_the_supervisor_takes_the_manifest(manifest: dict[str, Any]) -> None:
    MANIFEST(manifest)


def test_the_store_takes_the_repository() -> None:
    REPOSITORY(read("repository.yaml"))


WRONG: list[tuple[str, object]] = [
    ("name", None),
    ("version", "0.6"),
    ("slug", "kometa ai"),
    ("arch", ["armv7"]),
    ("arch", []),
    ("image", "ghcr.io/somebody/kometa-ai:latest"),
    ("url", "kometa-ai"),
    ("stage", "beta"),
    ("startup", "before"),
    ("boot", "never"),
    ("init", "yes"),
    ("homeassistant", "2024"),
    ("ingress_port", 70000),
    ("panel_icon", "movie"),
    ("services", ["mqtt:wants"]),
    ("services", ["mqtt"]),
    ("map", [{"type": "addon_config"}]),
    ("map", [{"read_only": True}]),
    ("map", [{"type": "share", "readonly": True}]),
    ("watchdog", "http://localhost:8099/health"),
    ("timeout", 5),
    ("timeout", 301),
    ("tmpfs", "size=10M"),
    ("backup", "warm"),
    ("backup_exclude", "*/logs/*"),
    ("options", []),
    ("schema", {"radarr_url": "string"}),
    ("schema", {"radarr_url": "str??"}),
    ("schema", {"lists": [["str"]]}),
    ("schema", True),
    ("hassio_role", "root"),
    ("watch_dog", "http://[HOST]:[PORT:8099]/health"),
    ("advanced", False),
]


@pytest.mark.parametrize(("key", "value"), WRONG, ids=[f"{key}-{value}" for key, value in WRONG])
def test_the_rules_refuse_what_is_wrong(manifest: dict[str, Any], key: str, value: object) -> None:
    manifest[key] = value
    with pytest.raises(vol.Invalid):
        MANIFEST(manifest)


@pytest.mark.parametrize("key", ["name", "version", "slug", "description", "arch"])
def test_the_rules_miss_what_is_missing(manifest: dict[str, Any], key: str) -> None:
    del manifest[key]
    with pytest.raises(vol.Invalid):
        MANIFEST(manifest)


def test_a_port_that_may_become_ingress_is_refused(manifest: dict[str, Any]) -> None:
    manifest |= {"ingress_port": 0, "ports": {"62001/tcp": 62001}}
    with pytest.raises(vol.Invalid):
        MANIFEST(manifest)


def test_the_rating_is_the_best(manifest: dict[str, Any]) -> None:
    assert rating(manifest, profile=(ROOT / "apparmor.txt").exists()) == 8


@pytest.mark.parametrize(
    ("change", "points"),
    [
        ({"ingress": False}, 6),
        ({"ingress": False, "auth_api": True}, 7),
        ({"apparmor": False}, 6),
        ({"privileged": ["NET_ADMIN", "SYS_ADMIN"]}, 7),
        ({"kernel_modules": True}, 7),
        ({"hassio_role": "manager"}, 7),
        ({"hassio_role": "admin"}, 6),
        ({"host_network": True}, 7),
        ({"host_pid": True}, 6),
        ({"host_uts": True, "privileged": ["SYS_ADMIN"]}, 6),
        ({"docker_api": True}, 1),
        ({"full_access": True}, 1),
    ],
)
def test_the_formula_knows_what_costs_points(
    manifest: dict[str, Any], change: dict[str, Any], points: int
) -> None:
    assert rating(manifest | change, profile=True) == points


def test_it_is_the_programs_version(manifest: dict[str, Any]) -> None:
    assert manifest["version"] == __version__


def test_ingress_leads_to_the_page(manifest: dict[str, Any]) -> None:
    assert manifest["ingress_port"] == INGRESS_PORT
    assert manifest["watchdog"] == f"http://[HOST]:[PORT:{INGRESS_PORT}]/health"
    assert "ports" not in manifest, "the port answers the Supervisor alone"


def test_the_backups_command_is_there(manifest: dict[str, Any]) -> None:
    python, flag, module = shlex.split(manifest["backup_pre"])
    assert (python, flag) == ("python", "-m")
    assert find_spec(module)


def test_nothing_of_the_state_is_left_out_of_a_backup(manifest: dict[str, Any]) -> None:
    state = ("kometa_ai.db", "kometa_ai.db-wal", "backups/kometa_ai-1.db", "options.json")
    for pattern in manifest["backup_exclude"]:
        for name in state:
            assert not Path(f"/data/{name}").match(pattern)


def test_about_ten_options_and_none_that_must_be_set(manifest: dict[str, Any]) -> None:
    """It starts before anything is configured: its page says what is missing."""
    assert 10 <= len(manifest["schema"]) <= 14
    assert manifest["options"] == {}
    assert all(kind.endswith("?") for kind in manifest["schema"].values())


def test_every_option_is_a_setting(manifest: dict[str, Any]) -> None:
    names = {setting.name for setting in SETTINGS}
    assert set(manifest["schema"]) <= names
    assert {BY_ENV[env].name for env in RUN_NEEDS} <= set(manifest["schema"])


def test_secrets_are_hidden_in_the_form_and_nothing_else_is(manifest: dict[str, Any]) -> None:
    for name, kind in manifest["schema"].items():
        assert BY_ENV[name.upper()].secret == kind.startswith("password"), name


def test_a_field_may_be_blanked_and_a_number_is_a_number(manifest: dict[str, Any]) -> None:
    for name, kind in manifest["schema"].items():
        assert accepts(kind, "true" if kind == "bool?" else ""), name
    for name in ("monthly_budget", "smtp_port"):
        assert accepts(manifest["schema"][name], 5)
        assert accepts(manifest["schema"][name], "5")
    assert not accepts("url?", "")
    assert not accepts("email?", "")
    assert not accepts("port?", "")
    assert not accepts("str?", 5)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_option_is_explained(manifest: dict[str, Any], language: str) -> None:
    translation = TRANSLATION(read(f"translations/{language}.yaml"))
    explained = translation["configuration"]
    assert list(explained) == list(manifest["schema"]), "in the order of the form"
    for name, entry in explained.items():
        assert entry["name"].strip() != name
        assert len(entry["description"]) > 40, name


def test_the_languages_are_not_the_same_text() -> None:
    english, german = (read(f"translations/{one}.yaml")["configuration"] for one in LANGUAGES)
    for name, entry in english.items():
        assert entry["description"] != german[name]["description"]


def test_the_supervisor_finds_one_manifest_and_no_build_file() -> None:
    """It looks through the whole tree: a sample of Kometa's own file needs another name."""
    files = list(_found_by_the_supervisor())
    manifests = [str(one) for one in files if re.fullmatch(r"config\.(ya?ml|json)", one.name)]
    assert manifests == ["config.yaml"]
    repositories = [str(one) for one in files if one.stem == "repository"]
    assert repositories == ["repository.yaml"]
    folder = ROOT / ".github"
    assert not [one for one in folder.rglob("*") if re.fullmatch(r"build\.(ya?ml|json)", one.name)]


def _found_by_the_supervisor() -> Iterator[Path]:
    """Return every file, but for what is below folders whose name begins with a dot."""
    for place, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(place, name).relative_to(ROOT) for name in names)


@pytest.mark.parametrize("name", ["icon.png", "logo.png"])
def test_the_pictures_have_the_stores_sizes(name: str) -> None:
    head = (ROOT / name).read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    size = (int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big"))
    assert size == {"icon.png": (128, 128), "logo.png": (250, 100)}[name]


@pytest.mark.parametrize("name", ["README.md", "DOCS.md", "CHANGELOG.md", "apparmor.txt"])
def test_what_the_store_shows_is_there(name: str) -> None:
    assert (ROOT / name).stat().st_size > 200
