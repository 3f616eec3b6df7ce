"""What the soak found wrong, and when."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not be; ``before`` is what was done last."""

    minute: int
    check: str
    what: str
    before: tuple[str, ...]


@dataclass(slots=True)
class Logbook:
    """What was done and what was found; ``say`` also tells it to whoever looks on."""

    seed: int
    minute: int = 0
    findings: list[Finding] = field(default_factory=list)
    deeds: Counter[str] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    figures: dict[str, str] = field(default_factory=dict)
    _last: list[str] = field(default_factory=list)
    _begun: float = field(default_factory=time.monotonic)

    def did(self, kind: str, what: str) -> None:
        """Note a deed of chaos."""
        self.deeds[kind] += 1
        at = time.monotonic() - self._begun
        self._last = [*self._last[-11:], f"{at:.1f} s: {kind}: {what}"]

    def checked(self, check: str, wrong: list[str]) -> None:
        """Note a check and what it found; the same is not told twice."""
        self.checks[check] += 1
        known = {(one.check, one.what) for one in self.findings}
        for what in wrong:
            if (check, what) not in known:
                self.findings.append(Finding(self.minute, check, what, tuple(self._last)))
                self.say(f"FOUND ({check}): {what}")

    def say(self, what: str) -> None:
        """Tell it, with the second of the soak."""
        print(f"{time.monotonic() - self._begun:7.1f}  minute {self.minute}: {what}", flush=True)
