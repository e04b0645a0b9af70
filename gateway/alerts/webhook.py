"""Alerts as JSON, posted to a URL: verified TLS, no redirects, no proxies, bounded time."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from gateway import __version__
from gateway.alerts.channel import bounded, refused
from gateway.config.settings import WebhookChannel
from gateway.errors import AlertUndelivered

#: Of an answer no more is read: it is not kept.
_ANSWER = 4096


def send(channel: WebhookChannel, message: Mapping[str, Any]) -> None:
    """Post ``message``; any answer but 2xx is a failure, a redirect too.

    Raises AlertUndelivered; the URL and the headers are in no message.
    """
    with _said(channel):
        status = _post(channel, message)
    if not 200 <= status < 300:
        word = http.client.responses.get(status, "")
        hint = "; redirects are not followed" if 300 <= status < 400 else ""
        raise refused(channel.name, f"The receiver answered {status} {word}{hint}".rstrip())


def reach(channel: WebhookChannel) -> None:
    """Connect to the receiver, its certificate verified, and ask nothing; raises AlertUndelivered."""
    with _said(channel), contextlib.closing(_connection(channel, urlsplit(channel.url.text))) as connection:
        connection.connect()


@contextlib.contextmanager
def _said(channel: WebhookChannel) -> Iterator[None]:
    """Turn what goes wrong in the block into AlertUndelivered, which shows nothing that is secret."""
    try:
        yield
    except AlertUndelivered:
        raise
    except OSError as error:
        raise refused(channel.name, error, secrets=_secrets(channel)) from None
    except (http.client.HTTPException, ValueError) as error:
        # its text may hold the URL or a header in a form that is not recognised
        kind = type(error).__name__
        raise refused(channel.name, f"The URL, a header or the answer is not one of HTTP ({kind})") from None


def _post(channel: WebhookChannel, message: Mapping[str, Any]) -> int:
    url = urlsplit(channel.url.text)
    connection = _connection(channel, url)
    try:
        connection.connect()
        with bounded(connection.sock, channel.timeout_seconds):
            target = (url.path or "/") + (f"?{url.query}" if url.query else "")
            connection.request("POST", target, json.dumps(dict(message)).encode(), _headers(channel, message))
            answer = connection.getresponse()
            answer.read(_ANSWER)
            return answer.status
    finally:
        connection.close()


def _connection(channel: WebhookChannel, url: SplitResult) -> http.client.HTTPConnection:
    if not url.hostname or url.scheme not in ("http", "https"):
        raise refused(channel.name, "The URL is not one of http or https with a host")
    if url.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(
            url.hostname, url.port, timeout=channel.timeout_seconds, context=context
        )
    return http.client.HTTPConnection(url.hostname, url.port, timeout=channel.timeout_seconds)


def _headers(channel: WebhookChannel, message: Mapping[str, Any]) -> dict[str, str]:
    return {
        "User-Agent": f"gateway/{__version__}",
        "Idempotency-Key": str(message["id"]),  # the same however often it is sent
        **{name: value.text for name, value in channel.headers.items()},
        "Content-Type": "application/json",
    }


def _secrets(channel: WebhookChannel) -> tuple[str, ...]:
    """Return everything that an error might repeat of what is secret: the URL, its parts, the headers."""
    url = channel.url.text
    rest = url.partition("://")[2]
    host, _slash, path = rest.partition("/")
    return (
        url,
        rest,
        host,
        host.partition(":")[0],
        path,
        *(value.text for value in channel.headers.values()),
    )
