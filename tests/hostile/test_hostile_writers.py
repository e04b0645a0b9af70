"""Senders that replace, grow, cut or keep writing while the gateway looks, claims, reads and settles."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.model import State
from tests.hostile.hostile_kit import swap_before
from tests.pipeline.plant import ROUTE, Plant, confirmation, name_of

FIRST, SECOND = name_of(1), name_of(2)


def replaced_by_link(path: Path) -> None:
    """Put a link to a file outside in the file's place."""
    path.unlink()
    path.symlink_to("/etc/passwd")


def replaced_by_file(path: Path) -> None:
    """Put another file of the same size and time in the file's place."""
    status, content = path.stat(), path.read_bytes()
    path.rename(path.with_name(".old"))
    path.write_bytes(content.replace(b"KG", b"EA"))
    os.utime(path, ns=(status.st_mtime_ns, status.st_mtime_ns))


def grown(path: Path) -> None:
    """Write more behind the file's end."""
    with path.open("ab") as file:
        file.write(b"X;1\r\n")


def cut(path: Path) -> None:
    """Take the file's end away."""
    os.truncate(path, path.stat().st_size // 2)


def overwritten(path: Path) -> None:
    """Write other bytes into the middle of the file."""
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"XXXX")


def in_work(plant: Plant) -> Path:
    """Return where the first file is while the gateway works on it."""
    return next((plant.directory / "working" / "confirmations").glob(f"*{FIRST}"))


@pytest.fixture
def two(plant: Plant) -> Plant:
    """Return a plant with two good files in the inbox."""
    plant.drop_confirmation(1)
    plant.drop_confirmation(2)
    return plant


@pytest.mark.parametrize("moment", ["gateway.pipeline.claim", "gateway.custody.claim.move_new"])
@pytest.mark.parametrize("change", [replaced_by_link, replaced_by_file, grown, cut])
def test_a_file_changed_between_look_and_claim_is_not_taken(
    two: Plant, monkeypatch: pytest.MonkeyPatch, moment: str, change: Callable[[Path], None]
) -> None:
    """A file that is another one when it is claimed shall stay in the inbox; its neighbour goes on."""
    swap_before(monkeypatch, moment, lambda: change(two.inbox() / FIRST))
    two.run()
    assert two.states() == {FIRST: State.WITHDRAWN, SECOND: State.PROCESSED}
    assert os.path.lexists(two.inbox() / FIRST)
    assert two.delivered() == [SECOND]
    two.demand_proof()


def test_a_withdrawn_file_arrives_anew(two: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was changed before its claim shall be taken by the next pass as it is then."""
    content = confirmation(1, rows=5)
    swap_before(monkeypatch, "gateway.pipeline.claim", lambda: two.drop(FIRST, content))
    two.run()
    two.run()
    assert [row.state for row in two.transfers() if row.name == FIRST] == [State.WITHDRAWN, State.PROCESSED]
    assert (two.directory / "outbox" / "erp" / FIRST).read_bytes() == content
    two.demand_proof()


@pytest.mark.parametrize("moment", ["gateway.stages.accept.examine", "gateway.stages.examine._read"])
@pytest.mark.parametrize("change", [grown, cut, overwritten])
def test_a_sender_that_still_writes_after_the_claim_is_found_out(
    two: Plant, monkeypatch: pytest.MonkeyPatch, moment: str, change: Callable[[Path], None]
) -> None:
    """A file written to between claim and judgement shall fail with F116, under the digest of its bytes."""
    swap_before(monkeypatch, moment, lambda: change(in_work(two)))
    two.run()
    assert two.states() == {FIRST: State.FAILED, SECOND: State.PROCESSED}
    assert two.transfer(FIRST).reason_code == "F116"
    two.demand_proof()


def test_a_file_written_to_while_it_is_read_is_read_again(
    two: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong file that changes after it was judged shall be examined anew, and fail for the change."""
    two.drop(FIRST, confirmation(1, quantity="x"))
    swap_before(monkeypatch, "gateway.stages.settle._settle_batch", lambda: grown(in_work(two)))
    two.run()
    assert two.states() == {FIRST: State.CLAIMED, SECOND: State.PROCESSED}
    two.run()
    assert two.states()[FIRST] is State.FAILED
    assert "F116" in two.codes(FIRST)
    two.demand_proof()


@pytest.mark.parametrize("change", [grown, overwritten, replaced_by_link, Path.unlink])
@pytest.mark.parametrize("moment", ["gateway.stages.accept.judge", "gateway.stages.settle._settle_batch"])
def test_other_bytes_than_the_accepted_ones_are_neither_delivered_nor_archived(
    two: Plant, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None], moment: str
) -> None:
    """A file altered in work after it was accepted shall stop there, visibly, with every pass."""
    swap_before(monkeypatch, moment, lambda: change(in_work(two)))
    reports = two.run()
    assert two.states() == {FIRST: State.DELIVERING, SECOND: State.PROCESSED}
    assert [problem.name for problem in reports[0].problems] == [FIRST]
    delivered = two.directory / "outbox" / "erp" / FIRST
    assert not delivered.exists() or delivered.read_bytes() == confirmation(1)
    assert not [name for name in two.delivered() if name.endswith(".part")]
    assert not list((two.directory / "processed" / "confirmations").glob(f"*/{FIRST}"))
    two.clock.advance(hours=2)
    assert two.run()[0].problems  # it is said again with every pass


def test_a_hard_link_keeps_no_door_open_unnoticed(plant: Plant, tmp_path: Path) -> None:
    """What a sender does to an archived file over a hard link of its own shall be seen by verify."""
    door = tmp_path / "door"
    os.link(plant.drop_confirmation(1), door)
    plant.run()
    assert plant.states() == {FIRST: State.PROCESSED}
    plant.demand_proof()
    grown(door)
    with pytest.raises(AssertionError, match="altered"):
        plant.demand_proof()


def test_two_names_of_one_file_are_two_arrivals(plant: Plant) -> None:
    """Two hard links to one file in the inbox shall end as the file and its duplicate, both whole."""
    os.link(plant.drop_confirmation(1), plant.inbox() / "CONF_MES01_0000001-again.csv")
    plant.run()
    assert sorted(state.value for state in plant.states().values()) == ["duplicate", "processed"]
    plant.demand_proof()


def test_a_sparse_file_takes_its_size_and_not_its_room(plant: Plant) -> None:
    """A file of holes shall be read to its end, fail as what it is, and stay sparse."""
    with (plant.inbox() / FIRST).open("wb") as file:
        file.write(confirmation(1))
        file.truncate(50_000_000)
    plant.run()
    settled = plant.directory / "failed" / "confirmations" / FIRST
    assert "F114" in plant.codes(FIRST)
    assert settled.stat().st_size == 50_000_000
    assert settled.stat().st_blocks * 512 < 10_000_000
    plant.demand_proof()


def test_a_file_that_grows_for_ever_waits(tmp_path: Path) -> None:
    """A file that is longer with every look shall wait with its reason, and not hold up its neighbours."""
    routes = ROUTE.replace("require: [none]", "require: [stability], looks: 2, quiet: 1s")
    plant = Plant.build(tmp_path / "site", routes)
    plant.drop_confirmation(1)
    plant.drop_confirmation(2)
    for _ in range(4):
        grown(plant.inbox() / FIRST)
        plant.run()
        plant.clock.advance(seconds=5)
    assert plant.states() == {SECOND: State.PROCESSED}
    assert (plant.inbox() / FIRST).exists()
