"""Looking closer at one server than a pass does: what was agreed on, and how it renames."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import paramiko

from gateway.config.settings import Algorithms, Server
from gateway.sftp.algorithms import KEY_TYPES, preferences
from gateway.sftp.client import Client, open_session
from gateway.sftp.transport import Transport, dispose, open_transport


@dataclass(frozen=True, slots=True)
class Agreed:
    """The algorithms of a connection."""

    host_key: str
    key_exchange: str
    cipher: str
    mac: str  #: empty where the cipher needs none

    @property
    def old(self) -> tuple[str, ...]:
        """Those that are taken of old servers only."""
        modern = preferences(Algorithms.MODERN, KEY_TYPES)
        used = (
            (self.cipher, modern.ciphers),
            (self.mac, modern.macs),
            (self.key_exchange, modern.key_exchanges),
        )
        return tuple(one for one, good in used if one and one not in good)


@dataclass(frozen=True, slots=True)
class Line:
    """A connection of its own with a server, and a session on it."""

    transport: Transport
    session: Client

    @property
    def agreed(self) -> Agreed:
        """What both sides agreed on."""
        line = self.transport
        offered = line.offers.get("kex_algo_list", [])
        exchange = next((one for one in line.wanted.key_exchanges if one in offered), "")
        mac = "" if "gcm" in line.local_cipher else line.local_mac or ""
        return Agreed(line.host_key_type or line.shown.type, exchange, line.local_cipher, mac)


@contextlib.contextmanager
def connected(server: Server) -> Iterator[Line]:
    """Open a connection for the block, beside those of the gateway at work; raises a ServerError."""
    transport = open_transport(server)
    try:
        yield Line(transport, open_session(transport, server))
    finally:
        dispose(transport)


def ask_plain_rename(server: Server, old: str, new: str) -> bool:
    """Rename ``old`` to ``new`` as the protocol's plain rename does it; return whether it was said to work.

    Over a connection of its own, as some servers have one session for each. Both names must be the caller's
    own files: a session's own `rename` looks first, and never asks for this. Raises a ServerError where the
    server cannot be asked.
    """
    transport = open_transport(server)
    try:
        channel = transport.open_session(timeout=server.reply_seconds)
        channel.settimeout(server.reply_seconds)
        channel.invoke_subsystem("sftp")
        paramiko.SFTPClient(channel).rename(old, new)
    except (paramiko.SSHException, OSError, EOFError):
        return False
    finally:
        dispose(transport)
    return True
