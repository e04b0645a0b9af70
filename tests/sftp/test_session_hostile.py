"""Whatever bytes a server sends, the session ends in words, in time, and in bounded memory."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import paramiko
import pytest
from paramiko.common import AUTH_SUCCESSFUL, OPEN_SUCCEEDED

from gateway.config.settings import Login, Server
from gateway.errors import GatewayError, ServerError, ServerUnreachable
from gateway.sftp.base import Fetch
from gateway.sftp.client import Client, open_session
from gateway.sftp.inbox import Inbox
from gateway.sftp.wire import WINDOW_BYTES

Answer = Callable[[int, bytes, bytes], bytes]

VERSION = struct.pack(">IBI", 5, 2, 3)
SERVER = Server("erp", "erp.example", "mes", Login(), reply_seconds=2.0)


def packet(kind: int, body: bytes) -> bytes:
    return struct.pack(">IB", len(body) + 1, kind) + body


def text(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def status(number: bytes, code: int, tail: bytes = text(b"words") + text(b"en")) -> bytes:
    return packet(101, number + struct.pack(">I", code) + tail)


class _Subsystem(paramiko.SubsystemHandler):
    """Sends the bytes that a function returns for each packet, and the first ones unasked."""

    def __init__(self, channel: Any, name: str, server: Any, greeting: bytes, answer: Answer) -> None:
        super().__init__(channel, name, server)
        self.daemon = True
        self._greeting, self._answer = greeting, answer

    def start_subsystem(self, name: str, transport: paramiko.Transport, channel: paramiko.Channel) -> None:
        file = channel.makefile("rb")
        channel.sendall(self._greeting)
        while header := file.read(5):
            size, kind = struct.unpack(">IB", header)
            body = file.read(size - 1)
            if kind != 1:
                channel.sendall(self._answer(kind, body[:4], body[4:]))


class _Door(paramiko.ServerInterface):
    def check_auth_none(self, username: str) -> int:
        return AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED


KEY = paramiko.ECDSAKey.generate()


@contextmanager
def transport_to(
    answer: Answer, greeting: bytes = VERSION, subsystem: type[_Subsystem] = _Subsystem, name: str = "sftp"
) -> Iterator[paramiko.Transport]:
    """Log in on a server that answers with bytes of the test's own."""
    ours, theirs = socket.socketpair()
    server, client = paramiko.Transport(theirs), paramiko.Transport(ours)
    server.add_server_key(KEY)
    server.set_subsystem_handler(name, subsystem, greeting, answer)
    try:
        server.start_server(threading.Event(), _Door())
        client.start_client(timeout=10)
        client.auth_none("mes")
        yield client
    finally:
        client.close()
        server.close()


@contextmanager
def session_with(answer: Answer) -> Iterator[Client]:
    with transport_to(answer) as transport:
        yield open_session(transport, SERVER)


@pytest.mark.parametrize(
    "greeting",
    [
        b"Welcome to the server, last login yesterday\n",
        packet(2, b""),
        packet(2, struct.pack(">I", 2)),
        packet(2, struct.pack(">I", 6)),
        packet(2, struct.pack(">I", 3) + b"\0\0"),
        packet(2, struct.pack(">I", 3) + text(b"name")),
        struct.pack(">IB", 0x7FFFFFFF, 2),
        packet(101, struct.pack(">I", 3)),
        b"",
    ],
)
def test_a_server_that_greets_otherwise_is_refused(greeting: bytes) -> None:
    """What does not begin as SFTP of version 3 shall be unreachable, in words."""
    changed = Server("erp", "erp.example", "mes", Login(), reply_seconds=0.2)
    with (
        transport_to(lambda kind, number, body: b"", greeting) as transport,
        pytest.raises(ServerUnreachable, match=r"erp\.example|no SFTP"),
    ):
        open_session(transport, changed)


