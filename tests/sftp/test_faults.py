"""Exchanges over SFTP that go wrong in the middle: afterwards every file is where it should be, once."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.pipeline import run_routes
from tests.pipeline.plant import confirmation, name_of
from tests.sftp.exchange import DELETE, LEAVE, MOVE, Exchange
from tests.sftp.fault_matrix import spread, table, tried
from tests.sftp.openssh import OpenSsh, wait_for
from tests.sftp.proxy import Direction, Proxy
from tests.sftp.script import PLAIN, WINDOWS, Act, Manner
from tests.sftp.scripted import Scripted


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Scripted]:
    """Serve a directory of this test."""
    (tmp_path / "served").mkdir()
    with Scripted(tmp_path / "served") as server:
        yield server


def test_a_spread_of_faults_leaves_every_file_in_its_place_once(tmp_path: Path) -> None:
    """The gateway shall bring each file to its place once, whatever goes wrong with one request."""
    ends = list(spread(tmp_path))
    assert all(end.was_hit for end in ends), table(ends)
    assert [end for end in ends if end.wrong] == [], table(ends)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_any_fault_of_any_request_leaves_every_file_in_its_place_once(tmp_path: Path) -> None:
    """The gateway shall bring each file to its place once, whichever request goes wrong, and however."""
    ends = list(tried(tmp_path))
    print(table(ends))  # noqa: T201 - the evidence: `pytest -m slow -s -k any_fault`
    assert [end for end in ends if end.wrong] == [], table(ends)


@pytest.mark.parametrize(
    ("manner", "acknowledge"),
    [
        (PLAIN, DELETE),
        (WINDOWS, MOVE),
        pytest.param(PLAIN, MOVE, marks=pytest.mark.slow),
        pytest.param(WINDOWS, LEAVE, marks=pytest.mark.slow),
    ],
    ids=["plain-delete", "windows-move", "plain-move", "windows-leave"],
)
def test_servers_that_offer_little_are_served_as_well(
    tmp_path: Path, manner: Manner, acknowledge: str
) -> None:
    """The gateway shall exchange files with servers without extensions, also where a reply is lost."""
    (tmp_path / "served").mkdir()
    with Scripted(tmp_path / "served", manner) as server:
        exchange = Exchange.build(tmp_path / "site", server, acknowledge)
        exchange.send(1)
        fault = server.on("rename", Act.CUT_AFTER, nth=2)
        exchange.settle()
        assert fault.hit.is_set()
        exchange.demand_each_once()


@pytest.mark.parametrize("status", [4, pytest.param(14, marks=pytest.mark.slow)], ids=["failure", "no space"])
def test_a_remote_disk_that_is_full_holds_files_back_until_there_is_room(
    tmp_path: Path, server: Scripted, status: int
) -> None:
    """The gateway shall leave nothing half-written on a full server, and deliver when there is room."""
    exchange = Exchange.build(tmp_path / "site", server)
    exchange.send(1)
    exchange.send(2, rows=8)
    server.room, server.full_status = 700, status
    exchange.settle(most=2)
    assert len(exchange.received) <= 1
    assert [path for path in exchange.leftovers() if path.startswith("in/")] == []
    server.room = None
    exchange.settle()
    exchange.demand_each_once()


GROWING = [
    ("open", Act.TELL),
    ("read", Act.TELL_AFTER),
    ("close", Act.TELL),
    pytest.param("open", Act.TELL_AFTER, marks=pytest.mark.slow),
    pytest.param("read", Act.TELL, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("operation", "act"), GROWING)
def test_a_file_that_grows_while_it_is_fetched_is_taken_whole_later(
    tmp_path: Path, server: Scripted, operation: str, act: Act
) -> None:
    """The gateway shall take no part of a file that grows under its hands, also within the same second."""
    exchange = Exchange.build(tmp_path / "site", server)
    whole = confirmation(1, rows=4)
    name = exchange.send(1, whole[: len(whole) // 2])
    exchange.sent[name] = [whole]

    def grow() -> None:
        told = (exchange.out / name).stat()
        with (exchange.out / name).open("ab") as file:
            file.write(whole[len(whole) // 2 :])
        os.utime(exchange.out / name, (told.st_atime, told.st_mtime))

    fault = server.on(operation, act, path=name, then=grow)
    exchange.settle()
    assert fault.hit.is_set()
    exchange.demand_each_once()


@pytest.mark.parametrize(("operation", "act"), GROWING[1::2])
def test_a_file_that_is_replaced_while_it_is_fetched_is_taken_as_one_or_the_other(
    tmp_path: Path, server: Scripted, operation: str, act: Act
) -> None:
    """The gateway shall never mix the bytes of two files that had one name one after the other."""
    exchange = Exchange.build(tmp_path / "site", server)
    name = exchange.send(1)

    def replace() -> None:
        exchange.send(1, confirmation(1, first=900))
        del exchange.sent[name][0]

    fault = server.on(operation, act, path=name, then=replace)
    exchange.settle()
    assert fault.hit.is_set()
    exchange.demand_each_once()


@pytest.mark.parametrize(
    ("act", "acknowledge"),
    [
        (Act.TELL, MOVE),
        (Act.TELL_AFTER, DELETE),
        pytest.param(Act.TELL, DELETE, marks=pytest.mark.slow),
        pytest.param(Act.TELL_AFTER, MOVE, marks=pytest.mark.slow),
    ],
    ids=["before-move", "after-delete", "before-delete", "after-move"],
)
def test_a_file_that_is_replaced_as_it_is_acknowledged_is_taken_too(
    tmp_path: Path, server: Scripted, acknowledge: str, act: Act
) -> None:
    """The gateway shall take the sender's next file of a name, even where it came in the very moment."""
    exchange = Exchange.build(tmp_path / "site", server, acknowledge)
    name = exchange.send(1)
    second = confirmation(2)

    def send_next() -> None:
        (server.root / "next").write_bytes(second)
        os.replace(server.root / "next", exchange.out / name)
        exchange.sent[name].append(second)

    fault = server.on("rename", act, path=f"out/{name}", then=send_next)
    exchange.settle()
    assert fault.hit.is_set()
    assert exchange.received == exchange.sent
    assert [path for path in exchange.leftovers() if not path.startswith("taken/")] == []
    exchange.plant.demand_proof()


