"""Claiming: out of the sender's reach, or left where it is with the reason."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from gateway.custody import moves
from gateway.custody.claim import claim
from gateway.custody.look import sighting
from gateway.errors import FileChanged, FileMissing, NameTaken, NotRegular
from gateway.model import Sighting

Item = tuple[Path, Path, Sighting]


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """An inbox beside a working directory."""
    (tmp_path / "working").mkdir()
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


def arrived(inbox: Path, name: str, content: bytes = b"data") -> Item:
    """Drop a file and return how it would be claimed."""
    (inbox / name).write_bytes(content)
    return inbox / name, inbox.parent / "working" / f"T-{name}", sighting(inbox / name)


def test_files_are_claimed_in_a_batch(inbox: Path) -> None:
    """Every file of a batch stands in working with its bytes, and the inbox is empty."""
    items = [arrived(inbox, f"{number}.csv", b"%d" % number) for number in range(20)]
    assert claim(items) == [None] * 20
    assert os.listdir(inbox) == []
    assert [working.read_bytes() for _, working, _ in items] == [b"%d" % number for number in range(20)]
    assert claim(items) == [None] * 20  # again, as after a crash


def test_each_directory_is_synced_once(inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch costs one sync of the inbox and one of the working directory."""
    items = [arrived(inbox, f"{number}.csv") for number in range(20)]
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.readlink(f"/proc/self/fd/{fd}")))
    claim(items)
    assert sorted(synced) == [str(inbox), str(inbox.parent / "working")]


def test_a_file_that_changed_stays(inbox: Path) -> None:
    """A file that the sender still writes to, or has replaced, is left alone; neighbours are taken."""
    grown, touched, replaced, good = (
        arrived(inbox, name) for name in ("grown", "touched", "replaced", "good")
    )
    grown[0].write_bytes(b"data and more")
    os.utime(touched[0], ns=(1, 1))
    shutil.copy2(replaced[0], inbox / "other")  # same size and time, another file
    os.replace(inbox / "other", replaced[0])
    results = claim([grown, touched, replaced, good])
    assert [type(result) for result in results] == [FileChanged, FileChanged, FileChanged, type(None)]
    assert sorted(os.listdir(inbox)) == ["grown", "replaced", "touched"]
    assert "looks again" in str(results[0])


def test_a_file_that_is_gone_says_so(inbox: Path) -> None:
    """A file that the sender took back is reported as missing."""
    item = arrived(inbox, "a.csv")
    item[0].unlink()
    (result,) = claim([item])
    assert isinstance(result, FileMissing)


@pytest.mark.parametrize("kind", ["symlink", "fifo", "directory"])
def test_only_regular_files_are_claimed(inbox: Path, tmp_path: Path, kind: str) -> None:
    """A link, FIFO or directory under the name of a file is not taken and not followed."""
    source, working, expected = arrived(inbox, "a.csv")
    source.rename(tmp_path / "outside")
    if kind == "symlink":
        source.symlink_to(tmp_path / "outside")
    elif kind == "fifo":
        os.mkfifo(source)
    else:
        source.mkdir()
    (result,) = claim([(source, working, expected)])
    assert isinstance(result, NotRegular)
    assert os.path.lexists(source)
    assert (tmp_path / "outside").read_bytes() == b"data"


def test_a_working_name_is_never_overwritten(inbox: Path) -> None:
    """If another file has the working name, both files stay where they are."""
    source, working, expected = arrived(inbox, "a.csv")
    working.write_bytes(b"another one")
    (result,) = claim([(source, working, expected)])
    assert isinstance(result, NameTaken)
    assert source.read_bytes() == b"data"
    assert working.read_bytes() == b"another one"


def test_a_new_file_in_the_place_of_a_claimed_one_is_left_alone(inbox: Path) -> None:
    """Recovery does not take the sender's next file of the same name for the claimed one."""
    item = arrived(inbox, "a.csv", b"first")
    assert claim([item]) == [None]
    (inbox / "a.csv").write_bytes(b"second file")
    assert claim([item]) == [None]
    assert (inbox / "a.csv").read_bytes() == b"second file"
    assert item[1].read_bytes() == b"first"


def test_a_file_exchanged_in_the_last_moment_goes_back(inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is replaced between look and rename is put back: nothing proves it complete."""
    item = arrived(inbox, "a.csv", b"proved complete")
    real = moves._rename_noreplace

    def exchange_then_rename(source: bytes, target: bytes) -> None:
        if os.fsdecode(source) == str(item[0]):
            (inbox / "next").write_bytes(b"half of the ne")
            os.replace(inbox / "next", item[0])
        real(source, target)

    monkeypatch.setattr(moves, "_rename_noreplace", exchange_then_rename)
    (result,) = claim([item])
    assert isinstance(result, FileChanged)
    assert item[0].read_bytes() == b"half of the ne"
    assert not item[1].exists()


def test_two_files_cannot_share_a_working_name(inbox: Path) -> None:
    """The second of two files for one working name is refused, and is not lost."""
    one, other = arrived(inbox, "a.csv", b"one!"), arrived(inbox, "b.csv", b"two!")
    results = claim([one, (other[0], one[1], other[2])])
    assert results[0] is None
    assert isinstance(results[1], NameTaken)
    assert other[0].read_bytes() == b"two!"


def test_hostile_names_are_claimed(inbox: Path) -> None:
    """Names of any bytes are claimed like others."""
    names = ["with space", "two\nlines", os.fsdecode(b"\xff\xfe"), "-rf", "x" * 240]
    items = [arrived(inbox, name) for name in names]
    assert claim(items) == [None] * len(names)


def test_a_source_on_another_file_system_is_copied_and_removed(inbox: Path) -> None:
    """A claim over file systems leaves the whole file in working and nothing at the source."""
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == inbox.stat().st_dev:
        pytest.skip("there is no second file system to write to")
    source = other / f"gateway-claim-{os.getpid()}.csv"
    source.write_bytes(b"data")
    item = (source, inbox.parent / "working" / "T-a.csv", sighting(source))
    assert claim([item]) == [None]
    assert claim([item]) == [None]
    assert not source.exists()
    assert item[1].read_bytes() == b"data"
