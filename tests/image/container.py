"""Containers of the image as Docker and the Supervisor run them, but without either: by buildah.

Its chroot isolation gives a container its own files and leaves it the machine's network, in which
the simulators are. What a container needs of Docker is imitated here: the entry and the check of
the image's own description, volumes, environment, and a second process beside the first one.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from asyncio.subprocess import PIPE
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGTERM, Signals
from typing import TYPE_CHECKING, Any

from tests.outside import PATIENCE, missing
from tests.programs import Program
from tests.world import Ended

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "script" / "image"
CANNOT = 69
NOISE = "subprocess exited with status"
"""What buildah adds to what a container says."""


@dataclass(frozen=True, slots=True)
class Image:
    """The image that was built, and how buildah finds it."""

    name: str
    buildah: tuple[str, ...]

    def ask(self, *arguments: str) -> str:
        """Return what a command of buildah prints."""
        done = subprocess.run(
            [*self.buildah, *arguments], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def described(self) -> dict[str, Any]:
        """Return what the image says of itself to whoever starts it."""
        described: dict[str, Any] = json.loads(self.ask("inspect", "--type", "image", self.name))
        config: dict[str, Any] = described["Docker"]["config"]
        return config

    @asynccontextmanager
    async def container(
        self,
        volumes: Mapping[Path, str],
        environment: Mapping[str, str] | None = None,
        *,
        options: Sequence[str] = (),
    ) -> AsyncIterator[Container]:
        """Make a container; nothing runs in it before it is told so.

        ``options`` are further ones that Docker knows too, such as ``--user``.
        """
        name = self.ask("from", self.name)
        one = Container(self, name, volumes, environment or {}, options)
        try:
            yield one
        finally:
            for program in one.started:
                await program.stop(SIGTERM)  # buildah ends what it runs at once, and goes itself
            self.ask("rm", name)


@dataclass(slots=True)
class Container:
    """One container: its first process is started by ``start``, others beside it by ``do``."""

    image: Image
    name: str
    volumes: Mapping[Path, str]
    environment: Mapping[str, str]
    options: Sequence[str] = ()
    started: list[Program] = field(default_factory=list)

    async def start(self, *arguments: str) -> Program:
        """Start it as ``docker run`` does, with these arguments for its entry."""
        entry = self.image.described()["Entrypoint"]
        program = Program(self._command(*entry, *arguments), Path("/"))
        await program.start()
        self.started.append(program)
        return program

    async def run(self, *arguments: str) -> Ended:
        """Do the same and wait for its end."""
        return await self.do(*self.image.described()["Entrypoint"], *arguments)

    async def do(self, *command: str) -> Ended:
        """Run a command in it, as ``docker exec`` does: as its user, root if it has none."""
        process = await asyncio.create_subprocess_exec(
            *self._command(*command), stdout=PIPE, stderr=PIPE
        )
        async with asyncio.timeout(PATIENCE):
            out, err = await process.communicate()
        said = [line for line in err.decode().splitlines() if NOISE not in line]
        return Ended(process.returncode or 0, out.decode(), "\n".join(said))

    async def healthy(self) -> bool:
        """Return what the image's own health check finds."""
        kind, *command = self.image.described()["Healthcheck"]["Test"]
        assert kind == "CMD"
        return (await self.do(*command)).code == 0

    async def stop(self, program: Program, signal: Signals = SIGTERM) -> int:
        """Send the first process a signal, as Docker does; return how it ended."""
        os.kill(first_process(program.pid), signal)
        return await program.wait()

    def _command(self, *command: str) -> list[str]:
        options = ["run", "--isolation", "chroot"]
        for folder, place in self.volumes.items():
            options += ["--volume", f"{folder}:{place}"]
        for name, value in self.environment.items():
            options += ["--env", f"{name}={value}"]
        return [*self.image.buildah, *options, *self.options, self.name, "--", *command]


def first_process(pid: int) -> int:
    """Return the first process in a container: what buildah's own processes have started."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    children = [
        int(child)
        for task in sorted(tasks)
        for child in (task / "children").read_text("ascii").split()
    ]
    for child in children:
        if not Path(f"/proc/{child}/exe").readlink().name.startswith(("buildah", "memfd:")):
            return child
    return first_process(children[0])


async def is_up(container: Container) -> None:
    """Wait until the service in a container answers its health check."""
    async with asyncio.timeout(PATIENCE):
        while not await container.healthy():
            pass  # each asking takes a third of a second


def owners(folder: Path) -> dict[str, tuple[int, int]]:
    """Return to whom each file and folder below a folder belongs, and the folder itself."""
    found = [folder, *sorted(folder.rglob("*"))]
    status = {one: one.lstat() for one in found}
    return {
        str(one.relative_to(folder)): (stat.st_uid, stat.st_gid) for one, stat in status.items()
    }


def build() -> Image:
    """Build the image, or take the one that is built; skip the test where that is impossible."""
    done = subprocess.run([SCRIPT], check=False, capture_output=True, text=True)
    if done.returncode == CANNOT:
        missing(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    options = subprocess.run([SCRIPT, "storage"], check=True, capture_output=True, text=True)
    return Image(done.stdout.strip(), ("buildah", *options.stdout.split()))
