"""A program that sends one message by apprise as the service would, with all logs on.

Its arguments are the seconds of patience and addresses; it prints what came of each as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime

from kometa_ai.adapters.apprise_channel import chats
from kometa_ai.cli.logs import set_up
from kometa_ai.domain.fault import KometaAIError
from kometa_ai.settings import load
from tests.adapters.receivers import message

AT = datetime(2026, 11, 24, 19, 30, tzinfo=UTC)


async def main(patience: float, addresses: list[str]) -> None:
    # The addresses are no settings here, so that nothing but the channel itself can hide them.
    set_up(load({"DEBUG_LOGGING": "true"}).settings)
    for channel in chats(addresses, connect=patience, silence=patience):
        try:
            told = ["", await channel.send(message(AT))]
        except KometaAIError as error:
            told = [type(error).__name__, str(error)]
        sys.stdout.write(json.dumps([channel.name, *told]) + "\n")


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]), sys.argv[2:]))
