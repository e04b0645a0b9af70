"""Verification on several cores, and how often it reads: the same report, every file read once."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import pulse
from gateway.custody import days, look
from gateway.custody.days import Hasher
from gateway.custody.differences import VerifyReport
from gateway.custody.layout import Layout, manifest_of
from gateway.custody.settle import settle
from gateway.custody.verify import verify_archive
from gateway.errors import CustodyError, FileMissing
from gateway.model import Disposition
from tests.custody.custody_samples import DAY, ROUTE, in_work, new_site
from tests.custody.test_verify import ledger_view


@pytest.fixture
def archive(tmp_path: Path) -> Layout:
    """A site with files on several days, a duplicate and a failed file."""
    layout = new_site(tmp_path)
    samples = [in_work(layout, number, done_marker=number == 2) for number in range(1, 6)]
    samples.append(in_work(layout, 6, disposition=Disposition.DUPLICATE))
    samples.append(in_work(layout, 7, disposition=Disposition.FAILED, report="wrong\n", done_marker=True))
    assert settle([sample.item for sample in samples]) == [None] * len(samples)
    return layout


def _altered(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b" ")


def _linked(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


def _unlisted(path: Path) -> None:
    path.with_name("manifest-sha256.txt").unlink()


def _pipe_for_a_list(path: Path) -> None:
    path.with_name("manifest-sha256.txt").unlink()
    os.mkfifo(path.with_name("manifest-sha256.txt"))


def _badly_listed(path: Path) -> None:
    with path.with_name("manifest-sha256.txt").open("a", encoding="ascii") as file:
        file.write("no line\n")


TAMPERING: tuple[Callable[[Path], None], ...] = (
    _altered,
    Path.unlink,
    _linked,
    _unlisted,
    _pipe_for_a_list,
    _badly_listed,
    lambda path: manifest_of(path).unlink(),
    lambda path: _altered(manifest_of(path)),
    lambda path: path.with_name("by hand").touch(),
)


@pytest.mark.parametrize("number", range(len(TAMPERING)))
def test_several_cores_find_the_same_in_the_same_order(
    archive: Layout, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Whatever is wrong, and however many cores there are, the report shall be the same one."""
    known = ledger_view(archive)
    victims = sorted((archive.site / "processed" / ROUTE / DAY).glob("*.csv"))
    for victim in victims[1:4:2]:
        if victim.exists() and victim.with_name("manifest-sha256.txt").is_file():
            TAMPERING[number](victim)
    monkeypatch.setattr(days, "_LARGE", 1)
    reports: list[tuple[VerifyReport, list[tuple[str, int]]]] = []
    for cores in (1, 3):
        monkeypatch.setattr(days, "_cores", lambda cores=cores: cores)
        told: list[tuple[str, int]] = []
        progress = lambda path, size, told=told: told.append((path, size))  # noqa: E731 # bound to this turn
        reports.append((verify_archive(archive, known, progress), told))
    assert not reports[0][0].is_clean
    assert reports[0] == reports[1]


