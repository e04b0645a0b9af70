"""`gateway ledger rebuild`: a ledger from directories and manifests alone."""

from __future__ import annotations

from pathlib import Path

from gateway.model import State
from gateway.operations.ledger_care.rebuilding import rebuild
from tests.pipeline.plant import Plant, confirmation, name_of, route


def _lose(plant: Plant) -> None:
    for file in (plant.directory / "ledger").glob("gateway.db*"):
        file.unlink()


def test_a_lost_ledger_comes_back_from_the_archive(tmp_path: Path) -> None:
    """After a rebuild the site shall be as it was: verified, and an old file is still a duplicate."""
    plant = Plant.build(tmp_path / "site", route(sequence="{model: counter, order: strict, start: 1}"))
    for control in (1, 2, 3):
        plant.drop_confirmation(control)
    plant.drop("bad.csv", b"no confirmation\r\n")
    plant.run()
    rows = plant.transfers()
    _lose(plant)
    rebuilt = rebuild(plant.directory, "the disk broke")
    assert rebuilt.recovery.troubles == []
    assert [row.evolve(changed_at=None) for row in plant.transfers()] == [
        row.evolve(changed_at=None) for row in rows
    ]
    plant.drop_confirmation(4)
    plant.drop("again.csv", confirmation(2))
    plant.run()
    assert plant.states()[name_of(4)] is State.PROCESSED
    assert plant.states()["again.csv"] is State.DUPLICATE
    assert len(plant.delivered()) == 4
    plant.demand_proof()
