"""Verification: what was altered, what is missing, what should not be there, each by name."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from gateway.custody import daylist, differences
from gateway.custody.differences import Known
from gateway.custody.layout import Layout, manifest_of
from gateway.custody.settle import settle
from gateway.custody.verify import verify_archive
from gateway.model import Disposition
from tests.custody.custody_samples import DAY, ROUTE, in_work, new_site

if TYPE_CHECKING:
    from pathlib import Path

DAY_DIRECTORY = f"processed/{ROUTE}/{DAY}"
FAILED = f"failed/{ROUTE}"


@pytest.fixture
def archive(tmp_path: Path) -> Layout:
    """A site with two processed files, one duplicate and one failed file."""
    layout = new_site(tmp_path)
    samples = [
        in_work(layout, 1, done_marker=True),
        in_work(layout, 2),
        in_work(layout, 3, disposition=Disposition.DUPLICATE),
        in_work(layout, 4, disposition=Disposition.FAILED, report="wrong\n", done_marker=True),
    ]
    assert settle([sample.item for sample in samples]) == [None] * 4
    return layout


def ledger_view(layout: Layout) -> list[Known]:
    """Return what the ledger would know of the archive as it is."""
    known = []
    for directory, _, names in os.walk(layout.site):
        for name in names:
            path = os.path.join(directory, name)
            if os.path.exists(manifest_of(path)):
                manifest = _sha256(os.fspath(manifest_of(path)))
                known.append(Known(layout.relative(path), _sha256(path), manifest))
    return known


def _sha256(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def found(layout: Layout, known: list[Known] | None = None) -> dict[str, list[str]]:
    """Return the paths of the differences by kind, without the kinds that have none."""
    report = verify_archive(layout, known)
    return {
        kind.value: sorted(one.path for one in listed) for kind, listed in report.listed.items() if listed
    }


def test_an_archive_as_it_was_left_is_clean(archive: Layout) -> None:
    """An untouched archive has no differences; every file was read, and progress told."""
    told: list[tuple[str, int]] = []
    report = verify_archive(archive, ledger_view(archive), lambda path, size: told.append((path, size)))
    assert report.is_clean
    assert report.files == 5 + 2 + 2 + 1  # day lists' files, failed data, marker, and its manifest
    assert (f"{DAY_DIRECTORY}/confirmation_0001.csv", 29) in told
    assert sum(size for _, size in told) == report.bytes


def test_every_altered_file_is_named_with_both_digests(archive: Layout) -> None:
    """A changed byte in data, companion or manifest, processed or failed, is found."""
    victims = [
        f"{DAY_DIRECTORY}/confirmation_0001.csv",
        f"{DAY_DIRECTORY}/confirmation_0001.csv.done",
        f"{DAY_DIRECTORY}/confirmation_0002.csv.manifest.json",
        f"{FAILED}/confirmation_0004.csv",
    ]
    for victim in victims:
        with open(archive.site / victim, "ab") as file:
            file.write(b" ")
    assert found(archive) == {"altered": sorted(victims)}
    (one, *_) = verify_archive(archive).altered
    assert one.expected != one.actual == _sha256(os.fspath(archive.site / one.path))


def test_missing_and_unexpected_files_are_told_apart(archive: Layout) -> None:
    """A file that was removed and one that was put there by hand are reported separately."""
    (archive.site / DAY_DIRECTORY / "confirmation_0001.csv").unlink()
    (archive.site / FAILED / "confirmation_0004.csv").unlink()
    (archive.site / DAY_DIRECTORY / "by hand.csv").touch()
    (archive.site / FAILED / "by hand.csv").touch()
    assert found(archive) == {
        "missing": [f"{FAILED}/confirmation_0004.csv", f"{DAY_DIRECTORY}/confirmation_0001.csv"],
        "unexpected": [f"{FAILED}/by hand.csv", f"{DAY_DIRECTORY}/by hand.csv"],
    }


def test_a_link_in_the_archive_is_not_followed(archive: Layout, tmp_path: Path) -> None:
    """A file that was replaced by a link to equal bytes counts as altered."""
    path = archive.site / DAY_DIRECTORY / "confirmation_0002.csv"
    path.rename(tmp_path / "copy")
    path.symlink_to(tmp_path / "copy")
    assert found(archive) == {"altered": [f"{DAY_DIRECTORY}/confirmation_0002.csv"]}


def test_a_forged_pair_of_file_and_list_is_caught_by_the_manifest(archive: Layout) -> None:
    """Who changes a file and its line in the day list still has the manifest against him."""
    path = archive.site / DAY_DIRECTORY / "confirmation_0002.csv"
    path.write_bytes(b"forged")
    daylist.replace(archive.site / DAY_DIRECTORY, path.name, hashlib.sha256(b"forged").hexdigest())
    assert found(archive) == {"altered": [f"{DAY_DIRECTORY}/confirmation_0002.csv"]}


def test_a_forged_manifest_is_caught_by_the_ledger(archive: Layout) -> None:
    """Who changes file, manifest and day list still has the ledger against him."""
    known = ledger_view(archive)
    path = archive.site / DAY_DIRECTORY / "confirmation_0002.csv"
    old = _sha256(os.fspath(path)).encode()
    path.write_bytes(b"forged")
    manifest = manifest_of(path)
    manifest.write_bytes(manifest.read_bytes().replace(old, hashlib.sha256(b"forged").hexdigest().encode()))
    for one in (path, manifest):
        daylist.replace(path.parent, one.name, _sha256(os.fspath(one)))
    assert found(archive) == {}
    names = [f"{DAY_DIRECTORY}/{path.name}", f"{DAY_DIRECTORY}/{manifest.name}"]
    assert found(archive, known) == {"altered": names}


def test_a_manifest_that_the_ledger_knows_speaks_against_a_forged_list(archive: Layout) -> None:
    """A false digest of a manifest in the day list shall not hide another file that was exchanged."""
    known = ledger_view(archive)
    directory = archive.site / DAY_DIRECTORY
    manifest = manifest_of("confirmation_0001.csv")
    (companion,) = [name for name in os.listdir(directory) if name.endswith(".done")]
    (directory / companion).write_bytes(b"forged")
    daylist.replace(directory, companion, hashlib.sha256(b"forged").hexdigest())
    daylist.replace(directory, str(manifest), "0" * 64)
    expected = [f"{DAY_DIRECTORY}/{companion}", f"{DAY_DIRECTORY}/{manifest}"]
    assert found(archive, known) == {"altered": sorted(expected)}


def test_a_removed_file_and_its_traces_are_caught_by_the_ledger(archive: Layout) -> None:
    """A file removed with its manifest and lines, a directory removed whole, are missing by the ledger."""
    known = ledger_view(archive)
    day = archive.site / DAY_DIRECTORY
    gone = ["confirmation_0002.csv", "confirmation_0002.csv.manifest.json"]
    for name in gone:
        (day / name).unlink()
    daylist.remove(day, gone)
    failed = archive.site / FAILED
    for path in failed.iterdir():
        path.unlink()
    failed.rmdir()
    assert found(archive, known) == {
        "missing": [f"{FAILED}/confirmation_0004.csv", f"{DAY_DIRECTORY}/confirmation_0002.csv"]
    }


def test_a_settled_file_that_the_ledger_does_not_know_is_unexpected(archive: Layout) -> None:
    """A file with manifest and list entry that no transfer stands for is reported."""
    known = [one for one in ledger_view(archive) if not one.path.endswith("0002.csv")]
    assert found(archive, known) == {"unexpected": [f"{DAY_DIRECTORY}/confirmation_0002.csv"]}


def test_a_lost_or_damaged_day_list_does_not_blind(archive: Layout) -> None:
    """Without a usable day list the manifests still show what was altered."""
    day_list = archive.site / DAY_DIRECTORY / "manifest-sha256.txt"
    (archive.site / DAY_DIRECTORY / "confirmation_0001.csv").write_bytes(b"altered")
    day_list.write_bytes(b"nonsense\n")
    altered = f"{DAY_DIRECTORY}/confirmation_0001.csv"
    assert found(archive) == {"altered": [altered, f"{DAY_DIRECTORY}/manifest-sha256.txt"]}
    day_list.unlink()
    assert found(archive) == {"altered": [altered], "missing": [f"{DAY_DIRECTORY}/manifest-sha256.txt"]}


def test_leftovers_are_named_and_harmless(archive: Layout) -> None:
    """A temporary of an interrupted write is reported and does not spoil the verdict."""
    (archive.site / DAY_DIRECTORY / ".part-0123").touch()
    (archive.working(ROUTE) / ".part-4567").touch()
    assert found(archive) == {"leftover": [f"{DAY_DIRECTORY}/.part-0123", f"working/{ROUTE}/.part-4567"]}
    assert verify_archive(archive).is_clean


def test_a_damaged_or_exchanged_manifest_is_named(archive: Layout) -> None:
    """A manifest that is none, or that is about another file, is an altered one."""
    failed = archive.site / FAILED
    manifest = manifest_of(failed / "confirmation_0004.csv")
    text = manifest.read_bytes()
    manifest.write_bytes(b"{}")
    assert f"{FAILED}/{manifest.name}" in found(archive)["altered"]
    manifest.write_bytes(text.replace(b'"archived_as": "confirmation_0004.csv"', b'"archived_as": "x"'))
    assert f"{FAILED}/{manifest.name}" in found(archive)["altered"]


def test_lists_are_capped_and_totals_exact(archive: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much differs, the report stays small and says the true number."""
    monkeypatch.setattr(differences, "LISTED", 3)
    for number in range(20):
        (archive.site / DAY_DIRECTORY / f"extra{number}").touch()
    report = verify_archive(archive)
    assert report.totals[differences.Kind.UNEXPECTED] == 20
    assert len(report.unexpected) == 3
    assert (report.altered, report.missing, report.leftovers) == ([], [], [])
