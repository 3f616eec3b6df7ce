"""A whole small world for runs: the simulators, a folder of Kometa files, a folder of state.

Everything behind the wire is simulated and everything before it is real: the adapters, the store,
the run. Time is the fake clock, so that no retry waits.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from zoneinfo import ZoneInfo

from kometa_ai import review
from kometa_ai.adapters import kometa_files
from kometa_ai.adapters.claude import Claude
from kometa_ai.adapters.radarr import Radarr
from kometa_ai.adapters.store import SqliteStore
from kometa_ai.demo.claude import SimulatedClaude
from kometa_ai.demo.radarr import SimulatedRadarr
from kometa_ai.domain.report import Event, RunReport, RunRequest
from kometa_ai.house import House, Policy
from kometa_ai.run import run
from kometa_ai.settings import ClaudeMode
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping
    from contextlib import AbstractAsyncContextManager
    from decimal import Decimal
    from pathlib import Path
    from types import TracebackType

KEY = "a-key-of-no-value"
CHANCES: Mapping[str, float] = {}


class Judge:
    """A simulated judge that says what a test wants: chances by collection name and item id.

    What has no chance is a plain no; where one stands, it is moved to nearly none. It reads names
    and ids from the prompt, as the real one must.
    """

    def __init__(self, chances: Mapping[str, Mapping[int, float]]) -> None:
        self.chances = {name: dict(by_id) for name, by_id in chances.items()}

    def __call__(self, system: str, message: str) -> object:
        letters = {}
        for paragraph in system.partition("Collections:\n\n")[2].split("\n\n"):
            head, _, rest = paragraph.partition(". ")
            if len(head) == 1:
                letters[head] = rest.splitlines()[0]
        named, judged = [], []
        for line in message.splitlines():
            item_id = int(line.removeprefix("#").split(" ", 1)[0])
            judged.append(item_id)
            for letter, name in letters.items():
                stands = re.search(rf" \| (?:standing|again):(?:.*[;,])? {letter} \d", line)
                chance = self.chances.get(name, {}).get(item_id, 0.05 if stands else None)
                if chance is not None and _asked(line, letter):
                    why = f"{name} suits it"
                    named.append({"id": item_id, "c": letter, "p": chance, "why": why})
        return {"named": named, "judged": judged}


def _asked(line: str, letter: str) -> bool:
    found = re.search(r" \| (?:judge only|again): ([^|]+)", line)
    return found is None or letter in re.findall(r"(?:^|[,;] )([A-Z])\b", found[1])


def movie(number: int, title: str = "", **fields: Any) -> dict[str, Any]:
    """Return a movie record in Radarr's shape."""
    return {
        "id": number,
        "title": title or f"Film {number}",
        "year": 1990 + number % 30,
        "tmdbId": 1000 + number,
        "genres": ["Drama"],
        "overview": f"What happens in film {number}.",
        **fields,
    }


def block(name: str, *, tag: str = "", **keys: object) -> str:
    """Return a collection of a Kometa file with its AI block."""
    keys = {"enabled": True, "prompt": f"Films that suit {name}", **keys}
    lines = [f"#   {key}: {json.dumps(value)}" for key, value in keys.items()]
    body = f"    radarr_taglist: {tag}" if tag else "    sync_mode: sync"
    marks = ("# === KOMETA-AI ===", "# === END KOMETA-AI ===")
    comments = "\n".join(f"  {line}" for line in (marks[0], *lines, marks[1]))
    return f"{comments}\n  {name}:\n{body}\n"


