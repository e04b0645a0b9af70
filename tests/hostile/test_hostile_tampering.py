"""Manifests, day lists, archived files and audit entries altered by hand: verify finds each."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hostile.hostile_kit import command
from tests.pipeline.plant import Plant, confirmation, name_of

FILE, WRONG, AGAIN = name_of(1), name_of(9), "CONF_MES01_0000001-again.csv"
MANIFEST, LIST = f"{FILE}.manifest.json", "manifest-sha256.txt"


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Plant:
    """Return a plant with processed, failed and duplicate files, to be copied by each attack."""
    plant = Plant.build(tmp_path_factory.mktemp("settled") / "site")
    for control in range(1, 4):
        plant.drop_confirmation(control)
    plant.drop(WRONG, confirmation(9, quantity="x"))
    plant.drop(AGAIN, confirmation(1))
    plant.run()
    plant.demand_proof()
    return plant


@pytest.fixture
def copy(settled: Plant, tmp_path: Path) -> Plant:
    """Return a copy of the settled plant."""
    shutil.copytree(settled.directory, tmp_path / "site", symlinks=True)
    return Plant(tmp_path / "site")


def day(plant: Plant) -> Path:
    """Return the archive directory of the processed files."""
    (found,) = (plant.directory / "processed" / "confirmations").iterdir()
    return found


def failed(plant: Plant) -> Path:
    """Return the directory of the failed files."""
    return plant.directory / "failed" / "confirmations"


def edit(path: Path, old: bytes, new: bytes) -> None:
    """Replace some bytes of a file."""
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))


def replace_by_link(path: Path) -> None:
    """Put a link to a copy in a file's place."""
    kept = path.parents[4] / "kept"
    shutil.move(path, kept)
    path.symlink_to(kept)


def replace_by_fifo(path: Path) -> None:
    """Put a FIFO in a file's place."""
    path.unlink()
    os.mkfifo(path)


def replace_by_file(directory: Path) -> None:
    """Put a file in a directory's place."""
    shutil.rmtree(directory)
    directory.touch()


def sql(plant: Plant, statement: str) -> None:
    """Change the ledger behind the gateway's back."""
    with (
        contextlib.closing(sqlite3.connect(plant.directory / "ledger" / "gateway.db")) as connection,
        connection,
    ):
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute(statement)


ATTACKS: dict[str, tuple[Callable[[Plant], object], str, str]] = {
    "file altered": (lambda p: edit(day(p) / FILE, b"KG", b"EA"), "altered", FILE),
    "file deleted": (lambda p: (day(p) / FILE).unlink(), "missing", FILE),
    "file added": (lambda p: (day(p) / "new.csv").write_bytes(b""), "unexpected", "new.csv"),
    "file is a link": (lambda p: replace_by_link(day(p) / FILE), "altered", FILE),
    "file is a FIFO": (lambda p: replace_by_fifo(day(p) / FILE), "altered", FILE),
    "directory added": (lambda p: (day(p) / "sub").mkdir(), "unexpected", "sub"),
    "manifest altered": (lambda p: edit(day(p) / MANIFEST, b"MES01", b"MES02"), "altered", MANIFEST),
    "manifest is garbage": (lambda p: (day(p) / MANIFEST).write_bytes(b"\xff"), "altered", MANIFEST),
    "manifest is deep": (lambda p: (day(p) / MANIFEST).write_bytes(b"[" * 99_999), "altered", MANIFEST),
    "manifest deleted": (lambda p: (day(p) / MANIFEST).unlink(), "missing", MANIFEST),
    "list altered": (lambda p: edit(day(p) / LIST, b"  CONF", b"  XONF"), "unexpected", FILE),
    "list deleted": (lambda p: (day(p) / LIST).unlink(), "missing", LIST),
    "list is garbage": (lambda p: (day(p) / LIST).write_bytes(b"\0\xff\n"), "altered", LIST),
    "list leads out": (
        lambda p: (day(p) / LIST).open("ab").write(b"0" * 64 + b"  ../../../../../../etc/passwd\n"),
        "altered",
        LIST,
    ),
    "list leads to the root": (
        lambda p: (day(p) / LIST).open("ab").write(b"0" * 64 + b"  /etc/passwd\n"),
        "altered",
        LIST,
    ),
    "day deleted": (lambda p: shutil.rmtree(day(p)), "missing", FILE),
    "day is a file": (
        lambda p: replace_by_file(day(p)),
        "missing",
        FILE,
    ),
    "stray in processed": (lambda p: (p.directory / "processed" / "x").touch(), "unexpected", "x"),
    "stray in work": (lambda p: (p.directory / "working/confirmations/x").touch(), "unexpected", "x"),
    "failed file altered": (lambda p: edit(failed(p) / WRONG, b"KG", b"EA"), "altered", WRONG),
    "failed file deleted": (lambda p: (failed(p) / WRONG).unlink(), "missing", WRONG),
    "failed file added": (lambda p: (failed(p) / "x").touch(), "unexpected", "x"),
    "failed manifest deleted": (
        lambda p: (failed(p) / f"{WRONG}.manifest.json").unlink(),
        "missing",
        f"{WRONG}.manifest.json",
    ),
    "duplicate altered": (
        lambda p: edit(next((p.directory / "duplicates").rglob(AGAIN)), b"KG", b"EA"),
        "altered",
        AGAIN,
    ),
    "ledger digest altered": (
        lambda p: sql(p, "UPDATE transfers SET sha256 = replace(sha256, 'a', 'b')"),
        "altered",
        FILE,
    ),
    "ledger row deleted": (
        lambda p: sql(p, "DELETE FROM transfers WHERE name_text = 'CONF_MES01_0000001.csv'"),
        "unexpected",
        FILE,
    ),
}


