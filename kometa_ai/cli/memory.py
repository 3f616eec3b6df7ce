"""How often this process looks for circles of objects that nobody uses any more."""

from __future__ import annotations

import gc
from typing import Final

OBJECTS: Final = 50_000
"""So many more objects than before are made before the youngest are looked through."""


def collect_rarely() -> None:
    """Look through what was made a hundred times less often than Python does by itself.

    A run makes hundreds of thousands of objects that live to its end, none of them in a circle: to
    look at them again and again took a fifth of its time.
    """
    gc.set_threshold(OBJECTS, 20, 10)
