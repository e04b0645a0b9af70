"""Settling and reopening: file, manifest, report and day list together, each batch synced once."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway.custody import daylist
from gateway.custody.layout import Layout, manifest_of, report_of
from gateway.custody.manifest import read_manifest
from gateway.custody.reopen import ReopenItem, reopen
from gateway.custody.settle import settle
from gateway.errors import FileChanged, FileMissing, NameTaken, SyncFailed
from gateway.model import Disposition
from tests.custody.custody_samples import DAY, ROUTE, Sample, in_work, new_site, tree

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A fresh site."""
    return new_site(tmp_path)


def settled(samples: list[Sample]) -> list[str]:
    """Settle the samples and return the codes of the errors, blank for success."""
    return [error.code if error else "" for error in settle([sample.item for sample in samples])]


def test_a_batch_is_settled(layout: Layout) -> None:
    """Files, companions and manifests stand in the day's directory, and its list checks them all."""
    samples = [in_work(layout, number, done_marker=number % 2 == 0) for number in range(10)]
    assert settled(samples) == [""] * 10
    directory = layout.processed(ROUTE, DAY)
    checked = subprocess.run(
        ["sha256sum", "--strict", "-c", "manifest-sha256.txt"], cwd=directory, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.count("OK") == 25
    assert set(daylist.read(directory)) | {"manifest-sha256.txt"} == set(os.listdir(directory))
    assert os.listdir(layout.working(ROUTE)) == []
    manifest = read_manifest(manifest_of(samples[3].target).read_bytes())
    assert manifest["transfer"]["id"] == "T0003"


def test_a_failed_file_has_its_report_beside_it(layout: Layout) -> None:
    """A failed file keeps its bytes and gets manifest and report, but no day list."""
    sample = in_work(
        layout, 1, content=b"bad", disposition=Disposition.FAILED, report="Row 1: Größe \udcff\n"
    )
    assert settled([sample]) == [""]
    assert sample.target.read_bytes() == b"bad"
    assert report_of(sample.target).read_text() == "Row 1: Größe \\xff\n"
    assert sorted(os.listdir(layout.failed(ROUTE))) == [
        "confirmation_0001.csv",
        "confirmation_0001.csv.manifest.json",
        "confirmation_0001.csv.report.txt",
    ]


def test_each_directory_is_synced_once(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch of fifty costs one sync per directory, one of the list, and one for all contents."""
    settle([in_work(layout, 0).item])  # the day's first batch makes directory and list
    samples = [in_work(layout, number) for number in range(1, 51)]
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.readlink(f"/proc/self/fd/{fd}")))
    monkeypatch.setattr("gateway.custody.syncs.syncfs_serves", lambda device: True)
    monkeypatch.setattr("gateway.custody.syncs._syncfs", lambda fd: synced.append("all"))
    assert settled(samples) == [""] * 50
    day = str(layout.processed(ROUTE, DAY))
    assert synced == ["all", day, str(layout.working(ROUTE)), f"{day}/manifest-sha256.txt"]


def test_settling_again_changes_nothing(layout: Layout, tmp_path: Path) -> None:
    """A batch settled again, as recovery does, leaves every byte as it was."""
    samples = [in_work(layout, number, done_marker=True) for number in range(3)]
    assert settled(samples) == [""] * 3
    before = tree(tmp_path)
    assert settled(samples) == [""] * 3
    assert tree(tmp_path) == before


def test_a_name_that_is_taken_is_refused_and_neighbours_go_on(layout: Layout) -> None:
    """A file whose place another transfer has stays in work; nothing of it is left at the target."""
    assert settled([in_work(layout, 1, name="a.csv", content=b"first")]) == [""]
    samples = [in_work(layout, 2, name="a.csv", content=b"first"), in_work(layout, 3)]
    assert settled(samples) == ["name-taken", ""]
    assert os.path.exists(samples[0].item.working)
    day = layout.processed(ROUTE, DAY)
    assert (day / "a.csv").read_bytes() == b"first"
    assert not [name for name in os.listdir(day) if name.startswith(".")]


def test_a_foreign_file_at_the_target_is_never_touched(layout: Layout) -> None:
    """A file that somebody put at the target by hand, equal bytes or not, makes the name taken."""
    sample = in_work(layout, 1, content=b"data")
    layout.processed(ROUTE, DAY).mkdir()
    sample.target.write_bytes(b"data")
    assert settled([sample]) == ["name-taken"]
    assert os.path.exists(sample.item.working)


def test_the_manifest_of_another_transfer_is_never_replaced(layout: Layout) -> None:
    """A manifest whose file is lost still holds the name for its transfer."""
    first = in_work(layout, 1, name="a.csv")
    settled([first])
    first.target.unlink()
    assert settled([in_work(layout, 2, name="a.csv")]) == ["name-taken"]
    assert manifest_of(first.target).read_bytes() == first.item.manifest


def test_two_files_of_a_batch_cannot_have_one_target(layout: Layout) -> None:
    """Of two files with one target in one batch the second is refused and stays in work."""
    one, other = in_work(layout, 1, name="a.csv"), in_work(layout, 2, name="a.csv")
    assert settled([one, other]) == ["", "name-taken"]
    assert os.path.exists(other.item.working)


def test_a_lost_or_exchanged_file_is_reported(layout: Layout) -> None:
    """A file that vanished from work, or other bytes found at its target, are told apart."""
    lost, exchanged, good = (in_work(layout, number) for number in range(3))
    os.unlink(lost.item.working)
    layout.processed(ROUTE, DAY).mkdir()
    os.rename(exchanged.item.working, exchanged.target)
    exchanged.target.write_bytes(b"other bytes")
    results = settle([lost.item, exchanged.item, good.item])
    assert [type(result) for result in results] == [FileMissing, FileChanged, type(None)]


def test_a_disk_that_refuses_to_sync_settles_nothing(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """If contents cannot be made durable, no file is moved and nothing is left at the target."""

    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    samples = [in_work(layout, number) for number in range(9)]
    layout.processed(ROUTE, DAY).mkdir()
    (layout.processed(ROUTE, DAY) / "other").touch()
    monkeypatch.setattr("gateway.custody.syncs._syncfs", fail)
    monkeypatch.setattr(os, "fsync", fail)
    results = settle([sample.item for sample in samples])
    assert {type(result) for result in results} == {SyncFailed}
    assert os.listdir(layout.processed(ROUTE, DAY)) == ["other"]
    assert len(os.listdir(layout.working(ROUTE))) == 9


def test_a_replayed_file_gets_a_new_manifest_where_it_stands(layout: Layout) -> None:
    """A file that is delivered again from the archive keeps its place; manifest and list are renewed."""
    first = in_work(layout, 1)
    neighbour = in_work(layout, 2)
    settled([first, neighbour])
    again = in_work(layout, 1, variant="replayed")
    os.unlink(again.item.working)
    item = replace(again.item, working=again.item.target)
    assert settle([item]) == [None]
    assert manifest_of(first.target).read_bytes() == again.item.manifest != first.item.manifest
    checked = subprocess.run(["sha256sum", "-c", "manifest-sha256.txt"], cwd=first.target.parent)
    assert checked.returncode == 0


def test_files_of_hostile_names_are_settled(layout: Layout) -> None:
    """Names of any bytes settle under safe names, and coreutils accepts the list."""
    names = [
        "with space",
        "two\nlines",
        os.fsdecode(b"\xff\xfe"),
        "-rf",
        "..",
        "x" * 255,
        "manifest-sha256.txt",
    ]
    samples = [in_work(layout, number, name=name, done_marker=True) for number, name in enumerate(names)]
    assert settled(samples) == [""] * len(names)
    checked = subprocess.run(
        ["sha256sum", "--strict", "-c", "manifest-sha256.txt"], cwd=layout.processed(ROUTE, DAY)
    )
    assert checked.returncode == 0


@pytest.mark.parametrize("disposition", list(Disposition))
def test_a_settled_file_comes_back_into_work(layout: Layout, disposition: Disposition) -> None:
    """Reopening moves file and companions back, removes papers and list entries, and can be repeated."""
    report = "why" if disposition is Disposition.FAILED else None
    kept = in_work(layout, 2, disposition=disposition, report=report)
    sample = in_work(layout, 1, done_marker=True, disposition=disposition, report=report)
    before = tree(layout.working(ROUTE))
    settled([kept])
    rest = tree(layout.site / disposition.value) if disposition is Disposition.FAILED else None
    assert settled([sample]) == [""]
    item = ReopenItem(
        "T0001", sample.target, sample.item.working, sample.item.companions, sample.item.day_list
    )
    for _ in range(2):
        assert reopen([item]) == [None]
        back = tree(layout.working(ROUTE))
        assert back == {name: data for name, data in before.items() if name.startswith("T0001")}
        assert sample.target.name not in os.listdir(sample.target.parent)
    if rest is not None:
        assert tree(layout.site / "failed") == rest
    else:
        assert set(daylist.read(sample.target.parent)) == {kept.target.name, manifest_of(kept.target).name}


def test_the_place_of_another_transfer_is_not_reopened(layout: Layout) -> None:
    """A file is not taken from its place in the name of another transfer."""
    sample = in_work(layout, 1)
    settled([sample])
    (result,) = reopen([ReopenItem("T0002", sample.target, layout.working(ROUTE) / "x")])
    assert isinstance(result, NameTaken)
    assert sample.target.exists()
