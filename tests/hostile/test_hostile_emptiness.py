"""Files without bytes, and files without records."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.model import State
from tests.hostile.hostile_kit import GOOD, SAMPLES
from tests.pipeline.plant import ROUTE, Plant, name_of


@pytest.mark.parametrize(
    ("rule", "state", "delivered"),
    [
        ("fail", State.FAILED, False),
        ("set-aside", State.PROCESSED, False),
        ("accept-and-note", State.PROCESSED, True),
    ],
)
def test_an_empty_file_is_treated_as_its_route_says(
    tmp_path: Path, rule: str, state: State, delivered: bool
) -> None:
    """An empty file shall fail, be archived undelivered, or be delivered, as `empty_file` says, with F101."""
    routes = ROUTE.replace("    completeness", f"    empty_file: {rule}\n    completeness")
    plant = Plant.build(tmp_path / "site", routes)
    plant.drop(name_of(1), b"")
    plant.drop(name_of(2), b"")
    plant.drop_confirmation(3)
    plant.run()
    assert plant.states() == {name_of(1): state, name_of(2): state, name_of(3): State.PROCESSED}
    assert plant.codes(name_of(1)) == ["F101"]
    assert (name_of(1) in plant.delivered()) is delivered
    assert plant.manifest(name_of(2))["file"]["size"] == 0
    plant.demand_proof()


def test_two_empty_files_are_no_copies_of_each_other(plant: Plant) -> None:
    """An empty file that comes again shall fail for being empty, not for being a duplicate."""
    for _ in range(2):
        plant.drop(name_of(1), b"")
        plant.run()
    assert [row.reason_code for row in plant.transfers()] == ["F101", "F101"]
    assert len({row.settled_path for row in plant.transfers()}) == 2
    plant.demand_proof()


def test_a_file_without_records_fails_on_every_route(six: Plant) -> None:
    """A file with an envelope and no business record shall fail with its own code, whatever its type."""
    for message_type in GOOD:
        for path in SAMPLES.glob(f"{message_type}/*/bad/*zero-records*"):
            if path.suffix != ".yaml":
                six.drop(path.name, path.read_bytes(), message_type)
    six.run()
    rows = six.transfers()
    assert {row.message_type for row in rows} == set(GOOD)
    assert {row.state for row in rows} == {State.FAILED}
    assert all("F211" in six.codes(row.name) for row in rows)
    assert all("record" in (row.reason or "") for row in rows)
    six.demand_proof()
