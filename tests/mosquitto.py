"""A real Mosquitto, to be stopped, killed and brought back."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass
from signal import SIGHUP, SIGKILL, SIGTERM, Signals
from typing import TYPE_CHECKING

import aiomqtt
import trustme

from tests.outside import LOOPBACK, missing, reserved_port
from tests.programs import Program

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

STORE = "mosquitto.db"


@dataclass(frozen=True, slots=True)
class Login:
    """Who a broker lets in."""

    username: str
    password: str


@dataclass(slots=True)
class Mosquitto:
    """A broker that is up; ``program.lines`` is its log."""

    program: Program
    folder: Path
    port: int
    login: Login | None = None
    ca_file: Path | None = None

    async def start(self) -> None:
        """Start it, on the port it always has; return when it is at work."""
        since = len(self.program.lines)
        await self.program.start()
        await self.program.says(" running", since=since)
        # It says so before it heeds signals: one that has seen a connection is at work.
        _, greeting = await asyncio.open_connection(LOOPBACK, self.port)
        await self.program.says("New connection from", since=since)
        greeting.close()
        await greeting.wait_closed()

    async def stop(self, signal: Signals = SIGTERM, *, forget: bool = False) -> None:
        """End it: SIGTERM lets it store what is retained; ``forget`` throws that away."""
        await self.program.stop(signal)
        if forget:
            (self.folder / STORE).unlink(missing_ok=True)

    async def restart(self, signal: Signals = SIGTERM, *, forget: bool = False) -> None:
        """Stop it and start it again, at once."""
        await self.stop(signal, forget=forget)
        await self.start()

    def client(self, *, will: aiomqtt.Will | None = None) -> aiomqtt.Client:
        """Return a client that the broker lets in, to be entered."""
        trust = ssl.create_default_context(cafile=self.ca_file) if self.ca_file else None
        return aiomqtt.Client(
            LOOPBACK,
            self.port,
            username=self.login.username if self.login else None,
            password=self.login.password if self.login else None,
            protocol=aiomqtt.ProtocolVersion.V5,
            will=will,
            tls_context=trust,
        )


@asynccontextmanager
async def mosquitto(
    folder: Path, *, login: Login | None = None, tls: bool = False
) -> AsyncIterator[Mosquitto]:
    """Start a broker in a new folder; it is ended however the test ends."""
    found = shutil.which("mosquitto", path=os.defpath + ":/usr/local/sbin:/usr/sbin")
    if found is None:
        missing("Mosquitto is not installed (Debian, Ubuntu: apt install mosquitto).")
    with reserved_port() as port:
        program = Program([found, "-c", str(folder / "broker.conf")], folder)
        broker = Mosquitto(program, folder, port, login)
        _write_settings(broker, tls=tls)
        if login is not None:
            await _add_login(broker, login)
        try:
            await broker.start()
            yield broker
        finally:
            await broker.stop(SIGKILL)


def _make_certificates(folder: Path) -> Path:
    authority = trustme.CA()
    certificate = authority.issue_cert(LOOPBACK, "localhost")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    for pem in certificate.cert_chain_pems:
        pem.write_to_path(folder / "cert.pem", append=True)
    return folder / "ca.pem"


def _write_settings(broker: Mosquitto, *, tls: bool) -> None:
    folder = broker.folder
    folder.mkdir(parents=True)
    lines = [
        f"listener {broker.port} {LOOPBACK}",
        # Or it becomes the user mosquitto when root starts it, who may not write here.
        f"user {pwd.getpwuid(os.getuid()).pw_name}",
        "persistence true",
        f"persistence_location {folder}/",
        "log_dest stderr",  # unlike stdout it is not held back by a buffer
        "log_type all",
        # As the Home Assistant add-on has it: a flood of retained states is not to be dropped.
        "max_queued_messages 8192",
    ]
    if tls:
        broker.ca_file = _make_certificates(folder)
        lines += [f"certfile {folder}/cert.pem", f"keyfile {folder}/key.pem"]
    if broker.login is None:
        lines.append("allow_anonymous true")
    else:
        lines += ["allow_anonymous false", f"password_file {folder}/passwords"]
    (folder / "broker.conf").write_text("\n".join(lines) + "\n", "utf-8")


async def _add_login(broker: Mosquitto, login: Login) -> None:
    passwords = broker.folder / "passwords"
    passwords.touch(mode=0o600)
    passwords.write_text(f"{login.username}:{login.password}\n", "utf-8")
    hashing = await asyncio.create_subprocess_exec("mosquitto_passwd", "-U", str(passwords))
    assert await hashing.wait() == 0


async def change_login(broker: Mosquitto, login: Login) -> None:
    """Let somebody else in from now on; whoever is in already stays."""
    since = len(broker.program.lines)
    await _add_login(broker, login)
    broker.login = login
    broker.program.send(SIGHUP)
    await broker.program.says("Reloading config", since=since)
