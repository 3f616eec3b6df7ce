"""One connection to a broker: the only place that knows aiomqtt, and that renames its errors."""

from __future__ import annotations

import asyncio
import logging
import math
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Any, Final

import aiomqtt
from aiomqtt import MqttCodeError, MqttError, ProtocolVersion, Will
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from addon.mqtt.line import Line, RestfulClient, hang_up, is_cancelled
from kometa_ai.domain.fault import FaultKind, TryLaterError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence

    from addon.broker import Broker

LOG = logging.getLogger(__name__)
# All that goes wrong comes as an exception; what is logged beside it are answers that nobody waits
# for any more, as errors with a traceback.
UNHEARD = logging.getLogger(f"{__name__}.aiomqtt")
UNHEARD.setLevel(logging.CRITICAL)
ANSWER: Final = 5.0
"""Seconds for a broker to answer anything; after that it is as good as gone."""
FAREWELL: Final = 0.4
"""Seconds for the last words; a broker that hangs must not keep us from stopping."""
KEEPALIVE: Final = 30
WRONG_VERSION: Final = frozenset({0x01, 0x84})
LOGIN_REFUSED: Final = frozenset({0x04, 0x05, 0x86, 0x87})
TAKEN_OVER: Final = 0x8E
AGAIN: Final = "It is connected to again as soon as it can be."
MANY_CALLS: Final = 10_000
"""Calls that may wait for an answer before the library says so; commands come in crowds."""


class Version(StrEnum):
    """The versions of MQTT that we speak, the better one first."""

    V5 = "5"
    V311 = "3.1.1"


@dataclass(frozen=True, slots=True)
class LastWill:
    """What the broker says for us when we are gone without a word."""

    topic: str
    payload: str


@dataclass(frozen=True, slots=True)
class Received:
    """A message; the last two are what MQTT 5 says about where an answer goes."""

    topic: str
    payload: bytes
    retain: bool
    response_topic: str | None = None
    correlation: bytes | None = None


class Doubt(Enum):
    """Whether our version of MQTT is to blame for a refusal."""

    NONE = 0
    PERHAPS = 1
    SURE = 2


class BrokerError(TryLaterError):
    """The broker does not let us in, or is gone; ``doubt``: another version may do."""

    def __init__(
        self, broker: Broker, message: str, *, remedy: str = "", doubt: Doubt = Doubt.NONE
    ) -> None:
        where = f"MQTT broker {broker}"
        super().__init__(FaultKind.SETTINGS, message, remedy=remedy, where=where)
        self.doubt = doubt


class Connection:
    """An open connection."""

    def __init__(
        self, client: aiomqtt.Client, line: Line, broker: Broker, version: Version
    ) -> None:
        self._client = client
        self._line = line
        self._broker = broker
        self._version = version
        self.hung_up = False

    async def publish(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        """Publish, and wait until the broker has it."""
        await self._publish(topic, payload, retain=retain)

    async def answer(self, received: Received, payload: str) -> None:
        """Publish an answer where an MQTT 5 message wants it."""
        if received.response_topic is None:
            return
        if not received.response_topic or set("#+\0") & set(received.response_topic):
            # paho would raise, and whoever sent that would cost us the connection.
            LOG.info("%r is no topic for an answer", received.response_topic)
            return
        properties = None
        if self._version is Version.V5:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call] # paho's
            if received.correlation is not None:
                properties.CorrelationData = received.correlation
        await self._publish(received.response_topic, payload, properties=properties)

    async def subscribe(self, topics: Sequence[str], *, as_published: bool = False) -> None:
        """Subscribe to topics; SUBACK has come when this returns. What is refused is said.

        ``as_published``: a message that its sender wants retained says so also when it comes live;
        MQTT 3.1.1 can't do that.
        """
        with_qos: Any = [(topic, 1) for topic in topics]
        if as_published and self._version is Version.V5:
            options = SubscribeOptions(qos=1, retainAsPublished=True)
            with_qos = [(topic, options) for topic in topics]
        async with self._answer():
            granted = await self._client.subscribe(with_qos)
        for topic, code in zip(topics, granted, strict=False):
            if isinstance(code, ReasonCode) and code.is_failure:
                told = f"It does not let us subscribe to {topic}. Look into its access list."
                LOG.warning("MQTT broker %s: %s", self._broker, told)

    async def unsubscribe(self, topics: Sequence[str]) -> None:
        """End subscriptions."""
        async with self._answer():
            await self._client.unsubscribe(list(topics))

    async def messages(self) -> AsyncGenerator[Received, None]:
        """Return every message, until the connection breaks; then BrokerError is raised."""
        try:
            async for message in self._client.messages:
                yield _received(message)
        except MqttError as error:
            raise _gone(self._broker, error) from error

    def hang_up(self) -> None:
        """End the connection without a goodbye, so that the broker says our last will."""
        self.hung_up = True
        hang_up(self._client)

    async def _publish(
        self,
        topic: str,
        payload: str | bytes,
        *,
        retain: bool = False,
        properties: Properties | None = None,
    ) -> None:
        async with self._answer():
            await self._client.publish(topic, payload, 1, retain, properties)

    @asynccontextmanager
    async def _answer(self) -> AsyncIterator[None]:
        """Wait for an answer, but not for ever, and rename what goes wrong."""
        try:
            async with self._line.answer(ANSWER):
                yield
            if is_cancelled():
                raise asyncio.CancelledError
        except TimeoutError as error:
            told = "It hung up." if self._line.lost else "It does not answer any more."
            raise BrokerError(self._broker, told, remedy=AGAIN) from error
        except MqttError as error:
            raise _gone(self._broker, error) from error
        except ValueError as error:  # paho's word for a topic with wildcards, or far too long
            raise BrokerError(self._broker, f"A message can't be sent ({error}).") from error


