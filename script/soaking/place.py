"""Where the soak takes place: simulators, broker, webhook, files, clock, and the service itself."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random
from signal import SIGKILL
from typing import TYPE_CHECKING, Any, Final

from script.soaking.ear import Ear
from script.soaking.hook import Hook
from script.soaking.library import PERSONAL, Books, WatchedRadarr, films
from script.soaking.taste import Taste, WatchedClaude
from script.soaking.wishes import Shelf, Wish
from tests.mosquitto import mosquitto
from tests.outside import LOOPBACK, reserved_port
from tests.programs import Program

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from signal import Signals

    from script.soaking.findings import Logbook
    from tests.mosquitto import Mosquitto

ROOT: Final = Path(__file__).parents[2]
FAKETIME: Final = "libfaketime.so.1"
RADARR_KEY: Final = "soak-radarr-secret-4711"
CLAUDE_KEY: Final = "soak-claude-secret-4712"
HOOK_TOKEN: Final = "soak-hook-secret-4713"  # noqa: S105 - made up, to be looked for
PAGE_PASSWORD: Final = "soak-page-secret-4714"  # noqa: S105 - the same
SECRETS: Final = (RADARR_KEY, CLAUDE_KEY, HOOK_TOKEN, PAGE_PASSWORD)
FILMS: Final = 90
TAGGED: Final = 0.15
BUDGET: Final = "5"
PERCENT: Final = 30


def wishes() -> list[Wish]:
    """Return the collections of the beginning: gates, rules and thresholds of every kind."""
    return [
        Wish("Heists", "heist"),
        Wish("Cosy", "cosy", threshold=0.6, exclude_genres=("Horror",)),
        Wish("Noir", "noir", year_min=1940, year_max=1989, priority=5),
        Wish("Robots", "robots", exclude_tags=("kids",)),
        Wish("Courtroom", "court", include_tags=("seen-twice",), file="more.yml"),
        Wish("Space Age", "space", exclude_tags=("kai-cosy",), file="more.yml"),
        Wish("Dramas", "drama", genres=("Drama",), file="more.yml"),
    ]


@dataclass(slots=True)
class Clock:
    """The service's wall clock: ours, moved by an offset that libfaketime reads from a file.

    Without libfaketime it can't be moved, and ``library`` is None. The monotonic clock is left
    alone, as it is when somebody sets the clock of a machine.
    """

    file: Path
    library: Path | None
    offset: int = 0

    def move(self, seconds: int) -> None:
        """Set the clock forward or back."""
        self.offset += seconds
        unfinished = self.file.with_suffix(".part")
        unfinished.write_text(f"{self.offset:+d}\n", encoding="ascii")
        unfinished.replace(self.file)

    def environment(self) -> dict[str, str]:
        """Return what makes a process live by this clock."""
        if self.library is None:
            return {}
        return {
            "LD_PRELOAD": str(self.library),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DISABLE_SHM": "1",
            "NO_FAKE_STAT": "1",
        }


@dataclass(slots=True)
class Place:
    """Everything of one soak; ``chance`` is the minute's own source of luck."""

    folder: Path
    log: Logbook
    radarr: WatchedRadarr
    claude: WatchedClaude
    taste: Taste
    hook: Hook
    broker: Mosquitto
    ear: Ear
    shelf: Shelf
    books: Books
    clock: Clock
    service: Program
    tasks: asyncio.TaskGroup
    chance: Random
    settings: dict[str, object] = field(default_factory=dict)
    gates: list[asyncio.Event] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    codes: list[tuple[str, int]] = field(default_factory=list)
    beside: set[asyncio.Task[None]] = field(default_factory=set)
    votes: dict[tuple[str, int], bool] = field(default_factory=dict)
    excused: set[str] = field(default_factory=set)
    forced: list[str] = field(default_factory=list)
    killed: bool = False
    budget: Decimal = Decimal(BUDGET)
    read_lines: int = 0
    serial: int = 0
    broker_up: bool = True
    service_up: bool = False

    @property
    def state(self) -> Path:
        """Where the state is."""
        return self.folder / "state"

    def request_id(self) -> str:
        """Return an id that no other command has."""
        self.serial += 1
        return f"soak-{self.log.seed}-{self.serial}"

    def set(self, **changed: object) -> None:
        """Change the settings file; None takes a key out of it."""
        self.settings |= changed
        kept = {name: value for name, value in self.settings.items() if value is not None}
        self.write_settings("".join(f"{name}: {json.dumps(one)}\n" for name, one in kept.items()))

    def write_settings(self, text: str) -> None:
        """Write the settings file, whatever it then holds."""
        unfinished = self.folder / "settings.part"
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(self.folder / "settings.yaml")

    async def start(self) -> None:
        """Start the service."""
        await self.service.start()
        self.service_up = True

    async def stop(self, signal: Signals) -> int:
        """End the service; return its exit code."""
        self.service_up = False
        self.ear.online = False
        return await self.service.stop(signal)

    @property
    def alive(self) -> bool:
        """Whether the service runs; with broken settings it ends by itself."""
        return self.service_up and Path(f"/proc/{self.service.pid}").exists()

    async def cli(self, *flags: str, kill_after: float | None = None) -> None:
        """Run the command line beside the service; how it ended is kept."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "kometa_ai",
            *flags,
            cwd=self.folder,
            env=dict(self.service.environment or {}),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            if kill_after is not None:
                with suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.shield(process.wait()), kill_after)
                with suppress(ProcessLookupError):
                    process.kill()
            async with asyncio.timeout(180):
                out, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        self.outputs += out.decode(errors="replace").splitlines()
        if kill_after is None:
            self.codes.append((" ".join(flags), process.returncode or 0))

    def start_beside(self, *flags: str, kill_after: float | None = None) -> None:
        """Start the command line and do not wait for it."""
        task = self.tasks.create_task(self.cli(*flags, kill_after=kill_after))
        self.beside.add(task)
        task.add_done_callback(self.beside.discard)

    def keep_log(self) -> None:
        """Write down what the service has said by now."""
        lines = "\n".join(self.service.lines)
        (self.folder / "service.log").write_text(lines, encoding="utf-8")

    def new_lines(self) -> list[str]:
        """Return what the service and the command line have printed since this was asked last."""
        lines = [*self.service.lines[self.read_lines :], *self.outputs]
        self.read_lines = len(self.service.lines)
        self.outputs.clear()
        return lines


def _faketime() -> Path | None:
    found = sorted(Path("/usr/lib").glob(f"*/faketime/{FAKETIME}"))
    return found[0] if found else None


def _environment(place: Place, port: int) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "RADARR_URL": place.radarr.url,
        "RADARR_API_KEY": RADARR_KEY,
        "CLAUDE_API_KEY": CLAUDE_KEY,
        "CLAUDE_BASE_URL": place.claude.url,
        "KOMETA_CONFIG_DIR": str(place.shelf.folder),
        "STATE_DIR": str(place.state),
        "SETTINGS_FILE": str(place.folder / "settings.yaml"),
        "WEBHOOK_URLS": f"{place.hook.url}/{HOOK_TOKEN}",
        "MQTT_HOST": LOOPBACK,
        "MQTT_PORT": str(place.broker.port),
        "WEB_PORT": str(port),
        "WEB_PASSWORD": PAGE_PASSWORD,
        "DEBUG_LOGGING": "true",
        **place.clock.environment(),
    }


@asynccontextmanager
async def opened(folder: Path, log: Logbook) -> AsyncIterator[Place]:
    """Open everything; the service has been started, and is killed in the end."""
    async with AsyncExitStack() as stack:
        port = stack.enter_context(reserved_port())
        taste = Taste(log.seed)
        claude = await stack.enter_async_context(WatchedClaude(CLAUDE_KEY, taste))
        radarr = await stack.enter_async_context(WatchedRadarr(films(FILMS), RADARR_KEY))
        hook = await stack.enter_async_context(Hook())
        broker = await stack.enter_async_context(mosquitto(folder / "mosquitto"))
        ear = Ear(broker, SECRETS)
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        clock = Clock(folder / "clock", _faketime())
        clock.move(0)
        service = Program([sys.executable, "-m", "kometa_ai"], folder)
        chance = Random(log.seed)  # noqa: S311 - luck that can be repeated is wanted
        place = Place(
            folder,
            log,
            radarr,
            claude,
            taste,
            hook,
            broker,
            ear,
            Shelf(folder / "kometa", wishes()),
            Books(radarr),
            clock,
            service,
            tasks,
            chance,
        )
        _tag_by_hand(radarr, chance)
        place.books.take_stock()
        place.shelf.write()
        place.set(schedule_cron="17 */4 * * *", monthly_budget=BUDGET, max_removals_percent=PERCENT)
        service.environment = _environment(place, port)
        hearing = tasks.create_task(ear.listen(), name="ear")
        try:
            await place.start()
            yield place
        finally:
            hearing.cancel()
            for task in list(place.beside):
                task.cancel()
            await place.stop(SIGKILL)
            place.keep_log()


def _tag_by_hand(radarr: WatchedRadarr, chance: Random) -> None:
    """Give the films the tags of a person."""
    for number in sorted(radarr.movies):
        for label in PERSONAL:
            if chance.random() < TAGGED:
                radarr.hand_tag(number, label)


def describe(place: Place) -> dict[str, Any]:
    """Return what is known at once of how the service is."""
    state = place.ear.state
    keys = ("status", "running", "phase", "run_id", "last_result", "problem_reason")
    return {key: state.get(key) for key in keys} | {"online": place.ear.online}
