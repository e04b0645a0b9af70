"""A disk that fills: a clear error, nothing lost, and it goes on when there is room again."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from gateway.custody import daylist, writes
from gateway.custody.settle import settle
from gateway.custody.verify import verify_archive
from gateway.errors import DiskFull
from tests.custody.custody_samples import DAY, ROUTE, in_work, new_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"mounting a small file system needs privileges: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """Leave no free byte on ``disk``."""
    filler = disk / "filler"
    with open(filler, "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass
    return filler


def test_a_full_disk_settles_nothing_and_loses_nothing(small_disk: Path) -> None:
    """With no room for a manifest the file stays in work; with room again it is settled."""
    layout = new_site(small_disk)
    settle([in_work(layout, 1).item])
    samples = [in_work(layout, number) for number in (2, 3)]
    filler = fill(small_disk)
    results = settle([sample.item for sample in samples])
    assert [type(result) for result in results] == [DiskFull] * 2
    assert "Free space" in str(results[0])
    assert len(os.listdir(layout.working(ROUTE))) == 2
    assert verify_archive(layout).is_clean
    filler.unlink()
    assert settle([sample.item for sample in samples]) == [None] * 2
    report = verify_archive(layout)
    assert report.is_clean
    assert report.files == 6


def test_a_line_that_did_not_fit_leaves_no_half(small_disk: Path) -> None:
    """A day list is never left with part of a line when the disk fills."""
    daylist.append(small_disk, [("a" * 64, "1.csv")])
    filler = fill(small_disk)
    with pytest.raises(DiskFull):
        daylist.append(small_disk, [(f"{number:064x}", f"{number:0200d}") for number in range(40)])
    with pytest.raises(DiskFull):
        writes.replace(small_disk / "state", b"x" * 8192)
    assert daylist.read(small_disk) == {"1.csv": "a" * 64}
    filler.unlink()
    daylist.append(small_disk, [("b" * 64, "2.csv")])
    assert len(daylist.read(small_disk)) == 2
    assert sorted(os.listdir(small_disk)) == ["manifest-sha256.txt"]


def test_the_day_is_named(small_disk: Path) -> None:
    """The error names the path that could not be written."""
    layout = new_site(small_disk)
    sample = in_work(layout, 1)
    fill(small_disk)
    (result,) = settle([sample.item])
    assert isinstance(result, DiskFull)
    assert DAY in str(result)
