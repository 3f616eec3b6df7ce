"""What Radarr and Sonarr share: a version, tags, and the bulk editor that changes them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Self

import msgspec

from kometa_ai.adapters.arr.door import Door, Timeouts
from kometa_ai.adapters.arr.edit import Apply, BulkEdit
from kometa_ai.adapters.arr.faults import RefusedError
from kometa_ai.domain.collection import TAG_PREFIX

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from kometa_ai.domain.media import MediaItem
    from kometa_ai.ports import Clock, Edit


class Tagged(NamedTuple):
    """A tag and the titles that carry it."""

    tag: int
    label: str
    ids: frozenset[int]


class _Tag(msgspec.Struct):
    id: int
    label: str


class _Title(msgspec.Struct, gc=False):
    id: int


class _Status(msgspec.Struct, rename="camel"):
    app_name: str = ""
    version: str = ""


class Arr(ABC):
    """A server of the family, from the first request to the last one inside ``async with``.

    No tag number is kept here: Radarr deletes unused tags once a day, and a tag that is created
    again gets another number.
    """

    app: ClassVar[str]
    noun: ClassVar[str]

    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        clock: Clock,
        name: str,
        verify_tls: bool = True,
        timeouts: Timeouts | None = None,
    ) -> None:
        self.name = name
        self._clock = clock
        self._door = Door(
            self.app, url, api_key, clock, verify_tls=verify_tls, timeouts=timeouts or Timeouts()
        )

    async def __aenter__(self) -> Self:
        """Open the session; the first request connects."""
        await self._door.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the session."""
        await self._door.__aexit__(kind, error, trace)

    @abstractmethod
    async def items(self) -> list[MediaItem]:
        """Read every title once, as it is streamed."""

    @abstractmethod
    async def _tagged(self) -> list[Tagged]:
        """Read which titles carry which tag."""

    async def ids(self) -> frozenset[int]:
        """Return the id of every title that is there now; all else is skipped as it is streamed."""
        path = f"/api/v3/{self.noun}?excludeLocalCovers=true"

        def their_ids(titles: list[_Title]) -> list[int]:
            return [one.id for one in titles]

        return frozenset(await self._door.stream("GET", path, _Title, their_ids))

    async def version(self) -> str:
        """Return the server's version, once it is sure that it is the right program."""
        status = await self._door.ask("GET", "/api/v3/system/status", _Status)
        if status.app_name.lower() != self.app.lower():
            raise self._door.server.another_program(status.app_name)
        return status.version

    async def tags(self) -> dict[str, int]:
        """Return every tag's number by its lower-case label."""
        tags = await self._door.ask("GET", "/api/v3/tag", list[_Tag])
        return {tag.label.lower(): tag.id for tag in tags}

    async def members(self) -> dict[str, frozenset[int]]:
        """Return the ids that carry each tag now, by lower-case label; unused tags too."""
        return {tagged.label.lower(): tagged.ids for tagged in await self._tagged()}

    async def create_tag(self, label: str) -> int:
        """Create the tag, or find it if it exists, and return its number."""
        label = label.lower()
        if not label.startswith(TAG_PREFIX):
            raise ValueError(f"only tags that begin with {TAG_PREFIX} are created, not {label!r}")
        try:
            # In lower case the request returns a tag that exists; in upper case it is a conflict.
            return (await self._door.ask("POST", "/api/v3/tag", _Tag, {"label": label})).id
        except RefusedError as refusal:
            # A conflict means that somebody else created it at the same moment.
            if refusal.status != HTTPStatus.CONFLICT:
                raise
            number = (await self.tags()).get(label)
            if number is None:
                raise
            return number

    async def delete_tag(self, tag: int) -> None:
        """Delete a tag that nothing uses any more; one that is gone already is deleted."""
        try:
            await self._door.tell("DELETE", f"/api/v3/tag/{tag}")
        except RefusedError as refusal:
            if refusal.status != HTTPStatus.NOT_FOUND:
                raise

    async def add_tag(self, tag: int, ids: Sequence[int]) -> Edit:
        """Put one tag on many titles; what is refused is halved down to the one bad title."""
        return await self._bulk_edit(Apply.ADD, tag).run(ids)

    async def remove_tag(self, tag: int, ids: Sequence[int]) -> Edit:
        """Take one tag off many titles; what is refused is halved down to the one bad title."""
        return await self._bulk_edit(Apply.REMOVE, tag).run(ids)

    def _bulk_edit(self, apply: Apply, tag: int) -> BulkEdit:
        return BulkEdit(
            self._door, self._clock, self._carriers, noun=self.noun, apply=apply, tag=tag
        )

    async def _carriers(self, tag: int) -> frozenset[int]:
        """Return the titles that carry a tag now; a tag that is gone is on none."""
        return next(
            (tagged.ids for tagged in await self._tagged() if tagged.tag == tag), frozenset()
        )
