"""SFTP servers as values: where they are, how they are trusted, how the gateway logs in."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that is never shown: its representation says only that there is one."""

    text: str = field(repr=False)

    def __str__(self) -> str:
        """Return what may be shown of it: nothing."""
        return "(secret)"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When something that failed is tried again: exponential, capped, with jitter."""

    first_seconds: float = 30.0
    factor: float = 2.0
    cap_seconds: float = 3600.0
    jitter: float = 0.1  #: share of the delay, both ways
    open_after: int = 3  #: failures in a row of the place as a whole, after which its circuit opens


class Algorithms(enum.Enum):
    """Which algorithms a server may be talked to with."""

    MODERN = "modern"  #: no SHA-1, no CBC, no finite fields below 2048 bits
    COMPATIBLE = "compatible"  #: what old servers still need, too


@dataclass(frozen=True, slots=True)
class Login:
    """How the gateway shows a server who it is; tried in the order of these fields."""

    key: Path | None = None  #: absolute; private key file
    passphrase: Secret | None = None  #: of that key
    certificate: Path | None = None  #: absolute; OpenSSH certificate of that key
    agent: bool = False  #: keys of the agent at SSH_AUTH_SOCK
    password: Secret | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """An SFTP server of a partner: where it is, how it is trusted, how the gateway logs in."""

    name: str
    host: str
    user: str
    login: Login
    port: int = 22
    host_keys: tuple[str, ...] = ()  #: fingerprints ``SHA256:...``; any of them is trusted
    known_hosts: Path = Path("config/known_hosts")  #: absolute; counts only without ``host_keys``
    algorithms: Algorithms = Algorithms.MODERN
    connect_seconds: float = 15.0  #: for connection, key exchange and login, each
    reply_seconds: float = 30.0  #: for which the server may be silent while something is asked of it
    keepalive_seconds: float = 30.0
    idle_seconds: float = 60.0  #: after which a session that nobody uses is closed
    sessions: int = 4  #: at most so many at once
    retry: RetryPolicy = RetryPolicy(first_seconds=15.0, cap_seconds=600.0)  #: of its circuit
