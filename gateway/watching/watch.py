"""Events of the file system as wake-ups. The scan is the truth: what is missed here costs time, never files.

Everything here waits in the kernel; without an event, nothing runs. The polling observer is never
used: a scan by the gateway itself costs far less.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from watchdog.events import (
    FileClosedEvent,
    FileCreatedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.inotify import InotifyEmitter, InotifyObserver
from watchdog.observers.inotify_c import InotifyConstants, Mask
from watchdog.observers.inotify_move_event_grouper import PathedInotifyEvent

if TYPE_CHECKING:
    from watchdog.observers.api import ObservedWatch
    from watchdog.observers.inotify_move_event_grouper import GroupedInotifyEvent

#: Files with such names are the gateway's own, made to see whether events work.
PROBE_PREFIX = ".gateway-probe-"

# A file that is closed after writing; one that is made, moved in or renamed. With more than these a
# burst of files fills the kernel's queue, and most of it is lost.
_EVENTS: list[type[FileSystemEvent]] = [FileClosedEvent, FileCreatedEvent]

_REASONS = {
    errno.ENOENT: "it is not there",
    errno.ENOTDIR: "it is not a directory",
    errno.EACCES: "the gateway's account may not read it",
    errno.ENOSPC: "the kernel's limit of watches is reached: raise fs.inotify.max_user_watches",
    errno.EMFILE: "the kernel's limit of inotify instances is reached: raise fs.inotify.max_user_instances",
}

# It logs an overflow, and races at the stop, as if something were lost.
logging.getLogger("watchdog").setLevel(logging.CRITICAL + 1)


class _Emitter(InotifyEmitter):
    """Watches one folder, and knows when the kernel has stopped doing so."""

    is_gone = False

    def get_event_mask_from_filter(self) -> Mask:
        # The gateway's own claims move files away. The library would hold the events after each of
        # them back for half a second, to see whether the file turns up again elsewhere.
        return Mask(super().get_event_mask_from_filter() & ~InotifyConstants.IN_MOVED_FROM)

    def build_and_queue_event(self, event: GroupedInotifyEvent, *, full_events: bool = False) -> None:
        ended = InotifyConstants.IN_UNMOUNT | InotifyConstants.IN_DELETE_SELF
        if isinstance(event, PathedInotifyEvent) and event.ev.mask & ended:
            self.is_gone = True
        super().build_and_queue_event(event, full_events=full_events)


class _Observer(InotifyObserver):
    def __init__(self) -> None:
        super().__init__()
        self._emitter_class = _Emitter

    def has_lost(self, watch: ObservedWatch) -> bool:
        """Whether the folder was removed or unmounted since it is watched."""
        emitter = self._emitter_for_watch.get(watch)
        return not isinstance(emitter, _Emitter) or emitter.is_gone


class _Handler(FileSystemEventHandler):
    """Calls for every event; the caller makes one pass of many calls."""

    def __init__(self, call: Callable[[str], None]) -> None:
        self._call = call

    def on_any_event(self, event: FileSystemEvent) -> None:
        self._call(os.path.basename(os.fsdecode(event.dest_path or event.src_path)))


class Watch:
    """Calls ``wake(folder)`` soon after a file came into one of ``folders``: often, and from its own thread.

    Folders may be missing, unreadable or too many for the kernel: they are then not watched, and
    `unwatched` says why. `look_after`, called now and then, watches what has come or come back.
    """

    def __init__(self, folders: Sequence[Path], wake: Callable[[Path], None]) -> None:
        self._folders = tuple(dict.fromkeys(folders))
        self._wake = wake
        self._lock = threading.Lock()
        self._is_on = False
        self._observer: _Observer | None = None
        self._watched: dict[Path, tuple[ObservedWatch, tuple[int, int]]] = {}
        self._unwatched: dict[Path, str] = dict.fromkeys(self._folders, "watching has not begun")

    @property
    def unwatched(self) -> Mapping[Path, str]:
        """The folders that are not watched now, and why."""
        with self._lock:
            return dict(self._unwatched)

    def start(self) -> None:
        """Begin to watch; raises nothing: what cannot be watched is in `unwatched`."""
        with self._lock:
            self._is_on = True
            for folder in self._folders if self._has_begun() else ():
                self._try(folder)

    def stop(self) -> None:
        """End, with all threads; `start` may begin anew."""
        with self._lock:
            self._is_on = False
            observer, self._observer = self._observer, None
            self._watched.clear()
            self._unwatched = dict.fromkeys(self._folders, "watching has ended")
        if observer is not None:
            # not under the lock: an event under way may be waiting for who waits for it
            observer.stop()
            observer.join()

    def look_after(self) -> None:
        """Watch again what was replaced, unmounted and mounted, or is there again, and wake it once."""
        with self._lock:
            if not (self._is_on and self._has_begun()):
                return
            again = [folder for folder in self._folders if self._renew(folder)]
        for folder in again:
            self._wake(folder)

    def _has_begun(self) -> bool:
        """Begin, if that has not been done or the kernel had no room for it; return whether it is done."""
        if self._observer is None:
            try:
                self._observer = _Observer()
            except OSError as error:
                self._unwatched = dict.fromkeys(self._folders, reason(error))
                return False
            self._observer.start()
        return True

    def _renew(self, folder: Path) -> bool:
        """Watch the folder if it is not watched, or is another one now; return whether it is watched anew."""
        kept = self._watched.get(folder)
        if kept is not None and self._observer is not None:
            watch, identity = kept
            with contextlib.suppress(OSError):
                if _identity(folder) == identity and not self._observer.has_lost(watch):
                    return False
            del self._watched[folder]
            with contextlib.suppress(KeyError, OSError):
                self._observer.unschedule(watch)
        return self._try(folder)

    def _try(self, folder: Path) -> bool:
        """Watch the folder; return whether it is watched now and was not before."""
        if self._observer is None or folder in self._watched:
            return False
        handler = _Handler(functools.partial(self._called, folder))
        try:
            # the library takes a folder that may not be read for watched
            os.scandir(folder).close()
            identity = _identity(folder)
            watch = self._observer.schedule(
                handler, os.fspath(folder), event_filter=_EVENTS, follow_symlink=True
            )
        except OSError as error:
            self._unwatched[folder] = reason(error)
            return False
        self._watched[folder] = (watch, identity)
        self._unwatched.pop(folder, None)
        return True

    def _called(self, folder: Path, name: str) -> None:
        if not name.startswith(PROBE_PREFIX):
            self._wake(folder)


def reason(error: OSError) -> str:
    """Return in words why a folder cannot be watched."""
    return _REASONS.get(error.errno or 0, error.strerror or str(error))


def _identity(folder: Path) -> tuple[int, int]:
    """Return what tells a folder from another one under its name."""
    found = os.stat(folder)
    return found.st_dev, found.st_ino


def names_seen(folder: Path, seen: Callable[[str], None]) -> Callable[[], None]:
    """Call ``seen`` with the name of every file that comes into the folder; return what ends it.

    Raises OSError where the folder cannot be watched.
    """
    observer = _Observer()
    observer.start()

    def end() -> None:
        observer.stop()
        observer.join()

    try:
        os.scandir(folder).close()
        observer.schedule(_Handler(seen), os.fspath(folder), event_filter=_EVENTS, follow_symlink=True)
    except BaseException:
        end()
        raise
    return end