def test_every_archived_file_is_read_once(archive: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """A manifest shall be hashed and understood by the same reading, and no listed file be read twice."""
    opened: Counter[str] = Counter()
    real = os.open

    def counting(path: Any, *arguments: Any, **named: Any) -> int:
        opened[os.fspath(path)] += 1
        return real(path, *arguments, **named)

    monkeypatch.setattr(os, "open", counting)
    report = verify_archive(archive)
    listed = [path for path in opened if f"{os.sep}failed{os.sep}" not in path]
    assert len(listed) == 15  # five files, a marker, a duplicate, their manifests, and the lists of two days
    assert {opened[path] for path in listed} == {1}
    assert report.is_clean


def _noting(directories: Iterable[str], looked: list[str]) -> Iterator[str]:
    for directory in directories:
        looked.append(directory)
        yield directory


def test_an_archive_of_one_large_file_a_day_keeps_all_cores_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of later days shall be hashed while one of an earlier day is waited for."""
    homes = []
    for day in range(1, 6):
        homes.append(tmp_path / f"2026-11-{day:02d}")
        homes[-1].mkdir()
        (homes[-1] / "large").write_bytes(b"x")
        (homes[-1] / "manifest-sha256.txt").write_text(f"{'0' * 64}  large\n", encoding="ascii")
    monkeypatch.setattr(days, "_LARGE", 1)
    monkeypatch.setattr(days, "_WAITING", 2)
    looked: list[str] = []
    with Hasher(cores=2) as hasher:
        found = hasher.days(_noting(map(str, homes), looked))
        assert next(found).directory == str(homes[0])
        assert len(looked) == 4  # two files for each core
        hasher.hash(str(homes[0] / "large"))
        next(found)
        assert len(looked) == 5


def test_few_names_are_held_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Days without large files shall be looked at ahead only up to a number of names."""
    for day in range(9):
        (tmp_path / f"{day}").mkdir()
        for name in range(4):
            (tmp_path / f"{day}" / f"{name}").touch()
    monkeypatch.setattr(days, "_MANY_NAMES", 10)
    looked: list[str] = []
    with Hasher(cores=2) as hasher:
        directories = _noting((str(tmp_path / f"{day}") for day in range(9)), looked)
        for number, found in enumerate(hasher.days(directories)):
            assert len(found.sizes) == 4
            assert len(looked) <= number + 3


def test_what_nobody_waits_for_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where verification ends early, a file that is being hashed shall not hold it up."""

    def endless(_path: str) -> tuple[str, int]:
        while True:
            pulse.beat()
            time.sleep(0.01)

    (tmp_path / "large").write_bytes(b"x")
    (tmp_path / "manifest-sha256.txt").write_text(f"{'0' * 64}  large\n", encoding="ascii")
    monkeypatch.setattr(days, "_LARGE", 1)
    monkeypatch.setattr(days, "hash_file", endless)
    monkeypatch.setattr(pulse, "_SECONDS", 0.01)
    with Hasher(cores=2) as hasher:
        next(hasher.days([str(tmp_path)]))


def test_what_is_wrong_with_a_file_is_told_where_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that goes while it waits for its turn shall be missing, as one that was never there."""
    (tmp_path / "large").write_bytes(b"x")
    (tmp_path / "manifest-sha256.txt").write_text(f"{'0' * 64}  large\n", encoding="ascii")
    monkeypatch.setattr(days, "_LARGE", 1)
    with Hasher(cores=2) as hasher:
        day = days.look_at(str(tmp_path))
        (tmp_path / "large").unlink()
        monkeypatch.setattr(days, "look_at", lambda _directory: day)
        next(hasher.days([str(tmp_path)]))
        with pytest.raises(FileMissing):
            hasher.hash(str(tmp_path / "large"))


def test_sizes_name_what_a_look_sees(tmp_path: Path) -> None:
    """The short look shall see the same entries: regular files with their sizes, all else with none."""
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "directory").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "file")
    os.mkfifo(tmp_path / "pipe")
    seen = {one.name: one.size if one.kind == "file" else 0 for one in look.look(tmp_path)}
    assert look.sizes(tmp_path) == seen == {"file": 5, "directory": 0, "link": 0, "pipe": 0}
    with pytest.raises(CustodyError):
        look.sizes(tmp_path / "absent")


@given(st.lists(st.sampled_from(["a", ".", "..", ".b", "", "c d"]), max_size=6), st.booleans())
def test_a_path_in_the_site_is_the_same_however_it_is_found(parts: list[str], ends: bool) -> None:
    """A path relative to the site shall be the same however it is written."""
    layout = Layout("/srv/site")
    path = "/".join(["/srv/site", *parts]) + "/" * ends
    expected = os.path.relpath(os.path.abspath(path), "/srv/site")
    if expected == ".." or expected.startswith("../"):
        with pytest.raises(CustodyError):
            layout.relative(path)
    else:
        assert layout.relative(path) == expected
