"""What a failure on the way to a mail server means, and what to do about it."""

from __future__ import annotations

import os
import re
import socket
import ssl
from typing import TYPE_CHECKING, Final

import aiosmtplib

from kometa_ai.adapters.smtp.server import Encryption
from kometa_ai.domain.wording import line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kometa_ai.adapters.smtp.server import MailServer
    from kometa_ai.domain.fault import KometaAIError, SkipError, StopError

Failure = aiosmtplib.SMTPException | OSError | ValueError

PERMANENT: Final = 500
"""Answers from here on say that it will be the same next time."""
LOGIN_NEEDED: Final = 530
SAYS_TLS: Final = frozenset({530, 538})
"""Answers to a login that ask for encryption first."""
AGAIN: Final = "It may work another time; if that goes on, look into the log of the mail server."


def renamed(server: MailServer, sender: str, error: Failure) -> KometaAIError:
    """Return an error as what it means for the sending."""
    # From the most special to the most general: these classes inherit from one another.
    match error:
        case aiosmtplib.SMTPRecipientsRefused(recipients=refused):
            return _recipients(server, refused)
        case aiosmtplib.SMTPSenderRefused():
            return _sender(server, sender, error)
        case aiosmtplib.SMTPResponseException():
            return _answer(server, error)
        case aiosmtplib.SMTPNotSupported():
            return server.skip(
                "It does not take addresses with such letters (it has no SMTPUTF8).",
                "Use addresses in ASCII in NOTIFICATION_RECIPIENTS and NOTIFICATION_FROM.",
            )
        case TimeoutError():
            return server.later("It did not answer in time.", _reach(server))
        case ssl.SSLError() | OSError():
            return _connection(server, error)
        case _:
            return server.stop(
                f"A mail with these addresses can't be sent: {server.words(str(error))}.",
                "Check NOTIFICATION_FROM and NOTIFICATION_RECIPIENTS.",
            )


def login_refused(server: MailServer, error: aiosmtplib.SMTPAuthenticationError) -> KometaAIError:
    """Return what a refused login means."""
    said = server.quoted(error.code, error.message)
    if error.code < PERMANENT:
        return server.later(f"The login does not work now: {said}.", AGAIN)
    if error.code in SAYS_TLS:
        return server.stop(
            f"It takes no login without encryption: {said}.",
            "Set SMTP_USE_TLS (usually port 587) or SMTP_USE_SSL (usually port 465).",
        )
    return server.stop(
        f"The login was refused: {said}.",
        "Check SMTP_USERNAME and SMTP_PASSWORD; some providers want a password made for programs.",
    )


def no_login(server: MailServer, offered: Iterable[str]) -> StopError:
    """There is no way to log in."""
    methods = ", ".join(offered).upper()
    return server.stop(
        f"It offers no login that is known here (only {methods})."
        if methods
        else "It offers no login.",
        "Many servers offer it only when the connection is encrypted: set SMTP_USE_TLS or"
        " SMTP_USE_SSL. If it needs no login, leave SMTP_USERNAME blank.",
    )


def no_starttls(server: MailServer) -> StopError:
    """What is to be encrypted can't be."""
    return server.stop(
        "It does not offer STARTTLS, so nothing can be sent to it encrypted.",
        "Set SMTP_PORT to a port that offers it (usually 587), or set SMTP_USE_SSL instead of"
        " SMTP_USE_TLS for TLS from the first byte (usually port 465).",
    )


def ca_file_unusable(server: MailServer, error: OSError) -> StopError:
    """The file of the certificate authority is not one."""
    why = error.strerror or line(str(error))
    return server.stop(
        f"The file of the certificate authority can't be used: {why}.",
        "Set SMTP_CA_FILE to a file with certificates in PEM form.",
    )


def some_refused(
    server: MailServer, took: str, said: str, refused: Iterable[tuple[str, int, str]]
) -> SkipError:
    """Some got the mail, and others did not."""
    return server.skip(
        f"It took the mail for {took} (“{said}”), but not for all: {_refusals(server, refused)}.",
        "Check NOTIFICATION_RECIPIENTS; this mail is not sent again.",
    )


