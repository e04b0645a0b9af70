"""Sessions are lent to one thread at a time, no more than agreed, no broken ones; none is leaked."""

from __future__ import annotations

import dataclasses
import functools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.errors import ConfigurationError, RemoteMissing, ServerError, ServerUnreachable
from gateway.sftp.base import Session
from gateway.sftp.pool import Pool
from tests.sftp.doors import answering
from tests.sftp.openssh import wait_for
from tests.sftp.script import Act, Fault
from tests.sftp.scripted import Scripted


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scripted]:
    with Scripted(tmp_path_factory.mktemp("root")) as server:
        yield server


@pytest.fixture(autouse=True)
def leaves_nothing(scripted: Scripted) -> Iterator[None]:
    """No test shall leave a thread, a descriptor or a session behind."""
    threads, descriptors = threading.active_count(), len(os.listdir("/proc/self/fd"))
    yield
    wait_for(lambda: scripted.sessions() == 0, "sessions end")
    wait_for(lambda: threading.active_count() <= threads, "threads end")
    wait_for(lambda: len(os.listdir("/proc/self/fd")) <= descriptors, "descriptors are closed")


def in_thread(work: Callable[[], object]) -> tuple[threading.Thread, list[BaseException]]:
    """Run ``work`` in a thread; its error, if any, comes into the list."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, errors


def ended(thread: threading.Thread) -> bool:
    thread.join(10)
    return not thread.is_alive()


def works(pool: Pool) -> None:
    """Use a session."""
    with pool.session("erp") as session:
        assert session.resolve(".")


def test_a_session_is_used_again(scripted: Scripted) -> None:
    """Work after work shall be done on one connection; close ends it, and the next one is new."""
    pool, before = Pool([scripted.server()]), scripted.connections
    for _ in range(5):
        works(pool)
    assert scripted.connections == before + 1
    pool.close()
    wait_for(lambda: scripted.sessions() == 0, "the session ends")
    works(pool)
    assert scripted.connections == before + 2
    pool.close()


def test_an_error_of_one_file_keeps_the_session(scripted: Scripted) -> None:
    """What the server refuses shall not cost the connection; what nobody foresaw shall."""
    pool, before = Pool([scripted.server()]), scripted.connections
    with pytest.raises(RemoteMissing), pool.session("erp") as session:
        session.read("missing", 0, 1)
    works(pool)
    assert scripted.connections == before + 1
    with pytest.raises(KeyError), pool.session("erp"):
        raise KeyError
    works(pool)
    assert scripted.connections == before + 2
    pool.close()


def test_a_session_that_broke_is_never_lent_again(scripted: Scripted) -> None:
    """A connection that ended, while lent or while idle, shall be replaced before the next work."""
    pool = Pool([scripted.server()])
    works(pool)
    scripted.kill_sessions()
    wait_for(lambda: scripted.sessions() == 0, "the session ends")
    works(pool)
    with pytest.raises(ServerUnreachable), pool.session("erp") as session:
        broken(scripted, session)
    works(pool)
    pool.close()


def broken(scripted: Scripted, session: Session) -> None:
    """Ask something of a session that has just ended."""
    scripted.kill_sessions()
    session.resolve(".")


def test_a_session_that_was_idle_long_is_tried_first(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while without use a session shall be tried, and a dead one be replaced unnoticed."""
    monkeypatch.setattr("gateway.sftp.pool._PROBE_AFTER", 0.0)
    pool, before = Pool([scripted.server(reply_seconds=0.5)]), scripted.connections
    works(pool)
    works(pool)
    assert scripted.connections == before + 1
    scripted.on("realpath", Act.STALL_BEFORE)
    works(pool)
    assert scripted.connections == before + 2
    pool.close()


def test_idle_sessions_are_closed_in_time(scripted: Scripted) -> None:
    """A session that nobody uses shall be closed after its time, by the service or the next use."""
    pool = Pool([scripted.server(idle_seconds=0.05)])
    works(pool)
    pool.close_idle()
    assert scripted.sessions() == 1

    def is_closed() -> bool:
        pool.close_idle()
        return scripted.sessions() == 0

    wait_for(is_closed, "the idle session is closed")


def test_a_session_that_is_lent_while_all_are_closed_ends_when_it_comes_back(scripted: Scripted) -> None:
    """Close shall not take a session away from whom it is lent to, and not keep it afterwards."""
    pool = Pool([scripted.server()])
    with pool.session("erp") as session:
        pool.close()
        assert session.resolve(".")
    wait_for(lambda: scripted.sessions() == 0, "the session ends")


