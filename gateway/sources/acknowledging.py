"""Telling the remote end that files were taken: moved into another directory there, or deleted.

What is done is decided in ``rules.acknowledging`` from what stands there; here it is looked and acted,
for many files at once. Nothing here knows what was tried before: a second run comes to the same end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.errors import (
    ConfigurationError,
    GatewayError,
    RemoteMissing,
    ServerError,
    ServerUnreachable,
    TargetOccupied,
)
from gateway.ledger.remote_files import RemoteFile
from gateway.model import Sighting
from gateway.printable import printable
from gateway.rules.acknowledging import Taken, Verdict, aside_name, next_step, own_name
from gateway.sftp.base import RemoteEntry, Session
from gateway.sources.addresses import directory_path, join
from gateway.sources.sftp import sighting

#: What nothing more is to be done about.
_ENDS = (Verdict.DONE, Verdict.GONE, Verdict.REPLACED)


@dataclass(slots=True)
class Task:
    """One file to be acknowledged; at the end ``verdict`` says how it stands, or ``error`` why not."""

    file: RemoteFile
    path: str  #: of the file at the source
    aside: str  #: path that is its transfer's alone
    last: str | None  #: path that it gets in the directory for taken files; None: it is removed
    verdict: Verdict = Verdict.SET_ASIDE
    error: GatewayError | None = None
    is_last_free: bool = True
    stands: str | None = None  #: where it is, once it is DONE; None: removed

    def decide(self, here: Sighting | None, aside: Sighting | None, there: Sighting | None) -> None:
        """Take note of what stands there."""
        self.verdict = next_step(Taken(self.file.size, self.file.mtime_ns), here, aside, there)
        self.is_last_free = there is None
        if self.verdict is Verdict.DONE:
            self.stands = self.last
        elif self.verdict is Verdict.BLOCKED:
            self.error = TargetOccupied(
                "A new file of the sender was caught, and cannot go back as there is another one again",
                where=printable(self.aside),
                hint="Give it, on the server, a name that the route takes; or delete it if it is not wanted",
            )


def move(session: Session, directory: str, move_to: str, files: Sequence[RemoteFile]) -> list[Task]:
    """Move files that were taken from ``directory`` into ``move_to``; never over another file."""
    return _acknowledge(session, directory, move_to, [_task(directory, move_to, file) for file in files])


def delete(session: Session, directory: str, files: Sequence[RemoteFile]) -> list[Task]:
    """Delete files that were taken from ``directory``, and no others of their names."""
    return _acknowledge(session, directory, None, [_task(directory, None, file) for file in files])


def _task(directory: str, move_to: str | None, file: RemoteFile) -> Task:
    path = join(directory, file.name)
    if move_to is None:
        return Task(file, path, join(directory, aside_name(file.name, file.transfer)), None)
    return Task(file, path, join(move_to, own_name(file.name, file.transfer)), join(move_to, file.name))


def _acknowledge(session: Session, directory: str, move_to: str | None, tasks: list[Task]) -> list[Task]:
    """Set aside, look again, finish; where the connection breaks, the rest stays as it is for next time."""
    try:
        unfit = None if move_to is None else _unfit(session, directory, move_to)
        _look(session, tasks)
        if unfit is not None:
            for task in _those(tasks, Verdict.SET_ASIDE):
                task.error = unfit
        _set_aside(session, tasks)
        _finish(session, tasks)
        _give_back(session, tasks)
    except ServerUnreachable as error:
        for task in tasks:
            if task.error is None and task.verdict not in _ENDS:
                task.error = error
    return tasks


def _unfit(session: Session, directory: str, move_to: str) -> GatewayError | None:
    """Return why files cannot be moved into ``move_to``: it is not there, or it is the source itself."""
    where = printable(move_to)
    (standing,) = session.look([directory_path(move_to)])
    if standing is None:
        hint = "Make it there, or name another one as move_to: the gateway makes no directories for others"
        return RemoteMissing("The directory for taken files is not on the server", where=where, hint=hint)
    if session.resolve(move_to) == session.resolve(directory):
        hint = "Name another directory of the server as move_to"
        return ConfigurationError("Taken files would stay in their source", where=where, hint=hint)
    return None


def _look(session: Session, tasks: Sequence[Task]) -> None:
    """Look at all three names of each file, and decide."""
    names = [(task.path, task.aside, task.last or task.path) for task in tasks]
    found = session.look_each([path for each in names for path in each])
    for task, three in zip(tasks, zip(found[::3], found[1::3], found[2::3], strict=True), strict=True):
        task.error = next((one for one in three if isinstance(one, GatewayError)), None)
        if task.error is None:
            here, aside, there = (sighting(one) if isinstance(one, RemoteEntry) else None for one in three)
            task.decide(here, aside, None if task.last is None else there)


def _set_aside(session: Session, tasks: Sequence[Task]) -> None:
    going = _those(tasks, Verdict.SET_ASIDE)
    errors = session.rename_each([(task.path, task.aside) for task in going])
    for task, error in zip(going, errors, strict=True):
        # missing: the sender took it back a moment ago, which the next look finds
        task.error = None if isinstance(error, RemoteMissing) else error
    _look(session, [task for task in going if task.error is None])
    for task in _those(tasks, Verdict.SET_ASIDE):
        task.error = ServerError("The server renames files without effect", where=printable(task.path))


def _finish(session: Session, tasks: Sequence[Task]) -> None:
    going = _those(tasks, Verdict.FINISH)
    moving = [task for task in going if task.last is not None and task.is_last_free]
    renamed = session.rename_each([(task.aside, task.last or "") for task in moving])
    removing = [task for task in going if task.last is None]
    removed = session.remove_each([task.aside for task in removing])
    errors = dict(zip((id(task) for task in (*moving, *removing)), (*renamed, *removed), strict=True))
    for task in going:
        error = errors.get(id(task))
        if isinstance(error, TargetOccupied):
            error = None  # somebody has used the name since: it keeps the one that it has
            task.is_last_free = False
        elif isinstance(error, RemoteMissing):
            error = None  # somebody took it from there: the sender's side knows of it
        task.error = error
        if error is None:
            task.verdict = Verdict.DONE
            task.stands = task.last if task.is_last_free else task.aside


def _give_back(session: Session, tasks: Sequence[Task]) -> None:
    """Give files back that the sender put there meanwhile; they arrive as what they are."""
    going = _those(tasks, Verdict.GIVE_BACK)
    errors = session.rename_each([(task.aside, task.path) for task in going])
    for task, error in zip(going, errors, strict=True):
        task.error = error
        if error is None:
            task.verdict = Verdict.REPLACED


def _those(tasks: Sequence[Task], verdict: Verdict) -> list[Task]:
    return [task for task in tasks if task.error is None and task.verdict is verdict]
