"""Side files through whole passes: names that come again, digests, and what a checksum says of no bytes."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import pytest

from gateway.custody import look
from gateway.custody import settle as custody
from gateway.errors import CustodyError, GatewayError
from gateway.model import Disposition, State
from gateway.operations.verifying import verify_site
from gateway.stages import examine
from gateway.stages.settle import plan_settlement
from tests.pipeline.plant import Plant, confirmation, name_of, route

CONTROLLED = route(completeness="{require: [control-file], control_file: {pattern: 'load.ctl'}}")
SUMMED = route(completeness="{require: [checksum], mismatch_after: 1s}", empty_file="accept-and-note")


def drop_load(plant: Plant, control: int, **options: str) -> None:
    """Put a file and its control file into the inbox; the control file has the same name each time."""
    content = confirmation(control, **options)  # type: ignore[arg-type]  # options are text in these tests
    plant.drop(name_of(control), content)
    line = f"{name_of(control)};{hashlib.sha256(content).hexdigest()}"
    plant.drop("load.ctl", f"file;sha256\n{line}\n".encode())


def drop_summed(plant: Plant, name: str, content: bytes, stated: bytes) -> None:
    """Put a file into the inbox with a checksum file that states the digest of ``stated``."""
    plant.drop(name, content)
    plant.drop(f"{name}.sha256", hashlib.sha256(stated).hexdigest().encode())


def refuse_settling(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a pass in which settlements are planned and the disk then refuses them all."""
    with monkeypatch.context() as patch:
        patch.setattr(custody, "settle", lambda items: [CustodyError("refused") for _ in items])
        plant.run()


@pytest.mark.parametrize(("quantity", "state"), [("480,000", State.PROCESSED), ("1O,0", State.FAILED)])
def test_a_control_file_may_have_the_same_name_each_time(tmp_path: Path, quantity: str, state: State) -> None:
    """The gateway shall settle every file whose control file has the name of an earlier one."""
    plant = Plant.build(tmp_path / "site", CONTROLLED)
    for control in (1, 2, 3):
        drop_load(plant, control, quantity=quantity)
        assert [one.problems for one in plant.run()] == [[]]
    assert set(plant.states().values()) == {state}
    assert [path.name for path in plant.everywhere("load")].count("load.ctl") == 1
    assert len(plant.everywhere("load")) == 3
    plant.demand_proof()


def test_a_name_taken_after_the_plan_costs_one_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway shall choose other names where a companion's is taken after the settlement was planned."""
    plant = Plant.build(tmp_path / "site", CONTROLLED)
    drop_load(plant, 1)
    refuse_settling(plant, monkeypatch)
    day = plant.directory / os.path.dirname(plant.transfer(name_of(1)).settled_path or "")
    day.mkdir(parents=True)
    (day / "load.ctl").write_bytes(b"put here by hand")
    plant.run()
    plant.run()
    assert plant.states() == {name_of(1): State.PROCESSED}
    (day / "load.ctl").unlink()
    plant.demand_proof()


@pytest.mark.parametrize("ledger_has", ["first name", "numbered name"])
def test_a_stranded_file_is_settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ledger_has: str) -> None:
    """The gateway shall settle a file that was moved to its first name before its companion's was taken."""
    plant = Plant.build(tmp_path / "site", CONTROLLED)
    if ledger_has == "numbered name":
        drop_load(plant, 1)
        plant.run()
    drop_load(plant, 2)
    refuse_settling(plant, monkeypatch)
    row = plant.transfer(name_of(2))
    day = plant.directory / os.path.dirname(row.settled_path or "")
    day.mkdir(parents=True, exist_ok=True)
    (plant.directory / "working" / row.route / row.working_name).rename(day / row.name)
    foreign = not (day / "load.ctl").exists()
    if foreign:
        (day / "load.ctl").write_bytes(b"put here by hand")
    for _ in range(3):
        plant.run()
    assert set(plant.states().values()) == {State.PROCESSED}
    assert len(plant.everywhere(name_of(2).removesuffix(".csv"))) == 2  # file and manifest
    if foreign:
        (day / "load.ctl").unlink()
    plant.demand_proof()


def test_altered_side_files_of_failed_files_are_found(tmp_path: Path) -> None:
    """The gateway shall find a checksum file or report that was altered beside a failed file."""
    plant = Plant.build(tmp_path / "site", SUMMED)
    content = confirmation(1, quantity="1O,0")
    drop_summed(plant, name_of(1), content, content)
    plant.run()
    plant.demand_proof()
    failed = plant.directory / "failed" / "confirmations"
    names = [f"{name_of(1)}.report.txt", f"{name_of(1)}.sha256"]
    for name in names:
        (failed / name).write_bytes(b"all fine")
    with plant.opened() as context:
        altered = [Path(one.path).name for one in verify_site(context).altered]
    assert sorted(altered) == names
    stated = plant.manifest(name_of(1))["companions"][0]["sha256"]
    assert stated == hashlib.sha256(hashlib.sha256(content).hexdigest().encode()).hexdigest()


