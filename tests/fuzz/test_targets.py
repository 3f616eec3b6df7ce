"""Each reader, tried with what hypothesis writes and with the corpus, spoilt; the same every time.

``script/fuzz`` tries the same for as long as one likes.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.fuzz.targets import TARGETS

EXAMPLES = {"kometa": 120}
USUAL = 300
CALM = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)
"""A busy machine is no fault of a reader, and what is found is found again."""


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_comes_the_properties_hold(name: str) -> None:
    target = TARGETS[name]

    @settings(CALM, max_examples=EXAMPLES.get(name, USUAL))
    @given(data=target.inputs())
    def hold(data: bytes) -> None:
        target.check(data)

    hold()


@settings(CALM, max_examples=20)
@given(data=st.binary(max_size=60))
@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes_will_do(name: str, data: bytes) -> None:
    TARGETS[name].check(data)
