"""Disks that fill: the whole site's, the destination's, the ledger's."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from gateway.errors import DiskFull
from gateway.model import State
from gateway.operations.setup import init_site
from tests.hostile.hostile_kit import needs_root, small_disk
from tests.pipeline.plant import ROUTE, Plant, configuration, name_of

pytestmark = needs_root


def fill(disk: Path, leave: int) -> Path:
    """Fill ``disk`` but for about ``leave`` bytes; return the file to remove again."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 65536):
                pass
        except OSError:
            os.truncate(ballast, max(0, ballast.stat().st_size - leave))
    return ballast


def on(disk: Path, minimum_free: str = "1B") -> Plant:
    """Make a site on a small disk."""
    text = configuration().replace("time_zone", f"limits: {{minimum_free: {minimum_free}}}\n  time_zone")
    init_site(disk / "site", text)
    return Plant(disk / "site")


def test_nothing_is_taken_below_the_minimum_of_free_space(tmp_path: Path) -> None:
    """Below the configured free space no file shall be claimed, and all goes on when there is room."""
    with small_disk(tmp_path / "disk", 8000) as disk:
        plant = on(disk, "2MiB")
        plant.drop_confirmation(1)
        ballast = fill(disk, 1024 * 1024)
        (report,) = plant.run()
        assert [problem.error.code for problem in report.problems] == ["disk-full"]
        assert plant.states() == {}
        assert [path.name for path in plant.inbox().iterdir()] == [name_of(1)]
        ballast.unlink()
        plant.run()
        assert plant.states() == {name_of(1): State.PROCESSED}
        plant.demand_proof()


@pytest.mark.parametrize("leave", [0, 16, 40, 70, 100, 160, 240, 330])
def test_a_full_disk_stops_anywhere_and_loses_nothing(tmp_path: Path, leave: int) -> None:
    """Wherever a pass runs out of space, every file shall stay whole in one place and go on later."""
    with small_disk(tmp_path / "disk", 4000) as disk:
        plant = on(disk)
        for control in range(1, 5):
            plant.drop_confirmation(control, rows=20)
        plant.drop_confirmation(5, quantity="x")
        ballast = fill(disk, leave * 1024)
        for _ in range(2):
            try:
                problems = [problem.error for report in plant.run() for problem in report.problems]
            except DiskFull as error:
                problems = [error]
            assert all("disk-full" in str(error) for error in problems)
        held = [path for path in plant.directory.rglob("*CONF_MES01_*.csv") if "outbox" not in path.parts]
        assert len(held) == 5
        ballast.unlink()
        plant.clock.advance(hours=2)
        plant.run()
        assert sorted(state.value for state in plant.states().values()) == ["failed", *["processed"] * 4]
        assert plant.delivered() == [name_of(control) for control in range(1, 5)]
        plant.demand_proof()


def test_a_full_destination_costs_only_its_own_deliveries(tmp_path: Path) -> None:
    """A destination without space shall get its files later; the other destinations have theirs at once."""
    with small_disk(tmp_path / "disk", 200) as disk:
        plant = Plant.build(
            tmp_path / "site",
            ROUTE.replace(
                "erp: {path: outbox/erp}", f"erp: {{path: {disk}}}\n      mes: {{path: outbox/mes}}"
            ),
        )
        for control in range(1, 4):
            plant.drop_confirmation(control, rows=300, first=control * 1000)
        ballast = fill(disk, 50_000)
        (report,) = plant.run()
        assert {problem.error.code for problem in report.problems} == {"disk-full"}
        assert plant.delivered("mes") == [name_of(1), name_of(2), name_of(3)]
        assert not [path for path in disk.iterdir() if path.name.endswith(".part")]
        ballast.unlink()
        plant.clock.advance(hours=3)
        plant.run()
        assert set(plant.states().values()) == {State.PROCESSED}
        assert sorted(path.name for path in disk.iterdir()) == [name_of(1), name_of(2), name_of(3)]
        plant.demand_proof()


def test_a_full_disk_under_the_ledger_alone_stops_before_the_claim(tmp_path: Path) -> None:
    """Without space for the ledger no file shall move: what cannot be written down does not happen."""
    plant = Plant.build(tmp_path / "site")
    shutil.move(plant.directory / "ledger", tmp_path / "kept")
    with small_disk(plant.directory / "ledger", 3000) as disk:
        shutil.copytree(tmp_path / "kept", disk, dirs_exist_ok=True)
        plant.drop_confirmation(1)
        plant.run()
        for control in range(2, 12):
            plant.drop_confirmation(control)
        ballast = fill(disk, 20_000)
        try:
            codes = {problem.error.code for report in plant.run() for problem in report.problems}
        except DiskFull as error:
            codes = {error.code}
        assert codes == {"disk-full"}
        assert len(list(plant.inbox().iterdir())) == 10
        ballast.unlink()
        plant.run()
        assert set(plant.states().values()) == {State.PROCESSED}
        assert len(plant.delivered()) == 11
        plant.demand_proof()
