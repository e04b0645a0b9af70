"""Work that cannot go on now: it stays one piece, and visible."""

from __future__ import annotations

import hashlib

import pytest

from gateway.custody import claim as custody_claim
from gateway.errors import AccessDenied
from gateway.ledger import audit
from gateway.ledger.ids import new_id
from gateway.model import State
from gateway.operations.correct import correct
from gateway.operations.reprocess import Selection, reprocess, select
from tests.pipeline.plant import ROUTE, Plant, confirmation, name_of


def test_a_file_that_cannot_be_claimed_stays_one_transfer(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that the gateway may see and not take shall be one transfer however many passes try."""
    plant.drop_confirmation(1)

    def refused(*_arguments: object) -> None:
        raise AccessDenied("The file cannot be renamed")

    with monkeypatch.context() as patch:
        patch.setattr(custody_claim, "_claim_one", refused)
        for _ in range(3):
            (report,) = plant.run()
            assert [str(problem.error) for problem in report.problems] == [
                str(AccessDenied("The file cannot be renamed"))
            ]
    assert [row.state for row in plant.transfers()] == [State.ARRIVED]
    plant.run()
    assert [row.state for row in plant.transfers()] == [State.PROCESSED]


def test_open_files_of_a_removed_route_are_reported(plant: Plant) -> None:
    """A route that leaves the configuration with files on their way shall be a problem of every pass."""
    (plant.directory / "outbox" / "erp").rmdir()
    plant.drop_confirmation(1)
    plant.run()
    path = plant.directory / "config" / "gateway.yaml"
    path.write_text(path.read_text().replace("  confirmations:\n", "  renamed:\n"))
    reports = {report.route: report for report in plant.run()}
    (problem,) = reports["confirmations"].problems
    assert "1 files are on their way on a route that is not configured" in str(problem.error)


def test_an_allowance_is_in_the_audit_trail(plant: Plant) -> None:
    """What an operator allows for one attempt shall stand in the audit trail."""
    plant.drop_confirmation(1)
    plant.run()
    plant.drop(name_of(1), confirmation(1, quantity="481,000"))
    plant.run()
    with plant.opened() as context:
        rows = select(context, Selection(code="F702"))
        reprocess(context, rows, "the second one is right", ["conflict", "record-duplicate"])
        with context.ledger.read() as connection:
            (entry,) = (one.entry for one in audit.read(connection, action="reprocess-requested"))
    assert entry.new is not None
    assert entry.new["authorised"] == "reprocess+F702+F704"


def test_a_correction_has_its_own_arrival_in_the_audit_trail(plant: Plant) -> None:
    """A corrected file shall have its arrival in the audit trail, by the operator who gave it."""
    plant.drop(name_of(1), confirmation(1, quantity="4B0,5"))
    plant.run()
    mended = plant.directory / "mended.csv"
    mended.write_bytes(confirmation(1))
    with plant.opened() as context:
        child, _difference = correct(context, plant.transfer(name_of(1)), mended, "typing error")
        with context.ledger.read() as connection:
            (entry,) = (one.entry for one in audit.read(connection, object_id=child.id))
    assert (entry.action, entry.actor.name, entry.reason) == ("arrived", "operator", "typing error")


def test_a_correction_may_come_late(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A corrected file shall go although its successors were delivered, with a warning."""
    plant = Plant.build(
        tmp_path_factory.mktemp("late") / "site",
        f"{ROUTE}    sequence: {{model: counter, order: report, start: 1}}\n",
    )
    plant.drop(name_of(1), confirmation(1, quantity="4B0,5"))
    plant.drop_confirmation(2)
    plant.run()
    mended = plant.directory / "mended.csv"
    mended.write_bytes(confirmation(1))
    with plant.opened() as context:
        correct(context, plant.transfers()[0], mended, "typing error")
    plant.run()
    assert plant.delivered() == [name_of(1), name_of(2)]


def test_a_manifest_names_the_configuration_of_its_attempt(plant: Plant) -> None:
    """A file tried again under a changed configuration shall name that one in its manifest."""
    plant.drop(name_of(1), confirmation(1, quantity="4B0,5"))
    plant.run()
    before = plant.transfer(name_of(1)).config_digest
    path = plant.directory / "config" / "gateway.yaml"
    path.write_text(path.read_text().replace("Test plant", "Changed plant"))
    with plant.opened() as context:
        reprocess(context, select(context, Selection(code="F302")), "try again")
    plant.run()
    after = plant.transfer(name_of(1)).config_digest
    assert after != before
    with plant.opened() as context:
        assert after == context.site.digest


def test_the_copy_of_a_correction_that_was_never_recorded_goes_after_a_day(plant: Plant) -> None:
    """The gateway shall remove what a killed command copied, a day later, and say so in the audit trail."""
    name = f".corrected-{new_id(plant.clock.now())}-{name_of(1)}"
    copy = plant.directory / "replay" / "confirmations" / name
    copy.write_bytes(confirmation(1))
    plant.run()
    assert copy.exists()
    plant.clock.advance(hours=25)
    plant.run()
    assert not copy.exists()
    (entry,) = plant.trail("confirmations", "correction-abandoned")
    assert entry.old is not None
    assert entry.old["sha256"] == hashlib.sha256(confirmation(1)).hexdigest()
    assert plant.transfers() == []
    plant.demand_proof()
