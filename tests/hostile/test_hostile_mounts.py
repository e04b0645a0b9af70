"""Mounts that change under the gateway: read-only, gone, without inodes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from gateway.errors import GatewayError, InternalError
from gateway.model import State
from gateway.operations.setup import init_site
from tests.hostile.hostile_kit import bind_mount, needs_root, small_disk, swap_before
from tests.pipeline.plant import ROUTE, Plant, configuration, name_of

pytestmark = needs_root


def site_on(disk: Path) -> Plant:
    """Make a site on a small disk, which works to the last byte of it."""
    text = configuration().replace("time_zone", "limits: {minimum_free: 1B}\n  time_zone")
    init_site(disk / "site", text)
    return Plant(disk / "site")


def remount(disk: Path, options: str) -> None:
    """Mount ``disk`` again with other options."""
    subprocess.run(["mount", "-o", f"remount,{options}", str(disk)], check=True)


def told(plant: Plant) -> list[GatewayError]:
    """Run a pass; return what it told of."""
    try:
        return [problem.error for report in plant.run() for problem in report.problems]
    except GatewayError as error:
        return [error]


@pytest.mark.parametrize(
    "when",
    [
        "gateway.custody.claim.move_new",
        "gateway.custody.copies.copy_new",
        "gateway.custody.moves.rename_new",
        "gateway.custody.settle.resume_move",
        "gateway.custody.daylist.append",
    ],
)
def test_a_site_that_becomes_read_only_in_a_pass_goes_on_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """A site mounted read-only amid a pass shall say so, call nothing processed, and end as usual later."""
    with small_disk(tmp_path / "disk", 8000) as disk:
        plant = site_on(disk)
        plant.drop_confirmation(1)
        # an open file for writing keeps a file system from becoming read-only: the ledger's are closed here
        swap_before(monkeypatch, when, lambda: subprocess.run(["mount", "-o", "remount,ro", str(disk)]))
        first = told(plant)
        monkeypatch.undo()
        is_read_only = subprocess.run(["touch", str(disk / "probe")], capture_output=True).returncode != 0
        remount(disk, "rw")
        (disk / "probe").unlink(missing_ok=True)
        assert not [error for error in first if isinstance(error, InternalError)]
        assert not is_read_only or plant.states().get(name_of(1)) is not State.PROCESSED
        plant.clock.advance(hours=4)
        for _ in range(2):
            plant.run()
        assert plant.states() == {name_of(1): State.PROCESSED}
        assert plant.delivered() == [name_of(1)]
        plant.demand_proof()


def test_a_site_that_is_read_only_refuses_to_work(tmp_path: Path) -> None:
    """A pass over a site that is mounted read-only shall end with a coded error, and the next one work."""
    with small_disk(tmp_path / "disk", 8000) as disk:
        plant = site_on(disk)
        plant.drop_confirmation(1)
        remount(disk, "ro")
        errors = told(plant)
        assert errors
        assert not [error for error in errors if isinstance(error, InternalError)]
        remount(disk, "rw")
        plant.run()
        assert plant.states() == {name_of(1): State.PROCESSED}
        plant.demand_proof()


def test_a_destination_that_is_not_mounted_gets_nothing_into_its_mount_point(tmp_path: Path) -> None:
    """A destination below a mount point shall wait while nothing is mounted there, and leave that bare."""
    share = tmp_path / "share"
    share.mkdir()
    plant = Plant.build(tmp_path / "site", ROUTE.replace("outbox/erp", f"{share}/in"))
    (share / "in").rmdir()  # it was made for the site, and is on the share from now on
    plant.drop_confirmation(1)
    assert {error.code for error in told(plant)} == {"destination-unavailable"}
    assert list(share.iterdir()) == []
    with small_disk(share, 1000):
        (share / "in").mkdir()
        plant.clock.advance(hours=4)
        for _ in range(2):
            plant.run()
        assert plant.states() == {name_of(1): State.PROCESSED}
        assert [path.name for path in (share / "in").iterdir()] == [name_of(1)]


@pytest.mark.parametrize("left", [0, 1, 2, 3, 5])
def test_a_disk_without_inodes_stops_anywhere_and_loses_nothing(tmp_path: Path, left: int) -> None:
    """Where no more files can be made every file shall stay whole in one place, and go on later."""
    with small_disk(tmp_path / "disk", 8000) as disk:
        plant = site_on(disk)
        plant.drop_confirmation(1)
        used = int(
            subprocess.run(["df", "--output=iused", str(disk)], capture_output=True).stdout.split()[-1]
        )
        remount(disk, f"nr_inodes={used + left}")
        first = told(plant)
        assert not [error for error in first if isinstance(error, InternalError)]
        assert left > 3 or {error.code for error in first} <= {
            "disk-full",
            "ledger",
            "destination-unavailable",
        }
        remount(disk, "nr_inodes=100000")
        plant.clock.advance(hours=4)
        for _ in range(2):
            plant.run()
        assert plant.states() == {name_of(1): State.PROCESSED}
        assert plant.delivered() == [name_of(1)]
        plant.demand_proof()


def test_an_inbox_that_is_a_mount_of_the_same_file_system_is_taken_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of a bind mount, as containers have them, shall be copied, also where a crash left them twice."""
    plant = Plant.build(tmp_path / "site")
    volume = tmp_path / "volume"
    volume.mkdir()
    with bind_mount(volume, plant.directory / "inbox" / "confirmations"):
        plant.drop_confirmation(1)
        plant.run()
        assert plant.states()[name_of(1)] is State.PROCESSED
        plant.drop_confirmation(2)

        def die(*_arguments: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr("gateway.custody.moves._remove_unchanged", die)
            with pytest.raises(KeyboardInterrupt):
                plant.run()
        assert (volume / name_of(2)).exists()
        plant.run()
        assert plant.states()[name_of(2)] is State.PROCESSED
        assert list(volume.iterdir()) == []
        assert plant.delivered() == [name_of(1), name_of(2)]
        plant.demand_proof()
