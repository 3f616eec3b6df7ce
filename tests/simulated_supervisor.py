"""Home Assistant's Supervisor, as far as an add-on asks it for the MQTT broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from aiohttp import web

from tests.outside import LOOPBACK

if TYPE_CHECKING:
    from types import TracebackType

TOKEN = "a-token-of-no-value"


class SimulatedSupervisor:
    """Answers ``GET /services/mqtt``; ``data`` is the broker, ``None``: no add-on provides one.

    ``status`` and ``body`` replace the answer. ``asked`` counts the questions.
    """

    def __init__(self, data: dict[str, object] | None = None) -> None:
        self.data = data
        self.status = 200
        self.body: str | None = None
        self.content_type = "application/json"
        self.asked = 0
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/services/mqtt", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, LOOPBACK, 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"http://{LOOPBACK}:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    def environment(self) -> dict[str, str]:
        """Return how an add-on finds it."""
        return {"SUPERVISOR_URL": self.url, "SUPERVISOR_TOKEN": TOKEN}

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        if self.body is not None:
            return web.Response(status=self.status, text=self.body, content_type=self.content_type)
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"result": "error", "message": "no"}, status=401)
        if self.data is None:
            said = "Service not enabled"
            return web.json_response({"result": "error", "message": said}, status=400)
        return web.json_response({"result": "ok", "data": self.data}, status=self.status)