def test_an_empty_file_that_should_not_be_empty_fails(tmp_path: Path) -> None:
    """The gateway shall fail an empty file whose checksum is that of another one, whatever the route says."""
    plant = Plant.build(tmp_path / "site", SUMMED)
    drop_summed(plant, name_of(1), b"", confirmation(1))
    drop_summed(plant, name_of(2), b"", b"")
    plant.run()
    plant.clock.advance(minutes=10)
    plant.run()
    assert plant.states() == {name_of(1): State.FAILED, name_of(2): State.PROCESSED}
    assert plant.codes(name_of(1)) == ["F101", "F213"]
    assert plant.transfer(name_of(1)).reason_code == "F213"
    assert plant.delivered() == [name_of(2)]


@pytest.mark.parametrize("action", ["accept-and-note", "set-aside"])
@pytest.mark.parametrize(("stated", "state"), [("0", State.PROCESSED), ("7", State.FAILED)])
def test_an_empty_file_has_no_records(tmp_path: Path, action: str, stated: str, state: State) -> None:
    """The gateway shall compare the records that a control file states with the none of an empty file."""
    completeness = "{require: [control-file], control_file: {pattern: 'load.ctl', records_column: records}}"
    plant = Plant.build(tmp_path / "site", route(completeness=completeness, empty_file=action))
    plant.drop(name_of(1), b"")
    nothing = hashlib.sha256().hexdigest()
    plant.drop("load.ctl", f"file;sha256;records\n{name_of(1)};{nothing};{stated}\n".encode())
    plant.run()
    assert plant.states() == {name_of(1): state}


def test_a_contradiction_counts_where_no_format_fits(tmp_path: Path) -> None:
    """The gateway shall report a wrong checksum of a file whose format it cannot tell, and no false count."""
    plant = Plant.build(tmp_path / "site", SUMMED)
    drop_summed(plant, name_of(1), b"neither header nor record\r\n", b"")
    plant.run()
    plant.clock.advance(minutes=10)
    plant.run()
    assert plant.states() == {name_of(1): State.FAILED}
    assert "F213" in plant.codes(name_of(1))


@pytest.mark.parametrize("opening", [1, 2])
def test_a_bad_sector_stops_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opening: int
) -> None:
    """The gateway shall report a file that the disk does not give, go on with the others, and try again."""
    beside = (
        "{require: [control-file], control_file: {pattern: '*.ctl', checksum_column: md5, algorithm: md5}}"
    )
    plant = Plant.build(tmp_path / "site", route(completeness=beside))
    for control in (1, 2):
        content = confirmation(control)
        plant.drop(name_of(control), content)
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        plant.drop(f"{name_of(control)}.ctl", f"file;md5\n{name_of(control)};{digest}\n".encode())
    openings = 0

    def open_badly(path: str) -> BinaryIO:
        nonlocal openings
        openings += path.endswith(name_of(1))
        if openings == opening and path.endswith(name_of(1)):
            return open("/proc/self/mem", "rb")  # reading it is refused with EIO, as on a bad sector
        return look.open_regular(path)

    monkeypatch.setattr(examine, "open_regular", open_badly)
    (report,) = plant.run()
    assert plant.states() == {name_of(1): State.CLAIMED, name_of(2): State.PROCESSED}
    (problem,) = report.problems
    assert problem.name == name_of(1)
    assert isinstance(problem.error, GatewayError)
    assert os.strerror(errno.EIO) in str(problem.error)
    plant.run()
    assert set(plant.states().values()) == {State.PROCESSED}


@dataclasses.dataclass
class HastyClock:
    """A clock on which thirteen hours pass between two readings."""

    moment: datetime = datetime(2026, 11, 22, 9, tzinfo=UTC)

    def now(self) -> datetime:
        """Return the next reading."""
        self.moment += timedelta(hours=13)
        return self.moment

    def monotonic(self) -> float:
        """Return seconds on the gateway's own clock."""
        return self.moment.timestamp()

    def boot_id(self) -> str:
        """Return the present boot."""
        return "boot-1"


@pytest.mark.parametrize("disposition", [Disposition.PROCESSED, Disposition.DUPLICATE])
def test_day_and_time_of_a_settlement_agree(plant: Plant, disposition: Disposition) -> None:
    """The gateway shall archive a file under the very day of the time that its manifest states."""
    plant.drop_confirmation(1)
    plant.run()
    row = plant.transfer(name_of(1)).evolve(settled_path=None)
    with plant.opened() as context:
        context.clock = HastyClock()
        for _ in range(4):
            planned = plan_settlement(context, row, disposition)
            assert planned.settled_at is not None
            assert context.day(planned.settled_at) in (planned.settled_path or "").split("/")
