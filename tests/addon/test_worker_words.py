"""What a worker logs stands in the service's log as its own: same level, same form, once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kometa_ai.demo.radarr import Mishap
from tests.guard import wish
from tests.listener import listening
from tests.mosquitto import mosquitto
from tests.service import answered, ended, online, service, settings
from tests.world import World, movie

if TYPE_CHECKING:
    from pathlib import Path

DOOR = "kometa_ai.adapters.arr.door"
TOLD = "Trying again in"
DEBUG = {"DEBUG_LOGGING": "true"}


@pytest.mark.parametrize(
    ("form", "password", "door"),
    [
        ("text", "", DOOR),
        ("json", "", DOOR),
        ("text", "kometa", "***_ai.adapters.arr.door"),  # masked in the name of the logger, too
    ],
)
async def test_a_worker_logs_as_the_service_does(
    tmp_path: Path, form: str, password: str, door: str
) -> None:
    async with (
        World(tmp_path, [movie(1)], {"Noir": {1: 0.95}}) as world,
        mosquitto(tmp_path / "mosquitto") as broker,
        listening(broker) as ear,
    ):
        world.write(wish("Noir"))
        environment = settings(world, broker, LOG_FORMAT=form, WEB_PASSWORD=password, **DEBUG)
        async with service(world.folder, environment) as served:
            await online(ear)
            world.radarr.mishaps.append(Mishap("GET", "/api/v3/movie", status=503))
            assert (await answered(ear, "run"))["accepted"]
            assert (await ended(ear))["result"] == "success"
        (line,) = [one for one in served.program.lines if TOLD in one]
        if form == "json":
            told = json.loads(line)
            assert (told["level"], told["logger"]) == ("INFO", DOOR)
            assert TOLD in told["message"]
            assert "{" not in told["message"]
        else:
            assert line.count(" INFO ") == 1
            assert f" INFO {door}: Radarr at " in line
            assert "WARNING" not in line
