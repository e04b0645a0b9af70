"""`gateway ledger restore`: a backup in the ledger's place, with all that settled after it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gateway.custody import reopen
from gateway.custody.guard import SiteGuard
from gateway.custody.layout import Layout
from gateway.errors import AuditBroken, BackupInvalid, CustodyError, ReasonMissing, SiteBusy
from gateway.ledger import audit
from gateway.model import State
from gateway.operations.ledger_care.backing_up import back_up
from gateway.operations.ledger_care.on_record import restorations
from gateway.operations.ledger_care.rebuilding import rebuild
from gateway.operations.ledger_care.restoring import restore
from gateway.operations.reprocess import reprocess
from tests.care.sites import STRICT, copied, three_files
from tests.pipeline.plant import Plant, confirmation, name_of


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """Return a site that has processed a file, made a backup, and processed two more."""
    return copied(three_files, tmp_path)


def test_what_settled_after_the_backup_is_not_delivered_again(plant: Plant, tmp_path: Path) -> None:
    """After a restore every file shall be known, a resend be a duplicate, and the next number go."""
    rows = plant.transfers()
    delivered = plant.delivered()
    done = restore(plant.directory, tmp_path / "backup.db", "the disk broke")
    assert done.recovery.troubles == []
    assert done.recovery.unchanged == 1
    # the inode is that of the file as it is there: this site is a copy
    assert [row.evolve(changed_at=None, inode=0) for row in plant.transfers()] == [
        row.evolve(changed_at=None, inode=0) for row in rows
    ]
    plant.run()
    assert plant.delivered() == delivered
    plant.drop("again.csv", confirmation(3))
    plant.drop_confirmation(4)
    plant.run()
    assert plant.states()["again.csv"] is State.DUPLICATE
    assert plant.states()[name_of(4)] is State.PROCESSED
    plant.demand_proof()


def test_the_trail_says_for_ever_what_it_lost(plant: Plant, tmp_path: Path) -> None:
    """The entry of a restore shall say who did it, why, from what, and which entries are lost."""
    with plant.opened() as context, context.ledger.read() as connection:
        old = audit.head(connection)
    done = restore(plant.directory, tmp_path / "backup.db", "the disk broke", actor="Ada")
    assert done.restoration is not None
    with plant.opened() as context, context.ledger.read() as connection:
        entry = audit.read(connection, action="ledger-restored")[0]
    assert entry.entry.actor.name == "Ada"
    assert entry.entry.reason == "the disk broke"
    assert entry.entry.new is not None
    assert entry.entry.new["lost"] == old.count
    assert entry.sequence > entry.entry.new["kept"]
    with plant.opened() as context:
        (said,) = restorations(context)
    assert f"entries {entry.entry.new['kept'] + 1} to {old.count} are lost; the disk broke" in said
    assert done.aside is not None
    assert Path(done.aside).is_file()
    plant.demand_proof()


def test_an_old_copy_that_nobody_restored_is_refused(plant: Plant, tmp_path: Path) -> None:
    """A backup that is copied into place by hand shall not be worked with, nor pass for a whole trail."""
    for file in (plant.directory / "ledger").glob("gateway.db*"):
        file.unlink()
    shutil.copy(tmp_path / "backup.db", plant.directory / "ledger" / "gateway.db")
    with pytest.raises(AuditBroken):
        plant.run()
    restore(plant.directory, tmp_path / "backup.db", "properly now")
    plant.run()
    plant.demand_proof()


@pytest.mark.slow
def test_a_restore_can_be_restored_over(plant: Plant, tmp_path: Path) -> None:
    """Older and newer backups shall be restorable in any order, also one of a trail that was given up."""
    with plant.opened() as context:
        back_up(context, tmp_path / "later.db")
    restore(plant.directory, tmp_path / "backup.db", "first")
    plant.drop_confirmation(4)
    plant.run()
    plant.demand_proof()
    restore(plant.directory, tmp_path / "later.db", "the other one was right")
    plant.run()
    plant.demand_proof()
    rebuild(plant.directory, "and all over again")
    plant.run()
    plant.demand_proof()
    assert len(plant.delivered()) == 4


def test_a_backup_of_another_site_is_refused(plant: Plant, tmp_path: Path) -> None:
    """A backup whose trail is not the one that this site noted shall not take the ledger's place."""
    other = Plant.build(tmp_path / "other", STRICT)
    for control in range(1, 9):
        other.drop_confirmation(control)
    other.run()
    with other.opened() as context:
        back_up(context, tmp_path / "other.db")
    before = plant.transfers()
    with pytest.raises(BackupInvalid, match="another site"):
        restore(plant.directory, tmp_path / "other.db", "by mistake")
    with pytest.raises(BackupInvalid, match="ledger itself"):
        restore(plant.directory, plant.directory / "ledger" / "gateway.db", "by mistake")
    with pytest.raises(ReasonMissing):
        restore(plant.directory, tmp_path / "backup.db", "  ")
    with SiteGuard(plant.directory), pytest.raises(SiteBusy):
        restore(plant.directory, tmp_path / "backup.db", "while it works")
    assert plant.transfers() == before
    plant.demand_proof()


