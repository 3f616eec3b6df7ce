"""Chats and telephones through apprise, which knows a hundred services and waits for each.

It is imported with the first message: with all its services it costs 35 MB.
"""

from __future__ import annotations

import asyncio
import contextvars
import hashlib
import html
import logging
import os
import re
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar

from kometa_ai.domain.message import Tone
from kometa_ai.messages.answers import Receiver, numbered, shortened
from kometa_ai.messages.chat import Limits, fit, utf8_bytes, utf16_units
from kometa_ai.messages.services import service
from kometa_ai.settings.redaction import address_redactor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from apprise import NotifyBase

    from kometa_ai.domain.fault import KometaAIError
    from kometa_ai.domain.message import Message

T = TypeVar("T")

SETTING: Final = "NOTIFICATION_URLS"
_BYTES: Final = {"ntfy": 4096, "ntfys": 4096}
"""Services that count bytes; what is longer, ntfy makes a file of."""
_LINED: Final = {"tgram"}
"""Services with tags whose lines are lines all the same; apprise drops empty ones between tags."""
_DENIED: Final = re.compile(r"auth|token|revoked|inactive|forbidden|denied", re.IGNORECASE)


class _Told:
    """What apprise said about one sending: it returns no more than yes or no."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.answer = ""
        self.complaint = ""
        self.error: BaseException | None = None

    def take(self, record: logging.LogRecord) -> None:
        """Pick out of a record the status, the answer, or the error that is being handled."""
        text = record.getMessage()
        if text.startswith("Response Details"):
            self.answer = _answer(record, text)
        elif record.levelno >= logging.WARNING:
            self.complaint = text
            if found := re.search(r"error=(\d{3})\b", text):
                self.status = int(found[1])
        # Sentences on lost connections are written while the error is handled.
        if (error := sys.exc_info()[1]) is not None:
            self.error = error


_told: contextvars.ContextVar[_Told | None] = contextvars.ContextVar("told", default=None)


class _Switchboard(logging.Filter):
    """Gives what apprise logs to the sending that it belongs to, and to no one else."""

    def filter(self, record: logging.LogRecord) -> bool:
        if told := _told.get():
            told.take(record)
        return False


_loading = threading.Lock()
_switched = False


def chats(
    addresses: Sequence[str], *, connect: float = 10.0, silence: float = 20.0
) -> list[AppriseChannel]:
    """Return a channel for each address of the setting; one that stands twice gets one."""
    once = list(dict.fromkeys(addresses))
    names = numbered([service(one) for one in once])
    return [
        AppriseChannel(one, name, connect=connect, silence=silence)
        for one, name in zip(once, names, strict=True)
    ]


class AppriseChannel:
    """One address of apprise's.

    ``connect`` and ``silence`` are seconds; cto= and rto= in an address win over them.
    """

    def __init__(
        self, address: str, name: str = "", *, connect: float = 10.0, silence: float = 20.0
    ) -> None:
        name = name or service(address)
        self._address = address
        self._receiver = Receiver(name, name, SETTING, address_redactor(address))
        self._key = f"apprise-{hashlib.sha256(address.encode()).hexdigest()[:16]}"
        self._connect = connect
        self._silence = silence

    @property
    def name(self) -> str:
        """Return the service's name, with a number if there are more of its kind."""
        return self._receiver.name

    @property
    def key(self) -> str:
        """Return what it is known by in the outbox; the address can't be read from it."""
        return self._key

    async def check(self) -> None:
        """Raise StopError if apprise does not understand the address; nothing is sent."""
        await _in_thread(lambda: self._plugin(_listen()))

    async def send(self, message: Message) -> str:
        """Send a message once; a cancellation leaves apprise to itself."""
        return await _in_thread(lambda: self._send(message))

    def _send(self, message: Message) -> str:
        from apprise import NotifyFormat, NotifyType  # noqa: PLC0415 - see the module's docstring

        told = _listen()
        plugin = self._plugin(told)
        as_html = plugin.resolve_format(NotifyFormat.TEXT) is NotifyFormat.HTML
        chat = fit(message.outline, _limits(plugin))
        title, text = chat.title, chat.text
        if as_html:
            # apprise's own way from text to HTML takes what looks like a tag for one.
            text = html.escape(text, quote=False)
            if plugin.schema not in _LINED:
                text = text.replace("\n", "<br />\n")
            title = title if plugin.title_maxlen > 0 else html.escape(title, quote=False)
        kinds = {
            Tone.GOOD: NotifyType.SUCCESS,
            Tone.ATTENTION: NotifyType.WARNING,
            Tone.BAD: NotifyType.FAILURE,
        }
        try:
            taken = plugin.notify(
                body=text,
                title=title,
                notify_type=kinds[message.outline.tone],
                body_format=NotifyFormat.HTML if as_html else NotifyFormat.TEXT,
                overflow="upstream",  # it fits already
            )
        except Exception as error:  # noqa: BLE001 - a hundred services of other people's
            told.error = told.error or error
            taken = False
        if taken:
            return f"{self.name} took it"
        raise self._refusal(told) from None

    def _plugin(self, told: _Told) -> NotifyBase:
        """Return apprise's object for the address; raises StopError if there is none."""
        from apprise import Apprise, AppriseAsset  # noqa: PLC0415 - see the module's docstring

        # No file is written, no plugin of anybody's is loaded, no picture is linked to, and a
        # message is not sent on to another address.
        asset = AppriseAsset(
            app_id="Kometa-AI",
            app_desc="Kometa-AI",
            app_url="",
            image_url_mask="",
            image_url_logo="",
            storage_mode="memory",
            http_redirects=False,
        )
        with _loading:
            plugin = Apprise.instantiate(self._address, asset=asset)
        if plugin is None:
            words = shortened(self._receiver.hide(told.complaint))
            raise self._receiver.never(
                f"has an address that apprise does not understand ({words})", "the address in"
            )
        stated = re.findall(r"[?&]([cr]to)=", self._address)
        if "cto" not in stated:
            plugin.socket_connect_timeout = self._connect
        if "rto" not in stated:
            plugin.socket_read_timeout = self._silence
        return plugin

    def _refusal(self, told: _Told) -> KometaAIError:
        """Return what apprise noted about a failure as what it means."""
        receiver = self._receiver
        if told.status is not None and told.status not in range(200, 300):
            return receiver.refusal(told.status, told.answer)
        if told.error is not None:
            return self._lost(told.error)
        words = shortened(receiver.hide(told.answer or told.complaint)) or "it gives no reason"
        if _DENIED.search(words):
            return receiver.never(f"does not let us in ({words})", "the login or token in")
        return receiver.later(f"did not take the message ({words})")

    def _lost(self, error: BaseException) -> KometaAIError:
        """Return a failure of the connection; requests is apprise's, so its classes have names."""
        receiver = self._receiver
        kinds = {kind.__name__ for kind in type(error).__mro__}
        if "ConnectTimeout" in kinds:
            return receiver.unreachable("no connection in time")
        if "Timeout" in kinds or isinstance(error, TimeoutError):
            return receiver.unanswered()
        if "SSLError" in kinds:
            return receiver.unreachable("its certificate is not trusted, or it speaks no TLS")
        reason = _reason(error)
        if reason == "":
            return receiver.hung_up()
        return receiver.unreachable(reason)


