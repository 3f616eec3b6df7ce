"""Claude, asked through Anthropic's own client: a request out, an answer or a named error back."""

from kometa_ai.adapters.claude.judge import Claude
from kometa_ai.adapters.claude.prices import load_prices
from kometa_ai.adapters.claude.server import Patience

__all__ = ["Claude", "Patience", "load_prices"]
