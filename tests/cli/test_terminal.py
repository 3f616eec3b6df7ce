"""On a real terminal: the bar, the colours, and their absence where nobody wants them."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import struct
import sys
import termios
from typing import TYPE_CHECKING

from tests.world import World, block, movie

if TYPE_CHECKING:
    from pathlib import Path

MOVIES = [movie(number) for number in range(1, 41)]
NAME = "Heist films where the plan goes wrong in the last minute"
CHANCES = {NAME: {1: 0.95, 2: 0.95}}


async def on_terminal(world: World, *flags: str, width: int = 80, **more: str) -> str:
    """Run the command line on a terminal of its own; return all that it wrote there."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "kometa_ai", *flags),
        env=world.environment(TERM="xterm-256color", **more),
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    seen = bytearray()

    def read() -> None:
        try:
            while part := os.read(master, 65536):
                seen.extend(part)
        except OSError:  # the terminal is gone
            return

    await asyncio.to_thread(read)
    await process.wait()
    os.close(master)
    return seen.decode()


async def test_a_bar_shows_collection_count_and_money(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES, CHANCES) as world:
        world.claude.latency = 0.2
        world.write(block(NAME))
        text = await on_terminal(world, "--run-now", "--batch-size", "5", CLAUDE_CONCURRENCY="1")
        assert "━" in text
        assert "Heist films where" in text
        assert "/40" in text
        assert "\x1b[?25l" in text
        assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l"), "the cursor is back"
        assert "40 of 40 verdicts" in text


async def test_no_color_means_no_colour(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES) as world:
        world.write(block("Noir"))
        coloured = await on_terminal(world, "--health-check")
        plain = await on_terminal(world, "--health-check", NO_COLOR="1")
        assert "\x1b[32mok" in coloured
        assert "\x1b[32m" not in plain
        assert "Radarr" in plain


async def test_json_on_a_terminal_has_no_colours(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES) as world:
        world.write(block("Noir"))
        text = await on_terminal(world, "--pins", "--json", FORCE_COLOR="1")
        assert "\x1b" not in text


async def test_narrow_terminals_wrap_at_words(tmp_path: Path) -> None:
    async with World(tmp_path, MOVIES) as world:
        world.write(block("Noir", tag="KAI-noir"))
        text = await on_terminal(world, "--why", "Noir", "Film 1", width=40)
        lines = text.replace("\r", "").splitlines()
        assert max(map(len, lines)) <= 40
        assert "It will be judged in the next run." in lines
