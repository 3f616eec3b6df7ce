"""Mail on its way: to a real server, on its good days and on its bad ones."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import trustme

from kometa_ai.adapters.smtp import Encryption, MailServer, Smtp, Timeouts
from kometa_ai.domain.fault import FaultKind, KometaAIError, SkipError, StopError, TryLaterError
from kometa_ai.messages.mail import Envelope
from tests.mails import EVERY
from tests.outside import LOOPBACK, reserved_port
from tests.post_office import PostOffice, certificate, mute, post_office

if TYPE_CHECKING:
    from pathlib import Path

MESSAGE = EVERY["changes"].message
ADA, BOB = "ada@example.org", "bob@example.org"
ENVELOPE = Envelope("Kometa <kai@example.org>", (ADA, f"Bob <{BOB}>"), "house@example.org")
PASSWORD = "canary-5ecret"
QUICK = Timeouts(step=0.3, whole=0.6)


def sending(port: int, **server: object) -> Smtp:
    """Mail over a server on this port."""
    made = replace(MailServer(LOOPBACK, port), **server)  # type: ignore[arg-type] # of any field
    return Smtp(made, ENVELOPE)


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return file


async def test_a_mail_arrives_as_it_was_written() -> None:
    async with post_office(PostOffice()) as office:
        said = await sending(office.port).send(MESSAGE)
    (mail,) = office.mails
    assert (mail["From"], mail["To"]) == ("Kometa <kai@example.org>", f"{ADA}, Bob <{BOB}>")
    assert mail["Reply-To"] == "house@example.org"
    assert mail["Subject"] == MESSAGE.outline.subject
    assert mail["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert office.envelopes[0].mail_from == "kai@example.org"
    assert office.envelopes[0].rcpt_tos == [ADA, BOB]
    assert said == f"{LOOPBACK} took the mail for {ADA}, {BOB}: “2.0.0 Queued as A1B2”."
    assert office.greetings == [f"[{LOOPBACK}]"]


async def test_starttls(authority: trustme.CA, ca_file: Path) -> None:
    async with post_office(PostOffice(), starttls=certificate(authority)) as office:
        smtp = sending(office.port, encryption=Encryption.STARTTLS, ca_file=ca_file)
        await smtp.send(MESSAGE)
        said = await smtp.check()
    assert len(office.mails) == 1
    assert said == f"{LOOPBACK}:{office.port} answers (encrypted by STARTTLS, without a login)."


async def test_tls_from_the_first_byte(authority: trustme.CA, ca_file: Path) -> None:
    async with post_office(PostOffice(), tls=certificate(authority)) as office:
        smtp = sending(office.port, encryption=Encryption.TLS, ca_file=ca_file)
        await smtp.send(MESSAGE)
    assert len(office.mails) == 1


@pytest.mark.parametrize("encryption", [Encryption.STARTTLS, Encryption.TLS])
@pytest.mark.parametrize("host", [LOOPBACK, "other.test"])
async def test_a_certificate_that_proves_nothing(
    encryption: Encryption, host: str, authority: trustme.CA, ca_file: Path
) -> None:
    """By a stranger's authority, or for another name: nothing is sent."""
    strange = trustme.CA() if host == LOOPBACK else authority
    proof = certificate(strange, host)
    way = {"starttls" if encryption is Encryption.STARTTLS else "tls": proof}
    async with post_office(PostOffice(), **way) as office:  # type: ignore[arg-type] # of two kinds
        with pytest.raises(StopError, match="certificate is not trusted") as caught:
            await sending(office.port, encryption=encryption, ca_file=ca_file).send(MESSAGE)
    assert "SMTP_CA_FILE" in caught.value.fault.remedy
    assert not office.mails


async def test_a_ca_file_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("no certificate")
    async with post_office(PostOffice()) as office:
        with pytest.raises(StopError) as caught:
            await sending(office.port, encryption=Encryption.TLS, ca_file=file).check()
    assert "SMTP_CA_FILE" in caught.value.fault.remedy


async def test_starttls_is_not_offered() -> None:
    """What is to be encrypted never goes out in the open."""
    async with post_office(PostOffice()) as office:
        with pytest.raises(StopError, match="does not offer STARTTLS"):
            await sending(office.port, encryption=Encryption.STARTTLS).send(MESSAGE)
    assert not office.mails


async def test_tls_where_there_is_none() -> None:
    async with post_office(PostOffice()) as office:
        with pytest.raises(StopError, match="no TLS") as caught:
            await sending(office.port, encryption=Encryption.TLS).send(MESSAGE)
    assert "SMTP_USE_SSL" in caught.value.fault.remedy


