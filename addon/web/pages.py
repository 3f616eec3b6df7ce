"""The page as HTML: templates filled with what ``now`` and ``last`` say, everything escaped."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from addon.web.last import last_run
from addon.web.now import (
    advice,
    connections,
    figures,
    headline,
    missing_settings,
    mood,
    next_run,
    pressable,
    running,
    troubles,
    wrong_settings,
)

if TYPE_CHECKING:
    from jinja2 import Environment

    from addon.web.sight import Sight

PARTS: Final = ("now", "advice", "troubles", "figures")
"""What changes on an open page, by the name of the element and of the template."""


def page(sight: Sight) -> str:
    """Return the whole page."""
    return _fill("page.html", {**_now(sight), **_last(sight)})


def report(sight: Sight) -> str:
    """Return the last run alone, for a page that is open."""
    return _fill("last.html", _last(sight))


def live(sight: Sight) -> dict[str, object]:
    """Return what an open page asks for again and again; long lists are not among it."""
    told = _now(sight)
    return {
        "version": sight.status.version,
        "running": sight.status.live is not None,
        "headline": told["headline"],
        "mood": told["mood"],
        "press": sorted(pressable(sight)),
        "report": report_key(sight),
        "parts": {name: _fill(f"{name}.html", told) for name in PARTS},
    }


def report_key(sight: Sight) -> str:
    """Return what differs whenever the last run must be shown anew."""
    run_id = sight.report.run_id if sight.report else ""
    # Tomorrow, "today" is another day.
    return f"{run_id}:{sight.status.held}:{sight.now:%Y-%m-%d}:{sight.unread}"


def _now(sight: Sight) -> dict[str, object]:
    return {
        "sight": sight,
        "status": sight.status,
        "headline": headline(sight),
        "mood": mood(sight),
        "running": running(sight),
        "next_run": next_run(sight),
        "troubles": troubles(sight),
        "wrong": wrong_settings(sight),
        "missing": missing_settings(sight),
        "figures": figures(sight),
        "connections": connections(sight),
        "press": pressable(sight),
        "advice": advice(sight),
        "report_key": report_key(sight),
    }


def _last(sight: Sight) -> dict[str, object]:
    return {"sight": sight, "last": last_run(sight)}


def _fill(template: str, told: dict[str, object]) -> str:
    return _templates().get_template(template).render(told)


@cache
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("addon.web"),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
