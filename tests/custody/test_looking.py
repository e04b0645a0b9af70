"""Looking and opening: every kind of entry is seen, only regular files are opened."""

from __future__ import annotations

import hashlib
import os
import socket
from typing import TYPE_CHECKING

import pytest

from gateway.custody.copies import copy_new, hash_file
from gateway.custody.layout import Layout, manifest_of, report_of
from gateway.custody.look import fingerprint, inside, look, open_regular, sighting
from gateway.errors import AccessDenied, CustodyError, FileMissing, NameTaken, NotRegular, OutsideSite

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = [
    b"with space.csv",
    b"quo'te\".csv",
    b"two\nlines.csv",
    b"not-utf8-\xff\xfe.csv",
    b"-rf",
    b"...",
    b"..data",
    b"x" * 255,
]


def entries_of_every_kind(directory: Path) -> None:
    (directory / "file").write_bytes(b"data")
    (directory / "directory").mkdir()
    (directory / "symlink").symlink_to(directory / "file")
    (directory / "dangling").symlink_to("/nowhere")
    os.mkfifo(directory / "fifo")
    with socket.socket(socket.AF_UNIX) as one:
        os.chdir(directory)  # the path of a socket must be short
        one.bind("socket")


def test_a_look_tells_every_kind_and_follows_no_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look names what each entry is; a link is a link, whatever it points to."""
    monkeypatch.chdir(tmp_path)
    entries_of_every_kind(tmp_path)
    kinds = {seen.name: seen.kind for seen in look(tmp_path)}
    assert kinds == {
        "file": "file",
        "directory": "directory",
        "symlink": "symlink",
        "dangling": "symlink",
        "fifo": "fifo",
        "socket": "socket",
    }


def test_a_look_knows_size_time_and_inode(tmp_path: Path) -> None:
    """A sighting has what tells a change: size, modification time, inode."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"12345")
    os.utime(path, ns=(5, 1_700_000_000_123_456_789))
    (seen,) = look(tmp_path)
    assert (seen.size, seen.mtime_ns, seen.inode) == (5, 1_700_000_000_123_456_789, path.stat().st_ino)
    assert seen.readable
    assert seen == sighting(path)


def test_known_names_are_left_out(tmp_path: Path) -> None:
    """Names the caller knows are not looked at again."""
    for name in ("old.csv", "new.csv"):
        (tmp_path / name).touch()
    assert [seen.name for seen in look(tmp_path, known={"old.csv"})] == ["new.csv"]


@pytest.mark.parametrize("raw", HOSTILE)
def test_hostile_names_are_seen_opened_and_copied(tmp_path: Path, raw: bytes) -> None:
    """Any name a file system allows is handled with its exact bytes."""
    path = os.path.join(os.fsencode(tmp_path), raw)
    with open(path, "wb") as file:
        file.write(b"data")
    (seen,) = look(tmp_path)
    assert os.fsencode(seen.name) == raw
    source = os.path.join(tmp_path, seen.name)
    assert copy_new(source, tmp_path / "copy") == (hashlib.sha256(b"data").hexdigest(), 4)


@pytest.mark.parametrize("kind", ["directory", "symlink", "dangling", "fifo", "socket"])
def test_only_regular_files_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Opening anything but a regular file is refused at once, naming what it is."""
    monkeypatch.chdir(tmp_path)
    entries_of_every_kind(tmp_path)
    word = "symlink" if kind == "dangling" else kind
    with pytest.raises(NotRegular, match=f"This is a {word}, not a regular file"):
        open_regular(tmp_path / kind)
    with pytest.raises(NotRegular):
        hash_file(tmp_path / kind)


def test_a_device_is_never_opened() -> None:
    """A device is refused although it could be read for ever."""
    with pytest.raises(NotRegular, match="This is a device"):
        hash_file("/dev/zero")


def test_a_link_put_in_place_after_the_look_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that becomes a link between look and opening is refused all the same."""
    (tmp_path / "file").write_bytes(b"secret")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    monkeypatch.setattr(os, "lstat", os.stat)  # the look still saw a file
    with pytest.raises(NotRegular, match="Became a link"):
        open_regular(tmp_path / "link")


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    """A file that is gone gives an error of its own, with the operation and the place."""
    with pytest.raises(FileMissing, match=r"Cannot open .*gone.csv"):
        open_regular(tmp_path / "gone.csv")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_says_what_to_do(tmp_path: Path) -> None:
    """A file that may not be read is seen as such, and the error says whose matter it is."""
    path = tmp_path / "secret.csv"
    path.write_bytes(b"x")
    path.chmod(0)
    assert not sighting(path).readable
    with pytest.raises(AccessDenied, match="Correct owner or permissions"):
        open_regular(path)


def test_a_directory_that_cannot_be_listed_says_so(tmp_path: Path) -> None:
    """Looking into something that is no directory is a custody error, not a traceback."""
    (tmp_path / "file").touch()
    with pytest.raises(CustodyError, match="Cannot list"):
        list(look(tmp_path / "file"))


def test_a_fingerprint_tells_a_change(tmp_path: Path) -> None:
    """A file that was written to has another fingerprint."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"1")
    with open_regular(path) as file:
        before = fingerprint(file.fileno())
        path.write_bytes(b"12")
        assert fingerprint(file.fileno()) != before


def test_a_copy_never_overwrites(tmp_path: Path) -> None:
    """Copying onto a name that exists is refused and leaves both files alone."""
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    with pytest.raises(NameTaken):
        copy_new(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"b"


def test_a_path_that_leaves_the_site_is_refused(tmp_path: Path) -> None:
    """A path that leads out of the site, by dots or by a link, is refused."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "link").symlink_to(tmp_path)
    for path in (site / ".." / "other", site / "link" / "x", tmp_path / "site2"):
        with pytest.raises(OutsideSite):
            inside(site, path)
    assert inside(site, site / "a" / "b") == str(site / "a" / "b")


def test_the_layout_is_the_documented_one(tmp_path: Path) -> None:
    """A site has the directories that the documentation shows."""
    layout = Layout(tmp_path)
    layout.create(["orders"])
    layout.create(["orders", "boms"])  # again, with one more route
    for area in ("inbox", "working", "processed", "duplicates", "failed", "replay"):
        assert (tmp_path / area / "orders").is_dir()
        assert (tmp_path / area / "boms").is_dir()
    assert layout.processed("orders", "2026-11-22") == tmp_path / "processed/orders/2026-11-22"
    assert manifest_of(layout.failed("orders") / "a.xml") == tmp_path / "failed/orders/a.xml.manifest.json"
    assert report_of(layout.failed("orders") / "a.xml") == tmp_path / "failed/orders/a.xml.report.txt"
    assert layout.absolute(layout.relative(layout.ledger_file)) == layout.ledger_file


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0b"])
def test_the_layout_takes_single_names_only(tmp_path: Path, name: str) -> None:
    """A route or file name that is a path cannot lead elsewhere."""
    with pytest.raises(OutsideSite):
        Layout(tmp_path).working(name)
    with pytest.raises(OutsideSite):
        Layout(tmp_path).working_file("orders", name)
    with pytest.raises(OutsideSite):
        Layout(tmp_path).processed("orders", "2026-11-2\n")
    with pytest.raises(OutsideSite):
        Layout(tmp_path).relative(tmp_path / ".." / "x")
