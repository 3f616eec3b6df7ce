"""One image for all tests: the script builds it once, whoever asks first."""

from __future__ import annotations

import pytest

from tests.image.container import Image, build


@pytest.fixture(scope="session")
def image() -> Image:
    """Give the tests the image."""
    return build()
