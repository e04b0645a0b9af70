"""What came on a route: how many files in a time, and how large those before were."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from gateway.ledger.ids import earliest
from gateway.ledger.tables import transfers
from gateway.model import State

#: All states but this one: a file that came before is not another file.
_CAME = tuple(state for state in State if state is not State.DUPLICATE)


@dataclass(frozen=True, slots=True)
class Processed:
    """How large one processed transfer was."""

    id: str
    size: int  #: bytes
    records: int | None


def came(connection: Connection, route: str, since: datetime, enough: int) -> int:
    """Return how many files came on ``route`` since a moment, counting no further than ``enough``.

    Duplicates do not count, nor do corrected files: the one that they correct did.
    """
    some = (
        select(transfers.c.id)
        .where(
            transfers.c.route == route,
            transfers.c.state.in_(_CAME),
            transfers.c.id >= earliest(since),
            transfers.c.arrived_at >= since,
            transfers.c.parent.is_(None),
        )
        .limit(enough)
    )
    return int(connection.execute(select(func.count()).select_from(some.subquery())).scalar() or 0)


def processed(connection: Connection, route: str, until: str, limit: int) -> list[Processed]:
    """Return the newest ``limit`` processed transfers of ``route`` up to the id ``until``, oldest first."""
    statement = (
        select(transfers.c.id, transfers.c.size, transfers.c.records)
        .where(transfers.c.route == route, transfers.c.state == State.PROCESSED, transfers.c.id <= until)
        .order_by(transfers.c.id.desc())
        .limit(limit)
    )
    return [Processed(*row) for row in connection.execute(statement)][::-1]
