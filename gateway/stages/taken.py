"""Which of the files at a source are in custody already? Remote ones still stand there when claimed.

What is owed an acknowledgement is left out of a look, and so is what stays there for good, as long as
name, size and time are those that were taken: the same name with others is a new file. A file that is
left is forgotten once it has not been seen for a long time: a server may show an empty directory for a
while, and everything would come twice.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import timedelta

from gateway.config.settings import SftpSource
from gateway.ledger import remote_files
from gateway.ledger.remote_files import LEFT, OWED, RemoteFile
from gateway.model import Sighting
from gateway.rules.acknowledging import aside_name
from gateway.sources import Source
from gateway.sources.addresses import directory_path
from gateway.stages.context import Context, Route

#: For how long a file that is left must be away before it is forgotten.
REMEMBERED = timedelta(days=7)


def not_taken(
    context: Context, route: Route, source: Source, sightings: Iterable[Sighting]
) -> Iterable[Sighting]:
    """Return those of ``sightings`` that are not in custody yet, and forget what is gone for good."""
    if source.place is None:
        return sightings
    seen = list(sightings)
    with context.ledger.read() as connection:
        known = remote_files.known(connection, route.name, source.place)
    marks = {row.mark for row in known}
    own = {aside_name(row.name, row.transfer) for row in known if row.state == OWED} | _own_directory(route)
    _forget(context, known, {(one.name, one.size, one.mtime_ns) for one in seen})
    return [one for one in seen if (one.name, one.size, one.mtime_ns) not in marks and one.name not in own]


def _own_directory(route: Route) -> set[str]:
    """Return the name of the directory for taken files, where that lies in the source."""
    settings = route.source
    if not isinstance(settings, SftpSource) or settings.move_to is None:
        return set()
    directory, name = os.path.split(directory_path(settings.move_to))
    return {name} if directory == directory_path(settings.path) else set()


def _forget(context: Context, known: Iterable[RemoteFile], present: set[remote_files.Mark]) -> None:
    """Forget what was left and has been away for long; note since when the others are."""
    now = context.clock.now()
    left = [row for row in known if row.state == LEFT]
    away = [row for row in left if row.mark not in present]
    back = [row for row in left if row.missing_since is not None and row.mark in present]
    newly = [row for row in away if row.missing_since is None]
    gone = [row for row in away if row.missing_since is not None and now - row.missing_since > REMEMBERED]
    if back or newly or gone:
        with context.ledger.write() as connection:
            remote_files.note_missing(connection, back, None)
            remote_files.note_missing(connection, newly, now)
            remote_files.forget(connection, gone)
