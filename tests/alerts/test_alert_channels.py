"""Channels against real receivers: a mail server, a web server, a program."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import json
import os
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.alerts import email, sending
from gateway.alerts.channel import bounded
from gateway.config.settings import CommandChannel, EmailChannel, Secret, Smtp, WebhookChannel
from gateway.errors import AlertUndelivered

MESSAGE = {
    "id": "01KAZ0000000000000000000AA",
    "thread": "0123456789abcdef0123456789abcdef",
    "occasion": "begins",
    "kind": "circuit-open",
    "at": "2026-11-22T06:00:00+00:00",
    "subject": "[Werk Süd] ALERT circuit-open on orders: server erp is down",
    "body": "server erp is down.\n\nÜber eine Stunde.\n",
}
PASSWORD = "correct horse"


class Mailbox:
    """What a mail server took, and whom it refuses."""

    def __init__(self) -> None:
        self.letters: list[tuple[list[str], EmailMessage]] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Refuse who has left the company."""
        if address.startswith("left@"):
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the letter."""
        assert isinstance(envelope.content, bytes)
        letter = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append((envelope.rcpt_tos, letter))
        return "250 taken"


def _authenticate(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
) -> AuthResult:
    good = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
    return AuthResult(success=good, handled=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.plant")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    directory = tmp_path_factory.mktemp("tls")
    (directory / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (directory / "key.pem").write_bytes(pem)
    return directory / "cert.pem", directory / "key.pem"


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture(scope="module")
def mail(certificate: tuple[Path, Path]) -> Iterator[tuple[Mailbox, int]]:
    """A mail server that demands STARTTLS and a password."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    box = Mailbox()
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=_free_port(),
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=_authenticate,
    )
    controller.start()
    yield box, controller.port
    controller.stop()


def _mail(port: int, authorities: Path | None, password: str = PASSWORD, **smtp: Any) -> EmailChannel:
    settings = {"user": "gateway", "password": Secret(password), "authorities": authorities, **smtp}
    to = ("shift@plant.example", "left@plant.example")
    return EmailChannel("mail", Smtp("127.0.0.1", port, **settings), "gateway@plant.example", to)


def test_a_mail_goes_out_encrypted_and_threads(
    mail: tuple[Mailbox, int], certificate: tuple[Path, Path]
) -> None:
    """A letter shall arrive with its headers, reminders in its thread; who is refused is told."""
    box, port = mail
    remark = sending.send(_mail(port, certificate[0]), MESSAGE)
    assert remark == "refused for left@plant.example: 550 no such person"
    sending.send(_mail(port, certificate[0]), {**MESSAGE, "occasion": "over", "id": "SECOND"})
    (to, first), (_to, second) = box.letters[-2:]
    assert to == ["shift@plant.example"]
    assert first["Subject"] == MESSAGE["subject"]
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["Date"].datetime.isoformat() == MESSAGE["at"]
    assert "Über eine Stunde." in first.get_content()
    assert first["In-Reply-To"] is None
    assert second["References"] == second["In-Reply-To"] == first["Message-ID"]
    assert second["Message-ID"] != first["Message-ID"]


def test_identifiers_of_mails_are_written_plainly() -> None:
    """A long identifier shall be in no encoded word, for mail programs thread by what stands there."""
    channel = EmailChannel("night-shift", Smtp("mail"), "gw@a-long-name.of-a-plant.example", ("a@b.example",))
    raw = bytes(email.letter(channel, {**MESSAGE, "occasion": "over", "thread": "f" * 32})).decode()
    name = f"<{'f' * 32}.night-shift@a-long-name.of-a-plant.example>"
    assert f"\r\nIn-Reply-To: {name}\r\nReferences: {name}\r\n" in raw


def test_a_mail_server_that_is_not_trusted_or_does_not_trust_us(
    mail: tuple[Mailbox, int], certificate: tuple[Path, Path]
) -> None:
    """A certificate of nobody, a wrong password and an unencrypted one shall be refused, and not be shown."""
    box, port = mail
    count = len(box.letters)
    for channel, word in (
        (_mail(port, None), "CERTIFICATE_VERIFY_FAILED"),
        (_mail(port, certificate[0], "wrong battery"), "535"),
        (_mail(port, certificate[0], security="none"), "never sent"),
        (_mail(_free_port(), certificate[0]), "refused"),
        (_mail(port, certificate[0], security="tls"), "channel mail"),
    ):
        with pytest.raises(AlertUndelivered, match=word) as refused:
            sending.send(channel, MESSAGE)
        assert "battery" not in str(refused.value)
        assert PASSWORD not in str(refused.value)
    assert len(box.letters) == count


class _Receiver(BaseHTTPRequestHandler):
    """Takes what is posted; its path says how it answers."""

    taken: list[tuple[str, dict[str, str], Any]]
    leaves = threading.Event()
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Keep the message and answer as the path says."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.taken.append((self.path, dict(self.headers), json.loads(body)))
        if self.path.startswith("/drip"):
            with contextlib.suppress(OSError):
                for byte in b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000:
                    self.wfile.write(bytes([byte]))
                    self.leaves.wait(0.05)
            return
        status = int(self.path.partition("?")[0].rpartition("/")[2])
        self.send_response(status)
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name is given
        """Say nothing."""


