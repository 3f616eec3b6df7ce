"""Whom there is to tell, and what they want to hear; nothing costly is imported to know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kometa_ai.domain.notifying import Rules
from kometa_ai.settings import missing

if TYPE_CHECKING:
    from kometa_ai.settings import Settings

MAIL_NEEDS: Final = ("SMTP_SERVER", "NOTIFICATION_RECIPIENTS")
"""What mail can't do without."""


def has_mail(settings: Settings) -> bool:
    """Return whether mails can be sent."""
    return not missing(settings, MAIL_NEEDS)


def has_audience(settings: Settings) -> bool:
    """Return whether there is any channel by which people or programs are told."""
    return bool(has_mail(settings) or settings.notification_urls or settings.webhook_urls)


def rules_of(settings: Settings) -> Rules:
    """Return what people want to hear besides errors."""
    return Rules(settings.notify_on_errors_only, settings.notify_on_no_changes)
