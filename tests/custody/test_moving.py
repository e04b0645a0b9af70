"""Moving, writing and syncing: never overwritten, never half, never nowhere."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.custody import daylist, moves, syncs, writes
from gateway.custody.copies import hash_file
from gateway.custody.look import exists
from gateway.custody.names import DAY_LIST
from gateway.errors import CustodyError, FileChanged, FileMissing, ManifestInvalid, NameTaken, SyncFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

OTHER_FILE_SYSTEM = Path("/dev/shm")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A directory on another file system than ``tmp_path``."""
    if not OTHER_FILE_SYSTEM.is_dir() or OTHER_FILE_SYSTEM.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system to write to")
    directory = OTHER_FILE_SYSTEM / f"gateway-test-{os.getpid()}-{tmp_path.name}"
    directory.mkdir()
    yield directory
    for path in directory.iterdir():
        path.unlink()
    directory.rmdir()


@pytest.fixture
def without_noreplace(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system such as sshfs or NFS, which refuses the rename flag."""

    def refuse(source: bytes, target: bytes) -> None:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(moves, "_rename_noreplace", refuse)


def test_a_rename_never_overwrites(tmp_path: Path) -> None:
    """A rename onto a name that is taken is refused, and both files stay."""
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    with pytest.raises(NameTaken, match="Move the file that has the name away"):
        moves.rename_new(tmp_path / "a", tmp_path / "b")
    moves.rename_new(tmp_path / "a", tmp_path / "c")
    assert (tmp_path / "b").read_bytes() == b"b"
    assert (tmp_path / "c").read_bytes() == b"a"
    assert not exists(tmp_path / "a")


@pytest.mark.usefixtures("without_noreplace")
def test_a_rename_never_overwrites_where_the_flag_is_unknown(tmp_path: Path) -> None:
    """Where the file system lacks the flag, a link takes the name, and nothing is overwritten."""
    test_a_rename_never_overwrites(tmp_path)


@pytest.mark.usefixtures("without_noreplace")
def test_a_linked_rename_that_was_cut_off_is_finished(tmp_path: Path) -> None:
    """Both names of one file, left by a crash between link and unlink, become one name again."""
    (tmp_path / "a").write_bytes(b"a")
    os.link(tmp_path / "a", tmp_path / "b")
    moves.rename_new(tmp_path / "a", tmp_path / "b")
    assert os.listdir(tmp_path) == ["b"]


@pytest.mark.usefixtures("without_noreplace")
def test_a_file_is_not_renamed_onto_itself(tmp_path: Path) -> None:
    """One entry under two spellings of its path is never unlinked."""
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "alias").symlink_to(tmp_path)
    with pytest.raises(NameTaken):
        moves.rename_new(tmp_path / "a", tmp_path / "alias" / "a")
    assert not moves.resume_move(tmp_path / "a", tmp_path / "alias" / "a")
    assert (tmp_path / "a").read_bytes() == b"a"


def test_a_missing_file_is_not_moved(tmp_path: Path) -> None:
    """Moving what is not there gives a clear error."""
    with pytest.raises(FileMissing):
        moves.move_new(tmp_path / "a", tmp_path / "b")
    with pytest.raises(FileMissing):
        moves.resume_move(tmp_path / "a", tmp_path / "b")


def test_a_move_to_another_file_system_keeps_bytes_and_time(tmp_path: Path, elsewhere: Path) -> None:
    """Across file systems a file arrives whole, with its time, and leaves nothing behind."""
    content = os.urandom(600_000)
    (tmp_path / "a").write_bytes(content)
    os.utime(tmp_path / "a", ns=(1, 1_700_000_000_000_000_000))
    moves.move_new(tmp_path / "a", elsewhere / "b")
    assert (elsewhere / "b").read_bytes() == content
    assert (elsewhere / "b").stat().st_mtime_ns == 1_700_000_000_000_000_000
    assert os.listdir(tmp_path) == []
    assert os.listdir(elsewhere) == ["b"]


def test_a_move_to_another_file_system_never_overwrites(tmp_path: Path, elsewhere: Path) -> None:
    """Across file systems, too, a name that is taken is refused."""
    (tmp_path / "a").write_bytes(b"a")
    (elsewhere / "b").write_bytes(b"b")
    with pytest.raises(NameTaken):
        moves.move_new(tmp_path / "a", elsewhere / "b")
    with pytest.raises(NameTaken):
        moves.resume_move(tmp_path / "a", elsewhere / "b")
    assert (tmp_path / "a").read_bytes() == b"a"
    assert (elsewhere / "b").read_bytes() == b"b"


def test_a_move_that_left_two_copies_is_finished(tmp_path: Path, elsewhere: Path) -> None:
    """Equal copies on two file systems, left by a crash before the removal, become one."""
    (tmp_path / "a").write_bytes(b"a")
    (elsewhere / "a").write_bytes(b"a")
    assert not moves.resume_move(tmp_path / "a", elsewhere / "a")
    assert not exists(tmp_path / "a")
    assert (elsewhere / "a").read_bytes() == b"a"


def test_equal_bytes_on_one_file_system_are_two_files(tmp_path: Path) -> None:
    """Two files of equal bytes in one file system are never taken for one: none is removed."""
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"a")
    with pytest.raises(NameTaken):
        moves.resume_move(tmp_path / "a", tmp_path / "b")
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


def test_a_file_that_grows_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hash over a file that somebody writes to is never returned; the reading ends all the same."""
    path = tmp_path / "a"
    path.write_bytes(b"start")
    real = os.read

    def read_and_grow(descriptor: int, size: int) -> bytes:
        with open(path, "ab") as file:
            file.write(b"more")
        return real(descriptor, size)

    monkeypatch.setattr(os, "read", read_and_grow)
    with pytest.raises(FileChanged, match="changed while it was read"):
        hash_file(path)


def test_a_source_that_changes_after_the_copy_is_kept(
    tmp_path: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the sender writes between copy and removal, the source stays and the stale copy goes."""
    (tmp_path / "a").write_bytes(b"first")
    real = moves.rename_new

    def write_then_rename(source: str, target: str) -> None:
        (tmp_path / "a").write_bytes(b"first and second")
        real(source, target)

    monkeypatch.setattr(moves, "rename_new", write_then_rename)
    with pytest.raises(FileChanged, match="changed while it was moved"):
        moves.move_new(tmp_path / "a", elsewhere / "a")
    assert (tmp_path / "a").read_bytes() == b"first and second"
    assert os.listdir(elsewhere) == []


def test_a_file_is_written_new_or_not_at_all(tmp_path: Path) -> None:
    """A new file appears whole; an existing one is not touched, and no temporary is left."""
    writes.write_new(tmp_path / "a", b"one")
    with pytest.raises(NameTaken):
        writes.write_new(tmp_path / "a", b"two")
    assert (tmp_path / "a").read_bytes() == b"one"
    writes.replace(tmp_path / "a", b"three")
    assert (tmp_path / "a").read_bytes() == b"three"
    assert os.listdir(tmp_path) == ["a"]


def test_a_stale_temporary_is_replaced(tmp_path: Path) -> None:
    """What an interrupted write left under the temporary name does not disturb the next try."""
    Path(writes.temporary_beside(tmp_path / "a")).write_bytes(b"half of a longer")
    writes.write_new(tmp_path / "a", b"whole")
    assert (tmp_path / "a").read_bytes() == b"whole"
    assert os.listdir(tmp_path) == ["a"]


@given(st.lists(st.text("ab", max_size=5)), st.text("ab", min_size=1, max_size=9))
def test_a_torn_last_line_is_cut_off(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], torn: str
) -> None:
    """After a crash in the middle of a line the next append finds the whole lines only."""
    path = tmp_path_factory.mktemp("lines") / "log"
    whole = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(whole + torn.encode())
    writes.append_lines(path, b"next\n")
    assert path.read_bytes() == whole + b"next\n"


def test_many_files_are_synced_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred files on one file system cost one sync where the file system allows it, else one each."""
    calls: list[str] = []
    monkeypatch.setattr(syncs, "_syncfs", lambda descriptor: calls.append("syncfs"))
    monkeypatch.setattr(os, "fsync", lambda descriptor: calls.append("fsync"))
    paths = [tmp_path / f"{number}" for number in range(100)]
    for path in paths:
        path.touch()
    monkeypatch.setattr(syncs, "syncfs_serves", lambda device: True)
    syncs.sync_files(paths)
    assert calls == ["syncfs"]
    calls.clear()
    syncs.sync_files(paths[:3])
    assert calls == ["fsync"] * 3
    calls.clear()
    monkeypatch.setattr(syncs, "syncfs_serves", lambda device: False)
    syncs.sync_files(paths)
    assert calls == ["fsync"] * 100


def test_each_directory_is_synced_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Directories named many times are synced once each."""
    calls: list[int] = []
    monkeypatch.setattr(os, "fsync", calls.append)
    (tmp_path / "a").mkdir()
    syncs.sync_directories([tmp_path, tmp_path / "a"] * 50)
    assert len(calls) == 2


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_a_failed_sync_is_an_error_and_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A sync that fails is reported at once: a second one could succeed over lost bytes."""
    calls: list[int] = []

    def fail(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 1:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    (tmp_path / "a").touch()
    with pytest.raises(CustodyError) as caught:
        syncs.sync_files([tmp_path / "a"])
    assert len(calls) == 1
    assert caught.value.code == ("disk-full" if number == errno.ENOSPC else "sync-failed")
    with pytest.raises(SyncFailed) if number == errno.EIO else pytest.raises(CustodyError):
        calls.clear()
        syncs.sync_directory(tmp_path)


def test_coreutils_accepts_the_day_list(tmp_path: Path) -> None:
    """``sha256sum -c`` checks a day list, names with blanks and quotes and line ends included."""
    entries = []
    for name in ("plain.csv", "two words's.csv", "two\nlines.csv", "back\\slash", "Rückmeldung.xml"):
        (tmp_path / name).write_bytes(name.encode())
        entries.append((hashlib.sha256(name.encode()).hexdigest(), name))
    daylist.append(tmp_path, entries)
    checked = subprocess.run(
        ["sha256sum", "--strict", "-c", DAY_LIST], cwd=tmp_path, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.count("OK") == 5
    assert daylist.read(tmp_path) == {name: sha256 for sha256, name in entries}


def test_listing_again_changes_nothing(tmp_path: Path) -> None:
    """Adding what is listed already, after a crash, leaves the list as it is."""
    entries = [(f"{number:064x}", f"{number}.csv") for number in range(5)]
    daylist.append(tmp_path, entries[:3])
    daylist.add(tmp_path, entries)
    before = Path(daylist.list_of(tmp_path)).read_bytes()
    daylist.add(tmp_path, entries)
    assert Path(daylist.list_of(tmp_path)).read_bytes() == before
    assert before.count(b"\n") == 5


def test_a_torn_day_list_is_mended(tmp_path: Path) -> None:
    """A last line that a crash cut off does not count and is replaced by the next entries."""
    daylist.append(tmp_path, [("a" * 64, "1.csv")])
    with open(daylist.list_of(tmp_path), "ab") as file:
        file.write(b"b" * 64 + b"  2.c")
    assert daylist.read(tmp_path) == {"1.csv": "a" * 64}
    daylist.add(tmp_path, [("b" * 64, "2.csv")])
    assert daylist.read(tmp_path) == {"1.csv": "a" * 64, "2.csv": "b" * 64}


def test_entries_are_replaced_and_removed_in_one_step(tmp_path: Path) -> None:
    """A new manifest replaces its old digest, a file that is taken back leaves the list."""
    daylist.append(tmp_path, [("a" * 64, "1.csv"), ("b" * 64, "2.csv")])
    daylist.replace(tmp_path, "1.csv", "c" * 64)
    daylist.remove(tmp_path, ["2.csv", "never listed"])
    assert daylist.read(tmp_path) == {"1.csv": "c" * 64}
    daylist.add(tmp_path, [("d" * 64, "1.csv")])
    assert daylist.read(tmp_path) == {"1.csv": "d" * 64}


def test_a_damaged_day_list_names_its_line(tmp_path: Path) -> None:
    """A line that is none, or that contradicts an earlier one, is reported with its number."""
    path = Path(daylist.list_of(tmp_path))
    path.write_bytes(b"a" * 64 + b"  1.csv\nnonsense\n")
    with pytest.raises(ManifestInvalid, match="line 2"):
        daylist.read(tmp_path)
    path.write_bytes(b"a" * 64 + b"  1.csv\n" + b"b" * 64 + b"  1.csv\n")
    with pytest.raises(ManifestInvalid, match="two digests"):
        daylist.read(tmp_path)
