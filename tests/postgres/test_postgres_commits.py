"""Commits whose answer is lost: whether they took place is not known, and nothing is lost or done twice."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event

from gateway.errors import GatewayError, LedgerError
from gateway.ledger import transfers
from gateway.ledger.engine import open_ledger
from gateway.model import State
from gateway.operations.correct import correct
from tests.ledger.ledger_samples import transfer
from tests.pipeline.plant import Plant, confirmation, name_of, route
from tests.postgres.server import PostgresServer
from tests.postgres.sites import sited
from tests.sftp.proxy import Direction, Proxy

STRICT = "{model: counter, order: strict, start: 1}"
TWO = "{erp: {path: outbox/erp}, dwh: {path: outbox/dwh}}"
WAYS: tuple[Direction, ...] = ("to server", "to client")


_NAMES = [name_of(1), name_of(2), name_of(3)]
#: How the day ends: every file's state and attempt, and what both destinations have.
UNDISTURBED: list[object] = [
    [
        (name_of(1), State.DUPLICATE.value, 1),
        (name_of(1), State.PROCESSED.value, 1),
        (name_of(2), State.FAILED.value, 1),
        (name_of(2), State.PROCESSED.value, 1),
        (name_of(3), State.PROCESSED.value, 1),
    ],
    _NAMES,
    _NAMES,
]


@dataclass
class Breaking:
    """Counts commits, and cuts the line around one of them."""

    proxy: Proxy
    at: int = 0  #: the commit, from 1; 0: none
    way: Direction = "to server"
    seen: int = field(default=0, init=False)

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Watch every commit of this process."""
        event.listen(Engine, "commit", self._commit)
        try:
            yield
        finally:
            event.remove(Engine, "commit", self._commit)

    def _commit(self, connection: Connection) -> None:
        if "advisory" not in str(connection.get_execution_options().get("begin", "")):
            return  # a reader's
        self.seen += 1
        if self.seen == self.at:
            self.proxy.cut_after(0, self.way)


@pytest.mark.parametrize("way", WAYS)
def test_a_commit_whose_answer_is_lost_is_told_as_unknown(postgres: PostgresServer, way: Direction) -> None:
    """The error shall say that nobody knows; the ledger shall tell at the next look, and work."""
    with Proxy(postgres.port) as proxy:
        url = postgres.create_database().replace(f":{postgres.port}/", f":{proxy.port}/")
        ledger = open_ledger(url, create=True)
        with (
            pytest.raises(LedgerError, match=r"broke during a commit: whether it took place is not known"),
            Breaking(proxy, 1, way).active(),
            ledger.write() as connection,
        ):
            transfers.insert(connection, [transfer()])
        with ledger.read() as connection:
            counts = transfers.count_by_state(connection)
        assert bool(counts) is (way == "to client")
        with ledger.write() as connection:
            transfers.insert(connection, [transfer()])
        ledger.close()


_SLOW_COMMIT = """
CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN PERFORM pg_sleep(0.7); RETURN NULL; END$$;
CREATE CONSTRAINT TRIGGER lingers AFTER INSERT ON transfers DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION linger()
"""


def test_a_commit_that_is_still_under_way_is_waited_for(postgres: PostgresServer) -> None:
    """After a lost answer the next look shall see how the commit ended, however long that takes."""
    with Proxy(postgres.port) as proxy:
        url = postgres.create_database()
        ledger = open_ledger(url.replace(f":{postgres.port}/", f":{proxy.port}/"), create=True)
        postgres.sql(_SLOW_COMMIT, url.rpartition("/")[2])
        with pytest.raises(LedgerError, match="is not known"), ledger.write() as connection:  # noqa: PT012
            transfers.insert(connection, [transfer()])
            threading.Timer(0.3, proxy.cut).start()
        with ledger.read() as connection:
            assert sum(transfers.count_by_state(connection).values()) == 1
        ledger.close()