def _listen() -> _Told:
    """Begin to note what apprise says in this context; it says something when it is imported."""
    _switch_logs()
    told = _Told()
    _told.set(told)
    return told


def _switch_logs() -> None:
    """Take apprise's log, and that of what it sends with, out of ours: addresses are in both."""
    global _switched  # noqa: PLW0603 - there is one log of apprise's in a process
    with _loading:
        if _switched:
            return
        log = logging.getLogger("apprise")
        log.setLevel(logging.DEBUG)
        log.addFilter(_Switchboard())
        for name in ("urllib3", "requests"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        _switched = True


def _limits(plugin: NotifyBase) -> Limits:
    most = _BYTES.get(plugin.schema)
    return Limits(
        body=min(plugin.body_maxlen, most or plugin.body_maxlen),
        title=max(0, plugin.title_maxlen),
        together=plugin.overflow_amalgamate_title,
        length=utf8_bytes if most else utf16_units,
    )


def _answer(record: logging.LogRecord, text: str) -> str:
    """Return the answer's text, which apprise logs as bytes or as the look of bytes."""
    args = record.args if isinstance(record.args, tuple) else ()
    content: object = args[0] if args else text.partition("\n")[2]
    if isinstance(content, str) and re.fullmatch(r"b(['\"]).*\1", content, re.DOTALL):
        with suppress(ValueError):
            content = content[2:-1].encode("ascii").decode("unicode_escape").encode("latin-1")
    if isinstance(content, bytes):
        return content.decode("utf-8", errors="replace")
    return str(content)


def _reason(error: BaseException) -> str:
    """Return why there was no connection, or nothing if there was one and it broke."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop()
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        if type(one).__name__ in {"NameResolutionError", "gaierror"}:
            return "its host's name is not known"
        if isinstance(one, ConnectionResetError | BrokenPipeError):
            return ""
        if isinstance(one, OSError) and isinstance(one.errno, int) and one.errno > 0:
            return os.strerror(one.errno)
        if type(one).__name__ in {"RemoteDisconnected", "IncompleteRead", "ChunkedEncodingError"}:
            return ""
        waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return "no connection"


async def _in_thread(work: Callable[[], T]) -> T:
    """Do the work in a thread of its own, for which neither a cancellation nor the end waits."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: Callable[[], None]) -> None:
        if not future.done():
            result()

    def run() -> None:
        try:
            value = work()
        except BaseException as error:  # noqa: BLE001 - it belongs to who waits
            caught = error
            done = lambda: future.set_exception(caught)  # noqa: E731
        else:
            done = lambda: future.set_result(value)  # noqa: E731
        with suppress(RuntimeError):  # the loop is gone, and who waited with it
            loop.call_soon_threadsafe(settle, done)

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), name="apprise", daemon=True).start()
    return await future
