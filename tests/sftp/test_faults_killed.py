"""The gateway killed in the middle of an exchange over SFTP: every file ends where it should be, once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sftp.exchange import DELETE, MOVE, Exchange
from tests.sftp.killed import Mortal
from tests.sftp.script import Act
from tests.sftp.scripted import Scripted

FILES = 2

#: Requests at whose moment the gateway dies: of fetching, acknowledging, storing, publishing.
MOMENTS = [
    ("read", 2),
    ("rename", 2),  # the file gets its name
    ("rename", 3),  # the done marker
    ("rename", 7),  # the acknowledgement
    ("write", 1),
]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Scripted]:
    """Serve a directory of this test."""
    (tmp_path / "served").mkdir()
    with Scripted(tmp_path / "served") as server:
        yield server


@pytest.fixture(scope="module")
def mortal() -> Iterator[Mortal]:
    """Share the process that is forked for passes: it takes long to start."""
    with Mortal() as mortal:
        yield mortal


def killed(
    exchange: Exchange, server: Scripted, mortal: Mortal, moments: list[tuple[str, int, Act]]
) -> list[bool]:
    """Run passes that die at these moments, one after the other; the receiver works after each."""
    died = []
    for operation, nth, act in moments:
        server.on(operation, act, nth=nth, then=mortal.kill)
        died.append(mortal.run(exchange.plant))
        server.calm()
        exchange.receive()
        exchange.plant.clock.advance(hours=2)
    return died


def exchange_of(directory: Path, server: Scripted, acknowledge: str = MOVE) -> Exchange:
    """Return an exchange with files to be taken."""
    exchange = Exchange.build(directory, server, acknowledge)
    for control in range(1, FILES + 1):
        exchange.send(control)
    return exchange


def test_killed_in_the_middle_of_every_step_each_file_is_there_once(
    tmp_path: Path, server: Scripted, mortal: Mortal
) -> None:
    """The gateway shall bring each file to its place once, killed before and after each kind of request."""
    for number, (operation, nth) in enumerate(MOMENTS):
        act = (Act.CUT_BEFORE, Act.TELL_AFTER)[number % 2]
        server.root = tmp_path / f"served-{number}"
        server.root.mkdir()
        exchange = exchange_of(tmp_path / f"site-{number}", server)
        assert killed(exchange, server, mortal, [(operation, nth, act)]) == [True], (operation, nth)
        exchange.settle()
        exchange.demand_each_once()


@pytest.mark.slow
def test_killed_again_while_it_recovers_each_file_is_there_once(
    tmp_path: Path, server: Scripted, mortal: Mortal
) -> None:
    """The gateway shall bring each file to its place once, killed thrice while the receiver works."""
    exchange = exchange_of(tmp_path / "site", server, DELETE)
    moments = [("write", 2, Act.TELL_AFTER), ("rename", 2, Act.TELL_AFTER), ("lstat", 1, Act.CUT_BEFORE)]
    assert killed(exchange, server, mortal, moments) == [True] * 3
    exchange.settle()
    exchange.demand_each_once()


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("acknowledge", [MOVE, DELETE])
def test_killed_at_every_request_each_file_is_there_once(
    tmp_path: Path, server: Scripted, mortal: Mortal, acknowledge: str
) -> None:
    """The gateway shall bring each file to its place once, killed before or after any request at all."""
    exchange_of(tmp_path / "calm", server, acknowledge).settle()
    counts = {operation: len(server.asked(operation)) for operation, _path in server.requests}
    for operation, count in counts.items():
        for nth in range(1, count + 1):
            for act in (Act.CUT_BEFORE, Act.TELL_AFTER):
                shutil.rmtree(server.root)
                server.root.mkdir()
                shutil.rmtree(tmp_path / "site", ignore_errors=True)
                exchange = exchange_of(tmp_path / "site", server, acknowledge)
                killed(exchange, server, mortal, [(operation, nth, act)])
                exchange.settle()
                exchange.demand_each_once()
