"""Every attack on the evidence of a site is found by `gateway verify`, with its own code and place."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.ledger.audit_chain import canonical, digest
from tests.cli.plant import CONFIGURATION, CONSUMPTION, GOOD, LATER, WRONG, Plant

_MAPPED = """\
  mapped:
    partner: MES01
    message_type: confirmation
    deliver_as: confirmation@2.0.0
    completeness: {require: [none]}
    destinations:
      erp: {path: outbox/mapped}
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Plant:
    """A site with processed and failed files, an output, a companion, a stream, and three checkpoints."""
    plant = Plant.make(tmp_path_factory.mktemp("tamper") / "site", CONFIGURATION + _MAPPED)
    for number, source in enumerate((GOOD.format(1), GOOD.format(2), WRONG)):
        plant.drop("confirmations", source)
        if number == 2:
            plant.drop("mapped", LATER.format(4))
            plant.drop("consumption", CONSUMPTION.format(1))
            plant.drop("consumption", b"", f"{Path(CONSUMPTION.format(1)).name}.done")
        plant.run("run", "--once")
    assert plant.run("verify").exit_code == 0
    return plant


@pytest.fixture
def plant(whole: Plant, tmp_path: Path) -> Plant:
    """A copy of the whole site, to be tampered with."""
    return whole.copy(tmp_path / "site")


def _sql(statement: str) -> Callable[[Plant], None]:
    def tamper(plant: Plant) -> None:
        with contextlib.closing(sqlite3.connect(plant.directory / "ledger" / "gateway.db")) as ledger:
            ledger.execute("PRAGMA foreign_keys=OFF")
            with ledger:
                assert ledger.execute(statement).rowcount > 0

    return tamper


def _replace(pattern: str, old: bytes, new: bytes) -> Callable[[Plant], None]:
    def tamper(plant: Plant) -> None:
        path = min(plant.directory.glob(pattern))
        data = path.read_bytes()
        assert old in data
        path.write_bytes(data.replace(old, new, 1))

    return tamper


def _append(pattern: str, name: str = "") -> Callable[[Plant], None]:
    def tamper(plant: Plant) -> None:
        path = min(plant.directory.glob(pattern)) / name if name else min(plant.directory.glob(pattern))
        with path.open("ab") as file:
            file.write(b"\n")

    return tamper


def _lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Plant], None]:
    def tamper(plant: Plant) -> None:
        path = plant.directory / "audit" / "checkpoints.jsonl"
        path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))

    return tamper


def _gone(pattern: str) -> Callable[[Plant], None]:
    return lambda plant: min(plant.directory.glob(pattern)).unlink()


def _forged(plant: Plant, *, to_the_end: bool) -> None:
    """Replace an entry by another one with a right hash; with all that follow, or it alone."""
    with contextlib.closing(sqlite3.connect(plant.directory / "ledger" / "gateway.db")) as ledger, ledger:
        ledger.execute("UPDATE audit SET actor = 'x' WHERE sequence = 3")
        ledger.row_factory = sqlite3.Row
        previous = None
        for row in ledger.execute("SELECT * FROM audit WHERE sequence >= 3 ORDER BY sequence").fetchall():
            values = {name: row[name] for name in row.keys() if name != "hash"}  # noqa: SIM118 - no mapping
            for name in ("old", "new", "versions"):
                values[name] = values[name] and json.loads(values[name])
            if previous is not None:
                values["previous"] = previous
            previous = digest(canonical(values))
            statement = "UPDATE audit SET previous = ?, hash = ? WHERE sequence = ?"
            ledger.execute(statement, (values["previous"], previous, row["sequence"]))
            if not to_the_end:
                return


def _older_lock(plant: Plant) -> None:
    path = plant.directory / "formats" / "formats.lock"
    data = json.loads(path.read_bytes())
    data["entries"] = data["entries"][:-1]
    path.write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n")


def _moved(pattern: str) -> Callable[[Plant], None]:
    def tamper(plant: Plant) -> None:
        shutil.move(min(plant.directory.glob(pattern)), plant.directory.parent)

    return tamper


_FIRST = "(SELECT min(id) FROM transfers)"
# ruff: noqa: S608 - statements of the tests themselves
_TRANSFER = "UPDATE transfers SET {} WHERE id = " + _FIRST
_DELIVERY = "UPDATE deliveries SET {} WHERE transfer = " + _FIRST
_LAST = "(SELECT max(sequence) FROM audit)"

