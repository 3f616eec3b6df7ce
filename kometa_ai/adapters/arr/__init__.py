"""Radarr and Sonarr: one HTTP door, one way to tag, one set of sentences for what goes wrong."""

from kometa_ai.adapters.arr.door import Timeouts
from kometa_ai.adapters.arr.library import Arr, Tagged

__all__ = ["Arr", "Tagged", "Timeouts"]
