"""Packets over one channel of a transport: sent in few large pieces, received without copying twice.

The server is given `reply_seconds` in which nothing at all may come from it while something is
asked of it. A slow line that moves is none of that: bytes that arrive count, and bytes of ours that
leave the kernel's buffer.
"""

# ruff: noqa: SLF001 - the library's buffer and public calls are too slow; tests/sftp/test_paramiko_contract.py
# fails where its private names change
from __future__ import annotations

import contextlib
import fcntl
import struct
import termios
from collections import deque
from collections.abc import Iterator
from typing import Any

import paramiko

from gateway.errors import ServerUnreachable
from gateway.sftp.inbox import Dropped, Inbox
from gateway.sftp.packetizer import Parts
from gateway.sftp.packets import MOST_PACKET, Kind, Reply, breach

#: What the server may send before the gateway takes it: all replies that are under way at once.
WINDOW_BYTES = 8 << 20
_PACKET_BYTES = 1 << 17
# Messages of a channel (RFC 4254, sections 5.2 and 5.4).
_WINDOW_ADJUST, _DATA, _REQUEST = 93, 94, 98
_SEND_BYTES, _SEND_PACKETS = 1 << 15, 16
_PACKET = struct.Struct(">IBI")
_HEADER = struct.Struct(">BII")
_UINT32 = struct.Struct(">I")


