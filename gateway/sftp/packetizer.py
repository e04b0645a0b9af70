"""The lowest layer of an SSH connection, with what the library's own lacks: a bound and fewer copies.

The library copies the bytes of a message about eight times on their way out, and reads a packet of
whatever size the other side claims, even before it is trusted.
"""

# ruff: noqa: SLF001 - tests/sftp/test_paramiko_contract.py fails where these private names change
from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from typing import Any

import paramiko
from paramiko.packet import Packetizer as LibraryPacketizer

#: Most bytes of one packet that are read; servers send a quarter of it at most.
MOST_BYTES = 1 << 20
_UINT32 = struct.Struct(">I")
_RANDOM_BYTES = 4096
_BLOCK = 16  # of AES (RFC 5647, section 7.2)


class Parts:
    """A message as the pieces that it consists of; stands where the library takes a `Message`."""

    def __init__(self, parts: Sequence[bytes | memoryview]) -> None:
        self.parts = parts

    def asbytes(self) -> bytes:
        """Return the message as the library wants it."""
        return b"".join(self.parts)


class Packetizer(LibraryPacketizer):
    """Packets in and out; a drop-in for ``packetizer_class`` of a transport."""

    def __init__(self, line: Any) -> None:
        super().__init__(line)
        self._line = line
        self._random = b""
        # The library keeps its state under names that are private to its class.
        self._state: Any = self

    def read_all(self, n: int, check_rekey: bool = False) -> bytes:
        """Return ``n`` bytes of the connection, if that is in reason."""
        if n > MOST_BYTES:
            raise paramiko.SSHException(f"a packet of {n:,} bytes")
        return bytes(super().read_all(n, check_rekey))

    def send_message(self, data: Any) -> None:
        """Send a message; one in parts is sealed with AES-GCM without being joined and cut again."""
        state = self._state
        if not isinstance(data, Parts) or not state._Packetizer__aead_out or self._is_compressed():
            super().send_message(data)
            return
        with state._Packetizer__write_lock:
            head, sealed = self._seal(data.parts)
            self._send(head, sealed)
            self._count(len(head) + len(sealed))

    def _is_compressed(self) -> bool:
        return self._state._Packetizer__compress_engine_out is not None

    def _seal(self, parts: Sequence[bytes | memoryview]) -> tuple[bytes, bytes]:
        """Return the packet's length, which is sent in the clear, and the rest, encrypted and signed."""
        state = self._state
        size = sum(map(len, parts))
        padding = 3 + _BLOCK - (size + 4) % _BLOCK
        head = _UINT32.pack(size + padding + 1)
        plain = b"".join((bytes((padding,)), *parts, self._some_random(padding)))
        nonce = state._Packetizer__iv_out
        sealed: bytes = state._Packetizer__block_engine_out.encrypt(nonce, plain, head)
        # A nonce that is used twice gives the key away: it is counted on before anything leaves.
        state._Packetizer__iv_out = state._inc_iv_counter(nonce)
        return head, sealed

    def _some_random(self, count: int) -> bytes:
        if len(self._random) < count:
            self._random = os.urandom(_RANDOM_BYTES)
        taken, self._random = self._random[:count], self._random[count:]
        return taken

    def _send(self, head: bytes, sealed: bytes) -> None:
        try:
            sent = self._line.sendmsg((head, sealed))
        except TimeoutError:
            sent = 0
        except OSError as error:
            raise EOFError from error
        if sent < len(head) + len(sealed):
            self.write_all((head + sealed)[sent:])

    def _count(self, size: int) -> None:
        """Count what was sent, and ask for new keys in time."""
        state = self._state
        state._Packetizer__sequence_number_out = state._Packetizer__sequence_number_out + 1 & 0xFFFFFFFF
        state._Packetizer__sent_bytes += size
        state._Packetizer__sent_packets += 1
        too_many = state._Packetizer__sent_packets >= self.REKEY_PACKETS
        if (too_many or state._Packetizer__sent_bytes >= self.REKEY_BYTES) and not self.need_rekey():
            state._Packetizer__received_bytes_overflow = state._Packetizer__received_packets_overflow = 0
            state._trigger_rekey()