async def test_a_login(authority: trustme.CA, ca_file: Path) -> None:
    office = PostOffice(password=PASSWORD)
    async with post_office(office, starttls=certificate(authority), login=True):
        smtp = sending(
            office.port,
            encryption=Encryption.STARTTLS,
            ca_file=ca_file,
            username="kai",
            password=PASSWORD,
        )
        await smtp.send(MESSAGE)
        assert "login as kai" in await smtp.check()
    assert len(office.mails) == 1


@pytest.mark.parametrize(
    "echo",
    [
        PASSWORD,
        b64encode(PASSWORD.encode()).decode(),
        b64encode(f"\0kai\0{PASSWORD}".encode()).decode(),
    ],
)
async def test_a_refused_login_tells_all_but_the_password(
    echo: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Even if the server repeats what it was given."""
    office = PostOffice(refuse_login=f"535 5.7.8 Bad credentials: {echo}")
    caplog.set_level("DEBUG")
    async with post_office(office, login=True, login_open=True):
        smtp = sending(office.port, username="kai", password=PASSWORD)
        with pytest.raises(StopError) as caught:
            await smtp.send(MESSAGE)
    told = str(caught.value)
    assert "refused: “535 5.7.8 Bad credentials: ***”" in told
    assert "SMTP_PASSWORD" in told
    assert f"mail server {LOOPBACK}:{office.port}" in told
    # aiosmtpd logs under that name.
    ours = "\n".join(one.getMessage() for one in caplog.records if one.name != "mail.log")
    for shown in (told, repr(smtp._server), ours):  # noqa: SLF001 - its repr is what is tested
        assert echo not in shown
    # A wrong password is said once: some servers lock the account otherwise.
    assert office.ways == ["PLAIN"]


async def test_a_login_that_does_not_work_now() -> None:
    office = PostOffice(refuse_login="454 4.7.0 Try again")
    async with post_office(office, login=True, login_open=True):
        with pytest.raises(TryLaterError, match=r"454 4.7.0 Try again"):
            await sending(office.port, username="kai", password=PASSWORD).send(MESSAGE)


async def test_a_login_that_is_not_offered(authority: trustme.CA) -> None:
    """It is offered only after STARTTLS, which is not switched on."""
    async with post_office(PostOffice(), starttls=certificate(authority), login=True) as office:
        with pytest.raises(StopError, match="offers no login") as caught:
            await sending(office.port, username="kai", password=PASSWORD).send(MESSAGE)
    assert "SMTP_USE_TLS" in caught.value.fault.remedy


async def test_a_login_that_is_missing() -> None:
    async with post_office(PostOffice(), login=True, login_open=True) as office:
        with pytest.raises(StopError, match="530") as caught:
            await sending(office.port).send(MESSAGE)
    assert "SMTP_USERNAME" in caught.value.fault.remedy


async def test_not_now_and_then_fine() -> None:
    """The second try is the same mail, to the byte: a reader sees it once."""
    office = PostOffice(answers=["451 4.3.2 Come back later"])
    async with post_office(office):
        smtp = sending(office.port)
        with pytest.raises(TryLaterError, match=r"451 4.3.2 Come back later"):
            await smtp.send(MESSAGE)
        await smtp.send(MESSAGE)
    first, second = office.envelopes
    assert first.content == second.content


async def test_never() -> None:
    async with post_office(PostOffice(answers=["554 5.7.1 Looks like spam"])) as office:
        with pytest.raises(SkipError, match=r"554 5.7.1 Looks like spam") as caught:
            await sending(office.port).send(MESSAGE)
    assert caught.value.fault.kind is FaultKind.MESSAGES


async def test_one_recipient_of_two_is_refused() -> None:
    async with post_office(PostOffice(refuse={ADA: "550 5.1.1 No such user"})) as office:
        with pytest.raises(SkipError) as caught:
            await sending(office.port).send(MESSAGE)
    assert office.envelopes[0].rcpt_tos == [BOB]
    said = str(caught.value)
    assert f"took the mail for {BOB} (“" in said
    assert f"{ADA} was refused: “550 5.1.1 No such user”." in said


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [("550 5.1.1 No such user", SkipError), ("450 4.2.1 Greylisted", TryLaterError)],
)
async def test_every_recipient_is_refused(answer: str, meaning: type[KometaAIError]) -> None:
    async with post_office(PostOffice(refuse={ADA: answer, BOB: answer})) as office:
        with pytest.raises(meaning) as caught:
            await sending(office.port).send(MESSAGE)
    assert f"{ADA} was refused: “{answer}”; {BOB} was refused" in str(caught.value)


async def test_the_connection_is_lost_when_the_mail_was_out() -> None:
    """Nobody knows whether it arrived: it goes out again under the same id."""
    office = PostOffice(hang_up_after_data=True)
    async with post_office(office):
        smtp = sending(office.port)
        with pytest.raises(TryLaterError, match="connection was lost"):
            await smtp.send(MESSAGE)
        office.hang_up_after_data = False
        await smtp.send(MESSAGE)
    lost, arrived = office.mails
    assert lost["Message-ID"] == arrived["Message-ID"]


async def test_a_mail_that_is_out_is_out() -> None:
    """A server that does not say goodbye makes no second mail of it."""
    patience = Timeouts(step=1.0, whole=0.9)
    async with post_office(PostOffice(deaf_to_quit=True)) as office:
        said = await Smtp(MailServer(LOOPBACK, office.port), ENVELOPE, patience).send(MESSAGE)
    assert "took the mail" in said


@pytest.mark.parametrize("words", [b"", b"220 post.test\r\n", b"220-half a greeting\r\n"])
async def test_a_server_that_says_nothing_is_left(words: bytes) -> None:
    async with mute(words) as (port, gone):
        smtp = Smtp(MailServer(LOOPBACK, port), ENVELOPE, QUICK)
        with pytest.raises(TryLaterError, match="did not answer in time") as caught:
            await smtp.send(MESSAGE)
        async with asyncio.timeout(10):
            await gone.wait()
    assert "SMTP_USE_SSL" in caught.value.fault.remedy


async def test_the_whole_has_a_limit_too() -> None:
    """A server that takes just not too long for each step."""
    async with mute(b"220 post.test\r\n") as (port, _):
        smtp = Smtp(MailServer(LOOPBACK, port), ENVELOPE, Timeouts(step=60, whole=0.2))
        with pytest.raises(TryLaterError, match="did not answer in time"):
            await smtp.check()


async def test_it_is_stopped_at_once() -> None:
    async with mute(b"220 post.test\r\n") as (port, gone):
        sent = asyncio.create_task(sending(port).send(MESSAGE))
        await asyncio.wait([sent], timeout=0.1)
        sent.cancel()
        async with asyncio.timeout(1):
            with pytest.raises(asyncio.CancelledError):
                await sent
            await gone.wait()


async def test_nobody_listens() -> None:
    with reserved_port() as port, pytest.raises(TryLaterError) as caught:
        await sending(port).send(MESSAGE)
    fault = caught.value.fault
    assert fault.message == "It can't be reached: Connection refused."
    assert (fault.kind, fault.where) == (FaultKind.MESSAGES, f"mail server {LOOPBACK}:{port}")
    assert "SMTP_PORT" in fault.remedy


@pytest.mark.parametrize(
    ("greeting", "meaning", "said"),
    [
        (b"554 5.7.1 No mail from you\r\n", StopError, "554 5.7.1 No mail from you"),
        (b"421 4.3.2 Overloaded\r\n", TryLaterError, "421 4.3.2 Overloaded"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", TryLaterError, "not that of a mail server"),
    ],
)
async def test_a_greeting_that_is_none(
    greeting: bytes, meaning: type[KometaAIError], said: str
) -> None:
    """It is no word about this message: the message is kept."""
    async with mute(greeting) as (port, _):
        with pytest.raises(meaning, match=said):
            await sending(port).send(MESSAGE)


async def test_addresses_in_letters_of_their_own() -> None:
    """A domain gets its ASCII form; before the @ SMTPUTF8 is needed."""
    envelope = Envelope("kai@küche.example", ("jörg@example.org", "ada@straße.example"))
    async with post_office(PostOffice()) as office:
        await Smtp(MailServer(LOOPBACK, office.port), envelope).send(MESSAGE)
    (arrived,) = office.envelopes
    assert arrived.mail_from == "kai@xn--kche-0ra.example"
    assert arrived.rcpt_tos == ["jörg@example.org", "ada@strasse.example"]
    assert arrived.smtp_utf8


def test_the_key_stays_when_the_server_is_set_right() -> None:
    """What waits goes out by the new server, to those for whom it is."""
    wrong, right = sending(25), sending(587, encryption=Encryption.STARTTLS)
    others = Smtp(MailServer(LOOPBACK, 25), replace(ENVELOPE, recipients=(ADA,)))
    assert wrong.key == right.key != others.key
