"""When deliveries are due: every one has its turn in a pass, and a clock set back stops none."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.model import State
from tests.pipeline.plant import Plant, confirmation, name_of, route

SMALL = "{path: outbox/erp, retry: {first: 0s, cap: 0s}}"


def few_at_a_time(plant: Plant) -> None:
    path = plant.directory / "config" / "gateway.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("site:\n", "site:\n  limits: {batch_files: 2}\n"), encoding="utf-8")


@pytest.mark.parametrize("order", ["strict", "report"])
def test_failing_deliveries_starve_none_behind_them(tmp_path: Path, order: str) -> None:
    """The gateway shall try each delivery in a pass, whatever fails before it, and keep streams in order."""
    plant = Plant.build(
        tmp_path / "site",
        route(destinations=f"{{erp: {SMALL}}}", sequence=f"{{model: counter, order: {order}, start: 1}}"),
    )
    few_at_a_time(plant)
    for number in (1, 2):
        (plant.directory / "outbox" / "erp" / name_of(number)).write_bytes(b"somebody else's")
    for number in range(1, 6):
        plant.drop_confirmation(number)
    plant.drop(name_of(1, "MES02"), confirmation(1, sender="MES02", first=900))
    plant.run()
    waiting = [name for name, state in plant.states().items() if state is State.DELIVERING]
    behind = [3, 4, 5] if order == "strict" else []
    assert waiting == [name_of(number) for number in (1, 2, *behind)]


@pytest.mark.parametrize("order", ["strict", "report"])
def test_a_clock_set_back_stops_no_delivery(tmp_path: Path, order: str) -> None:
    """The gateway shall try a delivery whose next try lies further ahead than the route ever waits."""
    plant = Plant.build(
        tmp_path / "site",
        route(sequence=f"{{model: counter, order: {order}, start: 1}}"),
    )
    plant.clock.advance(days=400)
    occupied = plant.directory / "outbox" / "erp" / name_of(1)
    occupied.write_bytes(b"somebody else's")
    for number in (1, 2):
        plant.drop_confirmation(number)
    plant.run()
    assert plant.states()[name_of(1)] is State.DELIVERING
    occupied.unlink()
    plant.clock.advance(days=-400)
    plant.run()
    assert plant.states() == {name_of(1): State.PROCESSED, name_of(2): State.PROCESSED}
    assert plant.delivered() == [name_of(1), name_of(2)]
