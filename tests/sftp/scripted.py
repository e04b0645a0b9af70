"""An SFTP server in the test's own process that does what OpenSSH cannot be made to do.

It speaks version 3 of the protocol (draft-ietf-secsh-filexfer-02) with the extensions of OpenSSH and
serves a real directory as ``/``. ``Manner`` says what kind of server it plays; ``on`` lets one request
of an operation go wrong. What was asked of it stands in ``requests``.
"""

from __future__ import annotations

import contextlib
import posixpath
import socket
import tempfile
import threading
from pathlib import Path
from typing import Any, Self

import paramiko
from paramiko.common import (
    AUTH_FAILED,
    AUTH_PARTIALLY_SUCCESSFUL,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_SUCCEEDED,
)  # fmt: skip

from gateway.config.settings import Login, Server
from tests.sftp.conversation import Conversation, cut
from tests.sftp.script import FULL, Manner, Script

#: Lets in, unless a test says another one.
PASSWORD = "rosebud"


class Scripted(Script):
    """The server: listens on the loopback while the context lasts."""

    def __init__(
        self,
        root: Path,
        manner: Manner = FULL,
        *,
        password: str = PASSWORD,
        factors: tuple[str, ...] = (),
    ) -> None:
        """Serve ``root``; any of key and password lets in, or every one of ``factors``, in that order."""
        super().__init__(root, manner)
        self.user = "mes"
        self.password = password
        self.factors = factors
        self.connections = 0  #: that were ever made
        self.host_key = paramiko.ECDSAKey.generate()
        self._key = paramiko.ECDSAKey.generate()
        self._transports: list[paramiko.Transport] = []
        self._listener: socket.socket | None = None
        self.port = 0

    def __enter__(self) -> Self:
        self._private = tempfile.TemporaryDirectory(prefix="gateway-scripted-")
        self.client_key = Path(self._private.name, "client")
        self._key.write_private_key_file(str(self.client_key))
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._private.cleanup()

    def start(self) -> None:
        """Listen, on the port it had before."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(100)
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def stop(self) -> None:
        """Listen no more and end every connection."""
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self.calm()
        self.kill_sessions()

    def revive(self) -> None:
        """Start the server, if it is down."""
        if self._listener is None:
            self.start()

    def kill_sessions(self) -> None:
        """End every connection at once."""
        for transport in self._open():
            cut(transport)

    def sessions(self) -> int:
        """Return how many connections there are."""
        return len(self._open())

    @property
    def host_fingerprints(self) -> tuple[str, ...]:
        """The fingerprint of its key."""
        return (str(self.host_key.fingerprint),)

    def remote(self, local: Path) -> str:
        """Return the path by which the server knows a local path below ``root``."""
        return posixpath.join(f"{self.manner.base}/", local.relative_to(self.root).as_posix())

    def server(self, name: str = "erp", **changes: Any) -> Server:
        """Return the settings with which the gateway reaches it; ``changes`` replace fields."""
        usual: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": self.port,
            "user": self.user,
            "login": Login(key=self.client_key),
            "host_keys": self.host_fingerprints,
            "known_hosts": Path(self._private.name, "known_hosts"),
            "reply_seconds": 10.0,
        }
        return Server(name=name, **{**usual, **changes})

    def yaml(self, name: str = "erp", **lines: str) -> str:
        """Return the section ``servers:`` of a configuration; ``lines`` add keys or replace them."""
        usual = {
            "host": "127.0.0.1",
            "port": str(self.port),
            "user": self.user,
            "host_keys": f"[{', '.join(self.host_fingerprints)}]",
            "login": f"{{key: {self.client_key}}}",
            "reply_timeout": "10s",
        }
        keys = "".join(f"    {key}: {text}\n" for key, text in {**usual, **lines}.items())
        return f"servers:\n  {name}:\n{keys}"

    def _open(self) -> list[paramiko.Transport]:
        with self._lock:
            self._transports = [one for one in self._transports if one.is_alive()]
            return list(self._transports)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                line, _address = listener.accept()
            except OSError:
                return
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            transport = paramiko.Transport(line)
            transport.add_server_key(self.host_key)
            transport.set_subsystem_handler("sftp", Conversation, self)
            with self._lock:
                self.connections += 1
                self._transports = [*self._open(), transport]
            with contextlib.suppress(Exception):
                transport.start_server(threading.Event(), _Door(self, self._key))


class _Door(paramiko.ServerInterface):
    """Who is let in."""

    def __init__(self, scripted: Scripted, key: paramiko.PKey) -> None:
        self._scripted = scripted
        self._key = key
        self._shown: list[str] = []

    def get_allowed_auths(self, username: str) -> str:
        """Name the ways that are left."""
        left = [one for one in self._scripted.factors if one not in self._shown]
        return left[0] if left else "publickey,password"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        """Let the client's key in."""
        return self._passed("publickey", username, key.asbytes() == self._key.asbytes())

    def check_auth_password(self, username: str, password: str) -> int:
        """Let the password in."""
        return self._passed("password", username, password == self._scripted.password)

    def _passed(self, way: str, username: str, right: bool) -> int:
        factors = self._scripted.factors
        if not right or username != self._scripted.user or (factors and way not in factors):
            return AUTH_FAILED
        self._shown.append(way)
        if set(factors) - set(self._shown):
            return AUTH_PARTIALLY_SUCCESSFUL
        return AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        """Open sessions only."""
        refused = OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        return OPEN_SUCCEEDED if kind == "session" else refused