ATTRIBUTES = struct.pack(">IQ", 1, 5)
REPLIES = {
    "an id that nobody asked for": lambda number: packet(105, b"\xff\xff\xff\xff" + ATTRIBUTES),
    "a length of 2 GB": lambda number: struct.pack(">IB", 0x7FFFFFFF, 105) + number,
    "a length of 4 GB": lambda number: struct.pack(">IB", 0xFFFFFFFF, 105) + number,
    "no length": lambda number: struct.pack(">IB", 0, 105) + number,
    "a length without id": lambda number: struct.pack(">IB", 3, 105) + number,
    "no attributes": lambda number: packet(105, number),
    "half of the attributes": lambda number: packet(105, number + ATTRIBUTES[:-1]),
    "attributes and more": lambda number: packet(105, number + ATTRIBUTES + b"x"),
    "unknown flags": lambda number: packet(105, number + struct.pack(">I", 0x40)),
    "a size of 16 EB": lambda number: packet(105, number + struct.pack(">IQ", 1, 2**64 - 1)),
    "4 billion more attributes": lambda number: packet(
        105, number + struct.pack(">II", 0x80000000, 2**32 - 1)
    ),
    "OK": lambda number: status(number, 0),
    "a handle": lambda number: packet(102, number + text(b"h")),
    "an unknown kind": lambda number: packet(77, number + b"abc"),
    "data": lambda number: packet(103, number + text(b"abc")),
    "data longer than they are": lambda number: packet(103, number + struct.pack(">I", 2**31) + b"abc"),
    "a status cut off": lambda number: packet(101, number + b"\0\0"),
    "a status with half of its words": lambda number: status(number, 4, struct.pack(">I", 90) + b"words"),
    "a status and more": lambda number: status(number, 4, text(b"") + text(b"") + b"x"),
    "the connection is lost": lambda number: status(number, 7),
}


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_a_breach_of_protocol_ends_the_session(reply: Callable[[bytes], bytes]) -> None:
    """A reply that is no reply shall end the session as unreachable, and nothing else of it shall be used."""
    with session_with(lambda kind, number, body: reply(number)) as session:
        with pytest.raises(ServerUnreachable):
            session.look(["/a"])
        with pytest.raises(ServerUnreachable, match="closed"):
            session.look(["/a"])


@pytest.mark.parametrize("code", [4, 8, 14, 99, 2**32 - 1])
@pytest.mark.parametrize("tail", [b"", text(b"\xffno\x1b[2J\n" * 90), text(b"words") + text(b"en")])
def test_statuses_of_any_kind_are_the_file_s_own(code: int, tail: bytes) -> None:
    """A status with or without words, of any number, shall be an error that is safe to show."""
    with session_with(lambda kind, number, body: status(number, code, tail)) as session:
        with pytest.raises(ServerError) as error:
            session.look(["/a"])
        assert not isinstance(error.value, ServerUnreachable)
        assert str(error.value).isprintable()
        assert len(str(error.value)) < 800


@pytest.mark.parametrize("name", [b"", b"a/b", b"../../etc/passwd", b"a\0b"])
def test_a_listing_with_a_name_that_cannot_be_is_refused(name: bytes) -> None:
    """A name that would lead elsewhere shall end the session instead of coming out of a listing."""

    def answer(kind: int, number: bytes, body: bytes) -> bytes:
        if kind == 11:
            return packet(102, number + text(b"handle"))
        return packet(104, number + struct.pack(">I", 1) + text(name) + text(b"") + ATTRIBUTES)

    with session_with(answer) as session, pytest.raises(ServerUnreachable, match="no SFTP"):
        list(session.entries("/"))


def test_kinds_are_taken_from_the_long_name_where_nothing_else_says_them() -> None:
    """A server that states no type bits shall have directories and links all the same."""
    lines = [b"drwxr-xr-x 1 a b 0 dir", b"lrwxrwxrwx x", b"-rw-r--r-- x", b"01-01-26 x", b""]

    def answer(kind: int, number: bytes, body: bytes) -> bytes:
        if kind == 11:
            return packet(102, number + text(b"handle"))
        if kind == 12 and not asked:
            asked.append(kind)
            names = [text(b"n%d" % at) + text(line) + ATTRIBUTES for at, line in enumerate(lines)]
            return packet(104, number + struct.pack(">I", len(names)) + b"".join(names))
        return status(number, 1)

    asked: list[int] = []
    with session_with(answer) as session:
        kinds = [entry.kind for entry in session.entries("/")]
    assert kinds == ["directory", "symlink", "file", "file", "file"]


