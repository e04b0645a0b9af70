"""The power of a real file system is cut off, mounted again, and the gateway goes on from what is there.

ext4 in an image on a loop device: the gateway is killed at a seeded call, then the file system is shut down
without writing anything more (the ioctl that its own developers test with), and its journal is replayed.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.faults.apart import apart
from tests.faults.bench import Bench
from tests.faults.shim import CHANGES, Action, Control, Fault, Kind

_SHUTDOWN = 0x8004587D
_WITHOUT_LOG = 2
_MEBIBYTES = 192
#: One pass over the site ``sys.argv[1]``, in the day that began at ``sys.argv[2]``.
_PASS = """
import sys, pathlib
from tests.faults.day import DayClock
from tests.pipeline.plant import Plant
Plant(pathlib.Path(sys.argv[1]), DayClock(begun=float(sys.argv[2]))).run()
"""


class Image:
    """An ext4 file system in a file, mounted; a context manager."""

    def __init__(self, directory: Path) -> None:
        """Make it in ``directory``, mounted at ``mount`` there."""
        self._image, self.mount = directory / "image", directory / "mount"

    def __enter__(self) -> Image:
        """Make and mount it; raises CalledProcessError where that is not allowed."""
        self.mount.mkdir()
        with self._image.open("wb") as file:
            file.truncate(_MEBIBYTES * 2**20)
        subprocess.run(["mkfs.ext4", "-q", str(self._image)], check=True)
        self._mount()
        return self

    def __exit__(self, *_: object) -> None:
        """Unmount it."""
        subprocess.run(["umount", "-l", str(self.mount)], check=True)

    def cut(self) -> None:
        """Lose everything that is not on the device, and mount again what is."""
        descriptor = os.open(self.mount, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, _SHUTDOWN, ctypes.c_uint32(_WITHOUT_LOG))
        finally:
            os.close(descriptor)
        subprocess.run(["umount", str(self.mount)], check=True)
        self._mount()

    def _mount(self) -> None:
        subprocess.run(["mount", "-o", "loop", str(self._image), str(self.mount)], check=True)


def reason_not_to() -> str | None:
    """Return why no file system can be cut off here; None where one can."""
    if os.geteuid() != 0:
        return "only root may mount and shut down a file system"
    missing = [name for name in ("mkfs.ext4", "mount", "losetup") if shutil.which(name) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    if subprocess.run(["losetup", "--find"], capture_output=True).returncode:
        return "there is no free loop device"
    return None


def cut_apart(cuts: int, seed: int) -> Iterator[dict[str, Any]]:
    """Cut so often, in a process with the library; yield what came of each."""
    reason = reason_not_to()
    if reason is not None:
        raise SystemExit(f"The power cannot be cut off: {reason}")
    return apart("tests.faults.cuts", [str(cuts), str(seed)], 1)


def work(directory: Path, control: Path, cuts: int, seed: int) -> None:
    """Cut and recover, and print each outcome as a line: what a process with the library does."""
    dice = random.Random(seed)  # noqa: S311 - has to be the same again
    with Control(control) as told, Image(directory) as image:
        bench = Bench(image.mount / "bench", told)
        for _ in range(cuts):
            site = bench.copied()
            os.sync()
            changes = len([kind for kind, _call, _path in bench.calls if kind in CHANGES - {Kind.OPEN}])
            number = dice.randrange(1, changes + 1)
            told.arm(Fault(Action.KILL_BEFORE, number), below=site, kinds=CHANGES - {Kind.OPEN})
            subprocess.run([sys.executable, "-c", _PASS, str(site), str(bench.begun)], capture_output=True)
            fired = told.fired()
            told.disarm()
            image.cut()
            wrong = bench.compared(site)
            print(json.dumps({"point": number, "kind": "ext4", "wrong": wrong, "met": bool(fired)}))  # noqa: T201


if __name__ == "__main__":
    work(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[5]), int(sys.argv[6]))
