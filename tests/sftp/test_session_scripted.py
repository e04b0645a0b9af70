"""A session with servers that offer little, lie, stall, refuse or lose replies."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import (
    FileChanged,
    GatewayError,
    RemoteDenied,
    RemoteMissing,
    ServerError,
    ServerUnreachable,
    TargetOccupied,
)
from gateway.sftp.base import Fetch, Store, Stored
from gateway.sftp.client import Client, open_session
from gateway.sftp.transport import dispose, open_transport
from tests.sftp.proxy import Proxy
from tests.sftp.script import PLAIN, WINDOWS, Act, Manner
from tests.sftp.scripted import Scripted

DATA = bytes(range(256)) * 3_000


@contextmanager
def connected(root: Path, manner: Manner = PLAIN, **changes: Any) -> Iterator[tuple[Scripted, Client]]:
    """Start a server that serves ``root`` and open a session with it."""
    root.mkdir(exist_ok=True)
    with Scripted(root, manner) as scripted:
        server = scripted.server(**changes)
        transport = open_transport(server)
        try:
            yield scripted, open_session(transport, server)
        finally:
            scripted.calm()
            dispose(transport)


def fetching(session: Client, path: str, got: list[bytes]) -> Fetch:
    (seen,) = session.look([path])
    assert seen is not None
    return Fetch(path, seen.size, seen.mtime, got.append)


def storing(tmp_path: Path, path: str) -> Store:
    local = tmp_path / "local"
    local.write_bytes(DATA)
    return Store(str(local), path, hashlib.sha256(DATA).hexdigest(), len(DATA))


@pytest.mark.parametrize("manner", [PLAIN, WINDOWS], ids=["plain", "windows"])
def test_a_server_without_extensions_is_enough(tmp_path: Path, manner: Manner) -> None:
    """Fetch, store and rename shall work on a server of the bare protocol; nothing is said to be synced."""
    with connected(tmp_path / "served", manner) as (scripted, session):
        base = session.resolve(".").rstrip("/")
        assert session.store([storing(tmp_path, f"{base}/new")]) == [Stored(synced=False)]
        session.rename(f"{base}/new", f"{base}/b")
        (tmp_path / "served" / "a").write_bytes(DATA)
        got: list[bytes] = []
        assert session.fetch([fetching(session, f"{base}/b", got)]) == [None]
        assert b"".join(got) == DATA
        with pytest.raises(TargetOccupied):
            session.rename(f"{base}/a", f"{base}/b")
        assert session.free_bytes(base) is None
        assert not scripted.asked("fsync")


def test_short_reads_are_asked_for_again(tmp_path: Path) -> None:
    """A server that gives half of what it is asked for shall give the whole file in the end."""
    with connected(tmp_path / "served") as (scripted, session):
        (tmp_path / "served" / "a").write_bytes(DATA)
        scripted.on("read", Act.SHORT, lasting=True)
        got: list[bytes] = []
        assert session.fetch([fetching(session, "/a", got)]) == [None]
        assert b"".join(got) == DATA


@pytest.mark.parametrize("operation", ["open", "fstat", "read", "lstat"])
def test_a_refused_request_fails_its_file_alone(tmp_path: Path, operation: str) -> None:
    """One refused request of a fetch shall fail that file and leave no handle open."""
    with connected(tmp_path / "served") as (scripted, session):
        for name in "abc":
            (tmp_path / "served" / name).write_bytes(DATA)
        wanted = [fetching(session, f"/{name}", []) for name in "abc"]
        scripted.on(operation, Act.REFUSE, path="b", status=3)
        first, refused, third = session.fetch(wanted)
        assert isinstance(refused, RemoteDenied)
        assert first is third is None
        assert len(scripted.asked("close")) == (2 if operation == "open" else 3)


@pytest.mark.parametrize("operation", ["write", "fsync", "fstat", "close"])
def test_a_refused_store_is_no_success_and_leaves_nothing(tmp_path: Path, operation: str) -> None:
    """Where writing, syncing, comparing or closing is refused, the file shall not count as stored."""
    with connected(tmp_path / "served", Manner(largest=32768)) as (scripted, session):
        scripted.on(operation, Act.REFUSE)
        (result,) = session.store([storing(tmp_path, "/a")])
        assert isinstance(result, ServerError)
        assert os.listdir(tmp_path / "served") == []
        assert len(scripted.asked("close")) == 1  # a second time it could be another file's handle
        assert session.store([storing(tmp_path, "/a")]) == [Stored(synced=True)]


def test_a_full_disk_there_is_said(tmp_path: Path) -> None:
    """A server whose disk is full shall be said to be, by the code that newer servers send."""
    with connected(tmp_path / "served") as (scripted, session):
        scripted.room, scripted.full_status = 100_000, 14
        (result,) = session.store([storing(tmp_path, "/a")])
        assert "disk is full" in str(result)
        assert os.listdir(tmp_path / "served") == []


def test_a_size_that_is_not_true_is_refused(tmp_path: Path) -> None:
    """A stored file whose size the server states otherwise shall be an error, a fetched one changed."""
    with connected(tmp_path / "served") as (scripted, session):
        scripted.on("fstat", Act.LIE, size=7)
        (result,) = session.store([storing(tmp_path, "/a")])
        assert "7 of 768000 bytes" in str(result)
        (tmp_path / "served" / "b").write_bytes(DATA)
        wanted = fetching(session, "/b", [])
        scripted.on("fstat", Act.LIE, size=len(DATA) + 1)
        assert [type(error) for error in session.fetch([wanted])] == [FileChanged]


def test_a_server_that_states_no_sizes_gives_no_file(tmp_path: Path) -> None:
    """Where the server does not say how large a file is, it shall not be fetched as an empty one."""
    with connected(tmp_path / "served", replace(PLAIN, states_sizes=False)) as (_scripted, session):
        (tmp_path / "served" / "a").write_bytes(DATA)
        (result,) = session.fetch([fetching(session, "/a", [])])
        assert "how large" in str(result)


def test_too_many_open_files_are_opened_later(tmp_path: Path) -> None:
    """A server that takes few open files without saying so shall give all of them all the same."""
    with connected(tmp_path / "served", replace(PLAIN, handles=5)) as (_scripted, session):
        for number in range(40):
            (tmp_path / "served" / f"{number}").write_bytes(b"x" * number)
        got: list[list[bytes]] = [[] for _ in range(40)]
        wanted = [fetching(session, f"/{number}", got[number]) for number in range(40)]
        assert session.fetch(wanted) == [None] * 40
        assert [len(b"".join(parts)) for parts in got] == list(range(40))


@pytest.mark.parametrize("operation", ["open", "read", "lstat"])
def test_a_lost_reply_leaves_the_files_unreachable(tmp_path: Path, operation: str) -> None:
    """When a reply does not come because the line is cut, what is not confirmed shall be unreachable."""
    with connected(tmp_path / "served") as (scripted, session):
        for name in "abc":
            (tmp_path / "served" / name).write_bytes(DATA)
        wanted = [fetching(session, f"/{name}", []) for name in "abc"]
        scripted.on(operation, Act.CUT_AFTER, path="b")
        results = session.fetch(wanted)
        assert isinstance(results[1], ServerUnreachable)
        with pytest.raises(ServerUnreachable):
            session.look(["/a"])


@pytest.mark.parametrize(
    "operation", ["rename", "mkdir", "remove", "realpath", "opendir", "readdir", "lstat"]
)
def test_a_stall_ends_in_the_time_it_is_given(tmp_path: Path, operation: str) -> None:
    """A server that says nothing shall be given up after `reply_seconds`, whatever it was asked."""
    work: dict[str, Any] = {
        "rename": lambda session: session.rename("/a", "/b"),
        "mkdir": lambda session: session.make_directory("/d"),
        "remove": lambda session: session.remove("/a"),
        "realpath": lambda session: session.resolve("."),
        "lstat": lambda session: session.look(["/a"]),
    }
    with connected(tmp_path / "served", reply_seconds=0.2) as (scripted, session):
        (tmp_path / "served" / "a").touch()
        scripted.on(operation, Act.STALL_BEFORE)
        with pytest.raises(ServerUnreachable, match=r"said nothing for 0\.2 s \(.*127\.0\.0\.1"):
            work.get(operation, lambda session: list(session.entries("/")))(session)


def test_a_slow_line_that_moves_is_no_silence(tmp_path: Path) -> None:
    """A transfer that takes much longer than `reply_seconds` shall go on as long as bytes come."""
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "a").write_bytes(DATA)
    with Scripted(tmp_path / "served") as scripted, Proxy(scripted.port) as proxy:
        server = replace(scripted.server(reply_seconds=0.6), port=proxy.port)
        transport = open_transport(server)
        session = open_session(transport, server)
        proxy.delay(0.1)
        got: list[bytes] = []
        wanted = [fetching(session, "/a", got)]
        assert session.fetch(wanted) == [None]
        assert session.store([storing(tmp_path, "/b")]) == [Stored(synced=True)]
        dispose(transport)


def test_another_thread_can_break_it(tmp_path: Path) -> None:
    """A session that waits for a reply shall end at once when its connection is closed."""
    with connected(tmp_path / "served") as (scripted, session):
        stalled = scripted.on("realpath", Act.STALL_BEFORE)
        errors: list[GatewayError] = []

        def resolve() -> None:
            try:
                session.resolve(".")
            except GatewayError as error:
                errors.append(error)

        thread = threading.Thread(target=resolve)
        thread.start()
        assert stalled.hit.wait(10)
        scripted.kill_sessions()
        thread.join(10)
        assert isinstance(errors[0], ServerUnreachable)


def test_a_very_large_directory_is_listed(tmp_path: Path) -> None:
    """Every entry of a very large directory shall come."""
    with connected(tmp_path / "served", replace(PLAIN, made_up=20_000)) as (_scripted, session):
        assert len({entry.name for entry in session.entries("/")}) == 20_000


def test_a_refused_listing_leaves_the_session_in_order(tmp_path: Path) -> None:
    """A listing that is refused in its middle shall fail with the server's words, and nothing else."""
    with connected(tmp_path / "served", replace(PLAIN, made_up=3_000)) as (scripted, session):
        scripted.on("readdir", Act.REFUSE, nth=3, status=3)
        with pytest.raises(RemoteDenied):
            list(session.entries("/"))
        assert session.look(["/missing"]) == [None]


def test_a_bare_failure_is_explained_by_looking(tmp_path: Path) -> None:
    """Where a server says nothing but "Failure" to a rename, it shall be said what was wrong."""
    with connected(tmp_path / "served") as (scripted, session):
        (tmp_path / "served" / "a").touch()
        scripted.on("rename", Act.REFUSE, lasting=True)
        with pytest.raises(RemoteMissing):
            session.rename("/missing", "/b")
        with pytest.raises(ServerError, match="gives no reason"):
            session.rename("/a", "/b")
        scripted.calm()
        scripted.on("rename", Act.REFUSE, then=(tmp_path / "served" / "b").touch)
        with pytest.raises(TargetOccupied):
            session.rename("/a", "/b")
