"""What is known about one setting, and how it may be shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from kometa_ai.settings import kinds
from kometa_ai.settings.masking import MASK, mask_address

if TYPE_CHECKING:
    from kometa_ai.settings.kinds import Kind, Plain, Raw

T = TypeVar("T")
D = TypeVar("D")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a declaration says besides name, type and default."""

    group: str
    kind: Kind[Any]
    about: str
    secret: bool


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known about one setting; ``name`` is its attribute and its key in files."""

    name: str
    group: str
    kind: Kind[Any]
    default: object
    about: str
    secret: bool

    @property
    def env(self) -> str:
        """The name of its environment variable, by which messages call it."""
        return self.name.upper()

    @property
    def file_env(self) -> str:
        """The environment variable that names a file with its value; read for secrets only."""
        return f"{self.env}_FILE"

    def shown(self, value: object) -> Plain:
        """Return a value of this setting as JSON may show it, secrets masked; unset is None."""
        if value is None or value == ():
            return None
        if self.secret:
            return MASK
        plain = self.kind.plain(value)
        return self._masked(plain) if isinstance(plain, str) else plain

    def shown_raw(self, raw: Raw) -> str:
        """Return what the user wrote, right or wrong, as a message may show it."""
        if self.secret:
            return MASK
        text = raw if isinstance(raw, str) else ", ".join(raw)
        masked = self._masked(text)
        most = 80
        return repr(masked if len(masked) <= most else f"{masked[:most]}…")

    def _masked(self, text: str) -> str:
        may_hold_login = "://" in text or self.kind in {kinds.BASE_URL, kinds.HOST}
        return mask_address(text) if may_hold_login and "@" in text else text


@dataclass(frozen=True, slots=True)
class Group:
    """Declares the settings of one group; a call stands where a dataclass field has its default."""

    name: str

    def __call__(self, kind: Kind[T], about: str, *, default: D, secret: bool = False) -> T | D:
        facts = Facts(self.name, kind, about, secret)
        return field(default=default, metadata={"facts": facts})
