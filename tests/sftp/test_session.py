"""A session with a real OpenSSH server does what the gateway asks, for many files at once."""

from __future__ import annotations

import hashlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.errors import (
    DiskFull,
    FileChanged,
    GatewayError,
    NotRegular,
    RemoteMissing,
    ServerError,
    ServerUnreachable,
    TargetOccupied,
)
from gateway.sftp.base import Fetch, RemoteEntry, Store, Stored
from gateway.sftp.client import Client, open_session
from gateway.sftp.transport import dispose, open_transport
from tests.sftp.openssh import OpenSsh


@pytest.fixture(scope="module")
def sshd() -> Iterator[OpenSsh]:
    with OpenSsh() as sshd:
        yield sshd


@pytest.fixture(scope="module")
def session(sshd: OpenSsh) -> Iterator[Client]:
    transport = open_transport(sshd.server())
    yield open_session(transport, sshd.server())
    dispose(transport)


@pytest.fixture
def there(sshd: OpenSsh, request: pytest.FixtureRequest) -> Path:
    """A directory that the server serves, of this test alone."""
    path = sshd.root / str(request.node.name)
    path.mkdir()
    return path


def fetching(path: Path, got: list[bytes], offset: int = 0) -> Fetch:
    status = path.stat()
    return Fetch(str(path), status.st_size, int(status.st_mtime), got.append, offset)


def storing(local: Path, target: Path) -> Store:
    data = local.read_bytes()
    return Store(str(local), str(target), hashlib.sha256(data).hexdigest(), len(data))


def test_names_and_kinds_come_as_they_are(session: Client, there: Path) -> None:
    """A listing shall show every entry with its kind, whatever bytes its name has, without . and ..."""
    names = ["a", "größe ☃", os.fsdecode(b"latin-\xe9"), "new\nline"]
    for name in names:
        (there / name).write_bytes(b"12345")
        os.utime(there / name, (1, 1_700_000_000))
    (there / "sub").mkdir()
    (there / "link").symlink_to("a")
    os.mkfifo(there / "pipe")
    found = {entry.name: entry for entry in session.entries(str(there))}
    assert {name: found.pop(name) for name in names} == {
        name: RemoteEntry(name, "file", 5, 1_700_000_000) for name in names
    }
    assert {name: entry.kind for name, entry in found.items()} == {
        "sub": "directory",
        "link": "symlink",
        "pipe": "fifo",
    }
    paths = [str(there / name) for name in [*names, "missing"]]
    looked = session.look(paths)
    assert [entry and entry.size for entry in looked] == [5, 5, 5, 5, None]
    session.rename(paths[2], str(there / os.fsdecode(b"\xff")))
    assert os.listdir(os.fsencode(there)).count(b"\xff") == 1


def test_a_listing_may_be_left_and_others_may_work_meanwhile(session: Client, there: Path) -> None:
    """Other requests shall work in the middle of a listing, and a listing that is not read to its end."""
    for number in range(2_500):
        (there / f"{number}").touch()
    seen = session.entries(str(there))
    first = next(seen)
    assert session.look([str(there / first.name)]) == [first]
    assert len({first.name, *(entry.name for entry in seen)}) == 2_500
    next(session.entries(str(there)))  # nobody keeps it
    assert session.resolve(str(there / "..")) == str(there.parent)
    assert list(session.entries(str(there.parent / there.name)))
    with pytest.raises(RemoteMissing):
        list(session.entries(str(there / "missing")))


def test_many_files_and_large_ones_come_whole(session: Client, there: Path) -> None:
    """Every file of a batch shall come whole, the large and the empty one too."""
    contents = {f"f{number}": os.urandom(number * 37) for number in range(300)}
    contents |= {"empty": b"", "large": os.urandom(9_000_001)}
    for name, content in contents.items():
        (there / name).write_bytes(content)
    got: dict[str, list[bytes]] = {name: [] for name in contents}
    assert session.fetch([fetching(there / name, got[name]) for name in contents]) == [None] * len(contents)
    assert {name: b"".join(parts) for name, parts in got.items()} == contents
    rest: list[bytes] = []
    assert session.fetch([fetching(there / "large", rest, 8_000_000)]) == [None]
    assert b"".join(rest) == contents["large"][8_000_000:]
    assert session.fetch([fetching(there / "large", rest, 9_000_001)]) == [None]