@pytest.mark.parametrize("way", ["restore", pytest.param("rebuild", marks=pytest.mark.slow)])
def test_a_file_in_work_is_set_before_an_operator(plant: Plant, tmp_path: Path, way: str) -> None:
    """A file of which nobody knows whether it was delivered shall fail with F905, never go out again."""
    (plant.directory / "outbox" / "erp").rename(plant.directory / "outbox" / "away")
    plant.drop_confirmation(4)
    plant.run()
    assert plant.states()[name_of(4)] is State.DELIVERING
    (plant.directory / "outbox" / "away").rename(plant.directory / "outbox" / "erp")
    if way == "restore":
        done = restore(plant.directory, tmp_path / "backup.db", "the disk broke")
    else:
        done = rebuild(plant.directory, "the disk broke")
    assert done.recovery.uncertain == 1
    plant.run()
    assert plant.states()[name_of(4)] is State.FAILED
    assert plant.codes(name_of(4)) == ["F905"]
    assert name_of(4) not in plant.delivered()
    assert list(Layout(plant.directory).working("confirmations").iterdir()) == []
    plant.demand_proof()


def test_a_held_file_is_set_before_an_operator_and_its_number_awaited(plant: Plant, tmp_path: Path) -> None:
    """A file that the backup has as held shall give its number back, so that its stream goes on in order."""
    plant.drop_confirmation(5)
    plant.run()
    with plant.opened() as context:
        back_up(context, tmp_path / "held.db")
    restore(plant.directory, tmp_path / "held.db", "the disk broke")
    plant.run()
    assert plant.codes(name_of(5)) == ["F905"]
    plant.drop_confirmation(4)
    plant.run()
    assert plant.states()[name_of(4)] is State.PROCESSED
    with plant.opened() as context:
        reprocess(context, [plant.transfer(name_of(5))], "the receiver has not got it")
    plant.run()
    assert plant.codes(name_of(5)) == []
    assert plant.delivered()[-1] == name_of(5)
    plant.demand_proof()


def test_a_file_that_was_being_reprocessed_is_set_before_an_operator(plant: Plant, tmp_path: Path) -> None:
    """A failed file that went on since the backup may have been delivered, so it shall not go by itself."""
    name = "CONF_MES01_0000003-again.csv"
    plant.drop(name, confirmation(3, first=70_000))
    plant.run()
    assert plant.codes(name) == ["F702"]
    with plant.opened() as context:
        back_up(context, tmp_path / "failed.db")
        reprocess(context, [plant.transfer(name)], "it is another one", allow=["conflict"])
    (plant.directory / "outbox" / "erp").rename(plant.directory / "outbox" / "away")
    plant.run()
    assert plant.states()[name] is State.DELIVERING
    (plant.directory / "outbox" / "away").rename(plant.directory / "outbox" / "erp")
    done = restore(plant.directory, tmp_path / "failed.db", "the disk broke")
    assert (done.recovery.uncertain, done.recovery.troubles) == (1, [])
    plant.run()
    assert plant.codes(name) == ["F905"]
    assert plant.transfer(name).attempt == 2
    assert name not in plant.delivered()
    plant.demand_proof()


@pytest.mark.parametrize("last", ["_move_back", "_remove_papers"])
def test_a_file_on_its_way_back_into_work_goes_on(
    plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    """A file whose papers stand yet was not begun again: it shall go on, and no paper be left behind."""
    step = getattr(reopen, last)

    def no_more(item: object) -> None:
        step(item)
        raise CustodyError("It ends here")

    plant.drop("again.csv", confirmation(3))
    plant.run()
    with plant.opened() as context:
        back_up(context, tmp_path / "set-aside.db")
        reprocess(context, [plant.transfer("again.csv")], "look again")
    with monkeypatch.context() as patched:
        patched.setattr(reopen, last, no_more)
        plant.run()
    assert plant.states()["again.csv"] is State.REPLAY
    done = restore(plant.directory, tmp_path / "set-aside.db", "the disk broke")
    assert (done.recovery.resumed, done.recovery.uncertain, done.recovery.troubles) == (1, 0, [])
    plant.run()
    assert plant.states()["again.csv"] is State.DUPLICATE
    assert plant.transfer("again.csv").attempt == 2
    plant.demand_proof()


def test_a_file_in_work_whose_former_place_another_file_took_is_set_before_an_operator(
    plant: Plant, tmp_path: Path
) -> None:
    """Another file at the place where a file was settled once shall not be taken for it."""
    name = "CONF_MES01_0000003-again.csv"
    plant.drop(name, confirmation(3, first=70_000))
    plant.run()
    first = plant.transfer(name)
    with plant.opened() as context:
        back_up(context, tmp_path / "failed.db")
        reprocess(context, [first], "it is another one", allow=["conflict"])
    (plant.directory / "outbox" / "erp").rename(plant.directory / "outbox" / "away")
    plant.run()
    plant.drop(name, b"rubbish")
    plant.run()
    (plant.directory / "outbox" / "away").rename(plant.directory / "outbox" / "erp")
    done = restore(plant.directory, tmp_path / "failed.db", "the disk broke")
    assert (done.recovery.uncertain, done.recovery.troubles) == (1, [])
    plant.run()
    (row,) = [one for one in plant.transfers() if one.id == first.id]
    assert (row.state, row.reason_code) == (State.FAILED, "F905")
    assert row.settled_path != plant.transfer(name).settled_path
    plant.demand_proof()
