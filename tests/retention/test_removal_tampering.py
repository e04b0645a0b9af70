"""What somebody does to removals behind the gateway's back is found, with its own code and place."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.operations.verifying import verify_site
from gateway.operations.verifying_rows import verify_rows
from tests.pipeline.plant import Plant, name_of
from tests.retention.conftest import eleven_years_later
from tests.retention.test_removing import applied, approved

# ruff: noqa: S608 - statements of the tests themselves


@pytest.fixture(scope="module")
def _done(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site after a removal of everything that was due but one file."""
    plant = eleven_years_later(whole, tmp_path_factory.mktemp("removed") / "site")
    applied(plant, approved(plant))
    return plant.directory


@pytest.fixture
def removed(_done: Path, tmp_path: Path) -> Plant:
    """A copy of it, to be tampered with."""
    return eleven_years_later(_done, tmp_path / "site")


def _sql(*statements: str) -> Callable[[Plant], None]:
    def tamper(plant: Plant) -> None:
        with contextlib.closing(sqlite3.connect(plant.directory / "ledger" / "gateway.db")) as ledger, ledger:
            ledger.execute("PRAGMA foreign_keys=OFF")
            for statement in statements:
                assert ledger.execute(statement).rowcount > 0

    return tamper


def _stone(plant: Plant) -> Path:
    return min(plant.directory.glob("processed/*/*/*1.csv.tombstone.json"))


def _edit(plant: Plant) -> None:
    path = _stone(plant)
    path.write_bytes(path.read_bytes().replace(b'"bert"', b'"anna"'))


def _edit_and_list(plant: Plant) -> None:
    path = _stone(plant)
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    _edit(plant)
    after = hashlib.sha256(path.read_bytes()).hexdigest()
    day_list = path.with_name("manifest-sha256.txt")
    day_list.write_text(day_list.read_text().replace(before, after))


def _put_back(plant: Plant) -> None:
    _stone(plant).with_name(name_of(1)).write_bytes(b"not what it was")


def _delete_open_file(plant: Plant) -> None:
    """Remove a file that nobody approved, with a tombstone as the gateway would write it."""
    manifest = min(plant.directory.glob("failed/*/*4.csv.manifest.json"))
    data = json.loads(_stone(plant).read_bytes())
    said = json.loads(manifest.read_bytes())
    data["transfer"] = {"id": said["transfer"]["id"], "route": said["transfer"]["route"]}
    data["manifest"] = {
        "archived_as": manifest.name,
        "sha256": hashlib.sha256(manifest.read_bytes()).hexdigest(),
    }
    file, report = said["file"], said["report"]
    data["removed"] = [
        {"archived_as": file["archived_as"], "role": "file", "sha256": file["sha256"], "size": file["size"]},
        {"archived_as": report["archived_as"], "role": "report", "sha256": report["sha256"]},
    ]
    place = manifest.with_name(file["archived_as"])
    place.unlink()
    manifest.with_name(report["archived_as"]).unlink()
    text = json.dumps(data, indent=2, sort_keys=True) + "\n"
    place.with_name(f"{place.name}.tombstone.json").write_text(text)


def _insert(plant: Plant) -> None:
    _delete_open_file(plant)
    stone = min(plant.directory.glob("failed/*/*4.csv.tombstone.json"))
    digest = hashlib.sha256(stone.read_bytes()).hexdigest()
    _sql(
        "INSERT INTO tombstones SELECT t.id, run, settled_path,"
        f" t.sha256, t.manifest_sha256, '{digest}', 1, begun_at, begun_by, removed_at FROM tombstones"
        " JOIN transfers t ON t.name_text LIKE '%4.csv' LIMIT 1"
    )(plant)


_ONE = "WHERE transfer = (SELECT min(transfer) FROM tombstones)"

ATTACKS: dict[str, tuple[Callable[[Plant], None], str, str | None]] = {
    "tombstone edited": (_edit, "tombstone-altered", None),
    "tombstone and list edited": (_edit_and_list, "tombstone-altered", None),
    "tombstone gone": (lambda plant: _stone(plant).unlink(), "tombstone-missing", None),
    "file put back": (_put_back, "file-unexpected", None),
    "deleted unapproved": (_delete_open_file, "file-missing", None),
    "removal inserted": (_insert, "ledger-row-inserted", "tombstones"),
    "removal deleted": (_sql(f"DELETE FROM tombstones {_ONE}"), "ledger-row-missing", "tombstones"),
    "removal undone": (
        _sql(f"UPDATE tombstones SET removed_at = NULL {_ONE}"),
        "ledger-row-altered",
        "tombstones.removed_at",
    ),
    "digest": (
        _sql(f"UPDATE tombstones SET tombstone_sha256 = '{'0' * 64}' {_ONE}"),
        "ledger-row-altered",
        "tombstones.tombstone_sha256",
    ),
    "approver": (
        _sql("UPDATE retention_runs SET approved_by = 'eve'"),
        "ledger-row-altered",
        "retention_runs.approved_by",
    ),
    "plan": (
        _sql("UPDATE retention_runs SET plan = replace(plan, 'anna', 'eve')"),
        "ledger-row-altered",
        "retention_runs.plan",
    ),
    "run deleted": (_sql("DELETE FROM retention_runs"), "ledger-row-missing", "retention_runs"),
}


def _found(plant: Plant) -> set[tuple[str, Any]]:
    with plant.opened() as context:
        report = verify_site(context)
        found = {(one.code, one.column) for one in verify_rows(context)}
    return found | {(one.code, None) for listed in report.listed.values() for one in listed}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_on_a_removal_is_found(attack: str, removed: Plant) -> None:
    """Tombstones, removals, plans and approvals shall be what was put on record, and excuse nothing else."""
    tamper, code, column = ATTACKS[attack]
    tamper(removed)
    assert (code, column) in _found(removed)
