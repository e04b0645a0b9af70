"""Which algorithms a server may be talked to with, in the order in which they are asked for.

AES-GCM comes first: it is the fastest by far here, and needs no separate integrity check. What is
named here and not known to the library is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.config.settings import Algorithms

_MODERN_CIPHERS = (
    "aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes256-ctr", "aes192-ctr",
)  # fmt: skip
_MODERN_MACS = (
    "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512",
)  # fmt: skip
#: Groups of a finite field from 2048 bits on; the library asks for no smaller one in an exchange of groups.
_KEY_EXCHANGES = (
    "mlkem768x25519-sha256", "curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384", "ecdh-sha2-nistp521", "diffie-hellman-group16-sha512",
    "diffie-hellman-group-exchange-sha256", "diffie-hellman-group14-sha256",
)  # fmt: skip
_OLD_CIPHERS = ("aes128-cbc", "aes256-cbc")
_OLD_MACS = ("hmac-sha1",)

#: Families of host keys: the type of the key, and the algorithms with which it signs.
_SIGNATURES = {
    "ssh-ed25519": ("ssh-ed25519",),
    "ecdsa-sha2-nistp256": ("ecdsa-sha2-nistp256",),
    "ecdsa-sha2-nistp384": ("ecdsa-sha2-nistp384",),
    "ecdsa-sha2-nistp521": ("ecdsa-sha2-nistp521",),
    # never with SHA-1, whose name is that of the key itself
    "ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256"),
}
KEY_TYPES = tuple(_SIGNATURES)

#: Smallest RSA host key, in bits, that is still taken.
SMALLEST_RSA = {Algorithms.MODERN: 2048, Algorithms.COMPATIBLE: 1024}


@dataclass(frozen=True, slots=True)
class Preferences:
    """What is asked for, best first."""

    key_exchanges: tuple[str, ...]
    host_keys: tuple[str, ...]
    ciphers: tuple[str, ...]
    macs: tuple[str, ...]


def preferences(algorithms: Algorithms, key_types: Sequence[str]) -> Preferences:
    """Return what to ask a server for; host keys of ``key_types`` only, in that order."""
    old = algorithms is Algorithms.COMPATIBLE
    return Preferences(
        key_exchanges=_KEY_EXCHANGES,
        host_keys=tuple(one for kind in key_types for one in _SIGNATURES.get(kind, ())),
        ciphers=_MODERN_CIPHERS + (_OLD_CIPHERS if old else ()),
        macs=_MODERN_MACS + (_OLD_MACS if old else ()),
    )


def first_of(types: Sequence[str]) -> tuple[str, ...]:
    """Return all types of keys with those of ``types`` first."""
    return tuple(dict.fromkeys([*(one for one in types if one in _SIGNATURES), *KEY_TYPES]))
