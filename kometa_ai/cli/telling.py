"""How people are told what a run did: from the settings to channels, and to their messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kometa_ai.adapters.apprise_channel import chats
from kometa_ai.adapters.smtp import Encryption, MailServer, Smtp
from kometa_ai.adapters.webhook import webhooks
from kometa_ai.cli.audience import MAIL_NEEDS, has_mail, rules_of
from kometa_ai.domain.fault import Fault, FaultKind
from kometa_ai.domain.message import Message, Notification, Occasion
from kometa_ai.messages.body import body
from kometa_ai.messages.compose import compose, compose_test
from kometa_ai.messages.mail import Envelope
from kometa_ai.notify import PATIENCE, Delivered, Sent, deliver, record, try_out
from kometa_ai.report_json import report_json
from kometa_ai.settings import SettingsError, masked, missing, redactor

if TYPE_CHECKING:
    from datetime import datetime

    from kometa_ai.domain.report import RunReport
    from kometa_ai.notify import Writer
    from kometa_ai.ports import Channel, Clock, Outbox
    from kometa_ai.settings import Settings

NO_CHANNEL: Final = Fault(
    FaultKind.SETTINGS,
    "SMTP_SERVER, NOTIFICATION_URLS, WEBHOOK_URLS",
    "none of them is set, so nobody can be told anything.",
    "Set SMTP_SERVER and NOTIFICATION_RECIPIENTS for mail, or one of the others.",
)


async def tell_people(
    settings: Settings,
    clock: Clock,
    outbox: Outbox,
    *,
    next_run: datetime | None = None,
    patience: float = PATIENCE,
    partly: bool = False,
) -> Delivered:
    """Decide what is to be told of the runs that are over, and send what is due.

    ``partly``: the settings are what is right of wrong ones. A channel that is not in them is
    misspelt rather than given up, so nothing is dropped.
    """
    channels = channels_of(settings)
    if partly and not channels:
        return Delivered()
    await record(outbox, [channel.key for channel in channels], rules_of(settings), clock)
    write = writer_of(settings, next_run)
    return await deliver(outbox, channels, write, clock, patience=patience, drop=not partly)


async def tell_at_once(
    settings: Settings, clock: Clock, report: RunReport, *, patience: float = PATIENCE
) -> tuple[Sent, ...]:
    """Tell of a failure past the outbox: the state that holds it is what failed."""
    now = clock.now()
    write = writer_of(settings, None)
    message = write(report, Notification(Occasion.ERROR), f"failure-{now:%Y%m%dT%H%M%S%f}", now)
    return await try_out(channels_of(settings), message, patience=patience)


async def send_test(
    settings: Settings, clock: Clock, *, mail_only: bool = False
) -> tuple[Sent, ...]:
    """Send a test message by mail, or by every channel; raises SettingsError if none is set."""
    if mail_only:
        faults = missing(settings, MAIL_NEEDS)
        if faults:
            raise SettingsError(faults)
        channels: tuple[Channel, ...] = (mail_of(settings),)
    else:
        channels = channels_of(settings)
    if not channels:
        raise SettingsError((NO_CHANNEL,))
    now, test = clock.now(), Notification(Occasion.TEST)
    outline = compose_test(rules_of(settings), at=now, next_run=None, zone=settings.tz)
    told = body(test, None, sent_at=now)
    key = f"test-{now:%Y%m%dT%H%M%S%f}"
    return await try_out(channels, Message(key, Occasion.TEST, now, outline, told))


def mail_of(settings: Settings) -> Smtp:
    """Return the mail server of the settings, and who gets its mails; both must be set."""
    encryption = Encryption.TLS if settings.smtp_use_ssl else Encryption.NONE
    server = MailServer(
        settings.smtp_server or "",
        settings.smtp_port,
        encryption=Encryption.STARTTLS if settings.smtp_use_tls else encryption,
        username=settings.smtp_username or "",
        password=settings.smtp_password or "",
        ca_file=settings.smtp_ca_file,
    )
    envelope = Envelope(
        settings.notification_from,
        settings.notification_recipients,
        reply_to=settings.notification_reply_to or "",
    )
    return Smtp(server, envelope)


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


def channels_of(settings: Settings) -> tuple[Channel, ...]:
    """Return every channel that is set."""
    channels: list[Channel] = [mail_of(settings)] if has_mail(settings) else []
    channels.extend(chats(settings.notification_urls))
    channels.extend(webhooks(settings.webhook_urls))
    # An address that is written twice is one channel.
    return tuple({channel.key: channel for channel in channels}.values())
