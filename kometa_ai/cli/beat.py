"""A sign of life to the watchman outside, as the settings have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kometa_ai.adapters.heartbeat import Heartbeat
from kometa_ai.domain.heartbeat import Beat

if TYPE_CHECKING:
    from kometa_ai.ports import Clock
    from kometa_ai.settings import Settings


async def send_beat(settings: Settings, clock: Clock, beat: Beat) -> None:
    """Tell the watchman, if one is set; raises KometaAIError if he can't be told."""
    if settings.heartbeat_url is None:
        return
    heartbeat = Heartbeat(settings.heartbeat_url, clock)
    match beat:
        case Beat.START:
            await heartbeat.start()
        case Beat.SUCCESS:
            await heartbeat.success()
        case Beat.FAILURE:
            await heartbeat.failure()
