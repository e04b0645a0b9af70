"""What the ledger remembers beyond transfers: where streams stand, and which records were accepted.

Both come from the files that were accepted, in the order in which they were. Record keys are read
again from the archived files, with the very format version that read them before.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from gateway.config.settings import Route
from gateway.custody.look import open_regular
from gateway.errors import FormatError, GatewayError
from gateway.formats.definition import Format, Version
from gateway.ledger import rebuilding, record_keys, streams
from gateway.ledger.engine import Connection
from gateway.ledger.ids import earliest
from gateway.model import State, Transfer
from gateway.operations.ledger_care.recovery import Progress, Recovery
from gateway.rules import sequence
from gateway.rules.recount import Acceptance, recount
from gateway.rules.sequence import Model, StreamState
from gateway.stages.context import Context, in_batches
from gateway.stages.keeping import keep_stream

if TYPE_CHECKING:
    from gateway.validation.reading import Reading

#: How a transfer was whose acceptance its stream has counted already.
_COUNTED = frozenset({State.DELIVERING.value, State.PROCESSED.value, State.REPLAY.value})


def recall_streams(context: Context, found: Recovery) -> None:
    """Bring every stream of the configured routes to where the accepted files say that it stands."""
    for route in context.site.routes:
        if route.sequence.model is not Model.NONE:
            with context.ledger.write() as connection:
                for name, state in _recounted(context, connection, route, found).items():
                    sender = name.partition("/")[2]
                    keep_stream(context, connection, name, state.to_dict(), route=route.name, sender=sender)
                    found.streams += 1


def _recounted(
    context: Context, connection: Connection, route: Route, found: Recovery
) -> dict[str, StreamState]:
    """Return the streams of a route that changed."""
    states: dict[str, StreamState] = {}
    for row in rebuilding.changed_held(connection, route.name, _held_before(found)):
        name = row.stream or ""
        state = _state(connection, states, name)
        if any(held.transfer == row.id for held in state.held):
            states[name] = sequence.withdraw(route.sequence, state, row.id, context.clock.now())
    for row in rebuilding.accepted(connection, route.name):
        if row.stream is None or not _is_news(row, found) or not (row.size or row.control_number):
            continue
        state = _state(connection, states, row.stream)
        states[row.stream] = recount(route.sequence, state, [_acceptance(row)])
    return states


def _held_before(found: Recovery) -> list[str]:
    return found.before.in_state(State.HELD.value)


def _is_news(row: Transfer, found: Recovery) -> bool:
    """Return whether the stream in the ledger has not counted this file."""
    return found.before.is_noted_as_none_of(row.id, _COUNTED)


def _state(connection: Connection, states: dict[str, StreamState], name: str) -> StreamState:
    if name not in states:
        states[name] = StreamState.from_dict(streams.load(connection, name) or {})
    return states[name]


def _acceptance(row: Transfer) -> Acceptance:
    noted = frozenset(str(one["code"]) for one in (row.findings or {}).get("totals", ()))
    return Acceptance(row.id, row.control_number, row.previous_number, row.arrived_at, noted)


def recall_keys(context: Context, found: Recovery, progress: Progress) -> None:
    """Read the record keys of accepted files again, as far back as their route remembers them."""
    limits = context.site.limits
    for route in context.site.routes:
        oldest = earliest(context.clock.now() - timedelta(days=route.duplicates.retention_days))
        for ids in found.before.cut(_wanted(context, route, oldest, found), limits.batch_files):
            with context.ledger.write() as connection:
                rows = rebuilding.known(connection, ids)
                ordered = [rows[one] for one in ids]
                for batch in in_batches(ordered, limits.batch_files, limits.batch_bytes):
                    _read_keys(context, connection, route, batch, found)
            progress(f"{found.keys:,} record keys read; {route.name}")


def _wanted(context: Context, route: Route, oldest: str, found: Recovery) -> Iterator[str]:
    """Yield the files of a route whose keys are to be read, in the order in which they were accepted."""
    with context.ledger.read() as connection:
        for row in rebuilding.accepted(connection, route.name):
            if _has_keys(row, oldest, found):
                yield row.id


def _has_keys(row: Transfer, oldest: str, found: Recovery) -> bool:
    """Return whether the keys of a file are missing in the ledger and may still be asked for."""
    if row.id < oldest or row.format_version is None:
        return False
    return found.before.is_noted_as_none_of(row.id, (*_COUNTED, State.HELD.value))


def _read_keys(
    context: Context,
    connection: Connection,
    route: Route,
    rows: Sequence[Transfer],
    found: Recovery,
) -> None:
    """Read the keys of ``rows``, those of one format version at once; write them in the order of the rows."""
    readings: dict[str, Reading] = {}
    try:
        for definition, group in _by_format(context, rows, found):
            try:
                readings.update(_readings(context, definition, group, found))
            except GatewayError as error:
                for row in group:
                    _unread(row, error, found)
        for row in rows:
            if row.id in readings:
                _write_keys(connection, route, row, readings[row.id], found)
    finally:
        for reading in readings.values():
            reading.keys.close()


def _unread(row: Transfer, error: GatewayError, found: Recovery) -> None:
    found.trouble(row.settled_path or row.id, f"its record keys are not known again: {error}")


def _by_format(
    context: Context, rows: Sequence[Transfer], found: Recovery
) -> list[tuple[Format, list[Transfer]]]:
    """Return the rows by the format that read them; without those of formats that have no record keys."""
    groups: dict[str, tuple[Format, list[Transfer]]] = {}
    for row in rows:
        try:
            definition = _definition(context, row)
        except GatewayError as error:
            _unread(row, error, found)
            continue
        if any(one.key for one in definition.record_types):
            groups.setdefault(definition.digest, (definition, []))[1].append(row)
    return list(groups.values())


def _definition(context: Context, row: Transfer) -> Format:
    """Return the format that read the file; raises FormatError where it is not the same any more."""
    definition = context.catalogue.look(row.message_type, Version.parse(row.format_version or ""))
    if row.format_digest is not None and definition.digest != row.format_digest:
        raise FormatError(f"{definition.name} is no longer the one that read it")
    return definition


def _readings(
    context: Context, definition: Format, rows: Sequence[Transfer], found: Recovery
) -> dict[str, Reading]:
    """Return what is read of each file, by transfer; those that cannot be opened are said and left out."""
    from gateway.validation.reading import Input, ListingLimits, read_files

    able = [row for row in rows if _is_there(context, row, found)]
    inputs = [
        Input(number=number, name=row.name, open=functools.partial(open_regular, context.path_of(row)))
        for number, row in enumerate(able)
    ]
    readings = read_files(definition, inputs, limits=ListingLimits())
    return {row.id: reading for row, reading in zip(able, readings, strict=True)}


def _is_there(context: Context, row: Transfer, found: Recovery) -> bool:
    try:
        open_regular(context.path_of(row)).close()
    except GatewayError as error:
        _unread(row, error, found)
        return False
    return True


def _write_keys(
    connection: Connection, route: Route, row: Transfer, reading: Reading, found: Recovery
) -> None:
    if reading.sha256 != row.sha256:
        found.trouble(row.settled_path or row.id, "altered: its record keys are not read")
        return
    for batch in reading.keys.batches():
        keys = [record_keys.RecordKey(*key) for key in batch]
        record_keys.add(connection, route.name, row.id, keys)
        found.keys += len(keys)
