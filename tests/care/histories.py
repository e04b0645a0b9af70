"""Random small histories of a plant, and what two ledgers must have in common."""

from __future__ import annotations

import dataclasses
from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import select

from gateway.errors import GatewayError
from gateway.ledger import attempts, deliveries, transfers
from gateway.ledger.engine import Connection
from gateway.ledger.tables import record_key_sets, record_keys, streams
from gateway.model import State, Transfer
from gateway.operations.correct import correct
from gateway.operations.reprocess import replay, reprocess
from gateway.operations.sequences import waive
from gateway.pipeline import run_routes
from gateway.rules.lifecycle import SETTLED
from gateway.stages.context import Context
from tests.pipeline.plant import Plant, confirmation, name_of, route

#: Two routes: a strict one to two places, and one that only reports and accepts late files.
ROUTES = route(
    sequence="{model: counter, order: strict, start: 1}",
    destinations="{erp: {path: outbox/erp}, history: {path: outbox/history}}",
) + route(
    "loose",
    sequence="{model: counter, order: report, late: accept}",
    destinations="{loose: {path: outbox/loose}}",
    duplicates="{copy: accept-and-note}",
)

_NUMBERS = st.integers(1, 7)
_ROUTES = st.sampled_from(["confirmations", "loose"])
#: What may happen to the plant; each with what it needs to know.
STEPS = st.one_of(
    st.tuples(st.just("good"), _ROUTES, _NUMBERS),
    st.tuples(st.just("again"), _ROUTES, _NUMBERS),
    st.tuples(st.just("conflict"), _ROUTES, _NUMBERS),
    st.tuples(st.just("bad"), _ROUTES, _NUMBERS),
    st.tuples(st.just("strange"), _ROUTES, _NUMBERS),
    st.tuples(st.just("reprocess"), _ROUTES, _NUMBERS),
    st.tuples(st.just("correct"), _ROUTES, _NUMBERS),
    st.tuples(st.just("replay"), _ROUTES, _NUMBERS),
    st.tuples(st.just("waive"), _ROUTES, _NUMBERS),
)


def happen(plant: Plant, context: Context, step: tuple[str, str, int]) -> None:
    """Let one thing happen in the plant, open as ``context``, and a pass after it."""
    what, where, number = step
    if what in ("good", "again", "conflict", "bad", "strange"):
        plant.drop(*_file(what, number), route=where)
    else:
        _ask(plant, context, what, where, number)
    run_routes(context)


def _file(what: str, number: int) -> tuple[str, bytes]:
    if what == "good":
        return name_of(number), confirmation(number)
    if what == "again":
        return f"again-{number}.csv", confirmation(number)
    if what == "conflict":
        return f"other-{number}.csv", confirmation(number, rows=3, first=number * 1000)
    if what == "bad":
        return f"bad-{number}.csv", confirmation(number, quantity="4x")
    return f"str\u00e4nge {number}\udcff.csv", confirmation(number, sender="MES02")


def _ask(plant: Plant, context: Context, what: str, where: str, number: int) -> None:
    """Do as an operator; what is refused changes nothing."""
    with context.ledger.read() as connection:
        found = sorted(transfers.search(connection, limit=None), key=lambda row: row.id)
    rows = [row for row in found if row.route == where]
    failed = [row for row in rows if row.state is State.FAILED and row.superseded_by is None]
    done = [row for row in rows if row.state is State.PROCESSED]
    try:
        if what == "reprocess" and failed:
            allow = ["conflict", "copy", "record-duplicate"]
            reprocess(context, [failed[number % len(failed)]], "once more", allow)
        elif what == "correct" and failed:
            file = plant.directory.parent / "corrected.csv"
            file.write_bytes(confirmation(number + 20))
            correct(context, failed[number % len(failed)], file, "corrected")
        elif what == "replay" and done:
            replay(context, [done[number % len(done)].id], "they lost it")
        elif what == "waive":
            waive(context, where, str(number), str(number), "it will not come")
    except GatewayError:
        return


@dataclass(frozen=True)
class Known:
    """What a ledger knows and manifests record, in a form that can be compared."""

    transfers: dict[str, Any]
    attempts: dict[str, Any]
    deliveries: dict[str, Any]
    keys: set[tuple[Any, ...]]
    streams: dict[str, Any]


def in_work(context: Context) -> dict[str, str | None]:
    """Return the stream of each file that is not settled, by id: nobody knows these again."""
    with context.ledger.read() as connection:
        rows = transfers.search(connection, limit=None)
    return {row.id: row.stream for row in rows if row.state not in SETTLED}


def known(context: Context, beside: dict[str, str | None]) -> Known:
    """Return what the ledger knows of files and streams other than those of `in_work`."""
    with context.ledger.read() as connection:
        settled = [row for row in transfers.search(connection, limit=None) if row.id not in beside]
        ids = [row.id for row in settled]
        return Known(
            {row.id: _recorded(row, beside) for row in settled},
            attempts.of(connection, ids),
            {
                key: [(dataclasses.replace(one, staged_in=None, next_try_at=None), one.place) for one in sent]
                for key, sent in deliveries.of(connection, ids).items()
            },
            _keys(connection, set(ids)),
            _streams(connection, {stream for stream in beside.values() if stream}),
        )


def _recorded(row: Transfer, beside: Container[str | None]) -> Transfer:
    """Return a row without what no manifest says: that a file in work corrects it, among others."""
    corrected = None if row.superseded_by in beside else row.superseded_by
    return row.evolve(changed_at=None, inode=0, mtime_ns=0, working_name="", superseded_by=corrected)


def _keys(connection: Connection, ids: set[str]) -> set[tuple[Any, ...]]:
    sets = record_key_sets
    joined = record_keys.join(sets, record_keys.c.key_set == sets.c.id)
    columns = (sets.c.scope, sets.c.transfer, record_keys.c.key, record_keys.c.record, record_keys.c.line)
    return {tuple(row) for row in connection.execute(select(*columns).select_from(joined)) if row[1] in ids}


def _streams(connection: Connection, beside: set[str]) -> dict[str, Any]:
    """Return which numbers each stream has accepted, and where it stands; not what was given up, or when."""
    found = {}
    for row in connection.execute(select(streams.c.stream, streams.c.state)):
        state = row.state
        gone = {at for span in (*state["missing"], *state["waived"]) for at in range(span[0], span[1] + 1)}
        accepted = sorted(set(range(state["frontier"])) - gone)
        if row.stream not in beside and accepted:
            found[row.stream] = accepted, [state[name] for name in ("last", "epochs", "restarts", "held")]
    return found