@pytest.mark.parametrize("way", WAYS)
def test_a_corrected_file_is_kept_where_its_commit_is_in_doubt(
    tmp_path: Path, postgres: PostgresServer, way: Direction
) -> None:
    """A correction whose commit got no answer shall be done if it took place, and else leave nothing."""
    with Proxy(postgres.port) as proxy:
        url = postgres.create_database().replace(f":{postgres.port}/", f":{proxy.port}/")
        plant = sited(tmp_path / "site", url, route())
        plant.drop(name_of(1), confirmation(1, quantity="4B0,5"))
        plant.run()
        (tmp_path / "corrected.csv").write_bytes(confirmation(1))
        failed = plant.transfer(name_of(1))
        with (
            plant.opened() as context,
            Breaking(proxy, 1, way).active(),
            pytest.raises(LedgerError, match="is not known"),
        ):
            correct(context, failed, tmp_path / "corrected.csv", "as agreed")
        plant.run()
        assert len(plant.delivered()) == (way == "to client")
        plant.demand_proof()


def _day(plant: Plant) -> None:
    """Let two passes' worth of files come and go: good, wrong, repeated, held and released ones."""
    plant.drop_confirmation(1)
    plant.drop(name_of(2), confirmation(2, quantity="4B0,5"))
    plant.drop_confirmation(3)
    _passes(plant, 2)
    plant.drop_confirmation(1)
    plant.drop_confirmation(2)
    _passes(plant, 4)


def _passes(plant: Plant, count: int) -> None:
    for _ in range(count):
        with contextlib.suppress(GatewayError):
            if not plant.run():
                _let_leases_run_out(plant)
                plant.run()


def _let_leases_run_out(plant: Plant) -> None:
    """Do to the leases of a process that ended without giving them back what time would do."""
    with plant.opened() as context, context.ledger.write() as connection:
        connection.exec_driver_sql("UPDATE leases SET expires_at = '2000-01-01T00:00:00.000000Z'")
        connection.exec_driver_sql("UPDATE nodes SET seen_at = '2000-01-01T00:00:00.000000Z'")


def _outcome(plant: Plant) -> list[object]:
    states = sorted((row.name, row.state.value, row.attempt) for row in plant.transfers())
    return [states, *(plant.delivered(where) for where in ("erp", "dwh"))]


def _demand_the_same(
    directory: Path, postgres: PostgresServer, at: int, way: Direction, expected: list[object] | None
) -> tuple[int, list[object]]:
    """Run the day with a break at a commit; return how many commits there were, and what became of it."""
    with Proxy(postgres.port) as proxy:
        url = postgres.create_database().replace(f":{postgres.port}/", f":{proxy.port}/")
        plant = sited(directory / f"site-{at}-{way[3:]}", url, route(sequence=STRICT, destinations=TWO))
        breaking = Breaking(proxy, at, way)
        with breaking.active():
            _day(plant)
        found = _outcome(plant)
        plant.demand_proof()
    assert expected is None or found == expected, f"commit {at}, {way}"
    assert at == 0 or proxy.cuts == 1
    return breaking.seen, found


def test_some_lost_commits_change_nothing(tmp_path: Path, postgres: PostgresServer) -> None:
    """Whichever commit's question or answer is lost, the day shall end as an undisturbed one (a sample)."""
    _demand_the_same(tmp_path, postgres, 19, "to client", UNDISTURBED)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_every_lost_commit_changes_nothing(tmp_path: Path, postgres: PostgresServer) -> None:
    """Whichever commit's question or answer is lost, the day shall end as an undisturbed one (all)."""
    total, expected = _demand_the_same(tmp_path, postgres, 0, "to server", None)
    assert expected == UNDISTURBED
    for at in range(1, total + 1):
        for way in WAYS:
            _demand_the_same(tmp_path, postgres, at, way, UNDISTURBED)
