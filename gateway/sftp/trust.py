"""Whether the key that a server shows is trusted. PURE, but for reading known_hosts.

1. Fingerprints that stand in the configuration decide alone.
2. Without them known_hosts decides: a key that is revoked there is refused whatever else it says.
3. A key that nobody has approved is refused, and so is another one than the approved one: the gateway
   never asks and never learns a key by itself.
"""

from __future__ import annotations

import enum
import errno
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.config.settings import Server
from gateway.errors import HostKeyChanged, HostKeyUnknown, ServerError
from gateway.printable import printable
from gateway.sftp.files import read_regular
from gateway.sftp.known_hosts import HostKey, KnownHost, parse
from gateway.sftp.line import place


class Trust(enum.Enum):
    """What is thought of a key that a server shows."""

    TRUSTED = "trusted"
    UNKNOWN = "unknown"  #: nobody has said anything about the server
    CHANGED = "changed"  #: another key is trusted
    REVOKED = "revoked"  #: this very key must not be trusted


@dataclass(frozen=True, slots=True)
class Trusted:
    """What is known about a server before it shows its key."""

    pins: tuple[str, ...]  #: fingerprints of the configuration; they decide alone
    entries: tuple[KnownHost, ...]  #: lines of known_hosts that are about it

    @property
    def keys(self) -> tuple[str, ...]:
        """The trusted keys as messages show them."""
        return self.pins or tuple(str(entry.key) for entry in self.entries if not entry.marker)

    @property
    def types(self) -> tuple[str, ...]:
        """The types of the trusted keys, where they are known: a fingerprint does not tell."""
        types = (entry.key.type for entry in self.entries if not entry.marker)
        return () if self.pins else tuple(dict.fromkeys(types))

    @property
    def has_authority(self) -> bool:
        """Whether known_hosts trusts an authority to certify the server's key."""
        return any(entry.marker == "@cert-authority" for entry in self.entries)


def decide(trusted: Trusted, shown: HostKey) -> Trust:
    """Return what is thought of the key that is shown."""
    if trusted.pins:
        pinned = {pin.rstrip("=") for pin in trusted.pins}
        return Trust.TRUSTED if shown.fingerprint in pinned else Trust.CHANGED
    if any(entry.marker == "@revoked" and entry.key == shown for entry in trusted.entries):
        return Trust.REVOKED
    plain = [entry.key for entry in trusted.entries if not entry.marker]
    if shown in plain:
        return Trust.TRUSTED
    return Trust.CHANGED if plain else Trust.UNKNOWN


def known(server: Server) -> Trusted:
    """Return what is known about a server; raises HostKeyUnknown where known_hosts cannot be read."""
    if server.host_keys:
        return Trusted(server.host_keys, ())
    entries = parse(read_known_hosts(server.known_hosts))
    return Trusted((), tuple(entry for entry in entries if entry.names(server.host, server.port)))


def read_known_hosts(path: Path) -> str:
    """Return the file's text, empty where there is none; raises HostKeyUnknown if it cannot be read."""
    try:
        data, _found = read_regular(path)
    except FileNotFoundError:
        return ""
    except OSError as error:
        hint = "Correct the file's owner or permissions for the gateway's account"
        if error.errno == errno.EFBIG:
            hint = "Keep in it only the servers of this site, and let `known_hosts` of the server name it"
        where = printable(str(path))
        raise HostKeyUnknown(
            "Cannot read the keys of trusted servers", where=where, cause=error, hint=hint
        ) from error
    return data.decode("utf-8", "surrogateescape")


def refusal(server: Server, trusted: Trusted, shown: Sequence[HostKey]) -> ServerError:
    """Return the error for a server that shows the keys ``shown``, none of which is trusted."""
    keys = " and ".join(map(str, shown))
    verdict = decide(trusted, shown[0])
    accept = f'`gateway trust accept {server.name} --fingerprint {shown[0].fingerprint} --reason "..."`'
    if verdict is Trust.UNKNOWN:
        authority = (
            " (known_hosts names an authority for it, but the gateway does not take certificates of hosts)"
            if trusted.has_authority
            else ""
        )
        return HostKeyUnknown(
            f"The server shows the host key {keys}, which nobody has approved yet{authority}",
            where=place(server),
            hint=f"Compare it with what the partner told you on another way; if it is the same: {accept}",
        )
    if verdict is Trust.REVOKED:
        return HostKeyChanged(
            f"The server shows the host key {keys}, which is marked @revoked in known_hosts",
            where=place(server),
            hint="Do not go on: ask the partner whether the server is theirs, and for its new key",
        )
    change = f"put it into host_keys of the server {server.name} in config/gateway.yaml"
    return HostKeyChanged(
        f"The server shows the host key {keys}; trusted is {' or '.join(trusted.keys)}",
        where=place(server),
        hint="Somebody may stand between you and the partner. Ask the partner on another way whether the"
        f" key was changed; only then {change if trusted.pins else 'run ' + accept}",
    )
