"""Killed at any moment, and started again: the same end, and never a moment without the file.

A child process is killed before, or in the middle of, its n-th call that changes the disk, for
every n; then the same work is done again by a process that lives.
"""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.custody import moves, syncs, writes
from gateway.custody.claim import claim
from gateway.custody.layout import Layout
from gateway.custody.look import sighting
from gateway.custody.reopen import ReopenItem, reopen
from gateway.custody.settle import settle
from gateway.custody.verify import verify_archive
from gateway.model import Disposition
from tests.custody.custody_samples import DAY, ROUTE, Sample, in_work, new_site, tree

#: Every call by which custody changes the disk.
CALLS = [
    (os, "write"),
    (os, "fsync"),
    (os, "mkdir"),
    (os, "link"),
    (os, "unlink"),
    (os, "replace"),
    (os, "utime"),
    (os, "ftruncate"),
    (moves, "_rename_noreplace"),
    (syncs, "_syncfs"),
    (syncs, "_sync_range"),
]
Work = Callable[[], object]


def kill_at(number: int, work: Work) -> bool:
    """Run ``work`` in a child that dies at its ``number``-th call; return whether it died."""
    child = os.fork()
    if child == 0:
        try:
            _arm(number)
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def _arm(number: int) -> None:
    left = [number]

    def armed(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                if name == "write":  # torn: half of the bytes are on the disk
                    real(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **options)

        return call

    for module, name in CALLS:
        setattr(module, name, armed(name, getattr(module, name)))


def killed_at_every_call(prepare: Callable[[int], Work], check: Callable[[int], None]) -> int:
    """Kill ``prepare(n)``'s work at call n and check, for n = 1, 2, ... until it survives."""
    number = 1
    while kill_at(number, prepare(number)):
        check(number)
        number += 1
    return number - 1


def batch(layout: Layout) -> list[Sample]:
    """Three files with all that may come with one, in two dispositions."""
    return [
        in_work(layout, 1, done_marker=True),
        in_work(layout, 2, content=b"x" * 3000),
        in_work(layout, 3, disposition=Disposition.FAILED, report="wrong row\n"),
    ]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A directory in memory where there is one: a kill loses no page, so no disk has to be waited for."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="gateway-crash-", dir=memory) as directory:
        yield Path(directory)


@pytest.mark.parametrize("way", ["renameat2", "link"])
def test_settling_survives_a_kill_at_every_call(
    disk: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Wherever settling is cut off, every byte is still there, and settling again ends the same."""
    if way == "link":
        monkeypatch.setattr(moves, "_rename_noreplace", _unknown)
    whole = new_site(disk / "whole")
    assert settle([sample.item for sample in batch(whole)]) == [None] * 3
    expected = _contents(whole)
    samples: dict[int, list[Sample]] = {}

    def prepare(number: int) -> Work:
        layout = new_site(disk / str(number))
        samples[number] = batch(layout)
        return lambda: settle([sample.item for sample in samples[number]])

    def check(number: int) -> None:
        for sample in samples[number]:
            places = [path for path in (sample.item.working, sample.item.target) if os.path.exists(path)]
            contents = {Path(path).read_bytes() for path in places}
            assert len(contents) == 1, f"call {number}"
            assert len(places) == 1 or way == "link"
        assert settle([sample.item for sample in samples[number]]) == [None] * 3
        layout = Layout(disk / str(number))
        assert _contents(layout) == expected, f"call {number}"
        assert verify_archive(layout).totals == verify_archive(whole).totals

    assert killed_at_every_call(prepare, check) > 15


def test_a_second_batch_survives_a_kill_at_every_call(disk: Path) -> None:
    """A day list that has entries already is neither torn for good nor given an entry twice."""
    samples: dict[int, list[Sample]] = {}

    def prepare(number: int) -> Work:
        layout = new_site(disk / str(number))
        settle([in_work(layout, 9).item])
        samples[number] = [in_work(layout, 1), in_work(layout, 2)]
        return lambda: settle([sample.item for sample in samples[number]])

    def check(number: int) -> None:
        assert settle([sample.item for sample in samples[number]]) == [None] * 2
        layout = Layout(disk / str(number))
        lines = (layout.processed(ROUTE, DAY) / "manifest-sha256.txt").read_text().splitlines()
        assert len(lines) == len(set(lines)) == 6
        assert verify_archive(layout).is_clean

    assert killed_at_every_call(prepare, check) > 8


def test_claiming_survives_a_kill_at_every_call(tmp_path: Path) -> None:
    """Wherever a claim is cut off, each file is in the inbox or in work, and claiming again ends it."""
    items: dict[int, list[Any]] = {}

    def prepare(number: int) -> Work:
        inbox, working = tmp_path / f"{number}-inbox", tmp_path / f"{number}-working"
        inbox.mkdir()
        working.mkdir()
        items[number] = []
        for name in ("a", "b", "c"):
            (inbox / name).write_bytes(name.encode())
            items[number].append((inbox / name, working / name, sighting(inbox / name)))
        return lambda: claim(items[number])

    def check(number: int) -> None:
        for source, working, _ in items[number]:
            assert source.exists() != working.exists()
        assert claim(items[number]) == [None] * 3
        assert [working.read_bytes() for _, working, _ in items[number]] == [b"a", b"b", b"c"]

    assert killed_at_every_call(prepare, check) == 8


def test_a_claim_over_file_systems_survives_a_kill_at_every_call(tmp_path: Path) -> None:
    """Wherever copy, sync, rename and removal are cut off, a whole copy is left and the claim ends."""
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system to write to")
    source = other / f"gateway-crash-{os.getpid()}.csv"
    content = os.urandom(300_000)
    items: dict[int, Any] = {}

    def prepare(number: int) -> Work:
        (tmp_path / str(number)).mkdir()
        source.write_bytes(content)
        items[number] = (source, tmp_path / str(number) / "T1-a.csv", sighting(source))
        return lambda: claim([items[number]])

    def check(number: int) -> None:
        copies = [path for path in items[number][:2] if path.exists() and path.read_bytes() == content]
        assert copies, f"call {number}"
        assert claim([items[number]]) == [None]
        assert not source.exists()
        assert tree(tmp_path / str(number)) == {"T1-a.csv": content}

    try:
        assert killed_at_every_call(prepare, check) > 8
    finally:
        source.unlink(missing_ok=True)


def test_reopening_survives_a_kill_at_every_call(disk: Path) -> None:
    """Wherever the way back is cut off, the file is there, and going on ends the same."""
    items: dict[int, list[ReopenItem]] = {}

    def prepare(number: int) -> Work:
        layout = new_site(disk / str(number))
        samples = [in_work(layout, one, done_marker=True) for one in (1, 2)]
        settle([sample.item for sample in samples])
        items[number] = [
            ReopenItem(one.transfer.id, one.target, one.item.working, one.item.companions, one.item.day_list)
            for one in samples
        ]
        return lambda: reopen(items[number])

    def check(number: int) -> None:
        for item in items[number]:
            assert os.path.exists(item.settled) != os.path.exists(item.working)
        assert reopen(items[number]) == [None] * 2
        layout = Layout(disk / str(number))
        assert len(os.listdir(layout.working(ROUTE))) == 4
        assert tree(layout.site / "processed") == {f"{ROUTE}/{DAY}/manifest-sha256.txt": b""}

    assert killed_at_every_call(prepare, check) > 8


def test_replacing_a_file_survives_a_kill_at_every_call(disk: Path) -> None:
    """A file that is replaced has its old or its new content at every moment, never half."""
    path = disk / "state"

    def prepare(number: int) -> Work:
        path.write_bytes(b"old")
        return lambda: writes.replace(path, b"new content")

    def check(number: int) -> None:
        assert path.read_bytes() in (b"old", b"new content")
        writes.replace(path, b"newer")
        assert tree(disk) == {"state": b"newer"}

    assert killed_at_every_call(prepare, check) >= 4


def _contents(layout: Layout) -> dict[str, bytes]:
    """Return the site's files; manifests tell of paths that differ from site to site."""
    return {
        name: b"" if name.endswith((".manifest.json", "manifest-sha256.txt")) else data
        for name, data in tree(layout.site).items()
    }


def _unknown(source: bytes, target: bytes) -> None:
    raise OSError(22, "Invalid argument")
