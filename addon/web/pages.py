"""The page as HTML: templates filled with what ``now`` and ``last`` say, everything escaped."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

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


def page(sight: Sight) -> str:
    """Return the whole page."""
    return _render("page.html", sight)


def report(sight: Sight) -> str:
    """Return the last run alone, for a page that is open."""
    return _render("last.html", sight)


def live(sight: Sight) -> dict[str, object]:
    """Return what an open page asks for again and again; long lists are not among it."""
    return {
        "version": sight.status.version,
        "running": sight.status.live is not None,
        "headline": headline(sight),
        "mood": mood(sight),
        "press": sorted(pressable(sight)),
        "report": report_key(sight),
        "parts": {
            "now": _render("now.html", sight),
            "advice": _render("advice.html", sight),
            "troubles": _render("troubles.html", sight),
            "figures": _render("figures.html", sight),
        },
    }


def report_key(sight: Sight) -> str:
    """Return what differs whenever the last run must be shown anew."""
    return f"{sight.report.run_id if sight.report else ''}:{sight.status.held}:{sight.unread}"


def _render(template: str, sight: Sight) -> str:
    status = sight.status
    return (
        _templates()
        .get_template(template)
        .render(
            status=status,
            sight=sight,
            headline=headline(sight),
            mood=mood(sight),
            running=running(sight),
            next_run=next_run(sight),
            troubles=troubles(sight),
            wrong=wrong_settings(sight),
            missing=missing_settings(sight),
            figures=figures(sight),
            connections=connections(sight),
            press=pressable(sight),
            advice=advice(sight),
            report_key=report_key(sight),
            last=last_run(sight),
        )
    )


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
