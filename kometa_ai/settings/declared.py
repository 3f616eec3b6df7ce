"""Every setting, declared once: its type, kind, default, group and help; names follow from it."""

# ruff: noqa: RUF009 - each call makes the dataclass's field itself; no default is shared

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import time
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from kometa_ai.domain.schedule import Cron, Interval, Schedule, Unit, Window
from kometa_ai.settings import kinds, timing
from kometa_ai.settings.setting import Facts, Group, Setting


class ClaudeMode(StrEnum):
    """How Claude is asked: at once, in batches at half price, or whichever suits."""

    LIVE = "live"
    BATCH = "batch"
    AUTO = "auto"


class ClaudeEffort(StrEnum):
    """How hard Claude thinks; unset leaves it to the model."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    XHIGH = "xhigh"
    MAX = "max"


class LogFormat(StrEnum):
    """What a log line looks like."""

    TEXT = "text"
    JSON = "json"


_RADARR = Group("Radarr")
_CLAUDE = Group("Claude")
_MONEY = Group("Spending")
_KOMETA = Group("Kometa and tags")
_SCHEDULE = Group("Schedule")
_MAIL = Group("E-mail")
_MESSAGES = Group("Messages")
_MQTT = Group("MQTT")
_PAGE = Group("Web page")
_FILES = Group("Files and logs")


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """All settings, checked and typed. ``None`` and ``()`` mean "not set"; ``repr`` masks."""

    radarr_url: str | None = _RADARR(
        kinds.BASE_URL,
        "Where your Radarr is, with its URL base if it has one. Required.",
        default=None,
    )
    radarr_api_key: str | None = _RADARR(
        kinds.KEY,
        "Radarr's API key (Radarr: Settings, General, Security). Required.",
        default=None,
        secret=True,
    )
    radarr_verify_tls: bool = _RADARR(
        kinds.YES_NO,
        "Check Radarr's https certificate; switch it off for a self-signed one.",
        default=True,
    )

    claude_api_key: str | None = _CLAUDE(
        kinds.KEY,
        "Your key from platform.claude.com. Required.",
        default=None,
        secret=True,
    )
    claude_model: str = _CLAUDE(
        kinds.WORD,
        "The Claude model that judges; the default is the cheapest made for sorting.",
        default="claude-haiku-5-5",
    )
    claude_review_model: str | None = _CLAUDE(
        kinds.WORD,
        "A stronger model that judges doubtful titles once more, in the same run; blank: none.",
        default=None,
    )
    claude_effort: ClaudeEffort | None = _CLAUDE(
        kinds.choice(ClaudeEffort),
        "How hard Claude thinks: low, medium, high, xhigh or max. More costs more.",
        default=None,
    )
    claude_mode: ClaudeMode = _CLAUDE(
        kinds.choice(ClaudeMode),
        "live: at once; batch: half the price, within a day; auto: batch for large scheduled runs.",
        default=ClaudeMode.LIVE,
    )
    claude_concurrency: int = _CLAUDE(
        kinds.whole(1, 64, "requests"),
        "How many requests to Claude may be under way at once.",
        default=4,
    )
    claude_collections_per_request: int = _CLAUDE(
        kinds.whole(1, 26, "collections"),
        "How many collections one request may ask about; more is cheaper and less careful.",
        default=10,
    )
    claude_base_url: str | None = _CLAUDE(
        kinds.BASE_URL,
        "Another server that speaks Claude's API, such as a proxy of your own.",
        default=None,
    )

    monthly_budget: Decimal = _MONEY(
        kinds.MONEY,
        "The most that may be spent in a calendar month, in US dollars; 0 spends nothing.",
        default=Decimal(5),
    )
    max_cost_per_run: Decimal | None = _MONEY(
        kinds.MONEY,
        "The most that one run may spend, in US dollars; blank sets no limit of its own.",
        default=None,
    )
    max_evals_per_run: int = _MONEY(
        kinds.whole(0, 1_000_000_000, "evaluations"),
        "The most evaluations in one run (one title judged for one collection); 0 sets no limit.",
        default=0,
    )

    kometa_config_dir: tuple[Path, ...] = _KOMETA(
        kinds.FOLDERS,
        "The folder with your Kometa files.",
        default=(Path("kometa-config"),),
    )
    kometa_fix_tags: bool = _KOMETA(
        kinds.YES_NO,
        "Write a missing or wrong KAI- tag into your Kometa files.",
        default=False,
    )
    max_removals_percent: int = _KOMETA(
        kinds.whole(0, 100, "percent"),
        "When more than this share of a collection would go, removals wait for your approval.",
        default=30,
    )

    schedule_cron: tuple[Cron, ...] = _SCHEDULE(
        timing.CRON,
        "When to run, as cron has it; wins over the interval. Several are separated by ;",
        default=(),
    )
    schedule_interval: Interval = _SCHEDULE(
        timing.INTERVAL,
        "How often to run: 6h, 1d, 2w or 1mo.",
        default=Interval(1, Unit.DAYS),
    )
    schedule_start_time: time = _SCHEDULE(
        kinds.TIME_OF_DAY,
        "The time of day from which the interval counts.",
        default=time(3, 0),
    )
    schedule_blackout: tuple[Window, ...] = _SCHEDULE(
        timing.BLACKOUT,
        "When no scheduled run may begin: 22:00-06:00; Sat,Sun 10:00-12:00.",
        default=(),
    )
    schedule_catch_up: bool = _SCHEDULE(
        kinds.YES_NO,
        "Make up for a run that was missed while the program was not running.",
        default=True,
    )
    schedule_jitter: int = _SCHEDULE(
        kinds.whole(0, 1440, "minutes"),
        "Begin up to this many minutes later, by chance.",
        default=0,
    )
    tz: ZoneInfo = _SCHEDULE(
        kinds.ZONE,
        "Your time zone, such as Europe/Berlin.",
        default=ZoneInfo("UTC"),
    )

    smtp_server: str | None = _MAIL(
        kinds.HOST, "The server that sends your mail; blank sends none.", default=None
    )
    smtp_port: int = _MAIL(kinds.PORT, "The mail server's port.", default=25)
    smtp_username: str | None = _MAIL(
        kinds.TEXT, "The login, if the server wants one.", default=None
    )
    smtp_password: str | None = _MAIL(
        kinds.TEXT, "The password of that login.", default=None, secret=True
    )
    smtp_use_tls: bool = _MAIL(
        kinds.YES_NO, "Encrypt by STARTTLS (usually port 587).", default=False
    )
    smtp_use_ssl: bool = _MAIL(
        kinds.YES_NO, "Encrypt from the first byte (usually port 465).", default=False
    )
    smtp_ca_file: Path | None = _MAIL(
        kinds.FILE, "The certificate authority of a mail server of your own.", default=None
    )
    notification_recipients: tuple[str, ...] = _MAIL(
        kinds.MAIL_ADDRESSES, "Who gets the mails, separated by commas.", default=()
    )
    notification_from: str = _MAIL(
        kinds.MAIL_ADDRESS, "The sender of the mails.", default="kometa-ai@localhost"
    )
    notification_reply_to: str | None = _MAIL(
        kinds.MAIL_ADDRESS, "Where an answer to a mail goes.", default=None
    )

    notify_on_errors_only: bool = _MESSAGES(
        kinds.YES_NO, "Send a message only when something went wrong.", default=True
    )
    notify_on_no_changes: bool = _MESSAGES(
        kinds.YES_NO, "Send a message after runs that changed nothing, too.", default=False
    )
    notification_urls: tuple[str, ...] = _MESSAGES(
        kinds.CHANNELS,
        "Other channels in apprise's form: Discord, Slack, Telegram, ntfy and many more.",
        default=(),
        secret=True,
    )
    webhook_urls: tuple[str, ...] = _MESSAGES(
        kinds.WEBHOOKS,
        "Addresses that get each run's report as JSON.",
        default=(),
        secret=True,
    )
    heartbeat_url: str | None = _MESSAGES(
        kinds.HEARTBEAT,
        "An address that is called at each run (healthchecks.io, Uptime Kuma), to notice silence.",
        default=None,
        secret=True,
    )

    mqtt_host: str | None = _MQTT(
        kinds.HOST, "Your MQTT broker; blank uses Home Assistant's, if there is one.", default=None
    )
    mqtt_port: int = _MQTT(kinds.PORT, "The broker's port.", default=1883)
    mqtt_username: str | None = _MQTT(
        kinds.TEXT, "The login, if the broker wants one.", default=None
    )
    mqtt_password: str | None = _MQTT(
        kinds.TEXT, "The password of that login.", default=None, secret=True
    )
    mqtt_tls: bool = _MQTT(
        kinds.YES_NO, "Encrypt the connection (usually port 8883).", default=False
    )
    mqtt_ca_file: Path | None = _MQTT(
        kinds.FILE, "The certificate authority of a broker of your own.", default=None
    )
    mqtt_topic: str = _MQTT(
        kinds.TOPIC, "The topic below which everything is published.", default="kometa_ai"
    )
    mqtt_discovery_prefix: str = _MQTT(
        kinds.TOPIC, "Home Assistant's discovery topic.", default="homeassistant"
    )

    web_host: str | None = _PAGE(
        kinds.HOST,
        "The address on which the page listens; blank: all with a password, else 127.0.0.1.",
        default=None,
    )
    web_port: int = _PAGE(kinds.PORT, "The page's port.", default=8099)
    web_password: str | None = _PAGE(
        kinds.TEXT, "The password of the page; any user name will do.", default=None, secret=True
    )

    state_dir: Path = _FILES(
        kinds.FOLDER, "The folder for what must be remembered.", default=Path("state")
    )
    log_dir: Path | None = _FILES(
        kinds.FOLDER, "The folder for log files; blank writes none.", default=None
    )
    log_format: LogFormat = _FILES(
        kinds.choice(LogFormat),
        "text for people, json for log collectors.",
        default=LogFormat.TEXT,
    )
    debug_logging: bool = _FILES(kinds.YES_NO, "Log every step.", default=False)
    settings_file: Path | None = _FILES(
        kinds.PATH, "A YAML file with settings, named as here in lower case.", default=None
    )

    @property
    def schedule(self) -> Schedule:
        """Return when scheduled runs are due."""
        return Schedule(
            crons=self.schedule_cron,
            interval=self.schedule_interval,
            start_time=self.schedule_start_time,
            blackout=self.schedule_blackout,
            zone=self.tz,
        )

    def __repr__(self) -> str:
        values = (f"{s.name}={s.shown(getattr(self, s.name))!r}" for s in SETTINGS)
        return f"Settings({', '.join(values)})"


def _declared() -> tuple[Setting, ...]:
    table: list[Setting] = []
    for each in fields(Settings):
        facts: Facts = each.metadata["facts"]
        table.append(
            Setting(each.name, facts.group, facts.kind, each.default, facts.about, facts.secret)
        )
    return tuple(table)


SETTINGS: tuple[Setting, ...] = _declared()
"""Every setting in the order of the declarations: groups stay together."""

BY_ENV = {setting.env: setting for setting in SETTINGS}
"""Every setting by the name of its environment variable."""