class Wire:
    """The `sftp` subsystem of a transport, as a stream of packets; for one thread."""

    def __init__(self, transport: paramiko.Transport, place: str, seconds: float) -> None:
        """Open a channel and start the subsystem; raises ServerUnreachable where that fails.

        ``place`` is named in errors.
        """
        self._place = place
        self._transport: Any = transport
        self._seconds = seconds
        self._inbox = Inbox(WINDOW_BYTES + (1 << 20))
        self._dropped = Dropped()
        self._pieces: deque[bytes | memoryview] = deque()
        self._held = 0
        self._outgoing: deque[bytes | memoryview] = deque()
        self._outgoing_size = 0
        self.broken = False
        self._channel: Any
        try:
            self._channel = transport.open_session(WINDOW_BYTES, _PACKET_BYTES, timeout=seconds)
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise ServerUnreachable(
                "Cannot open a channel to the server", where=place, cause=error
            ) from error
        self._channel.settimeout(seconds)
        # No byte has come yet: the server sends nothing before the subsystem is there.
        self._channel.in_buffer = self._inbox
        self._channel.in_stderr_buffer = self._dropped
        with self._breaking("start SFTP"):
            self._start(seconds)

    def _start(self, seconds: float) -> None:
        """Ask for the subsystem, and wait for the answer no longer than allowed."""
        message = paramiko.Message()
        message.add_byte(bytes([_REQUEST]))
        message.add_int(self._channel.remote_chanid)
        message.add_string("subsystem")
        message.add_boolean(True)
        message.add_string("sftp")
        self._channel._event_pending()
        self._transport._send_user_message(message)
        if not self._channel.event.wait(seconds):
            raise ServerUnreachable(f"The server said nothing for {seconds:g} s")
        if not self._transport.is_active():
            raise self._broke()
        if not self._channel.event_ready:
            raise ServerUnreachable(
                "The server offers no SFTP to this account",
                hint="Ask the partner to enable SFTP for the gateway's account",
            )

    def send(self, kind: Kind, number: int, body: bytes, data: bytes | memoryview = b"") -> None:
        """Queue a packet; ``data`` ends its body. It leaves when enough is queued, or with `receive`."""
        self._outgoing.append(_PACKET.pack(5 + len(body) + len(data), kind, number) + body)
        self._outgoing_size += 9 + len(body)
        if data:
            self._outgoing.append(data)
            self._outgoing_size += len(data)
        if self._outgoing_size >= _SEND_BYTES:
            self._push(_SEND_BYTES)
        elif len(self._outgoing) >= _SEND_PACKETS:
            self.flush()

    def send_version(self, version: int) -> None:
        """Send the first packet, which alone has no id."""
        self._outgoing.append(_PACKET.pack(5, Kind.INIT, version))
        self._outgoing_size += 9
        self.flush()

    def flush(self) -> None:
        """Send everything that is queued, waiting for the server's window where that is needed."""
        self._push(1)

    def _push(self, least: int) -> None:
        """Send what is queued, in messages as large as the server takes, while it is ``least`` bytes."""
        while self._outgoing_size >= least:
            with self._breaking("send to the server"):
                count = self._allowed(self._outgoing_size)
                self._outgoing_size -= count
                self._send_message(_DATA, count, *_cut(self._outgoing, count))

    def _allowed(self, wanted: int) -> int:
        """Wait until the server takes bytes; return how many of ``wanted`` go into one message."""
        while True:
            unsent = 0 if self._channel.out_window_size else self._unsent()
            try:
                with self._channel.lock:
                    count = self._channel._wait_for_send_window(wanted)
            except TimeoutError:
                self._explain_silence(unsent)
                continue
            if not count:
                raise ServerUnreachable("The server closed the connection")
            return int(count)

    def receive(self) -> tuple[int, Reply]:
        """Return the id and body of the next packet; before it waits, it sends what is queued."""
        self._gather(9)
        size, kind, number = _PACKET.unpack(self._cut(9))
        if not 5 <= size <= MOST_PACKET:
            raise self.fail(breach(f"a packet is said to have {size} bytes"))
        left = size - 5
        if kind == Kind.DATA:
            # Taken here, so that the data themselves are joined once and never cut.
            self._gather(4)
            (length,) = _UINT32.unpack(self._cut(4))
            left -= 4
            if length != left:
                raise self.fail(breach("data are said to be longer or shorter than their packet"))
        self._gather(left)
        return number, Reply(kind, self._cut(left))

    def receive_version(self) -> bytes:
        """Return the body of the server's first packet."""
        self._gather(5)
        size, kind = struct.unpack(">IB", self._cut(5))
        if kind != Kind.VERSION or not 5 <= size <= MOST_PACKET:
            raise self.fail(breach("it did not answer with a version"))
        self._gather(size - 1)
        return self._cut(size - 1)

    def fail(self, error: ServerUnreachable) -> ServerUnreachable:
        """Close the connection, which is of no use now, and return the error, with its place."""
        error.where = error.where or self._place
        if not self.broken:
            self.broken = True
            self.close()
        return error

    def close(self) -> None:
        """End the connection: with replies under way that nobody waits for, it is of no use."""
        self.broken = True
        with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
            self._transport.close()

    def _gather(self, count: int) -> None:
        """Wait until ``count`` bytes are held."""
        while self._held < count:
            self.flush()
            unsent = self._unsent()
            pieces = self._inbox.take(count - self._held, self._seconds)
            if not pieces:
                self._explain_silence(unsent)
                continue
            size = sum(map(len, pieces))
            self._pieces.extend(pieces)
            self._held += size
            self._grant(size + self._dropped.take())

    def _cut(self, count: int) -> bytes:
        """Take ``count`` bytes of those that are held."""
        self._held -= count
        return b"".join(_cut(self._pieces, count))

    def _grant(self, size: int) -> None:
        """Let the server send as much again as was taken."""
        credit = self._channel._check_add_window(size)
        if credit:
            with self._breaking("send to the server"):
                self._send_message(_WINDOW_ADJUST, credit)

    def _send_message(self, kind: int, number: int, *data: bytes | memoryview) -> None:
        """Send a message of the channel: its kind, a number, and bytes of that number or none."""
        head = _HEADER.pack(kind, self._channel.remote_chanid, number)
        self._transport._send_user_message(Parts([head, *data]))

    def _explain_silence(self, unsent: int) -> None:
        if self._inbox.overrun:
            raise self.fail(breach("it sent more than it was allowed to"))
        if self._inbox.closed:
            raise self.fail(self._broke())
        if self._unsent() >= unsent:
            raise self.fail(ServerUnreachable(f"The server said nothing for {self._seconds:g} s"))

    def _broke(self) -> ServerUnreachable:
        cause = self._transport.get_exception()
        return ServerUnreachable("The connection to the server broke", cause=cause if str(cause) else None)

    def _unsent(self) -> int:
        """Return how many bytes of ours the server's kernel has not confirmed yet."""
        try:
            raw = fcntl.ioctl(self._transport.sock.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
        except (OSError, ValueError, AttributeError):
            return 0  # no TCP connection, or closed
        return int(struct.unpack("i", raw)[0])

    @contextlib.contextmanager
    def _breaking(self, operation: str) -> Iterator[None]:
        """Turn what paramiko raises in the block into a broken connection."""
        try:
            yield
        except ServerUnreachable as error:
            raise self.fail(error) from None
        except (paramiko.SSHException, EOFError, OSError) as error:
            cause = error if str(error) else None
            raise self.fail(ServerUnreachable(f"Cannot {operation}", cause=cause)) from error


def _cut(pieces: deque[bytes | memoryview], count: int) -> list[bytes | memoryview]:
    """Take ``count`` bytes from the left, copying none; so many are there."""
    taken: list[bytes | memoryview] = []
    while count:
        piece = pieces[0]
        if len(piece) <= count:
            taken.append(pieces.popleft())
            count -= len(piece)
        else:
            view = memoryview(piece)
            taken.append(view[:count])
            pieces[0] = view[count:]
            count = 0
    return taken
