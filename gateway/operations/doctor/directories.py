"""The directories of a site, tried as the gateway uses them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from gateway.config.settings import FolderDestination, FolderSource, Route
from gateway.custody import syncs, trial
from gateway.custody.layout import CUSTODY_AREAS, ROUTE_AREAS, Layout
from gateway.errors import CustodyError, OutsideSite
from gateway.operations.doctor.checks import Check, Subject, said
from gateway.watching.probing import file_system, is_remote, probe

#: They forget everything when the machine is started anew.
_FORGETFUL = frozenset({"tmpfs", "ramfs"})
_ACCOUNT = "Correct owner or permissions for the gateway's account (`ls -ld`, `chown`, `chmod`)"


@dataclass(frozen=True, slots=True)
class Place:
    """A directory, and what the gateway needs of it."""

    what: str
    path: Path
    is_written: bool = True
    holds_custody: bool = False  #: files in the gateway's custody, or the evidence about them
    is_made: bool = False  #: by the gateway itself, if need be


@dataclass(frozen=True, slots=True)
class Trial:
    """How directories are tried."""

    name: str  #: of probe files
    writes: bool  #: whether there may be any
    least_bytes: int  #: that must be free


def own_places(layout: Layout) -> list[Place]:
    """Return the directories that every site has."""
    areas = [
        Place(name, layout.area(name), holds_custody=name in CUSTODY_AREAS, is_made=True)
        for name in ROUTE_AREAS
    ]
    return [
        Place("config", layout.config_file.parent, is_written=False),
        Place("ledger", layout.ledger_file.parent, holds_custody=True, is_made=True),
        Place("audit", layout.checkpoints_file.parent, holds_custody=True, is_made=True),
        *areas,
    ]


def inbox(route: Route, layout: Layout) -> Place | None:
    """Return the directory of this machine in which a route's files arrive, if it is one."""
    source = route.source
    if not isinstance(source, FolderSource):
        return None
    is_own = source.path == layout.inbox(route.name)
    return Place(f"inbox of {route.name}", source.path, is_made=is_own)


def outboxes(route: Route) -> list[Place]:
    """Return the directories of this machine into which a route delivers."""
    return [
        Place(f"{route.name} to {one.name}", one.path)
        for one in route.destinations
        if isinstance(one, FolderDestination)
    ]


def look(place: Place, how: Trial) -> Iterator[Check]:
    """Yield what is found about one directory."""
    subject = Subject("directories", f"{place.what}: {place.path}")
    why = "Files cannot be taken, kept or delivered there"
    try:
        found = os.stat(place.path)
    except FileNotFoundError:
        yield _missing(subject, place, why)
        return
    except OSError as error:
        yield subject.failure(f"it cannot be looked at: {error.strerror}", why, _ACCOUNT)
        return
    if not stat.S_ISDIR(found.st_mode):
        yield subject.failure("it is no directory", why, "Move it away, and make a directory of that name")
        return
    words = list(_unusable(subject, place, how, found, why))
    yield from words
    yield from _ground(subject, place, how)
    if place.holds_custody and found.st_mode & stat.S_IWOTH:
        yield subject.warning(
            f"everybody on this machine may write there (mode {stat.S_IMODE(found.st_mode):04o})",
            "Whoever can change files in the gateway's custody can change what it proves",
            f"`chmod o-w {place.path}`",
        )
    if not words:
        yield subject.ok(_all_well(place, how))


def _missing(subject: Subject, place: Place, why: str) -> Check:
    parent = next(one for one in place.path.parents if os.path.exists(one))
    if place.is_made and os.access(parent, os.W_OK | os.X_OK, effective_ids=True):
        return subject.ok("not there yet; the gateway makes it")
    do = f"`mkdir -p {place.path}` as the gateway's account; of a network share, look whether it is mounted"
    return subject.failure("it is not there", why, do)


def _unusable(subject: Subject, place: Place, how: Trial, found: os.stat_result, why: str) -> Iterator[Check]:
    """Yield why the gateway's account cannot use it."""
    owner = f"owner {found.st_uid}:{found.st_gid}, mode {stat.S_IMODE(found.st_mode):04o}"
    try:
        with os.scandir(place.path) as entries:
            list(islice(entries, 1))
    except OSError as error:
        yield subject.failure(f"it cannot be listed: {error.strerror} ({owner})", why, _ACCOUNT)
        return
    if not place.is_written:
        return
    if how.writes:
        try:
            trial.try_directory(place.path, how.name)
        except CustodyError as error:
            yield subject.failure(f"{said(error)} ({owner})", why, error.hint or _ACCOUNT)
    elif not os.access(place.path, os.W_OK | os.X_OK, effective_ids=True):
        yield subject.failure(f"this account may not write there ({owner})", why, _ACCOUNT)


def _all_well(place: Place, how: Trial) -> str:
    kind = file_system(place.path)
    if not place.is_written:
        did = "can be listed"
    elif how.writes:
        did = "files are made, synced, renamed and removed"
    else:
        did = "this account may write there (not tried)"
    return f"{did}; {kind or 'unknown file system'}, {_room(os.statvfs(place.path))}"


