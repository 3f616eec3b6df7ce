"""What the page sees: the picture, the settings that are wrong or missing, the last report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from addon.web.sight import Sight
from kometa_ai.domain.fault import KometaAIError
from kometa_ai.settings import RUN_NEEDS, missing

if TYPE_CHECKING:
    from collections.abc import Callable

    from addon.configuration import Configuration
    from addon.picture import Picture
    from kometa_ai.excerpt import RunExcerpt
    from kometa_ai.ports import Clock


class Reports(Protocol):
    """Where the reports of past runs are."""

    async def excerpt(self, run_id: str) -> RunExcerpt | None:
        """Return one finished run with the first titles of each list."""


class Window:
    """Looks when somebody asks; ``broker`` says whether MQTT is connected."""

    def __init__(
        self,
        configuration: Configuration,
        reports: Reports,
        clock: Clock,
        picture: Picture,
        *,
        broker: Callable[[], bool | None],
    ) -> None:
        self._configuration = configuration
        self._reports = reports
        self._clock = clock
        self._picture = picture
        self._broker = broker
        self._report: RunExcerpt | None = None

    async def look(self) -> Sight:
        """Return everything that the page is made of now."""
        unread = ""
        try:
            await self._read()
        except KometaAIError as error:
            unread = str(error)
        configuration = self._configuration
        settings = configuration.settings
        return Sight(
            status=self._picture.status,
            now=self._clock.now().astimezone(settings.tz),
            faults=configuration.faults,
            missing=missing(settings, RUN_NEEDS),
            usable=configuration.usable,
            inside_add_on=configuration.inside_add_on,
            broker=self._broker(),
            report=self._report,
            unread=unread,
        )

    async def _read(self) -> None:
        """Read the last report, if there is a newer one."""
        last = self._picture.status.last
        if last is None or (self._report and self._report.run_id == last.run_id):
            return
        self._report = await self._reports.excerpt(last.run_id) or self._report
