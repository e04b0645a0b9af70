"""The gateway's own keys: private key files, their certificates, and the keys of an agent."""

from __future__ import annotations

import contextlib
import io
import os
import socket
import stat
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import paramiko
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from paramiko.agent import AgentSSH

from gateway.config.settings import Secret
from gateway.errors import LoginRefused
from gateway.printable import printable
from gateway.sftp.files import read_regular

_CLASSES: tuple[tuple[Any, type[paramiko.PKey]], ...] = (
    (Ed25519PrivateKey, paramiko.Ed25519Key),
    (RSAPrivateKey, paramiko.RSAKey),
    (EllipticCurvePrivateKey, paramiko.ECDSAKey),
)
_FOREVER = 2**64 - 1


def private_key(path: Path, passphrase: Secret | None) -> paramiko.PKey:
    """Return the private key in a file, of any of the usual forms; raises LoginRefused."""
    data = _read(path, secret=True)
    _demand_private(data, path)
    load = (
        serialization.load_ssh_private_key if b"BEGIN OPENSSH" in data else serialization.load_pem_private_key
    )
    try:
        try:
            loaded = load(data, passphrase.text.encode() if passphrase else None)
        except TypeError:
            if passphrase is None:
                raise
            loaded = load(data, None)  # the key needs no passphrase, which does no harm
    except TypeError:
        raise _refused("The private key needs a passphrase", path, "Set `passphrase` of the login") from None
    except Exception:  # noqa: BLE001 - the library raises many; none of them may be shown: it has the key's bytes
        words = "is damaged, or the passphrase is wrong" if passphrase else "is damaged, or of no known form"
        raise _refused(f"The private key {words}", path, "`ssh-keygen -y -f FILE` must accept it") from None
    for kind, wrapped in _CLASSES:
        if isinstance(loaded, kind):
            return wrapped.from_private_key(io.StringIO(_plain(loaded)))
    raise _refused(
        "The private key is of a type that is not taken",
        path,
        "Use ed25519, ECDSA or RSA; others by an agent",
    )


def _plain(loaded: serialization.ssh.SSHPrivateKeyTypes) -> str:
    """Return a key as the one form that the SSH library reads of every type; it stays in memory."""
    return loaded.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    ).decode("ascii")


def _demand_private(data: bytes, path: Path) -> None:
    if b"PRIVATE KEY-----" in data:
        return
    if data.startswith(b"PuTTY-User-Key-File"):
        hint = "Convert it: puttygen FILE -O private-openssh -o NEW"
        raise _refused("The private key has PuTTY's form", path, hint)
    if data.startswith((b"ssh-", b"ecdsa-")):
        raise _refused(
            "This is a public key or certificate, not the private one", path, "Name the other file"
        )
    raise _refused("There is no private key in the file", path, "`ssh-keygen -y -f FILE` must accept it")


def certify(key: paramiko.PKey, path: Path) -> datetime | None:
    """Let ``key`` be shown with the OpenSSH certificate in a file; return when that expires, if ever.

    Raises LoginRefused where the file holds none, or one of another key.
    """
    text = _read(path, secret=False).decode("utf-8", "replace").strip()
    try:
        # not given as text: the library would look for a file of that name first
        blob = paramiko.pkey.PublicBlob.from_string(text)
        nonce = paramiko.Message(blob.key_blob)
        is_certificate = nonce.get_text().endswith("-cert-v01@openssh.com")
        nonce.get_binary()
        certified, own = nonce.get_remainder(), paramiko.Message(key.asbytes())
        own.get_text()
        public = own.get_remainder()
    except Exception:  # noqa: BLE001 - whatever stands there, it is no certificate
        is_certificate = False
    if not is_certificate:
        hint = "Name the file NAME-cert.pub that the partner's authority signed"
        raise _refused("There is no OpenSSH certificate in the file", path, hint)
    if not certified.startswith(public):
        hint = "`ssh-keygen -L -f FILE` shows whose it is; `key` and `certificate` must belong together"
        raise _refused("The certificate is that of another key", path, hint)
    key.public_blob = blob
    return _expiry(certified[len(public) :])


def _expiry(rest: bytes) -> datetime | None:
    """Return until when a certificate is valid, from what follows the key in it."""
    message = paramiko.Message(rest)
    message.get_int64()  # serial
    message.get_int()  # of a user or a host
    message.get_binary()  # identity
    message.get_binary()  # principals
    message.get_int64()  # valid from
    until = message.get_int64()
    if until >= _FOREVER:
        return None
    with contextlib.suppress(ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(until, UTC)
    return None


@contextlib.contextmanager
def agent_keys(seconds: float) -> Iterator[tuple[paramiko.PKey, ...]]:
    """Lend the keys of the agent at SSH_AUTH_SOCK, which must answer within ``seconds``.

    Raises LoginRefused where there is none, or it holds no key.
    """
    place = os.environ.get("SSH_AUTH_SOCK", "")
    if not place:
        raise LoginRefused(
            "There is no agent: SSH_AUTH_SOCK is not set",
            hint="Start the gateway with the agent's SSH_AUTH_SOCK in its environment, or name a `key`",
        )
    agent = AgentSSH()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(seconds)
        try:
            line.connect(place)
            agent._connect(line)  # type: ignore[attr-defined]  # noqa: SLF001 - its public way waits for ever
        except (OSError, ValueError, struct.error, paramiko.SSHException) as error:
            raise LoginRefused(
                "The agent does not answer",
                where=printable(place),
                cause=error,
                hint="`ssh-add -l` shows whether it runs, as the gateway's user",
            ) from error
        if not agent.get_keys():
            raise LoginRefused("The agent holds no key", where=printable(place), hint="Add it with `ssh-add`")
        yield agent.get_keys()


def _read(path: Path, *, secret: bool) -> bytes:
    """Return a small file of the gateway's own; a secret one must be closed to others."""
    try:
        data, found = read_regular(path)
    except OSError as error:
        what = "private key" if secret else "certificate"
        hint = "It must be there and readable for the gateway's account"
        raise LoginRefused(
            f"Cannot read the {what}", where=printable(str(path)), cause=error, hint=hint
        ) from error
    if secret and _is_open_to_others(found):
        raise _refused(
            f"The private key can be read by others (mode {stat.S_IMODE(found.st_mode):04o})",
            path,
            f"`chmod 600 {printable(str(path))}`; consider it known, and ask for a new one",
        )
    return data


def _is_open_to_others(found: os.stat_result) -> bool:
    """Whether others may read the file.

    Of another owner's file the group may be the gateway's only way in: systemd's credentials are
    handed over so.
    """
    forbidden = 0o077 if found.st_uid == os.geteuid() else 0o007
    return bool(found.st_mode & forbidden)


def _refused(message: str, path: Path, hint: str) -> LoginRefused:
    return LoginRefused(message, where=printable(str(path)), hint=hint)
