"""Files that come into a folder wake a pass; folders may go, come back and be too many."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.watching import Watch
from gateway.watching.watch import PROBE_PREFIX

_PATIENCE = 10.0


class Wakes:
    """What a watch called, and waiting for it."""

    def __init__(self) -> None:
        self.folders: list[Path] = []
        self._came = threading.Event()

    def __call__(self, folder: Path) -> None:
        """Note the folder."""
        self.folders.append(folder)
        self._came.set()

    def after(self, what: Callable[[], object]) -> bool:
        """Do something and return whether it called."""
        self._came.clear()
        what()
        return self._came.wait(_PATIENCE)


@contextmanager
def watching(*folders: Path) -> Iterator[tuple[Watch, Wakes]]:
    wakes = Wakes()
    watch = Watch(folders, wakes)
    watch.start()
    try:
        yield watch, wakes
    finally:
        watch.stop()


def look_until_woken(watch: Watch, wakes: Wakes) -> None:
    """Look after the folders again and again: the kernel's word that one has gone takes a moment."""
    deadline = time.monotonic() + _PATIENCE
    while not wakes.folders:
        assert time.monotonic() < deadline
        watch.look_after()


def inotify_descriptors() -> int:
    found = [os.readlink(f"/proc/self/fd/{one}") for one in os.listdir("/proc/self/fd") if one.isdigit()
             if os.path.lexists(f"/proc/self/fd/{one}")]  # fmt: skip
    return sum("inotify" in one for one in found)


def test_whatever_way_a_file_comes_a_pass_is_woken(tmp_path: Path) -> None:
    """A file that is written, moved in, linked in or renamed in place shall wake its folder."""
    inbox, aside = tmp_path / "in", tmp_path / "aside"
    inbox.mkdir()
    aside.write_text("x")
    with watching(inbox) as (watch, wakes):
        assert watch.unwatched == {}
        assert wakes.after(lambda: (inbox / "written").write_text("x"))
        assert wakes.after(lambda: os.link(aside, inbox / "linked"))
        assert wakes.after(lambda: aside.rename(inbox / "moved.tmp"))
        assert wakes.after(lambda: (inbox / "moved.tmp").rename(inbox / "moved"))
        assert wakes.after(lambda: (inbox / os.fsdecode(b"\xff")).write_text("x"))
    assert set(wakes.folders) == {inbox}


def test_what_the_gateway_does_itself_wakes_nothing(tmp_path: Path) -> None:
    """Taking files away, reading them and probing shall not wake a pass."""
    inbox = tmp_path / "in"
    inbox.mkdir()
    (inbox / "a").write_text("x")
    with watching(inbox) as (_watch, wakes):
        (inbox / "a").read_text()
        (inbox / "a").rename(tmp_path / "a")
        (inbox / f"{PROBE_PREFIX}host").touch()
        (inbox / f"{PROBE_PREFIX}host").unlink()
        (inbox / "directory").mkdir()
        assert wakes.after((inbox / "last").touch)
    # made, and closed after writing
    assert len(wakes.folders) <= 2


def test_a_folder_that_is_a_link_is_watched_where_it_leads(tmp_path: Path) -> None:
    """A folder given by a symbolic link shall be watched at its end, and anew where the link changes."""
    first, second, link = tmp_path / "1", tmp_path / "2", tmp_path / "in"
    first.mkdir()
    second.mkdir()
    link.symlink_to(first)
    with watching(link) as (watch, wakes):
        assert wakes.after((first / "x").touch)
        link.unlink()
        link.symlink_to(second)
        assert wakes.after(watch.look_after)
        assert wakes.after((second / "x").touch)


@pytest.mark.parametrize("end", ["removed", "renamed"])
def test_a_folder_that_goes_and_comes_back_is_watched_again(tmp_path: Path, end: str) -> None:
    """A folder that is replaced shall be unwatched with a reason, then watched again and woken once."""
    inbox = tmp_path / "in"
    inbox.mkdir()
    with watching(inbox) as (watch, wakes):
        if end == "removed":
            shutil.rmtree(inbox)
        else:
            inbox.rename(tmp_path / "old")
        watch.look_after()
        assert watch.unwatched == {inbox: "it is not there"}
        inbox.mkdir()
        (inbox / "came-meanwhile").touch()
        assert wakes.after(watch.look_after)
        assert watch.unwatched == {}
        assert wakes.after((inbox / "x").touch)