@dataclass(slots=True)
class World:
    """One Radarr, one Claude, Kometa's files and the state; alive inside ``async with``."""

    folder: Path
    movies: Iterable[Mapping[str, Any]] = ()
    chances: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    clock: FakeClock = field(default_factory=FakeClock)
    removals_percent: int = 30
    max_pairs: int | None = None
    max_cost: Decimal | None = None
    monthly_budget: Decimal | None = None
    concurrency: int = 4
    model: str = "claude-haiku-5-5"
    review_model: str = ""
    reviews: Judge | None = None
    """What the model for second opinions says, if that is not the same."""
    collections_per_request: int = 10
    mode: ClaudeMode = ClaudeMode.LIVE
    events: list[Event] = field(default_factory=list)
    radarr: SimulatedRadarr = field(init=False)
    claude: SimulatedClaude = field(init=False)
    judge: Judge = field(init=False)
    _stack: AsyncExitStack = field(init=False)

    async def __aenter__(self) -> Self:
        self._stack = AsyncExitStack()
        self.judge = Judge(self.chances)
        self.radarr = await self._stack.enter_async_context(
            SimulatedRadarr(self.movies, api_key=KEY)
        )
        self.claude = await self._stack.enter_async_context(
            SimulatedClaude(api_key=KEY, judge=self.judge)
        )
        if self.reviews is not None:
            self.claude.judges[self.review_model or "claude-opus-5-5"] = self.reviews
        self.kometa.mkdir(parents=True, exist_ok=True)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    @property
    def kometa(self) -> Path:
        """The folder of Kometa's files."""
        return self.folder / "kometa"

    @property
    def state(self) -> Path:
        """The folder of the state."""
        return self.folder / "state"

    def write(self, *blocks: str, file: str = "movies.yml") -> None:
        """Write a Kometa file with these collections."""
        (self.kometa / file).write_text("collections:\n" + "\n".join(blocks), encoding="utf-8")

    @asynccontextmanager
    async def house(self) -> AsyncIterator[House]:
        """Open all that a run works with."""
        async with (
            SqliteStore(self.state, self.clock) as store,
            Radarr(self.radarr.url, KEY, clock=self.clock) as library,
            self._claude(self.model, "CLAUDE_MODEL") as judge,
            self._reviewer() as reviewer,
        ):
            policy = Policy(
                max_removals_percent=self.removals_percent,
                collections_per_request=self.collections_per_request,
                concurrency=self.concurrency,
                max_pairs=self.max_pairs,
                max_cost=self.max_cost,
                monthly_budget=self.monthly_budget,
                zone=ZoneInfo("UTC"),
                mode=self.mode,
            )
            yield House(
                library=library,
                judge=judge,
                store=store,
                clock=self.clock,
                read_files=lambda: kometa_files.read(self.kometa),
                policy=policy,
                tell=self.events.append,
                opening=store.notices,
                reviewer=reviewer,
            )

    def _claude(self, model: str, setting: str) -> Claude:
        return Claude(KEY, model, clock=self.clock, base_url=self.claude.url, setting=setting)

    def _reviewer(self) -> AbstractAsyncContextManager[Claude | None]:
        if not self.review_model:
            return nullcontext()
        return self._claude(self.review_model, "CLAUDE_REVIEW_MODEL")

    async def run(self, **wanted: Any) -> RunReport:
        """Run once; ``wanted`` are the fields of a RunRequest."""
        async with self.house() as house:
            return await run(RunRequest(**wanted), house)

    async def approve(self, run_id: str | None = None, *, dry_run: bool = False) -> RunReport:
        """Approve what is held."""
        async with self.house() as house:
            return await review.approve(house, run_id, dry_run=dry_run)

    async def decline(self, run_id: str | None = None) -> RunReport:
        """Decline what is held."""
        async with self.house() as house:
            return await review.decline(house, run_id)

    async def undo(self, run_id: str | None = None, *, dry_run: bool = False) -> RunReport:
        """Undo a run."""
        async with self.house() as house:
            return await review.undo(house, run_id, dry_run=dry_run)

    async def cleanup(self, *, dry_run: bool = False) -> RunReport:
        """Remove orphaned tags."""
        async with self.house() as house:
            return await review.cleanup(house, dry_run=dry_run)

    def environment(self, **more: str) -> dict[str, str]:
        """Return the settings for the command line."""
        return {
            "RADARR_URL": self.radarr.url,
            "RADARR_API_KEY": KEY,
            "CLAUDE_API_KEY": KEY,
            "CLAUDE_BASE_URL": self.claude.url,
            "KOMETA_CONFIG_DIR": str(self.kometa),
            "STATE_DIR": str(self.state),
            **more,
        }

    async def cli(self, *flags: str, **more: str) -> Ended:
        """Run the command line in a process of its own, as a user does."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "kometa_ai",
            *flags,
            env=self.environment(**more),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return Ended(process.returncode or 0, out.decode(), err.decode())


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return stdout, read as JSON."""
        return json.loads(self.out)
