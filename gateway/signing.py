"""Ed25519 keys that sign the checkpoints of the audit trail: made, read, named, and asked.

A public key is said as OpenSSH says it (``ssh-ed25519 AAAA...``) and is named by its fingerprint
(``SHA256:...``, as ``ssh-keygen -l`` prints it). Private keys are read in OpenSSH's form and in PEM.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.errors import ActionRefused, ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_TYPE = b"ssh-ed25519"
#: No key file is larger.
_LARGEST = 64 * 1024
# What stands before the 32 bytes of a public key in PEM (RFC 8410).
_PEM_PREFIX = bytes.fromhex("302a300506032b6570032100")


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What a signature is checked with: the 32 bytes of an Ed25519 public key."""

    raw: bytes

    @property
    def text(self) -> str:
        """The key as OpenSSH writes it, on one line, without a comment."""
        return f"{_TYPE.decode()} {base64.b64encode(self._blob).decode()}"

    @property
    def fingerprint(self) -> str:
        """The name of the key, as ``ssh-keygen -l`` prints it."""
        digest = base64.b64encode(hashlib.sha256(self._blob).digest()).decode().rstrip("=")
        return f"SHA256:{digest}"

    @property
    def pem(self) -> str:
        """The key in the form that openssl reads."""
        body = base64.b64encode(_PEM_PREFIX + self.raw).decode()
        return f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"

    @property
    def _blob(self) -> bytes:
        return b"".join(len(part).to_bytes(4, "big") + part for part in (_TYPE, self.raw))

    def confirms(self, signature: bytes, data: bytes) -> bool:
        """Return whether ``signature`` was made over ``data`` with the private half of this key."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, data)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key in memory; it never shows itself."""

    public: PublicKey
    _private: Ed25519PrivateKey = field(repr=False, compare=False)

    def sign(self, data: bytes) -> bytes:
        """Return the signature (64 bytes) over ``data``."""
        return self._private.sign(data)


def read_private(path: Path, passphrase: str | None = None) -> SigningKey:
    """Return the private key in the file ``path``, in OpenSSH's form or in PEM.

    Raises ConfigurationError where there is none, it is no Ed25519 key, or the passphrase is wrong.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    data = _content(path)
    is_openssh = b"BEGIN OPENSSH" in data
    load = serialization.load_ssh_private_key if is_openssh else serialization.load_pem_private_key
    try:
        key = load(data, None if passphrase is None else passphrase.encode())
    except Exception:  # noqa: BLE001 - the library raises many, and some quote the key's own bytes
        hint = "`gateway audit key FILE` makes one; set `passphrase` where the key has one"
        raise _refused("This is no private key, or its passphrase is wrong", path, hint) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _refused("The private key is not of type Ed25519", path, "`gateway audit key FILE` makes one")
    return SigningKey(PublicKey(key.public_key().public_bytes_raw()), key)


def read_public(text: str, where: str) -> PublicKey:
    """Return the public key that ``text`` is: a line of OpenSSH, or PEM.

    Raises ConfigurationError naming ``where`` it stands.
    """
    try:
        if "BEGIN PUBLIC KEY" in text:
            return PublicKey(_from_pem(text))
        return PublicKey(_from_line(text))
    except (ValueError, binascii.Error):
        raise ConfigurationError(
            "This is no public key of type Ed25519",
            where=where,
            hint="Write it as one line, `ssh-ed25519 AAAA...`, as `gateway audit key` prints it",
        ) from None


def read_public_file(path: Path) -> PublicKey:
    """Return the public key in the file ``path``; raises ConfigurationError."""
    return read_public(_content(path).decode("utf-8", "replace"), str(path))


def make_key(path: Path) -> PublicKey:
    """Write a new private key (PEM, mode 0600) to the new file ``path`` and its public one to ``path``.pub.

    Raises ActionRefused where one of them exists, or cannot be written.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.generate()
    public = PublicKey(private.public_key().public_bytes_raw())
    secret = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    beside = path.with_name(f"{path.name}.pub")
    if os.path.lexists(beside):
        raise ActionRefused("There is a file already", where=str(beside), hint="Choose another name")
    _write_new(path, secret, 0o600)
    _write_new(beside, f"{public.text}\n".encode(), 0o644)
    return public


def _write_new(path: Path, data: bytes, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
    except FileExistsError:
        hint = "Choose another name"
        raise ActionRefused("There is a file already", where=str(path), hint=hint) from None
    except OSError as error:
        hint = "Its directory must be there: `mkdir -m 700` makes one, for the gateway's account alone"
        raise ActionRefused("The key cannot be written", where=str(path), cause=error, hint=hint) from error


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST)
    except OSError as error:
        hint = "Put it there, readable for the gateway; `gateway audit key FILE` makes a new one"
        raise ConfigurationError("The key cannot be read", where=str(path), cause=error, hint=hint) from error


def _from_line(text: str) -> bytes:
    kind, blob = [*text.split(), "", ""][:2]
    data = base64.b64decode(blob, validate=True)
    head = len(_TYPE).to_bytes(4, "big") + _TYPE + (32).to_bytes(4, "big")
    if kind.encode("utf-8", "replace") != _TYPE or not data.startswith(head) or len(data) != len(head) + 32:
        raise ValueError("another type")
    return data[len(head) :]


def _from_pem(text: str) -> bytes:
    lines = [line.strip() for line in text.strip().splitlines()]
    data = base64.b64decode("".join(line for line in lines if not line.startswith("-----")), validate=True)
    if not data.startswith(_PEM_PREFIX) or len(data) != len(_PEM_PREFIX) + 32:
        raise ValueError("another type")
    return data[len(_PEM_PREFIX) :]


def _refused(message: str, path: Path, hint: str) -> ConfigurationError:
    return ConfigurationError(message, where=str(path), hint=hint)