def _refusals(server: MailServer, refused: Iterable[tuple[str, int, str]]) -> str:
    """Return who was refused, in the server's words."""
    return "; ".join(
        f"{who} was refused: {server.quoted(code, said)}" for who, code, said in refused
    )


def _recipients(
    server: MailServer, refused: list[aiosmtplib.SMTPRecipientRefused]
) -> KometaAIError:
    told = f"{_refusals(server, ((one.recipient, one.code, one.message) for one in refused))}."
    if any(one.code < PERMANENT for one in refused):
        return server.later(told, AGAIN)
    if any(one.code == LOGIN_NEEDED for one in refused):
        return server.stop(told, "Set SMTP_USERNAME and SMTP_PASSWORD.")
    return server.skip(
        told,
        "Check NOTIFICATION_RECIPIENTS. If it says that it does not relay, it may want a login:"
        " set SMTP_USERNAME and SMTP_PASSWORD.",
    )


def _sender(server: MailServer, sender: str, error: aiosmtplib.SMTPSenderRefused) -> KometaAIError:
    said = server.quoted(error.code, error.message)
    if error.code < PERMANENT:
        return server.later(f"The sender {sender} is not taken now: {said}.", AGAIN)
    if error.code == LOGIN_NEEDED:
        return server.stop(f"It wants a login: {said}.", "Set SMTP_USERNAME and SMTP_PASSWORD.")
    return server.stop(
        f"The sender {sender} was refused: {said}.",
        "Set NOTIFICATION_FROM to an address that this server sends for (often SMTP_USERNAME).",
    )


def _answer(server: MailServer, error: aiosmtplib.SMTPResponseException) -> KometaAIError:
    told = f"It refused: {server.quoted(error.code, error.message)}."
    if error.code <= 0:
        return server.later(
            f"Its answer is not that of a mail server: {server.quoted(0, error.message)}.",
            _reach(server),
        )
    if error.code < PERMANENT:
        return server.later(told.replace("It refused", "Not now, it says"), AGAIN)
    if isinstance(error, aiosmtplib.SMTPDataError):
        return server.skip(told, "Look into the log of the mail server why it wants no such mail.")
    return server.stop(told, "Look into the log of the mail server, and check SMTP_SERVER.")


def _connection(server: MailServer, error: OSError) -> KometaAIError:
    causes = tuple(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return server.stop(
                f"Its certificate is not trusted: {line(cause.verify_message).rstrip('.')}.",
                "If the server is your own, set SMTP_CA_FILE to its certificate authority; else"
                " check that SMTP_SERVER is the name in the certificate.",
            )
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return server.stop(
            "It speaks no TLS here, or none that is safe.",
            "Check SMTP_PORT: SMTP_USE_SSL usually goes with port 465, SMTP_USE_TLS with 587.",
        )
    if isinstance(error, aiosmtplib.SMTPServerDisconnected):
        return server.later("The connection was lost before the mail was taken.", AGAIN)
    return server.later(f"It can't be reached: {_reason(causes)}.", _reach(server))


def _causes(error: BaseException) -> Iterable[BaseException]:
    """Yield an error and what it came from."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _reason(causes: tuple[BaseException, ...]) -> str:
    """Return why no connection came about, in the system's words."""
    for cause in reversed(causes):
        match cause:
            case aiosmtplib.SMTPServerDisconnected():
                return "it closed the connection without a greeting"
            case socket.gaierror(strerror=str() as why):
                return why
            case OSError(errno=int() as number) if number:
                return os.strerror(number)
        # Several addresses were tried: asyncio tells of them in one text.
        if found := re.search(r"\[Errno (\d+)\]", str(cause)):
            return os.strerror(int(found[1]))
    return "no connection"


def _reach(server: MailServer) -> str:
    tls = server.encryption is Encryption.TLS
    hint = "" if tls else " A port that is encrypted from the first byte (465) wants SMTP_USE_SSL."
    return f"Check SMTP_SERVER and SMTP_PORT, and that the server runs.{hint}"
