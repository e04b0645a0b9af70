"""The server that follows a script, and the bad line, do what the tests ask of them."""

from __future__ import annotations

import contextlib
import posixpath
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import paramiko
import pytest

from tests.sftp.openssh import wait_for
from tests.sftp.proxy import Proxy
from tests.sftp.script import FULL, PLAIN, WINDOWS, Act, Manner
from tests.sftp.scripted import PASSWORD, Scripted

#: What paramiko's own client says when its connection ends, in one of its moods.
GONE = (OSError, EOFError, paramiko.SSHException)


@contextlib.contextmanager
def client(port: int, seconds: float = 5.0) -> Iterator[paramiko.SFTPClient]:
    """Open a session with paramiko's own client."""
    with paramiko.Transport(("127.0.0.1", port)) as transport:
        transport.connect(username="mes", password=PASSWORD)
        session = paramiko.SFTPClient.from_transport(transport)
        assert session is not None
        channel = session.get_channel()
        assert channel is not None
        channel.settimeout(seconds)
        yield session


def test_it_serves_a_directory_by_the_protocol(tmp_path: Path) -> None:
    """The server shall read, write, list, rename and remove as version 3 of the protocol says."""
    with Scripted(tmp_path) as server, client(server.port) as session:
        session.mkdir("/in")
        with session.open("/in/a", "wx") as file:
            file.write(b"1" * 300_000)
        assert (tmp_path / "in" / "a").read_bytes() == b"1" * 300_000
        session.rename("/in/a", "/in/b")
        (tmp_path / "in" / "c").write_bytes(b"2")
        with pytest.raises(OSError, match="Failure"):
            session.rename("/in/b", "/in/c")
        session.posix_rename("/in/b", "/in/c")
        assert session.listdir("/in") == ["c"]
        assert session.stat("/in/c").st_size == 300_000
        assert session.normalize("in") == "/in"
        with session.open("/in/c") as file:
            assert file.read() == b"1" * 300_000
        session.remove("/in/c")
        session.rmdir("/in")
        with pytest.raises(FileNotFoundError):
            session.lstat("/in")
        assert server.asked("remove") == ["/in/c"]
    wait_for(lambda: not server.sessions(), "connections end")


def test_a_reply_is_lost_after_the_work_is_done(tmp_path: Path) -> None:
    """A connection that is cut before a request shall leave all as it was; after it, the work is done."""
    (tmp_path / "a").write_bytes(b"1")
    with Scripted(tmp_path) as server:
        server.on("rename", Act.CUT_BEFORE)
        with client(server.port) as session, pytest.raises(GONE):
            session.rename("/a", "/b")
        assert (tmp_path / "a").exists()
        fault = server.on("rename", Act.CUT_AFTER)
        with client(server.port) as session, pytest.raises(GONE):
            session.rename("/a", "/b")
        assert fault.hit.is_set()
        assert (tmp_path / "b").exists()


def test_a_request_stalls_until_all_is_calm(tmp_path: Path) -> None:
    """A stalled request shall get no reply, and its reply once the server is calm again."""
    (tmp_path / "a").write_bytes(b"1")
    with Scripted(tmp_path) as server, client(server.port, 0.2) as session:
        fault = server.on("lstat", Act.STALL_BEFORE, path="a")
        with pytest.raises(GONE):
            session.lstat("/a")
        assert fault.hit.is_set()
        server.calm()
        assert session.stat("/a").st_size == 1


def test_it_lies_and_runs_full_and_refuses(tmp_path: Path) -> None:
    """The server shall say wrong sizes, run full and refuse by name, when it is told to."""
    (tmp_path / "a").write_bytes(b"12")
    with Scripted(tmp_path) as server, client(server.port) as session:
        server.on("lstat", Act.LIE, size=7, mtime=8)
        told = session.lstat("/a")
        assert (told.st_size, told.st_mtime) == (7, 8)
        assert session.lstat("/a").st_size == 2
        server.room = 10
        with pytest.raises(OSError, match="Failure"), session.open("/b", "w") as file:
            file.write(b"1" * 11)
        server.on("remove", Act.REFUSE, path="a", status=3, lasting=True)
        with pytest.raises(PermissionError):
            session.remove("/a")
        server.on("open", Act.TELL_AFTER, then=lambda: (tmp_path / "a").write_bytes(b"123"))
        with session.open("/a") as file:
            assert file.stat().st_size == 3


@pytest.mark.parametrize("manner", [PLAIN, WINDOWS], ids=["plain", "windows"])
def test_it_plays_servers_that_offer_little(tmp_path: Path, manner: Manner) -> None:
    """A server without extensions shall refuse them, and one on Windows know its files below a drive."""
    (tmp_path / "a").write_bytes(b"1")
    with Scripted(tmp_path, manner) as server, client(server.port) as session:
        with pytest.raises(OSError, match="Status 8"):
            session.posix_rename("a", "b")
        here = session.normalize(".")
        assert here == (manner.base or "/") or here == f"{manner.base}/"
        assert session.stat(posixpath.join(here, "a")).st_size == 1
        assert server.remote(tmp_path / "a") == f"{manner.base}/a"


def test_it_makes_entries_up(tmp_path: Path) -> None:
    """A listing shall hold as many made-up entries as its manner says."""
    with Scripted(tmp_path, replace(FULL, made_up=1000)) as server, client(server.port) as session:
        assert len(session.listdir("/")) == 1000


def test_two_factors_are_asked_for_one_after_the_other(tmp_path: Path) -> None:
    """A server that wants key and password shall let in with both only."""
    with Scripted(tmp_path, factors=("publickey", "password")) as server:
        transport = paramiko.Transport(("127.0.0.1", server.port))
        transport.connect()
        key = paramiko.ECDSAKey.from_private_key_file(str(server.client_key))
        assert transport.auth_publickey("mes", key) == ["password"]
        assert transport.auth_password("mes", PASSWORD) == []
        transport.close()


def test_the_line_is_cut_reset_and_delayed(tmp_path: Path) -> None:
    """The proxy shall cut after a number of bytes, reset, refuse, and delay both ways."""
    (tmp_path / "a").write_bytes(b"1" * 500_000)
    with Scripted(tmp_path) as server, Proxy(server.port) as proxy:
        with client(proxy.port) as session:
            proxy.cut_after(100_000, "to client")
            with pytest.raises(GONE), session.open("/a") as file:
                file.read()
        with client(proxy.port) as session:
            proxy.delay(0.1)
            began = time.monotonic()
            session.stat("/a")
            assert 0.2 <= time.monotonic() - began < 1.0
            proxy.delay(0)
            proxy.reset()
            with pytest.raises(GONE):
                session.stat("/a")
        proxy.down()
        with pytest.raises(GONE), client(proxy.port):
            pass
        proxy.up()
        with client(proxy.port) as session:
            proxy.stall()
            threading.Timer(0.1, proxy.resume).start()
            assert session.stat("/a").st_size == 500_000
    wait_for(lambda: not server.sessions(), "connections end")
