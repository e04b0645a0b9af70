"""A rebuild among files that nobody vouches for, and halfway through what the gateway was doing."""

from __future__ import annotations

from pathlib import Path

from gateway.model import State
from gateway.operations.correct import correct
from gateway.operations.ledger_care.rebuilding import rebuild
from gateway.operations.reprocess import reprocess
from tests.care.sites import copied, three_files
from tests.pipeline.plant import confirmation, name_of


def test_what_nobody_vouches_for_is_said_and_stops_nothing(tmp_path: Path) -> None:
    """An edited manifest shall leave its file known by its bytes alone; strange files shall be told."""
    plant = copied(three_files, tmp_path)
    (day,) = (plant.directory / "processed" / "confirmations").iterdir()
    edited = day / f"{name_of(2)}.manifest.json"
    edited.write_text(edited.read_text().replace("MES01", "MES99"))
    (day / "foreign.txt").write_text("who put it here?")
    (day / "foreign.manifest.json").write_text("{}")
    (plant.directory / "working" / "confirmations" / "foreign").write_text("and here?")
    done = rebuild(plant.directory, "the disk broke")
    assert (done.recovery.manifests, done.recovery.trouble_total) == (2, 3)
    told = "\n".join(done.recovery.troubles)
    assert f"{name_of(2)}: the day list has another digest" in told
    assert "foreign: the day list has another digest" in told
    assert "working/confirmations/foreign: it has no name that the gateway gives" in told
    assert {name: state.value for name, state in plant.states().items()} == {
        name_of(control): "processed" for control in (1, 2, 3)
    }
    plant.drop_confirmation(2)
    plant.run()
    assert (plant.transfer(name_of(2)).state, plant.codes(name_of(2))) == (State.DUPLICATE, ["F701"])
    assert len(plant.delivered()) == 3


def test_what_an_operator_had_ordered_goes_on_after_a_rebuild(tmp_path: Path) -> None:
    """A correction that was given and a file that was taken up again shall not be lost with the ledger."""
    plant = copied(three_files, tmp_path)
    plant.drop(name_of(4), confirmation(4, quantity="4x"))
    plant.drop(name_of(5), confirmation(5, quantity="5x"))
    plant.run()
    given = tmp_path / "corrected.csv"
    given.write_bytes(confirmation(4))
    failed = plant.transfer(name_of(4))
    with plant.opened() as context:
        correct(context, failed, given, "corrected")
        reprocess(context, [plant.transfer(name_of(5))], "once more")
    rebuild(plant.directory, "the disk broke")
    plant.run()
    rows = [row for row in plant.transfers() if row.parent is not None]
    assert [row.state for row in rows] == [State.PROCESSED]
    assert rows[0].parent == failed.id
    assert plant.states()[name_of(5)] is State.FAILED
    assert len(plant.delivered()) == 4
    plant.demand_proof()
