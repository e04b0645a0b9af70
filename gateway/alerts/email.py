"""Alerts by e-mail: RFC 5322 messages over SMTP, encrypted and verified unless the site says otherwise."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Mapping
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from gateway.alerts.channel import bounded, refused
from gateway.config.settings import EmailChannel

#: For each step of the conversation, and for all of it.
_STEP_SECONDS = 15.0
_ALL_SECONDS = 60.0
#: Lines of headers are folded late: an identifier that is folded is encoded, and threads no more.
_POLICY = SMTP.clone(max_line_length=900)


def send(channel: EmailChannel, message: Mapping[str, Any]) -> str | None:
    """Give ``message`` to the mail server; return what it said against single recipients.

    Raises AlertUndelivered where it took the message for nobody.
    """
    return _with_server(
        channel,
        lambda server: _refusals(
            server.send_message(letter(channel, message), channel.sender, list(channel.to))
        ),
    )


def reach(channel: EmailChannel) -> None:
    """Connect, encrypt and log in as for a letter, and send none; raises AlertUndelivered."""
    _with_server(channel, lambda server: str(server.noop()))


def _with_server(channel: EmailChannel, ask: Callable[[smtplib.SMTP], str | None]) -> str | None:
    """Return what ``ask`` does of the mail server once the gateway is logged in."""
    password = channel.smtp.password.text if channel.smtp.password else ""
    if password and channel.smtp.security == "none":
        raise refused(channel.name, "A password is never sent over a connection that is not encrypted")
    try:
        with _connected(channel) as server:
            if server.sock is None:  # closed by the server while it was greeted
                raise refused(channel.name, "The mail server closed the connection")
            with bounded(server.sock, _ALL_SECONDS):
                _log_in(server, channel, password)
                return ask(server)
    except smtplib.SMTPResponseException as error:
        said = _answer(error.smtp_error)
        raise refused(channel.name, f"{error.smtp_code} {said}", secrets=(password,)) from error
    except smtplib.SMTPRecipientsRefused as error:
        raise refused(channel.name, _refusals(error.recipients) or "refused") from error
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise refused(channel.name, error, secrets=(password,)) from error


def _connected(channel: EmailChannel) -> smtplib.SMTP:
    smtp = channel.smtp
    if smtp.security == "tls":
        return smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=_STEP_SECONDS, context=_trust(channel))
    return smtplib.SMTP(smtp.host, smtp.port, timeout=_STEP_SECONDS)


def _trust(channel: EmailChannel) -> ssl.SSLContext:
    authorities = channel.smtp.authorities
    return ssl.create_default_context(cafile=str(authorities) if authorities else None)


def _log_in(server: smtplib.SMTP, channel: EmailChannel, password: str) -> None:
    if channel.smtp.security == "starttls":
        server.starttls(context=_trust(channel))  # raises where the server does not offer it
    if channel.smtp.user is not None:
        server.login(channel.smtp.user, password)


def letter(channel: EmailChannel, message: Mapping[str, Any]) -> EmailMessage:
    """Return the message as it is sent; the letters of one alert hang together as a thread."""
    mail = EmailMessage(policy=_POLICY)
    domain = channel.sender.rpartition("@")[2].rstrip(">") or "localhost"
    root = f"<{message['thread']}.{channel.name}@{domain}>"
    is_first = message["occasion"] in ("begins", "test", "withheld")
    mail["From"] = channel.sender
    mail["To"] = ", ".join(channel.to)
    mail["Subject"] = message["subject"]
    mail["Date"] = format_datetime(datetime.fromisoformat(message["at"]))
    mail["Message-ID"] = root if is_first else f"<{message['id']}.{channel.name}@{domain}>"
    if not is_first:
        mail["In-Reply-To"] = root
        mail["References"] = root
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation answers
    mail["Precedence"] = "bulk"
    mail["X-Gateway-Alert"] = f"{message['kind']}; {message['occasion']}; id={message['id']}"
    mail.set_content(message["body"])
    return mail


def _refusals(recipients: Mapping[str, tuple[int, bytes]]) -> str | None:
    if not recipients:
        return None
    each = [f"{name}: {code} {_answer(said)}" for name, (code, said) in recipients.items()]
    return f"refused for {'; '.join(each)}"


def _answer(said: bytes | str) -> str:
    text = said.decode("utf-8", "backslashreplace") if isinstance(said, bytes) else said
    return " ".join(text.split())
