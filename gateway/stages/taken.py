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
from gateway.ledger.remote_files import LEFT, OWED, Known
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
    own = {aside_name(row.mark[0], row.transfer) for row in known if row.state == OWED}
    own |= _own_directory(route)
    _forget(context, route.name, source.place, known, {(one.name, one.size, one.mtime_ns) for one in seen})
    return [one for one in seen if (one.name, one.size, one.mtime_ns) not in marks and one.name not in own]


def _own_directory(route: Route) -> set[str]:
    """Return the name of the directory for taken files, where that lies in the source."""
    settings = route.source
    if not isinstance(settings, SftpSource) or settings.move_to is None:
        return set()
    directory, name = os.path.split(directory_path(settings.move_to))
    return {name} if directory == directory_path(settings.path) else set()


def _forget(
    context: Context, route: str, place: str, known: Iterable[Known], present: set[remote_files.Mark]
) -> None:
    """Forget what was left and has been away for long; note since when the others are."""
    now = context.clock.now()
    back, newly, gone = [], [], []
    for row in known:
        if row.state != LEFT or (row.mark in present and row.missing_since is None):
            continue
        if row.mark in present:
            back.append(row.mark)
        elif row.missing_since is None:
            newly.append(row.mark)
        elif now - row.missing_since > REMEMBERED:
            gone.append(row.mark)
    if back or newly or gone:
        with context.ledger.write() as connection:
            remote_files.note_missing(connection, route, place, back, None)
            remote_files.note_missing(connection, route, place, newly, now)
            remote_files.forget(connection, route, place, gone)
