"""What every answer tells the browser: take nothing from elsewhere, keep nothing, show it nowhere.

Only Home Assistant may show the page in a frame: that is how ingress works.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from addon.web.door import Guard

if TYPE_CHECKING:
    from collections.abc import Mapping

POLICY: Final = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "connect-src": "'self'",
    "img-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
}


def headers(guard: Guard) -> Mapping[str, str]:
    """Return the headers of every answer behind a guard."""
    frames = "'self'" if guard is Guard.SUPERVISOR else "'none'"
    policy = POLICY | {"frame-ancestors": frames}
    return {
        "Content-Security-Policy": "; ".join(f"{key} {value}" for key, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Server": "Kometa-AI",
    }
