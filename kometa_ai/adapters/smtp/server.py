"""Which mail server, and how it is quoted: by its own words, without our password in them."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

from kometa_ai.domain.fault import FaultKind, SkipError, StopError, TryLaterError
from kometa_ai.domain.wording import line

if TYPE_CHECKING:
    from pathlib import Path

WORDS: Final = 300
"""Characters of a server's words that are repeated."""
SHORTEST: Final = 4
"""A shorter password is not looked for: to hide ``a1`` everywhere would make a text unreadable."""
MASK: Final = "***"


class Encryption(Enum):
    """When the connection is encrypted."""

    NONE = "none"
    STARTTLS = "STARTTLS"
    TLS = "TLS"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that one step may take, and all of them together.

    The answer to the mail itself may take what is left of the whole: some servers look for viruses
    first, and who hangs up meanwhile sends the mail twice.
    """

    step: float = 10.0
    whole: float = 30.0


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail goes, as the settings say; ``repr`` shows no password."""

    host: str
    port: int
    encryption: Encryption = Encryption.NONE
    ca_file: Path | None = None
    username: str = ""
    password: str = field(default="", repr=False)

    @property
    def where(self) -> str:
        """Return the place that a fault names."""
        return f"mail server {self.host}:{self.port}"

    def words(self, said: str) -> str:
        """Return a server's words as one line; what it repeats of the login is hidden."""
        text = line(said).encode("utf-8", "replace").decode().strip().rstrip(".")
        for secret in self._secrets():
            text = text.replace(secret, MASK)
        return text if len(text) <= WORDS else f"{text[:WORDS].rstrip()}…"

    def quoted(self, code: int, said: str) -> str:
        """Return a server's answer: its number and its words."""
        return f"“{f'{code} ' if code > 0 else ''}{self.words(said)}”"

    def later(self, message: str, remedy: str) -> TryLaterError:
        """It may work another time."""
        return TryLaterError(FaultKind.MESSAGES, message, remedy=remedy, where=self.where)

    def skip(self, message: str, remedy: str) -> SkipError:
        """This message is not taken; another one may be."""
        return SkipError(FaultKind.MESSAGES, message, remedy=remedy, where=self.where)

    def stop(self, message: str, remedy: str) -> StopError:
        """No message is taken until the settings change."""
        return StopError(FaultKind.MESSAGES, message, remedy=remedy, where=self.where)

    def _secrets(self) -> tuple[str, ...]:
        if len(self.password) < SHORTEST:
            return ()
        plain = f"\0{self.username}\0{self.password}"
        encoded = [b64encode(one.encode()).decode() for one in (plain, self.password)]
        return (*encoded, *(one.rstrip("=") for one in encoded), self.password)