@pytest.mark.parametrize("title", ATTACKS)
def test_verify_finds_what_was_done_by_hand(copy: Plant, title: str) -> None:
    """Whatever is altered, deleted or added by hand shall be found as its own kind, with exit status 60."""
    attack, kind, name = ATTACKS[title]
    attack(copy)
    found = command(copy, "verify", "--json")
    assert found.status == 60, found.err
    assert any(one["path"].endswith(f"/{name}") for one in found.data[kind]), found.data


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE audit SET reason = 'another' WHERE sequence = 3", "audit-altered"),
        ("UPDATE audit SET actor = 'somebody' WHERE sequence = 1", "audit-altered"),
        ("DELETE FROM audit WHERE sequence = 3", "audit-missing"),
        ("DELETE FROM audit WHERE sequence > 5", "audit-truncated"),
        ("UPDATE audit SET sequence = sequence + 1000 WHERE sequence = 4", "audit-reordered"),
    ],
)
def test_verify_finds_what_was_done_to_the_audit_trail(copy: Plant, statement: str, code: str) -> None:
    """An audit entry altered, removed, cut off or moved shall be found, with exit status 61."""
    sql(copy, statement)
    found = command(copy, "verify", "--json")
    assert found.status == 61
    assert [one["code"] for one in found.data["audit"]["problems"]][:1] == [code]
    assert command(copy, "audit", "verify").status == 61


def test_verify_tells_people_what_it_found(copy: Plant) -> None:
    """For people, verify shall name the file, what is the matter with it, and both digests."""
    edit(day(copy) / FILE, b"KG", b"EA")
    told = command(copy, "verify")
    assert told.status == 60
    assert FILE in told.out
    assert "day list" in told.out
    assert str(copy.transfer(FILE).sha256) in told.out


def test_verify_finds_a_file_that_vanished_from_work(plant: Plant) -> None:
    """A file that the ledger has in work and that is gone shall be missing, with exit status 60."""
    (plant.directory / "outbox" / "erp").rmdir()  # so that it stays in work
    plant.drop_confirmation(1)
    plant.run()
    assert command(plant, "verify").status == 0
    (held,) = (plant.directory / "working" / "confirmations").iterdir()
    held.unlink()
    found = command(plant, "verify", "--json")
    assert found.status == 60
    assert [one["path"] for one in found.data["missing"]] == [str(held.relative_to(plant.directory))]