@asynccontextmanager
async def connect(
    broker: Broker, will: LastWill | None, *, identifier: str, version: Version
) -> AsyncIterator[Connection]:
    """Open a connection; leaving the block says goodbye, without waiting long for an answer.

    Raises BrokerError, whatever it is that does not work.
    """
    client = _client(broker, will, identifier, version)
    line = Line(client)
    try:
        # No limit but aiomqtt's own: the thread that connects can't be called back.
        async with line.answer(None):
            await client.__aenter__()
        if is_cancelled():
            raise asyncio.CancelledError
    except BaseException as error:
        hang_up(client)
        if isinstance(error, MqttError | OSError | ValueError):  # ValueError: a host like "a..b"
            raise _not_in(broker, error) from error
        raise
    client.timeout = math.inf
    connection = Connection(client, line, broker, version)
    try:
        yield connection
    except BrokerError:
        connection.hang_up()
        raise
    finally:
        if not connection.hung_up:
            await _say_goodbye(client)


async def _say_goodbye(client: aiomqtt.Client) -> None:
    try:
        async with asyncio.timeout(FAREWELL):
            await client.__aexit__(None, None, None)
    except (MqttError, TimeoutError):
        hang_up(client)


def _client(
    broker: Broker, will: LastWill | None, identifier: str, version: Version
) -> aiomqtt.Client:
    client = RestfulClient(
        broker.host,
        broker.port,
        username=broker.username,
        password=broker.password,
        identifier=identifier,
        protocol=ProtocolVersion.V5 if version is Version.V5 else ProtocolVersion.V311,
        will=None if will is None else Will(will.topic, will.payload, qos=1, retain=True),
        keepalive=KEEPALIVE,
        timeout=ANSWER,
        logger=UNHEARD,
        tls_context=_tls(broker) if broker.tls else None,
    )
    client.pending_calls_threshold = MANY_CALLS
    return client


def _tls(broker: Broker) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=broker.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise BrokerError(
            broker,
            f"MQTT_CA_FILE ({broker.ca_file}) can't be used ({error}).",
            remedy="Expected the certificate authority of the broker, in PEM.",
        ) from error


def _received(message: aiomqtt.Message) -> Received:
    properties = message.properties
    return Received(
        str(message.topic),
        bytes(message.payload),
        bool(message.retain),
        getattr(properties, "ResponseTopic", None),
        getattr(properties, "CorrelationData", None),
    )


def _not_in(broker: Broker, error: MqttError | OSError | ValueError) -> BrokerError:
    code = _code(error)
    if isinstance(error, MqttConnectError) and code in WRONG_VERSION:
        told = "It does not speak this version of MQTT."
        return BrokerError(broker, told, doubt=Doubt.SURE)
    if isinstance(error, MqttConnectError) and code in LOGIN_REFUSED:
        return BrokerError(
            broker,
            "It refuses the login.",
            remedy="Check MQTT_USERNAME and MQTT_PASSWORD; it is tried again.",
        )
    if isinstance(error, MqttConnectError):
        return BrokerError(broker, f"It refuses the connection ({error}).")
    # aiomqtt keeps nothing but the text of an SSLError.
    if "certificate" in str(error).lower() or "ssl" in str(error).lower():
        return BrokerError(
            broker,
            f"No safe connection comes about ({error}).",
            remedy="Check MQTT_TLS, MQTT_PORT and MQTT_CA_FILE.",
        )
    # Some old brokers hang up at a version that they do not know, or never answer it.
    what, doubt = f"It can't be reached ({error})", Doubt.NONE
    if isinstance(error, TimeoutError):
        what, doubt = "It hangs up", Doubt.PERHAPS
    elif isinstance(error, MqttError) and "timed out" in str(error).lower():
        what, doubt = "It does not answer", Doubt.SURE
    return BrokerError(
        broker,
        f"{what}.",
        remedy="Check MQTT_HOST and MQTT_PORT; it is tried again until it answers.",
        doubt=doubt,
    )


def _gone(broker: Broker, error: MqttError) -> BrokerError:
    cause = error.__cause__ or error
    if _code(cause) == TAKEN_OVER:
        return BrokerError(
            broker,
            "Another client took our place.",
            remedy="If Kometa-AI runs twice, give each an MQTT_TOPIC of its own.",
        )
    return BrokerError(broker, f"The connection is lost ({cause}).", remedy=AGAIN)


def _code(error: BaseException) -> int | None:
    if not isinstance(error, MqttCodeError):
        return None
    return error.rc.value if isinstance(error.rc, ReasonCode) else error.rc
