"""Kometa's files: the collections that people described in them, and the tags they name.

A block of comments above a collection says what belongs into it::

    collections:
      # === KOMETA-AI ===
      # enabled: true
      # prompt: Heist films where the plan goes wrong
      # === END KOMETA-AI ===
      Heists Gone Wrong:
        radarr_taglist: KAI-heists-gone-wrong
"""

from kometa_ai.adapters.kometa_files.fix import fix_tags
from kometa_ai.adapters.kometa_files.reading import KometaFiles, read
from kometa_ai.adapters.kometa_files.search import choose

__all__ = ["KometaFiles", "choose", "fix_tags", "read"]