def _room(state: os.statvfs_result) -> str:
    return f"{state.f_bavail * state.f_frsize / 2**30:,.1f} GiB free"


def _ground(subject: Subject, place: Place, how: Trial) -> Iterator[Check]:
    """Yield what is wrong with the file system under it."""
    if place.is_written:
        yield from _full(subject, os.statvfs(place.path), how.least_bytes)
    kind = file_system(place.path)
    if not place.holds_custody:
        return
    if kind in _FORGETFUL:
        yield subject.failure(
            f"it is in memory ({kind})",
            "Everything there is lost when the machine is started anew: custody and evidence",
            "Put the site on a disk",
        )
    elif is_remote(kind) and place.what == "ledger":
        yield subject.failure(
            f"it is on a network share ({kind})",
            "Locks and the write-ahead log of the ledger do not hold there: it can be damaged",
            "Put the site on a local disk, and leave only inboxes and destinations on shares",
        )
    elif is_remote(kind):
        yield subject.warning(
            f"it is on a network share ({kind})",
            "What the share calls durable may not be, and a pass waits while it does not answer",
            "Put the site on a local disk, and leave only inboxes and destinations on shares",
        )


def _full(subject: Subject, state: os.statvfs_result, least: int) -> Iterator[Check]:
    free = state.f_bavail * state.f_frsize
    if free < least:
        yield subject.failure(
            f"{free:,} bytes are free, {least:,} are demanded (site.limits.minimum_free)",
            "No file is taken before there is room for it",
            "Free space, or set `minimum_free` lower if files are small",
        )
    if state.f_files and state.f_favail < 1000:
        yield subject.failure(
            f"only {state.f_favail:,} inodes are free",
            "No file can be made without one, however much space is free",
            "Remove small files that nobody needs, or make the file system anew with more inodes",
        )


def claim(route: Route, place: Place, layout: Layout, how: Trial) -> Iterator[Check]:
    """Yield whether files of a route's inbox are taken by a rename or by a copy."""
    working = layout.working(route.name)
    subject = Subject("directories", f"claim of {route.name}")
    target = working if os.path.isdir(working) else working.parent
    if not (os.path.isdir(place.path) and os.path.isdir(target)):
        return  # said of the directories
    try:
        renames = (
            trial.can_rename(place.path, target, how.name)
            if how.writes
            else os.stat(place.path).st_dev == os.stat(target).st_dev
        )
    except CustodyError as error:
        yield subject.refused(error, "Files stay in the inbox", _ACCOUNT)
        return
    if renames:
        yield subject.ok("a rename: a sender can no longer touch a file that was taken")
    else:
        yield subject.ok("a copy, as the inbox is on another file system: synced, compared, then removed")


def inside(route: Route, layout: Layout) -> Iterator[Check]:
    """Yield that a link leads one of the route's directories out of the site."""
    try:
        layout.demand_inside(route.name)
    except OutsideSite as error:
        subject = Subject("directories", f"directories of {route.name}")
        yield subject.refused(error, "The gateway does not work on files outside of the site")


def events(route: Route, place: Place, how: Trial) -> Iterator[Check]:
    """Yield whether events of a route's inbox wake passes."""
    source = route.source
    if not (isinstance(source, FolderSource) and source.watch and how.writes and os.path.isdir(place.path)):
        return
    subject = Subject("directories", f"events of {place.path}")
    found = probe(place.path)
    if found.works:
        yield subject.ok(found.why)
    else:
        yield subject.warning(
            found.why,
            "Passes come at their interval only: files wait that long, and none is lost",
            f"Set `interval` as low as files may wait; `watch: false` of the source of {route.name} says that"
            " this is known",
        )


def bulk_sync(layout: Layout) -> Iterator[Check]:
    """Yield how batches of files are made durable."""
    directory = layout.area("working")
    subject = Subject("directories", "syncs")
    if not os.path.isdir(directory):
        return
    if not syncs.syncfs_serves(os.stat(directory).st_dev):
        yield subject.ok("each file by itself: this file system is not known to sync a batch at once")
        return
    try:
        syncs.sync_file_system(directory)
    except CustodyError as error:
        yield subject.refused(error, "What is not durable is not acknowledged: files are not taken")
    else:
        yield subject.ok("batches of files at once (syncfs)")


def ownership(layout: Layout) -> Iterator[Check]:
    """Yield whether this account is the one that owns the site."""
    subject = Subject("directories", "account")
    owner = os.stat(layout.site).st_uid
    if owner == os.geteuid():
        yield subject.ok(f"uid {owner}, which owns the site; its umask here is {_umask()}")
        return
    yield subject.warning(
        f"the site belongs to uid {owner}, and this is uid {os.geteuid()}",
        "Permissions were tried with this account: the gateway's own may be able to do less or more",
        f"Ask again as the gateway's account: `sudo -u '#{owner}' gateway doctor`",
    )


def _umask() -> str:
    """Return what new files are closed to; it is read, as asking for it would change it for all threads."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:
            return next((line.split()[1] for line in file if line.startswith("Umask:")), "unknown")
    except OSError:
        return "unknown"
