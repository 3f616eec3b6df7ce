"""A secret address in what its own server says: every part of it is hidden."""

from __future__ import annotations

import pytest

from kometa_ai.settings.redaction import address_redactor

ADDRESS = (
    "https://Ada%20L:p%2Fass@hooks.example.org:8443/services/T1JJ3/s3cr3t?key=a%26b9&text=hello"
)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (f"POST {ADDRESS} failed", "POST *** failed"),
        ("Ada L and p/ass", "*** and ***"),
        ("QWRhIEw6cC9hc3M=", "***="),
        ("no S3CR3T here", "no *** here"),
        ("s3cr3tish", "***ish"),
        ("key a&b9 or a%26b9 or a&amp;b9", "key *** or *** or ***"),
        ("hello, Othello", "***, Othello"),
        ("a port 8443 of hooks.example.org", "a port *** of ***"),
        ("nothing of it", "nothing of it"),
    ],
)
def test_each_part_is_hidden_in_each_form(text: str, hidden: str) -> None:
    assert address_redactor(ADDRESS)(text) == hidden


@pytest.mark.parametrize("address", ["", "a://b", "://", "http://[::1", "no address"])
def test_what_is_hardly_an_address_hides_what_it_can(address: str) -> None:
    assert address_redactor(address)("some text") == "some text"
