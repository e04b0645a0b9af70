"""Health and metrics over HTTP, on loopback only: four pages to read, nothing to write.

`/live` asks whether a restart would help, `/ready` whether the service does its work, `/health` says how
it is and why (JSON), `/metrics` is for Prometheus. Whoever asks too much, or too slowly, is sent away.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from gateway.alerts.channel import bounded
from gateway.errors import ConfigurationError
from gateway.rules import health as rules
from gateway.rules.health import Health, Verdict
from gateway.service.metrics import CONTENT_TYPE
from gateway.service.monitor import Monitor

#: Requests answered at once; further ones are refused.
_THREADS = 4
_STEP_SECONDS = 5.0
_ALL_SECONDS = 15.0
_JSON = "application/json"


def verdict_data(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as JSON-ready data."""
    reasons = [{"health": one.health.value, "text": one.text} for one in verdict.reasons]
    return {"health": verdict.health.value, "reasons": reasons}


class _Handler(BaseHTTPRequestHandler):
    """Answers one request, and closes."""

    server: _Server
    server_version = "gateway"
    sys_version = ""
    timeout = _STEP_SECONDS

    def do_GET(self) -> None:
        """Answer with a page, or say that there is none."""
        page = self.server.pages.get(self.path.partition("?")[0])
        if page is None:
            self._answer(404, _JSON, b'{"error": "no such page"}\n')
            return
        try:
            status, kind, body = page()
        except Exception:  # noqa: BLE001 - whatever it is, who asks gets an answer and no details
            status, kind, body = 500, _JSON, b'{"error": "internal error"}\n'
        self._answer(status, kind, body)

    do_HEAD = do_GET  # noqa: N815 - the library finds it by this name

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002 - their names are given
        """Refuse a request without repeating anything of it."""
        self.close_connection = True
        with suppress(OSError):
            self._answer(code, _JSON, b'{"error": "refused"}\n')

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - their names are given
        """Log nothing: who reads health every second would fill the log."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 16
    allow_reuse_address = True

    def __init__(
        self, address: tuple[str, int], pages: dict[str, Callable[[], tuple[int, str, bytes]]]
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.pages = pages
        self._free = threading.BoundedSemaphore(_THREADS)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give the request a thread of its own, if one is free."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer within bounded time."""
        try:
            with suppress(TimeoutError), bounded(request, _ALL_SECONDS):
                super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away."""

    def server_bind(self) -> None:
        """Bind without asking a name server for the name of this machine."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])


class HealthServer:
    """Serves the pages from threads of its own, from `start` to `stop`."""

    def __init__(self, address: tuple[str, int], monitor: Monitor) -> None:
        """Take the port at once. Raises ConfigurationError where it is not loopback or not to be had."""
        if not ipaddress.ip_address(address[0]).is_loopback:
            raise ConfigurationError("Health and metrics are served on loopback only", where=address[0])
        pages = {
            "/health": lambda: _health(monitor),
            "/ready": lambda: _yes(rules.is_ready(monitor.signs()), "ready"),
            "/live": lambda: _yes(rules.is_live(monitor.signs()), "live"),
            "/metrics": lambda: (200, CONTENT_TYPE, monitor.metrics()),
        }
        try:
            self._server = _Server(address, pages)
        except OSError as error:
            raise ConfigurationError(
                "The address for health and metrics cannot be taken",
                where=f"{address[0]}:{address[1]}",
                cause=error,
                hint="Give another one as `service.listen`, or find who has it with `ss -ltnp`",
            ) from error
        self.address: tuple[str, int] = (self._server.server_name, self._server.server_port)
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more, and give the port back."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


def _health(monitor: Monitor) -> tuple[int, str, bytes]:
    verdict = monitor.verdict()
    body = json.dumps(verdict_data(verdict)).encode() + b"\n"
    return (503 if verdict.health is Health.FAILED else 200), _JSON, body


def _yes(value: bool, word: str) -> tuple[int, str, bytes]:
    return (200 if value else 503), _JSON, json.dumps({word: value}).encode() + b"\n"