ATTACKS: dict[str, tuple[Callable[[Plant], None], str, str | None]] = {
    "entry altered": (_sql("UPDATE audit SET actor = 'x' WHERE sequence = 3"), "audit-altered", None),
    "entry no text": (_sql("UPDATE audit SET new = '{' WHERE sequence = 3"), "audit-altered", "new"),
    "entry deleted": (_sql("DELETE FROM audit WHERE sequence = 3"), "audit-missing", None),
    "entry inserted": (
        _sql("INSERT INTO audit SELECT 0, at, actor, role, host, action, object_type, object_id, old, new,"
             " reason, outcome, versions, previous, hash FROM audit WHERE sequence = 1"),
        "audit-inserted", None,
    ),
    "entry reordered": (_sql("UPDATE audit SET sequence = 999 WHERE sequence = 3"), "audit-reordered", None),
    "entry forged": (lambda plant: _forged(plant, to_the_end=False), "audit-rewritten", None),
    "history forged": (lambda plant: _forged(plant, to_the_end=True), "audit-rewritten", None),
    "end cut off": (_sql(f"DELETE FROM audit WHERE sequence = {_LAST}"), "audit-truncated", None),
    "state": (_sql(_TRANSFER.format("state = 'failed'")), "ledger-row-altered", "transfers.state"),
    "digest": (_sql(_TRANSFER.format("manifest_sha256 = NULL")), "ledger-row-altered",
               "transfers.manifest_sha256"),
    "sender": (_sql(_TRANSFER.format("sender = 'EVE'")), "ledger-row-altered", "/identity/sender"),
    "no state at all": (_sql(_TRANSFER.format("state = 'x'")), "ledger-row-altered", "transfers"),
    "delivery taken back": (_sql(_DELIVERY.format("state = 'pending'")), "ledger-row-altered",
                            "deliveries.state"),
    "delivery time": (_sql(_DELIVERY.format("tries = 7")), "ledger-row-altered", "/deliveries/0/tries"),
    "delivery deleted": (_sql(f"DELETE FROM deliveries WHERE transfer = {_FIRST}"), "ledger-row-missing",
                         "deliveries"),
    "transfer deleted": (_sql(f"DELETE FROM transfers WHERE id = {_FIRST}"), "ledger-row-missing",
                         "transfers"),
    "attempt": (_sql("UPDATE attempts SET actor = 'eve'"), "ledger-row-altered", "/attempts/0/actor"),
    "stream": (_sql("UPDATE streams SET state = replace(state, '\"0000002\"', '\"0000009\"')"),
               "ledger-row-altered", "streams.state/last"),
    "stream deleted": (_sql("DELETE FROM streams"), "ledger-row-missing", "streams"),
    "archive file": (_replace("processed/*/*/*1.csv", b";", b","), "file-altered", None),
    "archive file gone": (_gone("processed/*/*/*1.csv"), "file-missing", None),
    "manifest": (_replace("processed/*/*/*1.csv.manifest.json", b'"MES01"', b'"MES02"'), "manifest-altered",
                 "/identity/sender"),
    "manifest gone": (_gone("processed/*/*/*1.csv.manifest.json"), "manifest-missing", None),
    "output": (_replace("processed/mapped/*/*.confirmation-2.0.0.csv", b"0", b"1"), "output-altered", None),
    "companion": (_append("processed/consumption/*/*.done"), "companion-altered", None),
    "companion gone": (_gone("processed/consumption/*/*.done"), "companion-missing", None),
    "file added": (_append("processed/confirmations/*/", "foreign"), "file-unexpected", None),
    "report": (_replace("failed/*/*.report.txt", b"e", b"a"), "report-altered", None),
    "day list": (_replace("processed/*/*/manifest-sha256.txt", b"  ", b" "), "day-list-altered", None),
    "day list gone": (_gone("processed/*/*/manifest-sha256.txt"), "day-list-missing", None),
    "configuration": (_replace("config/gateway.yaml", b"partner: MES01", b"partner: EVE"),
                      "configuration-changed", "routes.confirmations.partner"),
    "format": (_replace("formats/confirmation/1.0.0/format.yaml", b"a", b"b"), "format-altered", None),
    "mapping": (_append("formats/confirmation/mappings/1.0.0-to-1.1.0.yaml"), "mapping-altered", None),
    "mapping gone": (_gone("formats/confirmation/mappings/1.0.0-to-1.1.0.yaml"), "mapping-missing", None),
    "format gone": (_moved("formats/order/1.0.0"), "format-missing", None),
    "older lock": (_older_lock, "lock-replaced", None),
    "lock": (_replace("formats/formats.lock", b'"reason": "', b'"reason": "x'), "lock-altered", None),
    "checkpoints gone": (_gone("audit/checkpoints.jsonl"), "checkpoints-missing", None),
    "checkpoints cut": (_lines(lambda lines: lines[:-1]), "checkpoint-missing", None),
    "checkpoint removed": (_lines(lambda lines: lines[:1] + lines[2:]), "checkpoint-missing", None),
    "checkpoints reordered": (_lines(lambda lines: [lines[1], lines[0], *lines[2:]]),
                              "checkpoint-reordered", None),
    "checkpoint edited": (_lines(lambda lines: [lines[0].replace(b'"at":"20', b'"at":"19'), *lines[1:]]),
                          "checkpoint-altered", "at"),
    "checkpoint torn": (_lines(lambda lines: [lines[0][9:], *lines[1:]]), "checkpoint-unreadable", None),
}  # fmt: skip


