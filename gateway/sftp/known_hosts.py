"""The file known_hosts (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"): who stands in it, and how to change it.

Read line by line: a line that is not understood says nothing, and hides none of the others. PURE:
text in, values or text out.
"""

from __future__ import annotations

import base64
import binascii
import fnmatch
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

DEFAULT_PORT = 22


@dataclass(frozen=True, slots=True)
class HostKey:
    """The public key of a host."""

    type: str  #: ``ssh-ed25519``, ``ssh-rsa``, ...
    blob: bytes  #: as it goes over the wire

    @property
    def fingerprint(self) -> str:
        """Its fingerprint as ``ssh-keygen -l`` prints it: ``SHA256:...``."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")

    def __str__(self) -> str:
        """Return type and fingerprint, as messages show a key."""
        return f"{self.type} {self.fingerprint}"


@dataclass(frozen=True, slots=True)
class KnownHost:
    """One line of known_hosts."""

    marker: str  #: ``""``, ``@revoked`` or ``@cert-authority``
    patterns: tuple[str, ...]
    key: HostKey

    def names(self, host: str, port: int) -> bool:
        """Whether the line is about this host and port."""
        return patterns_name(self.patterns, host, port)


def parse(text: str) -> list[KnownHost]:
    """Return the lines of a known_hosts file that can be understood."""
    return [entry for line in text.splitlines() if (entry := parse_line(line)) is not None]


def parse_line(line: str) -> KnownHost | None:
    """Return what one line says; None for a comment, an empty line and one that is not understood."""
    words = line.split()
    if not words or words[0].startswith("#"):
        return None
    marker = words.pop(0) if words[0].startswith("@") else ""
    if marker not in ("", "@revoked", "@cert-authority") or len(words) < 3:
        return None
    try:
        blob = base64.b64decode(words[2], validate=True)
    except (binascii.Error, ValueError):
        return None
    # the key says its type itself; a line that says another one is damaged
    size = int.from_bytes(blob[:4], "big")
    if blob[4 : 4 + size] != words[1].encode(errors="replace"):
        return None
    return KnownHost(marker, tuple(words[0].split(",")), HostKey(words[1], blob))


def patterns_name(patterns: Sequence[str], host: str, port: int) -> bool:
    """Whether one of the patterns is about the host, and no negated one (``!pattern``) is."""
    names = _names(host, port)
    if any(_matches(pattern[1:], names) for pattern in patterns if pattern.startswith("!")):
        return False
    return any(_matches(pattern, names) for pattern in patterns if not pattern.startswith("!"))


def line_for(host: str, port: int, key: HostKey, comment: str) -> str:
    """Return the line that trusts ``key`` of a host, with its end; ``comment`` is one printable line."""
    name = _names(host, port)[0]
    return f"{name} {key.type} {base64.b64encode(key.blob).decode()} {comment}\n"


def without(text: str, host: str, port: int) -> str:
    """Return the file without the keys that it trusts of a host; all else stays as it is.

    Hosts that share a line keep it; where a wildcard still names the host, it is excepted (``!host``).
    Revoked keys stay revoked, authorities stay.
    """
    return "".join(_line_without(line, host, port) for line in text.splitlines(keepends=True))


def _line_without(line: str, host: str, port: int) -> str:
    entry = parse_line(line)
    if entry is None or entry.marker or not entry.names(host, port):
        return line
    names = _names(host, port)
    others = [one for one in entry.patterns if one.lower() not in names and not _is_hash_of(one, names)]
    if not any(not one.startswith("!") for one in others):
        return ""
    if patterns_name(others, host, port):
        others.insert(0, f"!{names[0]}")
    start = line.index(line.split()[0])
    return line[:start] + ",".join(others) + line[start + len(line.split()[0]) :]


def _names(host: str, port: int) -> tuple[str, ...]:
    """Return how a host and port are written in known_hosts, the usual form first."""
    lower = host.lower()
    return (lower, f"[{lower}]:{port}") if port == DEFAULT_PORT else (f"[{lower}]:{port}",)


def _matches(pattern: str, names: Sequence[str]) -> bool:
    if pattern.startswith("|"):
        return _is_hash_of(pattern, names)
    # brackets mean themselves here, not a set of characters
    shell = pattern.lower().replace("[", "[[]")
    return any(fnmatch.fnmatchcase(name, shell) for name in names)


def _is_hash_of(pattern: str, names: Sequence[str]) -> bool:
    """Whether a hashed name, ``|1|salt|hash``, is one of ``names``."""
    parts = pattern.split("|")
    if len(parts) != 4 or parts[1] != "1":
        return False
    try:
        salt, digest = (base64.b64decode(part, validate=True) for part in parts[2:])
    except (binascii.Error, ValueError):
        return False
    return any(hmac.digest(salt, name.encode(), "sha1") == digest for name in names)