def open_files() -> int:
    """Return how many descriptors this process has open."""
    return len(os.listdir("/proc/self/fd"))


def test_a_hundred_passes_leave_no_connection_thread_or_descriptor(tmp_path: Path, server: Scripted) -> None:
    """The gateway shall have no more open after a hundred passes than after some, whatever went wrong."""
    others = set(threading.enumerate())  # those of earlier tests may end meanwhile

    def threads() -> int:
        return len(set(threading.enumerate()) - others)

    exchange = Exchange.build(tmp_path / "site", server, reply_timeout="100ms")
    seen: list[tuple[int, int, int]] = []
    troubles: list[Callable[[], object]] = [
        server.kill_sessions,
        lambda: server.on("opendir", Act.STALL_BEFORE),
        lambda: server.on("open", Act.CUT_AFTER),
        lambda: server.on("readdir", Act.REFUSE),
        lambda: exchange.send(len(exchange.sent) + 1),
        lambda: server.on("init", Act.CUT_BEFORE, then=server.calm),
    ]
    with exchange.plant.working() as context:
        for number in range(100):
            if number % 10 == 0:
                troubles[number // 10 % len(troubles)]()
            run_routes(context)
            exchange.receive()
            exchange.plant.clock.advance(hours=2)
            if number % 30 == 28:  # all is calm again
                wait_for(lambda: server.sessions() <= 1, "sessions end at the server")
                seen.append((server.sessions(), threads(), open_files()))
    assert len(set(seen[1:])) == 1, seen
    wait_for(lambda: server.sessions() == 0, "the last session ends")
    wait_for(lambda: threads() == 0, "threads end")
    exchange.settle()
    exchange.demand_each_once()


def survived(directory: Path, real: OpenSsh, served: Path, cut: tuple[int, Direction]) -> bool:
    """Exchange files through a line that is cut after so many bytes; return whether so many came."""
    with Proxy(real.port) as proxy:
        exchange = Exchange.build(directory / "site", real, below=served, port=str(proxy.port))
        exchange.send(1)
        exchange.send(2)
        proxy.cut_after(*cut)
        exchange.settle()
        exchange.demand_each_once()
        return proxy.cuts == 1


@pytest.mark.parametrize("count", [4_500, 6_000, pytest.param(7_500, marks=pytest.mark.slow)])
def test_a_line_that_is_cut_anywhere_costs_no_file(
    tmp_path: Path, openssh: OpenSsh, served: Path, count: int
) -> None:
    """The gateway shall bring each file to its place once over a line to OpenSSH that is cut on the way."""
    assert survived(tmp_path, openssh, served, (count, ("to server", "to client")[count // 1500 % 2]))


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("direction", ["to server", "to client"])
def test_a_line_that_is_cut_after_any_number_of_bytes_costs_no_file(
    tmp_path: Path, openssh: OpenSsh, served: Path, direction: Direction
) -> None:
    """The gateway shall bring each file to its place once, wherever in the conversation the line is cut."""
    count, is_cut = 100, True
    while is_cut:
        (served / str(count)).mkdir()
        is_cut = survived(tmp_path / str(count), openssh, served / str(count), (count, direction))
        count += 150
    assert count > 5_000


def test_a_server_that_is_killed_and_comes_back_costs_no_file(tmp_path: Path) -> None:
    """The gateway shall go on where it was when OpenSSH was killed and comes back with its old keys."""
    with OpenSsh() as real:
        exchange = Exchange.build(tmp_path / "site", real)
        exchange.send(1)
        real.stop()
        exchange.settle(most=2)
        assert exchange.received == {}
        real.start()
        exchange.settle(most=1)
        real.kill_sessions()
        exchange.send(2)
        exchange.settle()
        exchange.demand_each_once()


def test_a_server_with_chroot_is_served_by_its_own_paths(tmp_path: Path) -> None:
    """The gateway shall exchange files with a server that shows a directory as its root."""
    with OpenSsh(chroot=True) as real:
        exchange = Exchange.build(tmp_path / "site", real)
        exchange.send(1)
        exchange.settle()
        exchange.demand_each_once()


def test_a_read_only_source_gives_each_file_once(tmp_path: Path) -> None:
    """The gateway shall take files from a read-only server once, left or not, and say what it may not do."""
    with OpenSsh(read_only=True) as real:
        for acknowledge, is_said in ((LEAVE, False), (MOVE, True)):
            part = real.root / acknowledge[13:17]
            part.mkdir()
            exchange = Exchange.build(tmp_path / part.name, real, acknowledge, below=part, to_folder=True)
            exchange.send(1)
            exchange.settle(most=4)
            delivered = exchange.plant.delivered()
            assert [name for name in delivered if name.endswith(".csv")] == [name_of(1)]
            assert len(exchange.plant.transfers()) == 1
            told = " ".join(str(one.error) for report in exchange.reports for one in report.problems)
            assert ("leave" in told) is is_said, told