def test_a_part_of_a_file_is_read(session: Client, there: Path) -> None:
    """A read shall give the bytes that are asked for and there, from the start or the end."""
    (there / "file").write_bytes(bytes(range(256)) * 2_000)
    path = str(there / "file")
    assert session.read(path, 3, 4) == bytes([3, 4, 5, 6])
    assert session.read(path, -2, 100) == bytes([254, 255])
    assert session.read(path, -(10**12), 1) == bytes([0])
    assert len(session.read(path, 0, 10**30)) == 512_000
    assert session.read(path, 10**9, 5) == session.read(path, 5, 0) == b""
    with pytest.raises(RemoteMissing):
        session.read(str(there / "missing"), 0, 1)


def test_a_file_that_is_another_one_is_refused_and_no_other(session: Client, there: Path) -> None:
    """A file of another size or time, before, during or after the fetch, shall be refused by itself."""
    for name in ("right", "size", "time"):
        (there / name).write_bytes(bytes(9))
    for name in ("grows", "shrinks", "replaced", "goes"):
        (there / name).write_bytes(bytes(6_000_000))

    def once(action: Callable[[], object]) -> list[bytes]:
        class Acting(list[bytes]):
            def append(self, data: bytes) -> None:
                if not self:
                    action()
                super().append(data)

        return Acting()

    def replaced() -> None:
        (there / "new").write_bytes(bytes(6_000_000))
        os.utime(there / "new", (1, 1))
        (there / "new").rename(there / "replaced")

    wanted = [
        fetching(there / "right", []),
        replace(fetching(there / "size", []), size=8),
        replace(fetching(there / "time", []), mtime=7),
        fetching(there / "grows", once(lambda: os.truncate(there / "grows", 7_000_000))),
        fetching(there / "shrinks", once(lambda: os.truncate(there / "shrinks", 10))),
        fetching(there / "replaced", once(replaced)),
        fetching(there / "goes", once((there / "goes").unlink)),
        Fetch(str(there / "missing"), 1, 1, lambda data: None),
    ]
    right, *changed, missing = session.fetch(wanted)
    assert right is None
    assert [type(error) for error in changed] == [FileChanged] * 6
    assert isinstance(missing, RemoteMissing)
    assert session.look([str(there / "right")])


def test_a_full_disk_here_concerns_that_file_alone(session: Client, there: Path) -> None:
    """Where the bytes cannot be written, that file shall fail and the session go on."""
    for name in ("one", "two"):
        (there / name).write_bytes(bytes(3_000_000))
    got: list[bytes] = []
    with open("/dev/full", "wb", buffering=0) as full:
        first, second = session.fetch(
            [replace(fetching(there / "one", []), write=full.write), fetching(there / "two", got)]
        )
    assert isinstance(first, DiskFull)
    assert second is None
    assert sum(map(len, got)) == 3_000_000


def test_files_are_stored_whole_and_durable(session: Client, there: Path, tmp_path: Path) -> None:
    """Every file of a batch shall be stored under its name, equal, and confirmed as durable."""
    contents = {f"f{number}": os.urandom(number * 37) for number in range(200)}
    contents |= {"empty": b"", "large": os.urandom(9_000_001)}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    results = session.store([storing(tmp_path / name, there / name) for name in contents])
    assert results == [Stored(synced=True)] * len(contents)
    assert {path.name: path.read_bytes() for path in there.iterdir()} == contents


def test_new_keys_in_the_middle_change_nothing(sshd: OpenSsh, there: Path, tmp_path: Path) -> None:
    """Keys that are exchanged anew while files go both ways shall lose no byte."""
    content = os.urandom(12_000_000)
    (tmp_path / "local").write_bytes(content)
    transport = open_transport(sshd.server())
    transport.packetizer.REKEY_BYTES = 2_000_000
    keys = {transport.session_id}
    session = open_session(transport, sshd.server())
    assert session.store([storing(tmp_path / "local", there / "a")]) == [Stored(synced=True)]
    keys.add(transport.H)
    got: list[bytes] = []
    assert session.fetch([fetching(there / "a", got)]) == [None]
    keys.add(transport.H)
    assert b"".join(got) == content
    assert len(keys) == 3
    dispose(transport)


def test_another_cipher_serves_as_well(tmp_path: Path) -> None:
    """A server without AES-GCM shall be served by the library's own way of sending."""
    with OpenSsh(config_lines=["Ciphers aes256-ctr"]) as sshd:
        (tmp_path / "local").write_bytes(os.urandom(3_000_000))
        transport = open_transport(sshd.server())
        session = open_session(transport, sshd.server())
        target = sshd.root / "a"
        assert session.store([storing(tmp_path / "local", target)]) == [Stored(synced=True)]
        got: list[bytes] = []
        assert session.fetch([fetching(target, got)]) == [None]
        assert b"".join(got) == target.read_bytes() == (tmp_path / "local").read_bytes()
        dispose(transport)


