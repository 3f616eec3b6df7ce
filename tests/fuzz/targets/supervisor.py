"""What the Supervisor says of the broker: one that can be connected to, or an error."""

from __future__ import annotations

from hypothesis import strategies as st

from addon.supervisor import broker_of
from kometa_ai.domain.fault import SkipError, TryLaterError
from tests.fuzz.target import Target, is_one_line


def check(data: bytes) -> None:
    """Read an answer; its status stands before the first line feed."""
    status, _, body = data.partition(b"\n")
    number = int(status) if status.isdigit() and len(status) == 3 else 200
    try:
        broker = broker_of(number, body)
    except (SkipError, TryLaterError) as error:
        assert is_one_line(str(error))
        assert "CANARY77" not in str(error)
        return
    if broker is None:
        assert number == 400
        return
    assert broker.host.strip() == broker.host != ""
    assert 1 <= broker.port <= 65535
    assert type(broker.port) is int
    for text in (broker.host, broker.username, broker.password):
        assert text is None or isinstance(text, str)
        (text or "").encode()
    if "CANARY77" not in f"{broker.host} {broker.username}":
        assert "CANARY77" not in repr(broker)


VALUES = st.sampled_from(
    [
        *('"core-mosquitto"', '"1883"', "1883", "true", "null", '""', '" "', "1e400", "NaN", "0"),
        *("Infinity", "1883.5", "65536", '"٣"', '"1_883"', "[]", "{}", "9" * 400, "9" * 5000, "-1"),
        *('"\\ud800"', '"a\\u0000b"', '"a b"', "[" * 1500),
    ]
)
KEYS = st.sampled_from(["host", "port", "username", "ssl", "protocol", "addon"])


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """Return an answer with a broker, mostly."""
    fields = [("host", '"core-mosquitto"'), ("port", "1883"), ("password", '"CANARY77"')]
    fields += draw(st.lists(st.tuples(KEYS, VALUES), max_size=3))
    told = "{" + ", ".join(f'"{key}": {value}' for key, value in fields) + "}"
    body = draw(st.sampled_from(['{"result": "ok", "data": %}', '{"data": [%]}', "%", "[%]", ""]))
    status = draw(st.sampled_from([200, 200, 200, 200, 400, 401, 403, 500, 999]))
    return f"{status}\n{body.replace('%', told)}".encode()


PIECES = (
    *(mark.encode() for mark in '{}[]":,\\0-.e\n'),
    b'"port": ',
    b"1e400",
    b"\\ud800",
    b"[" * 1500,
    b"\xff",
)

TARGET = Target("supervisor", check, answers(), PIECES)