def test_no_more_sessions_than_agreed_and_everybody_in_turn(scripted: Scripted) -> None:
    """Many threads shall share the agreed number of sessions, in the order in which they came."""
    pool, before = Pool([scripted.server(sessions=2)]), scripted.connections
    lock, inside, most, served = threading.Lock(), [0], [0], []
    holding = threading.Event()

    def work(number: int) -> None:
        with pool.session("erp") as session:
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                served.append(number)
            holding.wait(10)
            session.resolve(".")
            with lock:
                inside[0] -= 1

    def has_come(number: int) -> bool:
        """Whether so many threads have a session or wait in turn."""
        return len(served) == min(number + 1, 2) and len(pool._desks["erp"].waiting) == max(0, number - 1)

    threads = []
    for number in range(12):
        threads.append(in_thread(functools.partial(work, number)))
        wait_for(functools.partial(has_come, number), "it has come")
    holding.set()
    assert all(ended(thread) and not errors for thread, errors in threads)
    assert most[0] == 2
    assert scripted.connections == before + 2
    # two run at once, so neighbours may change places
    assert all(abs(place - number) <= 1 for place, number in enumerate(served))
    pool.close()


def test_who_waits_too_long_is_told_what_to_raise(scripted: Scripted) -> None:
    """Where all sessions stay lent, the wait shall end with the setting to change; no partner is blamed."""
    pool = Pool([scripted.server(sessions=1)], wait_seconds=0.1)
    with pool.session("erp"):
        thread, errors = in_thread(lambda: works(pool))
        assert ended(thread)
    assert type(errors[0]) is ServerError
    assert "Raise `sessions` of the server erp" in str(errors[0])
    pool.close()


def test_a_thread_does_not_wait_for_itself(scripted: Scripted) -> None:
    """A thread that holds the only session and asks for another shall be told at once, not in minutes."""
    pool = Pool([scripted.server(sessions=1)])
    before = time.monotonic()
    with pool.session("erp"), pytest.raises(ServerError), pool.session("erp"):
        pass
    assert time.monotonic() - before < 10
    works(pool)
    pool.close()


def test_an_interrupt_wakes_whoever_waits_for_a_server(scripted: Scripted) -> None:
    """At the end a thread in the middle of a request, and one in the queue, shall go on at once."""
    pool = Pool([scripted.server(sessions=1)])
    stalls: list[Fault] = []

    def hang() -> None:
        with pool.session("erp") as session:
            stalls.append(scripted.on("realpath", Act.STALL_BEFORE))
            session.resolve(".")

    first, errors = in_thread(hang)
    wait_for(lambda: stalls and stalls[0].hit.is_set(), "the request hangs")
    second, queued = in_thread(lambda: works(pool))
    wait_for(lambda: len(pool._desks["erp"].waiting) == 1, "it waits in turn")
    before = time.monotonic()
    pool.interrupt()
    assert ended(first)
    assert ended(second)
    assert time.monotonic() - before < 5
    assert [type(one) for one in (*errors, *queued)] == [ServerUnreachable] * 2
    with pytest.raises(ServerUnreachable):
        works(pool)
    scripted.calm()
    pool.close()


def test_an_interrupt_wakes_who_is_just_connecting(scripted: Scripted) -> None:
    """A thread that waits for the greeting of a server shall go on at once, too."""
    with answering(lambda line: line.recv(4096) and line.recv(4096)) as port:
        pool = Pool([scripted.server(port=port, connect_seconds=60.0)])
        thread, errors = in_thread(lambda: works(pool))
        wait_for(lambda: any(one.line for one in pool._desks["erp"].lent), "it connects")
        before = time.monotonic()
        pool.interrupt()
        assert ended(thread)
        assert time.monotonic() - before < 5
    assert isinstance(errors[0], ServerUnreachable)


def test_a_server_that_cannot_be_reached_leaves_the_others(scripted: Scripted) -> None:
    """A failed opening shall give its place back, again and again, and other servers go on."""
    down = dataclasses.replace(scripted.server("down"), port=1, sessions=1)
    pool = Pool([down, scripted.server()])
    for _ in range(3):
        with pytest.raises(ServerUnreachable), pool.session("down"):
            pass
        works(pool)
    with pytest.raises(ConfigurationError), pool.session("mes"):
        pass
    pool.close()


@pytest.mark.slow
def test_hundreds_of_sessions_leak_nothing(scripted: Scripted) -> None:
    """Opened, broken, interrupted and closed hundreds of times, nothing shall be left."""
    for number in range(200):
        pool = Pool([scripted.server()])
        works(pool)
        if number % 3 == 1:
            scripted.kill_sessions()
        elif number % 3 == 2:
            pool.interrupt()
        pool.close()


def test_the_library_is_not_loaded_before_a_session_is_asked_for(tmp_path: Path) -> None:
    """Commands that talk to no server shall not pay for the SSH library."""
    script = "import sys, gateway.sftp.pool, gateway.cli.trust; print('paramiko' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout == "False\n", done.stderr