def test_what_cannot_be_stored_leaves_nothing(session: Client, there: Path, tmp_path: Path) -> None:
    """A taken name, other bytes than stated, a missing or odd file shall fail alone and leave no part."""
    (there / "taken").write_bytes(b"theirs")
    (there / "link").symlink_to("nowhere")
    local = tmp_path / "local"
    local.write_bytes(os.urandom(6_000_000))
    right = storing(local, there / "right")
    stores = [
        replace(right, path=str(there / "taken")),
        replace(right, path=str(there / "link")),
        replace(right, path=str(there / "hash"), sha256="0" * 64),
        replace(right, path=str(there / "longer"), size=5_999_999),
        replace(right, path=str(there / "shorter"), size=6_000_001),
        replace(right, path=str(there / "no" / "file")),
        replace(right, path=str(there / "odd"), local="/dev/zero"),
        right,
    ]
    results = session.store(stores)
    assert [type(result) for result in results] == [
        TargetOccupied,
        TargetOccupied,
        FileChanged,
        FileChanged,
        FileChanged,
        RemoteMissing,
        NotRegular,
        Stored,
    ]
    assert sorted(path.name for path in there.iterdir()) == ["link", "right", "taken"]
    assert (there / "taken").read_bytes() == b"theirs"


def test_names_change_and_none_is_taken(session: Client, there: Path) -> None:
    """A rename or second name shall never take a name from a file; only `replace` does."""
    (there / "a").write_bytes(b"a")
    (there / "b").write_bytes(b"b")
    a, b, c = (str(there / name) for name in "abc")
    with pytest.raises(TargetOccupied):
        session.rename(a, b)
    with pytest.raises(TargetOccupied):
        session.link(a, b)
    session.rename(a, c)
    for change in (session.rename, session.link, session.replace):
        with pytest.raises(RemoteMissing):
            change(a, str(there / "d"))
    session.link(c, a)
    session.replace(c, b)
    session.remove(a)
    assert [(path.name, path.read_bytes()) for path in there.iterdir()] == [("b", b"a")]
    session.make_directory(a)
    with pytest.raises(TargetOccupied):
        session.make_directory(a)
    with pytest.raises(ServerError):
        session.remove(a)
    assert (session.free_bytes(str(there)) or 0) > 0


def test_names_that_cannot_be_said_are_refused(session: Client, there: Path) -> None:
    """A name with a null byte, or none, shall be refused before a server sees another name in it."""
    for name in ("", "a\0b", "\ud800"):
        with pytest.raises(ServerError, match="name"):
            session.remove(name)
    assert session.look([str(there)])


def test_a_killed_server_ends_what_is_not_finished(sshd: OpenSsh, there: Path) -> None:
    """When the server dies in the middle, unfinished files shall be unreachable, and the session over."""
    transport = open_transport(sshd.server())
    session = open_session(transport, sshd.server())
    (there / "large").write_bytes(bytes(40_000_000))
    (there / "small").write_bytes(b"x")
    large = replace(fetching(there / "large", []), write=lambda data: sshd.kill_sessions())
    small = [fetching(there / "small", []) for _ in range(100)]
    first, *others = session.fetch([large, *small])
    assert isinstance(first, ServerUnreachable)
    assert {type(result) for result in others} <= {type(None), ServerUnreachable}
    with pytest.raises(ServerUnreachable):
        session.resolve(".")
    (stored,) = session.store([storing(there / "small", there / "new")])
    assert isinstance(stored, ServerUnreachable)
    dispose(transport)


def test_a_silent_server_is_given_up_in_its_time(sshd: OpenSsh, there: Path, tmp_path: Path) -> None:
    """A server that stops reading in the middle of a store shall be given up in the seconds it is given."""
    local = tmp_path / "local"
    local.write_bytes(bytes(60_000_000))
    server = sshd.server(reply_seconds=0.5)
    transport = open_transport(server)
    session = open_session(transport, server)
    stopped = sshd.sessions()
    for process in stopped:
        os.kill(process, signal.SIGSTOP)
    results: list[Stored | GatewayError] = []
    thread = threading.Thread(target=lambda: results.extend(session.store([storing(local, there / "f")])))
    thread.start()
    thread.join(8)
    for process in stopped:
        os.kill(process, signal.SIGCONT)
    assert not thread.is_alive()
    assert isinstance(results[0], ServerUnreachable)
    assert "0.5 s" in str(results[0])
    dispose(transport)