def test_a_folder_that_was_replaced_between_two_looks_is_watched_again(tmp_path: Path) -> None:
    """A folder that stands under the same name and is another one shall be found out."""
    inbox = tmp_path / "in"
    inbox.mkdir()
    with watching(inbox) as (watch, wakes):
        shutil.rmtree(inbox)
        inbox.mkdir()  # often with the same inode
        look_until_woken(watch, wakes)
        assert wakes.after((inbox / "x").touch)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_folder_that_was_unmounted_and_mounted_is_watched_again(tmp_path: Path) -> None:
    """The same file system mounted anew, with the same inode, shall be watched again."""
    image, inbox = tmp_path / "image", tmp_path / "in"
    inbox.mkdir()
    with image.open("wb") as file:
        file.truncate(2 * 1024 * 1024)
    mount = ["mount", "-o", "loop", str(image), str(inbox)]
    program = shutil.which("mkfs.ext4", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if program is None:
        pytest.skip("no mkfs.ext4 here")
    made = subprocess.run([program, "-q", "-F", str(image)], capture_output=True)
    if made.returncode or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no loop devices here")
    try:
        with watching(inbox) as (watch, wakes):
            subprocess.run(["umount", str(inbox)], check=True)
            subprocess.run(mount, check=True)
            look_until_woken(watch, wakes)
            assert wakes.after((inbox / "x").touch)
    finally:
        subprocess.run(["umount", "-l", str(inbox)], check=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_unwatched(tmp_path: Path) -> None:
    """A folder that the account may not read shall not be taken for watched."""
    (tmp_path / "in").mkdir(mode=0o300)
    with watching(tmp_path / "in") as (watch, _wakes):
        assert watch.unwatched == {tmp_path / "in": "the gateway's account may not read it"}


def test_one_folder_that_cannot_be_watched_leaves_the_others(tmp_path: Path) -> None:
    """A missing folder and a file in a folder's place shall be named, and the rest be watched."""
    (tmp_path / "in").mkdir()
    (tmp_path / "file").touch()
    folders = tmp_path / "missing", tmp_path / "file", tmp_path / "in", tmp_path / "in"
    with watching(*folders) as (watch, wakes):
        assert watch.unwatched == {
            tmp_path / "missing": "it is not there",
            tmp_path / "file": "it is not a directory",
        }
        assert wakes.after((tmp_path / "in" / "x").touch)


def test_the_limit_of_instances_is_said_and_ends_nothing(tmp_path: Path) -> None:
    """Where the kernel gives no inotify, folders are unwatched with the setting to raise, until it does."""
    script = """
import resource, sys, pathlib
from gateway.watching import Watch, probe
resource.setrlimit(resource.RLIMIT_NOFILE, (3, 50))
folder = pathlib.Path(sys.argv[1])
watch = Watch([folder], print)
watch.start()
print(watch.unwatched[folder])
watch.look_after()
print(probe(folder).works)
resource.setrlimit(resource.RLIMIT_NOFILE, (50, 50))
watch.look_after()
print(dict(watch.unwatched))
watch.stop()
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, timeout=30
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "the kernel's limit of inotify instances is reached: raise fs.inotify.max_user_instances",
        "False",
        str(tmp_path),
        "{}",
    ]


@pytest.mark.slow
def test_a_burst_of_files_costs_no_wake_up_at_the_end(tmp_path: Path) -> None:
    """After more files at once than the kernel's queue may hold, the next file shall still wake."""
    inbox = tmp_path / "in"
    inbox.mkdir()
    with watching(inbox) as (_watch, wakes):
        for number in range(20_000):
            os.close(os.open(inbox / str(number), os.O_CREAT | os.O_WRONLY))
        assert wakes.after((inbox / "last").touch)


def test_an_idle_watch_sleeps_in_the_kernel(tmp_path: Path) -> None:
    """Without events no thread of a watch shall run: the machine is not woken for nothing."""
    folders = [tmp_path / str(number) for number in range(10)]
    for folder in folders:
        folder.mkdir()
    before = set(os.listdir("/proc/self/task"))
    with watching(*folders):
        mine = set(os.listdir("/proc/self/task")) - before
        assert len(mine) == len(folders) + 2
        assert settled(mine) == settled(mine)


def settled(threads: set[str]) -> int:
    """Return how often the threads were put on a processor, once none of them runs, after a while."""
    time.sleep(0.3)  # not for something to happen, but for nothing to happen
    total = 0
    for thread in threads:
        for line in Path(f"/proc/self/task/{thread}/status").read_text().splitlines():
            if "ctxt_switches" in line:
                total += int(line.split()[1])
    return total


def test_watches_that_come_and_go_leave_nothing_behind(tmp_path: Path) -> None:
    """Starting, stopping and starting again shall leave no thread and no inotify behind."""
    threads, descriptors = threading.active_count(), inotify_descriptors()
    for number in range(20):
        wakes = Wakes()
        watch = Watch([tmp_path, tmp_path / "missing"], wakes)
        watch.start()
        watch.stop()
        watch.start()
        assert wakes.after((tmp_path / str(number)).touch)
        watch.stop()
        watch.stop()
        watch.look_after()
        assert watch.unwatched[tmp_path] == "watching has ended"
    assert (threading.active_count(), inotify_descriptors()) == (threads, descriptors)