@pytest.fixture(scope="module")
def receiver() -> Iterator[tuple[type[_Receiver], str]]:
    """A web server that takes messages."""
    kind = type("Taking", (_Receiver,), {"taken": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield kind, f"http://127.0.0.1:{server.server_port}"
    _Receiver.leaves.set()
    server.shutdown()
    server.server_close()


def test_a_webhook_is_posted_once_with_its_headers(receiver: tuple[type[_Receiver], str]) -> None:
    """The message shall be posted as JSON with the headers of the site and a key that stays the same."""
    kind, url = receiver
    channel = WebhookChannel("hook", Secret(f"{url}/hook/204?token=t0k3n"), {"X-Key": Secret("k3y")})
    sending.send(channel, MESSAGE)
    path, headers, data = kind.taken[-1]
    assert path == "/hook/204?token=t0k3n"
    assert (headers["X-Key"], headers["Idempotency-Key"]) == ("k3y", MESSAGE["id"])
    assert headers["Content-Type"] == "application/json"
    assert data == MESSAGE


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/t0k3n/302", "302 Found; redirects are not followed"),
        ("/t0k3n/404", "404 Not Found"),
        ("/t0k3n/500", "500"),
        ("/drip/t0k3n/200", "No answer in time"),
        ("/t0k3n/ 200", "channel hook"),
    ],
)
def test_a_webhook_that_is_not_taken_shows_no_secret(
    receiver: tuple[type[_Receiver], str], path: str, word: str
) -> None:
    """Any answer but 2xx, one that never ends, and a broken URL shall be failures without the URL."""
    kind, url = receiver
    count = len(kind.taken)
    began = time.monotonic()
    with pytest.raises(AlertUndelivered, match=word) as refused:
        sending.send(WebhookChannel("hook", Secret(url + path), timeout_seconds=0.3), MESSAGE)
    assert time.monotonic() - began < 3
    assert "t0k3n" not in str(refused.value)
    assert "127.0.0.1" not in str(refused.value)
    assert len(kind.taken) - count <= 1


def test_a_header_that_cannot_be_sent_is_not_shown(receiver: tuple[type[_Receiver], str]) -> None:
    """A secret header with a line end shall be refused, and not be shown in whatever form."""
    channel = WebhookChannel("hook", Secret(f"{receiver[1]}/200"), {"X-Key": Secret("k3y\nX-Evil: 1")})
    with pytest.raises(AlertUndelivered, match="not one of HTTP") as refused:
        sending.send(channel, MESSAGE)
    assert "k3y" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/t0k3n", "file:///etc/t0k3n", "", "http://127.0.0.1:99999/t0k3n"]
)
def test_only_http_is_posted_to(url: str) -> None:
    """A URL of another scheme, or none, shall be refused without being shown."""
    with pytest.raises(AlertUndelivered) as refused:
        sending.send(WebhookChannel("hook", Secret(url)), MESSAGE)
    assert "t0k3n" not in str(refused.value)


def _program(tmp_path: Path, text: str, **values: Any) -> CommandChannel:
    path = tmp_path / "pager"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return CommandChannel("pager", (str(path), "an argument; rm -rf"), **values)


def test_a_program_is_given_the_message_and_a_bare_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program shall get the message as JSON, its arguments as they are, and no secret of the service."""
    monkeypatch.setenv("ERP_PASSWORD", "s3cret")
    out = tmp_path / "out"
    sending.send(_program(tmp_path, f'cat > {out}; env >> {out}; echo "$1" >> {out}'), MESSAGE)
    first, *rest = out.read_text().splitlines()
    assert json.loads(first) == MESSAGE
    assert rest[-1] == "an argument; rm -rf"
    assert f"GATEWAY_ALERT_ID={MESSAGE['id']}" in rest
    assert not any("ERP_PASSWORD" in line for line in rest)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("echo no pager is on duty; exit 3", "status 3: no pager is on duty"),
        ("head -c 100000000 /dev/zero | tr '\\0' x; exit 4", "status 4: xxx"),
        ("sleep 60", "longer than 0.5 s"),
        ("sleep 60 & exit 5", "status 5"),
        ("while :; do echo more; done", "longer than 0.5 s: more"),
    ],
)
def test_a_program_that_fails_hangs_or_floods(tmp_path: Path, text: str, word: str) -> None:
    """A program that fails shall say why; one that hangs or floods shall end in its time."""
    seconds = 20.0 if "100000000" in text else 0.5
    with pytest.raises(AlertUndelivered, match=word) as refused:
        sending.send(_program(tmp_path, text, timeout_seconds=seconds), MESSAGE)
    assert len(str(refused.value)) < 1200


def test_a_program_that_leaves_somebody_talking(tmp_path: Path) -> None:
    """A program that ends well shall have taken the message, however much its children go on saying."""
    sending.send(_program(tmp_path, "yes & exit 0", timeout_seconds=20.0), MESSAGE)


def test_a_conversation_ends_in_its_time_under_tls_too() -> None:
    """A connection that was handed on to TLS within its bounds shall be ended all the same."""
    ours, theirs = socket.socketpair()
    with theirs, bounded(ours, 0.05), socket.socket(fileno=ours.detach()) as handed_on:
        handed_on.settimeout(10)
        assert handed_on.recv(1) == b""


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    """A program that cannot be run shall be an error of its channel."""
    with pytest.raises(AlertUndelivered, match="cannot be run"):
        sending.send(CommandChannel("pager", (str(tmp_path / "gone"),)), MESSAGE)
    with pytest.raises(AlertUndelivered, match="cannot be run"):
        sending.send(CommandChannel("pager", (os.fspath(tmp_path), sys.executable)), MESSAGE)
