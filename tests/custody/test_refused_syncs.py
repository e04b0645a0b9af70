"""A sync that failed is never asked again: what it was for is written anew, or stays undone."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.custody import anew, daylist, syncs, writes
from gateway.custody.claim import claim
from gateway.custody.layout import Layout
from gateway.custody.look import sighting
from gateway.custody.settle import settle
from gateway.custody.verify import verify_archive
from gateway.errors import FileChanged, SyncFailed
from tests.custody.custody_samples import DAY, ROUTE, in_work, new_site


class Disk:
    """A disk that forgets: a file whose sync failed is called clean, whatever became of its bytes.

    It keeps which inodes were synced without an error since they were written.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_broken = False
        self.lost: set[int] = set()
        self.kept: set[int] = set()
        self._real = os.fsync
        monkeypatch.setattr(os, "fsync", self._fsync)
        monkeypatch.setattr(syncs, "syncfs_serves", lambda device: False)

    def _fsync(self, descriptor: int) -> None:
        inode = os.fstat(descriptor).st_ino
        if self.is_broken and not os.path.isdir(f"/proc/self/fd/{descriptor}"):
            self.lost.add(inode)
            os.dup(descriptor)  # no other file gets the number
            raise OSError(errno.EIO, "Input/output error")
        if inode not in self.lost:
            self.kept.add(inode)
        self._real(descriptor)

    def has(self, path: object) -> bool:
        """Return whether the bytes of ``path`` are on the disk."""
        return os.stat(str(path)).st_ino in self.kept


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Return the disk on which this test's files are."""
    return Disk(monkeypatch)


def test_a_file_that_could_not_be_synced_is_claimed_from_a_copy(tmp_path: Path, disk: Disk) -> None:
    """A claim whose sync failed shall write the file anew before it succeeds, with the same bytes."""
    inbox, working = tmp_path / "inbox", tmp_path / "working"
    inbox.mkdir()
    working.mkdir()
    (inbox / "a").write_bytes(b"bytes")
    item = (inbox / "a", working / "T1-a", sighting(inbox / "a"))
    disk.is_broken = True
    for _ in range(2):
        (failed,) = claim([item])
        assert isinstance(failed, SyncFailed)
        assert [path.name for path in tmp_path.rglob("*a*") if path.is_file()] == ["T1-a.unsynced"]
    disk.is_broken = False
    assert claim([item]) == [None]
    assert [path.name for path in working.iterdir()] == ["T1-a"]
    assert (working / "T1-a").read_bytes() == b"bytes"
    assert disk.has(working / "T1-a")


def test_a_settlement_writes_anew_what_could_not_be_synced(tmp_path: Path, disk: Disk) -> None:
    """A settlement whose sync failed shall write data, manifest and list anew before it succeeds."""
    layout = new_site(tmp_path / "site")
    sample = in_work(layout, 1, done_marker=True)
    disk.is_broken = True
    assert [type(error) for error in settle([sample.item])] == [SyncFailed]
    disk.is_broken = False
    assert settle([sample.item]) == [None]
    for path in (layout.processed(ROUTE, DAY)).iterdir():
        assert disk.has(path), path.name
    assert verify_archive(layout).is_clean


def test_other_bytes_do_not_get_the_name_back(tmp_path: Path, disk: Disk) -> None:
    """What the disk altered shall not be settled as the file that was accepted."""
    layout = new_site(tmp_path / "site")
    sample = in_work(layout, 1)
    disk.is_broken = True
    settle([sample.item])
    Path(f"{sample.item.working}.unsynced").write_bytes(b"what was read back")
    disk.is_broken = False
    assert [type(error) for error in settle([sample.item])] == [FileChanged]
    assert not os.path.exists(sample.item.target)


def test_lines_that_were_not_synced_are_written_anew(tmp_path: Path, disk: Disk) -> None:
    """A day list whose sync failed shall hold its lines only once they were written again."""
    daylist.append(tmp_path, [("0" * 64, "first")])
    disk.is_broken = True
    with pytest.raises(SyncFailed):
        daylist.append(tmp_path, [("1" * 64, "second")])
    assert daylist.read(tmp_path) == {"first": "0" * 64}
    disk.is_broken = False
    daylist.add(tmp_path, [("1" * 64, "second")])
    assert daylist.read(tmp_path) == {"first": "0" * 64, "second": "1" * 64}
    assert disk.has(daylist.list_of(tmp_path))


def test_lines_of_a_killed_try_are_synced_by_the_next(tmp_path: Path, disk: Disk) -> None:
    """Lines that stand in a day list and were never synced shall be durable when they are added again."""
    Path(daylist.list_of(tmp_path)).write_bytes(b"0" * 64 + b"  first\n")
    daylist.add(tmp_path, [("0" * 64, "first")])
    assert disk.has(daylist.list_of(tmp_path))


@pytest.mark.parametrize("write", [writes.write_new, writes.replace])
def test_a_refused_write_leaves_nothing(
    tmp_path: Path, disk: Disk, write: Callable[[Path, bytes], None]
) -> None:
    """A small file whose sync failed shall not be there, and be another one when it is written again."""
    disk.is_broken = True
    with pytest.raises(SyncFailed):
        write(tmp_path / "state", b"new")
    assert list(tmp_path.iterdir()) == []
    disk.is_broken = False
    write(tmp_path / "state", b"new")
    assert disk.has(tmp_path / "state")


def test_a_crash_after_the_name_was_given_back_leaves_one_file(tmp_path: Path) -> None:
    """A file that has its name again shall lose its doubted twin, whenever the crash came."""
    (tmp_path / "a").write_bytes(b"bytes")
    (tmp_path / "a.unsynced").write_bytes(b"bytes")
    anew.renew(tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_an_error_that_another_program_was_told_of_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where syncfs tells nothing, because somebody else was told, each file shall be asked for itself."""

    def lost(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    paths = [tmp_path / str(number) for number in range(syncs.SYNCFS_FROM)]
    for path in paths:
        path.write_bytes(b"x")
    monkeypatch.setattr(syncs, "syncfs_serves", lambda device: True)
    monkeypatch.setattr(syncs, "_syncfs", lambda descriptor: None)
    monkeypatch.setattr(syncs, "_sync_range", lost)
    with pytest.raises(SyncFailed):
        syncs.sync_files(paths)


def test_a_site_without_trouble_has_no_doubted_files(tmp_path: Path) -> None:
    """Where every sync succeeds nothing shall be renamed or copied."""
    layout: Layout = new_site(tmp_path / "site")
    sample = in_work(layout, 1)
    before = os.stat(sample.item.working).st_ino
    assert settle([sample.item]) == [None]
    assert os.stat(sample.item.target).st_ino == before
