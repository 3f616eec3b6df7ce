"""The one door to a mail server: a message out, the server's own words back, failures renamed."""

from kometa_ai.adapters.smtp.channel import Smtp
from kometa_ai.adapters.smtp.server import Encryption, MailServer, Timeouts

__all__ = ["Encryption", "MailServer", "Smtp", "Timeouts"]
