"""Care for a ledger on a server: the same commands, and no owner of before passes for one of after."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.custody.layout import Layout
from gateway.custody.shared_layout import SharedLayout
from gateway.errors import LedgerDamaged, SiteBusy
from gateway.ledger import leases
from gateway.ledger.backup import inspect
from gateway.model import State
from gateway.operations.ledger_care.backing_up import back_up
from gateway.operations.ledger_care.rebuilding import rebuild
from gateway.operations.ledger_care.restoring import restore
from gateway.operations.opening import SERVICE, working_on
from tests.care.sites import STRICT
from tests.pipeline.plant import Plant, configuration, name_of
from tests.postgres.server import PostgresServer
from tests.postgres.sites import sited


def _moved(plant: Plant, url: str | None) -> None:
    """Let the configuration name another ledger."""
    text = configuration(STRICT)
    named = text if url is None else text.replace("site:\n", f"site:\n  ledger: {url}\n", 1)
    (plant.directory / "config" / "gateway.yaml").write_text(named)


def _token(plant: Plant) -> int:
    """Return the token of the newest owner of the route."""
    with plant.opened() as context, context.ledger.read() as connection:
        return leases.every(connection)["route confirmations"].token


def _left_in_work(plant: Plant, control: int) -> None:
    """Let a file stay in work: its destination is away meanwhile."""
    outbox = plant.directory / "outbox"
    (outbox / "erp").rename(outbox / "away")
    plant.drop_confirmation(control)
    plant.run()
    (outbox / "away").rename(outbox / "erp")


def test_what_nodes_had_in_work_is_found_by_a_single_gateway(tmp_path: Path) -> None:
    """A file that stands where a node worked shall be set before an operator, and later tokens be above."""
    plant = Plant.build(tmp_path / "site", STRICT)
    _left_in_work(plant, 1)
    SharedLayout(plant.directory).owned("confirmations", 7)
    done = rebuild(plant.directory, "the server is gone")
    assert (done.recovery.uncertain, done.recovery.troubles) == (1, [])
    plant.run()
    assert plant.codes(name_of(1)) == ["F905"]
    assert list(Layout(plant.directory).working("confirmations").iterdir()) == []
    assert _token(plant) > 7
    plant.demand_proof()


@pytest.mark.slow
@pytest.mark.parametrize("way", ["restore", "rebuild"])
def test_a_ledger_on_a_server_is_put_back(tmp_path: Path, postgres: PostgresServer, way: str) -> None:
    """On a server all shall come back, what is in work be set before an operator, and no token come twice."""
    plant = sited(tmp_path / "site", postgres.create_database(), STRICT)
    plant.drop_confirmation(1)
    plant.run()
    with plant.opened() as context:
        back_up(context, tmp_path / "backup.db")
    plant.drop_confirmation(2)
    plant.run()
    _left_in_work(plant, 3)
    before, rows = _token(plant), plant.transfers()
    if way == "restore":
        done = restore(plant.directory, tmp_path / "backup.db", "the disk broke")
    else:
        done = rebuild(plant.directory, "the disk broke")
    assert done.recovery.troubles == []
    assert done.ledger.startswith("postgresql://")
    assert done.aside is not None
    assert inspect(done.aside).transfers == 3
    assert _token(plant) > before
    plant.run()
    assert plant.codes(name_of(3)) == ["F905"]
    assert plant.delivered() == [name_of(1), name_of(2)]
    assert [row.id for row in plant.transfers()] == [row.id for row in rows]
    plant.drop_confirmation(2)
    plant.drop_confirmation(3)
    plant.run()
    assert plant.transfer(name_of(2)).state is State.DUPLICATE
    assert plant.transfer(name_of(3)).state is State.PROCESSED
    plant.demand_proof()


@pytest.mark.slow
def test_a_ledger_moves_to_a_server_and_back(tmp_path: Path, postgres: PostgresServer) -> None:
    """With a backup a ledger shall move from a file to a server and back, and each time go on."""
    plant = Plant.build(tmp_path / "site", STRICT)
    seen = [0]
    for control, url in enumerate((postgres.create_database(), None, postgres.create_database()), 1):
        plant.drop_confirmation(control)
        plant.run()
        with plant.opened() as context:
            back_up(context, tmp_path / f"{control}.db")
        for file in (plant.directory / "ledger").glob("gateway.db*"):
            file.unlink()
        _moved(plant, url)
        done = restore(plant.directory, tmp_path / f"{control}.db", "moved")
        assert (done.recovery.unchanged, done.recovery.troubles) == (control, [])
        if control > 1:
            seen.append(_token(plant))
        plant.demand_proof()
    assert seen == sorted(set(seen))
    plant.drop_confirmation(4)
    plant.run()
    assert len(plant.delivered()) == 4
    plant.demand_proof()


@pytest.mark.slow
def test_nothing_is_replaced_while_a_node_works(tmp_path: Path, postgres: PostgresServer) -> None:
    """While a node is there, or where one came meanwhile, the ledger shall stay as it is."""
    plant = sited(tmp_path / "site", postgres.create_database(), STRICT)
    plant.drop_confirmation(1)
    plant.run()
    with working_on(plant.directory, kind=SERVICE), pytest.raises(SiteBusy, match="works on this site"):
        rebuild(plant.directory, "by mistake")
    came: list[str] = []

    def come(_text: str) -> None:
        if not came:
            plant.drop_confirmation(2)
            plant.run()
            came.append("a node")

    with pytest.raises(SiteBusy, match="meanwhile"):
        rebuild(plant.directory, "the disk broke", progress=come)
    plant.run()
    rebuild(plant.directory, "the disk broke")
    assert plant.states() == {name_of(1): State.PROCESSED, name_of(2): State.PROCESSED}
    plant.demand_proof()


@pytest.mark.slow
def test_a_damaged_ledger_on_a_server_is_left_as_it_is(tmp_path: Path, postgres: PostgresServer) -> None:
    """Where the ledger on a server cannot be kept, it shall stay, and another database take the new one."""
    url = postgres.create_database()
    plant = sited(tmp_path / "site", url, STRICT)
    plant.drop_confirmation(1)
    plant.run()
    postgres.sql("DROP TABLE alerts", url.rpartition("/")[2])
    with pytest.raises(LedgerDamaged, match="cannot be kept"):
        rebuild(plant.directory, "a table is gone")
    _moved(plant, postgres.create_database())
    rebuild(plant.directory, "a table is gone")
    plant.drop_confirmation(2)
    plant.run()
    assert len(plant.delivered()) == 2
    plant.demand_proof()