def reading(size: int, data: Callable[[bytes, int, int], bytes]) -> Answer:
    """Answer as a server of one file of ``size`` bytes, whose reads are answered by ``data``."""

    def answer(kind: int, number: bytes, body: bytes) -> bytes:
        if kind == 3:
            return packet(102, number + text(b"handle"))
        if kind in (7, 8):
            return packet(105, number + struct.pack(">IQII", 9, size, 0, 0))
        if kind == 5:
            return data(number, *struct.unpack(">QI", body[-12:]))
        return status(number, 0)

    return answer


def fetched(answer: Answer, size: int) -> tuple[GatewayError | None, int]:
    got: list[int] = []
    with session_with(answer) as session:
        (result,) = session.fetch([Fetch("/a", size, 0, lambda data: got.append(len(data)))])
    return result, sum(got)


def test_more_data_than_were_asked_for_are_refused() -> None:
    """A read that is answered with more than was asked for shall end the session; none of it is written."""
    result, written = fetched(
        reading(100, lambda number, offset, size: packet(103, number + text(bytes(size + 1)))), 100
    )
    assert isinstance(result, ServerUnreachable)
    assert written == 0


def test_a_file_without_bytes_in_it_ends() -> None:
    """A server that answers every read with no data shall not be asked for ever."""
    result, written = fetched(
        reading(10**9, lambda number, offset, size: packet(103, number + text(b""))), 10**9
    )
    assert "ended after 0 of" in str(result)
    assert written == 0


def test_one_byte_at_a_time_is_enough() -> None:
    """A server that gives one byte for every read shall give the whole file in the end."""
    result, written = fetched(
        reading(300, lambda number, offset, size: packet(103, number + text(b"x"[: max(0, 300 - offset)]))),
        300,
    )
    assert (result, written) == (None, 300)


def test_a_size_that_is_smaller_than_the_file_is_not_believed() -> None:
    """A file that goes on behind the size that the server states shall not be taken for a whole one."""
    for size in (0, 100):
        result, written = fetched(
            reading(size, lambda number, offset, size: packet(103, number + text(b"x" * size))), size
        )
        assert f"it goes on after the {size} bytes" in str(result)
        assert written == size


def test_what_comes_unasked_is_bounded() -> None:
    """A server that sends on and on, beyond what it is allowed, shall be cut off."""
    flooded = threading.Event()

    class Flooding(_Subsystem):
        def start_subsystem(
            self, name: str, transport: paramiko.Transport, channel: paramiko.Channel
        ) -> None:
            channel.sendall(VERSION)
            channel.out_window_size = 1 << 30  # as if it had been allowed
            channel.sendall(bytes(WINDOW_BYTES + (2 << 20)))
            flooded.set()

    with transport_to(lambda kind, number, body: b"", subsystem=Flooding) as transport:
        session = open_session(transport, SERVER)
        assert flooded.wait(10)
        with pytest.raises(ServerUnreachable, match="speaks no SFTP"):
            session.look(["/a"])


def test_a_buffer_keeps_no_more_than_it_may() -> None:
    """What goes beyond the bound of a buffer shall empty and end it."""
    inbox = Inbox(10)
    for _ in range(5):
        inbox.feed(b"123456")
    assert (inbox.closed, inbox.overrun, len(inbox), inbox.take(1, 5)) == (True, True, 0, [])


def test_a_program_that_complains_on_and_on_disturbs_nobody() -> None:
    """What the server's program writes on its error output shall neither be kept nor stop the work."""
    channels: list[paramiko.Channel] = []

    class Complaining(_Subsystem):
        def start_subsystem(
            self, name: str, transport: paramiko.Transport, channel: paramiko.Channel
        ) -> None:
            channels.append(channel)
            super().start_subsystem(name, transport, channel)

    def answer(kind: int, number: bytes, body: bytes) -> bytes:
        channels[0].sendall_stderr(bytes(WINDOW_BYTES // 3))
        return packet(105, number + ATTRIBUTES)

    with transport_to(answer, subsystem=Complaining) as transport:
        session = open_session(transport, SERVER)
        assert all(session.look(["/a"])[0] for _ in range(8))


def test_an_account_without_sftp_is_said_to_have_none() -> None:
    """A server that refuses the subsystem shall be said to offer no SFTP to this account."""
    with (
        transport_to(lambda kind, number, body: b"", name="other") as transport,
        pytest.raises(ServerUnreachable, match="offers no SFTP to this account"),
    ):
        open_session(transport, SERVER)
