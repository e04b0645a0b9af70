"""Whether a folder tells of what comes into it: tried, not assumed. Network shares often do not."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import threading
from dataclasses import dataclass
from pathlib import Path

from gateway.watching.watch import PROBE_PREFIX, names_seen, reason

#: File systems whose files other machines change too: the kernel here hears nothing of that.
_REMOTE = frozenset({
    "9p", "afs", "beegfs", "ceph", "cifs", "davfs", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs",
    "fuse.sshfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "prl_fs", "smb2", "smb3", "smbfs",
    "vboxsf", "virtiofs", "vmhgfs", "fuse.vmhgfs-fuse",
})  # fmt: skip

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Probe:
    """What was found about the events of one folder."""

    folder: Path
    works: bool  #: whether events may be counted on to wake passes
    why: str  #: in words, for the log and the status


def probe(folder: Path, seconds: float = 2.0) -> Probe:
    """Make a hidden file in the folder, wait so long for its event, and remove it again.

    Its name begins with a dot, as temporary files of senders do, so that no route takes it.
    """
    kind = file_system(folder)
    if is_remote(kind):
        return Probe(
            folder, False, f"it is on a network share ({kind}): what others put there gives no event"
        )
    # one name for each machine: what a crash leaves behind, the next probe removes
    name = f"{PROBE_PREFIX}{re.sub('[^A-Za-z0-9.-]', '-', socket.gethostname())[:64]}"
    came = threading.Event()
    try:
        end = names_seen(folder, lambda seen: came.set() if seen == name else None)
    except OSError as error:
        return Probe(folder, False, f"it cannot be watched: {reason(error)}")
    path = os.path.join(folder, name)
    try:
        os.close(os.open(path, _CREATE, 0o600))
        has_come = came.wait(seconds)
    except OSError as error:
        why = f"it cannot be probed ({error.strerror or error}); events are used as hints"
        return Probe(folder, True, why)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(path)
        end()
    if not has_come:
        return Probe(folder, False, f"no event came within {seconds:g} s")
    return Probe(folder, True, f"events work{f' ({kind})' if kind else ''}")


def file_system(folder: Path) -> str:
    """Return the type of the file system that a folder is on, such as ``ext4``; empty where unknown."""
    try:
        text = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
    return type_of(os.path.realpath(folder), text)


def is_remote(kind: str) -> bool:
    """Whether a type of file system is one whose files other machines change too."""
    return kind in _REMOTE


def type_of(path: str, mountinfo: str) -> str:
    """Return the type of the file system of an absolute path, by the text of proc_pid_mountinfo(5)."""
    found, depth = "", -1
    for line in mountinfo.splitlines():
        mount, separator, kind = line.partition(" - ")
        fields = mount.split(" ")
        if not separator or len(fields) < 5:
            continue
        point = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4]).rstrip("/")
        # of several on one point the last one is on top
        if (path == point or path.startswith(f"{point}/")) and len(point) >= depth:
            found, depth = kind.split(" ", 1)[0], len(point)
    return found
