"""The library between a process and its files: it sees every call, and does what it is told."""

from __future__ import annotations

import errno
import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.shim import CHANGES, LOOKS, Action, Control, Fault, Kind, environment, journal

#: Does something of everything below sys.argv[1], and says what each step came to.
PROGRAM = """
import ctypes, errno, json, os, sqlite3, sys
top = sys.argv[1]
libc = ctypes.CDLL(None, use_errno=True)
said = {}
def step(name, work):
    try:
        said[name] = work()
    except OSError as error:
        said[name] = errno.errorcode[error.errno]
def write():
    with open(f"{top}/a", "wb", buffering=0) as file:
        count = file.write(b"0123456789")
        os.fsync(file.fileno())
        os.fdatasync(file.fileno())
    return count
def copy():
    with open(f"{top}/a", "rb") as source, open(f"{top}/b", "wb", buffering=0) as target:
        count = os.copy_file_range(source.fileno(), target.fileno(), 4)
        count += os.sendfile(target.fileno(), source.fileno(), 2, 4)
        os.pwrite(target.fileno(), b"xy", 0)
        os.writev(target.fileno(), [b"12", b"345"])
        os.ftruncate(target.fileno(), 9)
        os.posix_fallocate(target.fileno(), 0, 20)
        os.fchmod(target.fileno(), 0o600)
        libc.syncfs(target.fileno())
    return count
def names():
    os.mkdir(f"{top}/d"); at = os.open(f"{top}/d", os.O_RDONLY)
    os.rename(f"{top}/a", f"{top}/d/a")
    assert libc.renameat2(-100, f"{top}/d/a".encode(), -100, f"{top}/d/c".encode(), 1) == 0
    os.link(f"{top}/d/c", f"{top}/e"); os.symlink("e", f"{top}/f")
    os.unlink("c", dir_fd=at); os.unlink(f"{top}/f"); os.rmdir(f"{top}/d"); os.close(at)
    os.utime(f"{top}/e"); os.chmod(f"{top}/e", 0o640); os.truncate(f"{top}/e", 3)
def look():
    os.stat(f"{top}/e"); os.lstat(f"{top}/e")
    return [sorted(os.listdir(top)), len(open(f"{top}/e", "rb").read())]
def database():
    base = sqlite3.connect(f"{top}/kept.db", isolation_level=None)
    base.execute("PRAGMA journal_mode=WAL"); base.execute("PRAGMA synchronous=FULL")
    base.execute("CREATE TABLE t (x)"); base.close()
for work in (write, copy, names, look, database):
    step(work.__name__, work)
print(json.dumps(said))
"""


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Control]:
    """Return a control of this test."""
    with Control(tmp_path / "control") as control:
        yield control


def tried(control: Control, top: Path) -> tuple[int, dict[str, Any]]:
    """Run the program in a directory; return its exit status and what it said."""
    top.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-S", "-c", PROGRAM, str(top)],
        env=environment(control.path),
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode, json.loads(done.stdout or "{}")


def test_every_call_on_files_is_seen_and_recorded(tmp_path: Path, control: Control) -> None:
    """The library shall record every call below the directory, with its effect, those of SQLite included."""
    control.arm(Fault(), below=tmp_path / "top", kinds=CHANGES | LOOKS, journal=tmp_path / "calls")
    assert tried(control, tmp_path / "top")[0] == 0
    calls = list(journal(tmp_path / "calls"))
    assert len(calls) == control.count()
    assert Counter(call.kind for call in calls) == control.counts()
    seen = {call.call for call in calls if "kept.db" not in call.path}
    assert seen >= {
        *("open", "write", "fsync", "fdatasync", "copy_file_range", "pwrite", "writev", "posix_fallocate"),
        *("fchmod", "syncfs", "mkdir", "rename", "renameat2", "symlink", "unlink", "unlinkat", "rmdir"),
        *("utimensat", "readdir", "read"),
    }
    copied = [call.data for call in calls if call.kind is Kind.COPY]
    assert copied == [b"0123", b"2345"]
    at = {(call.call, call.offset): call.data for call in calls if call.path == str(tmp_path / "top" / "b")}
    assert at["pwrite", 0] == b"xy"
    assert at["writev", 8] == b"12345"
    of_base = {call.kind for call in calls if "kept.db" in call.path and not call.error}
    assert of_base >= {Kind.CREATE, Kind.WRITE, Kind.DATASYNC, Kind.UNLINK, Kind.READ}


def test_a_process_dies_before_after_and_within_a_call(tmp_path: Path, control: Control) -> None:
    """The library shall kill before a write, after it, and when half of it is made."""
    for action, size in ((Action.KILL_BEFORE, 0), (Action.KILL_AFTER, 10), (Action.KILL_WITHIN, 5)):
        top = tmp_path / action.name
        control.arm(Fault(action), below=top, kinds={Kind.WRITE})
        assert tried(control, top)[0] == -signal.SIGKILL
        assert (top / "a").stat().st_size == size
        fired = control.fired()
        assert fired is not None
        assert (fired.kind, fired.path) == (Kind.WRITE, str(top / "a"))


def test_a_call_is_refused_once_or_from_then_on(tmp_path: Path, control: Control) -> None:
    """The library shall let a call end with an error, once or as long as it is told to, on that path."""
    control.arm(Fault(Action.REFUSE, error=errno.EIO), below=tmp_path / "1", kinds={Kind.SYNC, Kind.DATASYNC})
    said = tried(control, tmp_path / "1")[1]
    assert (said["write"], said["copy"]) == ("EIO", 8)
    lasting = Fault(Action.REFUSE, last=99, error=errno.ENOSPC)
    control.arm(lasting, below=tmp_path / "2", needle="/b", kinds={Kind.CREATE})
    said = tried(control, tmp_path / "2")[1]
    assert (said["write"], said["copy"], said["names"]) == (10, "ENOSPC", None)


def test_a_write_is_cut_short_and_a_reply_is_lost(tmp_path: Path, control: Control) -> None:
    """The library shall tell of half a write, and let a call that was made end with an error."""
    control.arm(Fault(Action.CUT_SHORT), below=tmp_path / "1", kinds={Kind.WRITE})
    assert tried(control, tmp_path / "1")[1]["write"] == 5
    control.arm(Fault(Action.REFUSE_AFTER, error=errno.EIO), below=tmp_path / "2", kinds={Kind.RENAME})
    assert tried(control, tmp_path / "2")[1]["names"] == "EIO"
    assert (tmp_path / "2" / "d" / "a").exists()
