"""The way of a file through the gateway, as a user sees it."""

from __future__ import annotations

import subprocess

from gateway.model import State
from tests.pipeline.plant import Plant, confirmation, name_of


def test_a_good_file_is_delivered_archived_and_proved(plant: Plant) -> None:
    """A good file shall be at its destination with its own bytes, and in the archive with its manifest."""
    content = confirmation(1)
    plant.drop(name_of(1), content)
    plant.run()
    assert plant.states() == {name_of(1): State.PROCESSED}
    assert (plant.directory / "outbox" / "erp" / name_of(1)).read_bytes() == content
    manifest = plant.manifest(name_of(1))
    assert manifest["file"]["sha256"] == plant.transfer(name_of(1)).sha256
    assert plant.actions(name_of(1)) == ["arrived", "claimed", "accepted", "delivered", "processed"]
    assert list(plant.inbox().iterdir()) == []
    plant.demand_proof()


def test_a_wrong_file_fails_with_a_report_in_its_own_words(plant: Plant) -> None:
    """A wrong file shall lie in failed with its bytes, its manifest, and a report that quotes the value."""
    content = confirmation(1, quantity="4B0,5")
    plant.drop(name_of(1), content)
    plant.run()
    failed = plant.directory / "failed" / "confirmations" / name_of(1)
    assert failed.read_bytes() == content
    report = (failed.parent / f"{name_of(1)}.report.txt").read_text()
    assert "4B0,5" in report
    assert "F302" in report
    assert plant.delivered() == []
    plant.demand_proof()


def test_a_bad_file_never_stops_its_neighbours(plant: Plant) -> None:
    """Good files of a batch shall be delivered whatever is wrong with the others."""
    for control in range(1, 6):
        plant.drop_confirmation(control, quantity="x" if control == 3 else "480,000")
    plant.run()
    assert plant.delivered() == [name_of(control) for control in (1, 2, 4, 5)]
    assert plant.states()[name_of(3)] is State.FAILED


def test_the_archive_is_verified_by_plain_tools(plant: Plant) -> None:
    """`sha256sum -c` shall accept the list of an archive day without the gateway."""
    for control in range(1, 4):
        plant.drop_confirmation(control)
    plant.run()
    (day,) = (plant.directory / "processed" / "confirmations").iterdir()
    result = subprocess.run(
        ["sha256sum", "-c", "manifest-sha256.txt"], cwd=day, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout
    assert result.stdout.count("OK") == 6


def test_a_second_pass_changes_nothing(plant: Plant) -> None:
    """A pass with nothing to do shall leave files, ledger and audit trail as they are."""
    plant.drop_confirmation(1)
    plant.run()
    before = sorted(
        path for path in plant.directory.rglob("*") if path.is_file() and "ledger" not in path.parts
    )
    actions = plant.actions(name_of(1))
    plant.run()
    after = sorted(
        path for path in plant.directory.rglob("*") if path.is_file() and "ledger" not in path.parts
    )
    assert after == before
    assert plant.actions(name_of(1)) == actions
