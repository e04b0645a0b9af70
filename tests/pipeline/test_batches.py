"""Batches: how many files are worked on at once changes nothing but speed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import pytest

from gateway.custody import look
from gateway.formats.catalogue import Catalogue
from gateway.formats.definition import Format
from gateway.ledger import audit, transfers
from gateway.model import State
from gateway.pipeline import take_up
from gateway.stages import examine
from gateway.stages.arrive import arrive
from gateway.stages.context import Report
from gateway.stages.judge import close_spools
from tests.pipeline.plant import Plant, confirmation, name_of, route

AGAIN = "CONF_MES01_0000002-again.csv"


def limited(directory: Path, files: int, **parts: str) -> Plant:
    """Return a plant whose batches have at most ``files`` files."""
    plant = Plant.build(directory, route(**parts))
    config = plant.directory / "config" / "gateway.yaml"
    config.write_text(
        config.read_text().replace("routes:", f"  limits: {{batch_files: {files}}}\nroutes:", 1)
    )
    return plant


def sequence_of(plant: Plant, action: str) -> list[str]:
    """Return the names of the files in the order in which ``action`` was done to them."""
    names = {row.id: row.name for row in plant.transfers()}
    with plant.opened() as context, context.ledger.read() as connection:
        return [names[one.entry.object_id] for one in audit.read(connection) if one.entry.action == action]


def worked(directory: Path, files: int) -> dict[str, Any]:
    """Return what a user sees of a mixed day, worked on in batches of ``files``."""
    plant = limited(
        directory,
        files,
        sequence="{model: counter, start: 1}",
        duplicates="{resend: set-aside, conflict: fail, record_duplicate: fail}",
    )
    for control in (1, 2, 3, 7, 8, 9):
        plant.drop_confirmation(control)
    plant.drop_confirmation(5, quantity="4B0,5")
    plant.drop(name_of(4), b"")
    plant.drop(AGAIN, confirmation(2))
    plant.drop("CONF_MES01_0000003-other.csv", confirmation(3, first=9000))
    plant.drop(name_of(6), confirmation(6, first=100))
    for control in (1, 3, 2):
        plant.drop_confirmation(control, sender="MES02", first=control * 10_000)
    plant.run()
    plant.drop(name_of(4), confirmation(4))
    plant.drop(name_of(5), confirmation(5))
    plant.drop(name_of(6), confirmation(6))
    plant.run()
    plant.demand_proof()
    return {
        "states": [
            (row.name, row.state.value, str(row.verdict), str(row.reason_code)) for row in plant.transfers()
        ],
        "delivered": sequence_of(plant, "delivered"),
        "outbox": plant.delivered(),
        "failed": sorted(path.name for path in (plant.directory / "failed").rglob("*.txt")),
    }


def test_the_size_of_a_batch_changes_nothing(tmp_path: Path) -> None:
    """The gateway shall come to the same verdicts and order whether it takes files singly or together."""
    results = {files: worked(tmp_path / str(files), files) for files in (1, 3, 100)}
    for files, result in results.items():
        for sender, last in (("MES01", 9), ("MES02", 3)):
            own = [name for name in result["delivered"] if sender in name]
            assert own == [name_of(control, sender) for control in range(1, last + 1)], files
        assert sorted(result["states"]) == sorted(results[1]["states"]), files
        assert (result["outbox"], result["failed"]) == (results[1]["outbox"], results[1]["failed"])


def test_a_backlog_in_any_order_is_delivered_in_order(tmp_path: Path) -> None:
    """The gateway shall deliver a shuffled backlog of a strict stream in order, through several batches."""
    plant = limited(
        tmp_path / "site", 10, sequence="{model: counter, start: 1}", name_pattern="'[0-9]+\\.csv'"
    )
    controls = sorted(range(1, 61), key=lambda control: control * 37 % 61)
    numbers = {}
    for place, control in enumerate(controls):
        plant.drop(f"{place:03d}.csv", confirmation(control, rows=1))
        numbers[f"{place:03d}.csv"] = control
    plant.run()
    assert [numbers[name] for name in sequence_of(plant, "delivered")] == list(range(1, 61))
    assert set(plant.states().values()) == {State.PROCESSED}


def test_files_of_one_name_in_one_batch_get_places_of_their_own(tmp_path: Path) -> None:
    """The gateway shall archive files of one name side by side, however they come together."""
    plant = limited(tmp_path / "site", 100, sequence="{model: counter, start: 1}", name_pattern="'X\\.csv'")
    contents = [
        confirmation(3),
        confirmation(2),
        confirmation(4, quantity="x"),
        confirmation(5, quantity="y"),
    ]
    for content in contents:
        plant.drop("X.csv", content)
        plant.run()
    plant.drop("X.csv", confirmation(1))
    plant.run()
    for _ in range(4):
        (plant.directory / "outbox" / "erp" / "X.csv").unlink(missing_ok=True)
        plant.clock.advance(hours=2)
        (report,) = plant.run()
    assert not report.is_troubled
    rows = plant.transfers()
    assert sorted(row.state.value for row in rows) == [
        "failed",
        "failed",
        "processed",
        "processed",
        "processed",
    ]
    assert len({row.settled_path for row in rows}) == 5
    kept = [(plant.directory / (row.settled_path or "")).read_bytes() for row in rows]
    assert kept == [*contents, confirmation(1)]
    plant.demand_proof()


@pytest.mark.parametrize(
    ("rule", "state", "delivered"),
    [
        ("fail", State.FAILED, False),
        ("set-aside", State.PROCESSED, False),
        ("accept-and-note", State.PROCESSED, True),
    ],
)
def test_empty_files_have_a_rule_of_their_own(
    tmp_path: Path, rule: str, state: State, delivered: bool
) -> None:
    """The gateway shall fail, archive or deliver files without any bytes as the route says, all alike."""
    plant = Plant.build(tmp_path / "site", route(empty_file=rule))
    plant.drop(name_of(1), b"")
    plant.drop(name_of(2), b"")
    plant.run()
    assert plant.states() == {name_of(1): state, name_of(2): state}
    assert plant.delivered() == ([name_of(1), name_of(2)] if delivered else [])
    assert plant.codes(name_of(1)) == ["F101"]
    plant.demand_proof()


def test_a_small_file_is_opened_once_to_be_examined(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway shall not open a file again of which it has seen the end; a longer one it shall."""
    opened: list[str] = []

    def note(path: str) -> BinaryIO:
        opened.append(path[-len(name_of(1)) :])
        return look.open_regular(path)

    monkeypatch.setattr(examine, "open_regular", note)
    monkeypatch.setattr(examine, "HEAD_BYTES", 2000)
    plant.drop_confirmation(1)
    plant.drop(name_of(2), confirmation(2, rows=100))
    plant.run()
    assert plant.states() == {name_of(1): State.PROCESSED, name_of(2): State.PROCESSED}
    assert sorted(opened) == [name_of(1), name_of(2), name_of(2)]


def test_the_versions_of_a_route_are_looked_up_once_for_a_batch(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway shall not ask the catalogue for every file which versions there are."""
    asked: list[str] = []
    original = Catalogue.usable

    def note(catalogue: Catalogue, message_type: str) -> list[Format]:
        asked.append(message_type)
        return original(catalogue, message_type)

    for control in (1, 2, 3):
        plant.drop_confirmation(control)
    with plant.working() as context:
        (settings,) = context.site.routes
        report = Report(settings.name)
        (batch,) = arrive(context, settings, report)
        take_up(context, settings, report)
        with context.ledger.read() as connection:
            rows = transfers.in_states(connection, settings.name, (State.CLAIMED,))
        monkeypatch.setattr(Catalogue, "usable", note)
        examined = examine.examine(context, settings, rows, report)
        close_spools(examined)
    assert [one.transfer.records for one in examined] == [2] * len(batch)
    assert asked == ["confirmation"]
