"""The price table that comes with the program."""

from __future__ import annotations

from decimal import Decimal
from importlib.resources import files

import msgspec

from kometa_ai.domain.cost import Model, PriceTable


class _PriceFile(msgspec.Struct):
    date: str
    source: str
    models: list[Model]
    unknown_factor: Decimal


def load_prices() -> PriceTable:
    """Read the price table; what is wrong with it is a defect of the program."""
    text = files("kometa_ai.adapters.claude").joinpath("models.json").read_bytes()
    file = msgspec.json.decode(text, type=_PriceFile)
    models = {model.name: model for model in file.models}
    return PriceTable(file.date, file.source, models, file.unknown_factor)
