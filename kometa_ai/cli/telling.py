"""Who is told what a run did, and how: from the settings to channels, and to their messages."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from kometa_ai.adapters import apprise_channel, smtp, webhook
from kometa_ai.adapters.heartbeat import Heartbeat
from kometa_ai.domain.fault import Fault, FaultKind
from kometa_ai.domain.heartbeat import Beat
from kometa_ai.domain.message import Message, Notification, Occasion
from kometa_ai.domain.notifying import Rules
from kometa_ai.domain.report import Result, RunReport
from kometa_ai.messages.body import body, test_body
from kometa_ai.messages.compose import compose, compose_test
from kometa_ai.notify import PATIENCE, Delivered, Sent, deliver, record, try_out
from kometa_ai.report_json import report_json
from kometa_ai.settings import SettingsError, masked, missing, redactor

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from kometa_ai.domain.report import Trigger
    from kometa_ai.notify import Writer
    from kometa_ai.ports import Channel, Clock, Outbox, Store
    from kometa_ai.settings import Settings

MAIL_NEEDS: Final = ("SMTP_SERVER", "NOTIFICATION_RECIPIENTS")
NO_CHANNEL: Final = Fault(
    FaultKind.SETTINGS,
    "SMTP_SERVER, NOTIFICATION_URLS, WEBHOOK_URLS",
    "none of them is set, so nobody can be told anything.",
    "Set SMTP_SERVER and NOTIFICATION_RECIPIENTS for mail, or one of the others.",
)


def channel_keys(settings: Settings) -> tuple[str, ...]:
    """Return the keys of all channels; nothing costly is imported for it."""
    mail = () if missing(settings, MAIL_NEEDS) else (smtp.KEY,)
    chats = tuple(apprise_channel.key_of(url) for url in settings.notification_urls)
    hooks = tuple(webhook.key_of(url) for url in settings.webhook_urls)
    return tuple(dict.fromkeys((*mail, *chats, *hooks)))


def open_channels(settings: Settings) -> tuple[Channel, ...]:
    """Return every channel that is set."""
    channels: list[Channel] = []
    if not missing(settings, MAIL_NEEDS):
        channels.append(mail_of(settings))
    channels.extend(apprise_channel.channels(settings.notification_urls))
    channels.extend(webhook.channels(settings.webhook_urls))
    # An address that is written twice is one channel.
    return tuple({channel.key: channel for channel in channels}.values())


def rules_of(settings: Settings) -> Rules:
    """Return what people want to hear besides errors."""
    return Rules(settings.notify_on_errors_only, settings.notify_on_no_changes)


async def send_beat(settings: Settings, clock: Clock, beat: Beat) -> None:
    """Tell the watchman outside, if one is set; raises KometaAIError if he can't be told."""
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


def writer_of(settings: Settings, next_run: datetime | None) -> Writer:
    """Return what writes the message about a run; secrets are masked in it."""
    redact = redactor(settings)

    def write(report: RunReport, notification: Notification, key: str, at: datetime) -> Message:
        report = masked(report, redact)
        notification = masked(notification, redact)
        outline = compose(report, notification, next_run=next_run, zone=settings.tz)
        told = body(notification, report_json(report), sent_at=at)
        return Message(key, notification.occasion, at, outline, told)

    return write


async def tell_people(
    settings: Settings,
    clock: Clock,
    outbox: Outbox,
    *,
    next_run: datetime | None = None,
    patience: float = PATIENCE,
) -> Delivered:
    """Decide what is to be told of the runs that are over, and send what is due."""
    await record(outbox, channel_keys(settings), rules_of(settings), clock)
    due = await outbox.next_due()
    if due is None or due > clock.now():
        return Delivered((), due)
    # apprise reads its hundred services from files.
    channels = await asyncio.to_thread(open_channels, settings)
    write = writer_of(settings, next_run)
    return await deliver(outbox, channels, write, clock, patience=patience)


async def tell_at_once(
    settings: Settings, clock: Clock, report: RunReport, *, patience: float = PATIENCE
) -> tuple[Sent, ...]:
    """Tell of a failure past the outbox: the state that holds it is what failed."""
    now = clock.now()
    write = writer_of(settings, None)
    message = write(report, Notification(Occasion.ERROR), f"failure-{now:%Y%m%dT%H%M%S%f}", now)
    channels = await asyncio.to_thread(open_channels, settings)
    return await try_out(channels, message, patience=patience)


async def send_test(
    settings: Settings, clock: Clock, *, mail_only: bool = False
) -> tuple[Sent, ...]:
    """Send a test message by mail, or by every channel; raises SettingsError if none is set."""
    if mail_only:
        faults = missing(settings, MAIL_NEEDS)
        if faults:
            raise SettingsError(faults)
        channels: Sequence[Channel] = (mail_of(settings),)
    else:
        channels = await asyncio.to_thread(open_channels, settings)
    if not channels:
        raise SettingsError((NO_CHANNEL,))
    now = clock.now()
    message = Message(
        f"test-{now:%Y%m%dT%H%M%S%f}",
        Occasion.TEST,
        now,
        compose_test(now, settings.tz),
        test_body(now),
    )
    return await try_out(channels, message)


async def note_failure(
    store: Store, trigger: Trigger, faults: Sequence[Fault], clock: Clock
) -> RunReport:
    """Keep the report of a run that could not even begin, so that it is told like any other."""
    now = clock.now()
    report = failure_of(await store.begin_run(trigger, now), trigger, faults, now)
    await store.finish_run(report)
    return report


def failure_of(run_id: str, trigger: Trigger, faults: Sequence[Fault], at: datetime) -> RunReport:
    """Return the report of a run that could not even begin."""
    return RunReport(
        run_id=run_id,
        trigger=trigger,
        result=Result.FAILED,
        dry_run=False,
        started_at=at,
        duration=0.0,
        faults=tuple(faults),
    )
