"""The look of a hidden secret."""

from __future__ import annotations

import re

MASK = "***"


def mask_address(text: str) -> str:
    """Hide ``user:password@``, in a broken address as well: all up to the last @ goes."""
    return re.sub(r"^([A-Za-z][A-Za-z0-9+.-]*://)?.*@", rf"\1{MASK}@", text, flags=re.DOTALL)