def _found(data: dict[str, Any]) -> list[dict[str, Any]]:
    files = [one for kind in ("altered", "missing", "unexpected", "leftover") for one in data[kind]]
    return [*data["audit"]["problems"], *data["records"]["problems"], *files]


#: Further places where the same comparison finds the same kind of change.
_AGAIN = ("digest", "no state at all", "delivery time", "stream deleted", "archive file gone",
          "manifest gone", "day list gone", "companion gone", "format gone", "mapping gone",
          "checkpoint removed")  # fmt: skip
_CASES = [pytest.param(one, marks=pytest.mark.slow) if one in _AGAIN else one for one in ATTACKS]


@pytest.mark.parametrize("attack", _CASES)
def test_an_attack_is_found_by_its_code_at_its_place(attack: str, plant: Plant) -> None:
    """Each attack shall leave with 60 or 61, and its own code shall name the place that was changed."""
    tamper, code, column = ATTACKS[attack]
    tamper(plant)
    result = plant.run("verify", "--json")
    assert result.exit_code in (60, 61)
    found = _found(json.loads(result.stdout))
    assert code in [one["code"] for one in found], found
    if column is not None:
        told = [one for one in found if one["code"] == code]
        assert column in [(one.get("place") or {}).get("pointer", one.get("column")) for one in told], found


#: What an editor may do to a manifest: change a value, the name of a file, a digest, or all of it.
_EDITS = ((b'"MES01"', b'"MES02"'), (b'"archived_as": "', b'"archived_as": "x'),
          (b'"sha256": "', b'"sha256": "0'), (b"{", b""))  # fmt: skip


@pytest.mark.parametrize("place", ["processed/confirmations/*", "failed/confirmations"])
def test_an_edited_manifest_is_one_finding(place: str, plant: Plant) -> None:
    """One edit shall be listed once, with the first member that differs where the file can still be read."""
    path = min(plant.directory.glob(f"{place}/*.manifest.json"))
    whole = path.read_bytes()
    for old, new in _EDITS:
        assert old in whole
        path.write_bytes(whole.replace(old, new, 1))
        found = _found(plant.json("verify"))
        edited = [one for one in found if one["code"] == "manifest-altered"]
        assert len(edited) == 1, found
        # without a day list, the bytes of a file are compared with what its manifest says
        assert found == edited or (place.startswith("failed") and old != b'"MES01"'), found
        if old == b'"MES01"':
            assert (edited[0]["place"]["recorded"], edited[0]["place"]["found"]) == ("MES01", "MES02")


def test_a_rewritten_history_and_an_old_ledger_are_found(plant: Plant, whole: Plant) -> None:
    """A ledger from before the last passes shall be found by the checkpoints, and not be worked with."""
    plant.drop("confirmations", LATER.format(4))
    plant.run("run", "--once")
    for name in ("gateway.db", "gateway.db-wal", "gateway.db-shm"):
        (plant.directory / "ledger" / name).unlink(missing_ok=True)
    old = whole.directory / "ledger" / "gateway.db"
    (plant.directory / "ledger" / "gateway.db").write_bytes(old.read_bytes())
    assert "audit-truncated" in [one["code"] for one in plant.json("audit", "verify")["problems"]]
    assert plant.run("run", "--once").exit_code == 61


@pytest.mark.parametrize("count", [5, pytest.param(100, marks=pytest.mark.slow)])
def test_any_single_change_is_found(whole: Plant, tmp_path: Path, count: int) -> None:
    """Whatever bit of an archived file, manifest, list, report or checkpoint is changed, it shall show."""
    chance = random.Random(5)  # noqa: S311 - a seed, no secret
    places = [
        path for path in whole.directory.glob("processed/*/*/*") if path.is_file() and path.stat().st_size
    ]
    places += [*whole.directory.glob("failed/*/*.*"), whole.directory / "audit" / "checkpoints.jsonl"]
    plant = whole.copy(tmp_path / "site")
    for _ in range(count):
        path = plant.directory / chance.choice(places).relative_to(whole.directory)
        before = path.read_bytes()
        offset, bit = chance.randrange(len(before)), 1 << chance.randrange(8)
        path.write_bytes(before[:offset] + bytes([before[offset] ^ bit]) + before[offset + 1 :])
        assert plant.run("verify").exit_code in (60, 61), (path, offset, bit)
        path.write_bytes(before)
    assert plant.run("verify").exit_code == 0
