"""Rows of the ledger against the trail, and against the manifests that were made of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from gateway.custody.differences import Place, VerifyReport
from gateway.custody.layout import manifest_of
from gateway.custody.manifest import build_manifest, manifest_bytes, read_manifest
from gateway.custody.said import read_file
from gateway.errors import CustodyError
from gateway.ledger import attempts, row_evidence, streams
from gateway.ledger.audit import objects, read
from gateway.ledger.checkpoint_lines import Trouble
from gateway.ledger.engine import Connection
from gateway.ledger.row_evidence import Page
from gateway.model import Attempt, Delivery, State, Transfer
from gateway.operations.verifying_retention import verify_runs
from gateway.rules.lifecycle import SETTLED
from gateway.stages.context import Context
from gateway.stages.keeping import MOVED, stream_facts
from gateway.stages.settle import report_of

#: What another gateway or configuration writes otherwise, and a correction adds afterwards.
_OF_THE_MOMENT = ("manifest", "gateway", "site", "report")


def verify_rows(
    context: Context, progress: Callable[[int], None] | None = None, archive: VerifyReport | None = None
) -> Iterator[Trouble]:
    """Yield where rows of transfers, attempts, deliveries, streams and removals are not what they were made.

    ``progress`` is told how many transfers were looked at. Memory: one page. Of manifests that
    ``archive`` lists as altered, whose rows are as they were, it is told the first member that differs.
    """
    seen = 0
    report = VerifyReport() if archive is None else archive
    with context.ledger.read() as connection:
        for page in row_evidence.pages(connection):
            yield from row_evidence.compare(page)
            yield from _by_manifest(context, connection, page, report)
            seen += len(page.rows)
            if progress is not None:
                progress(seen)
        yield from _streams(connection)
        yield from verify_runs(connection)


def _by_manifest(
    context: Context, connection: Connection, page: Page, archive: VerifyReport
) -> Iterator[Trouble]:
    """Make the manifests of settled transfers once more: the same rows give the same bytes."""
    settled = {key: row for key, row in page.rows.items() if row.state in SETTLED and row.manifest_sha256}
    tried, altered = attempts.of(connection, settled), {one.path for one in archive.altered}
    for key, row in settled.items():
        made = _remade(context, row, tried.get(key, []), page.sent.get(key, []))
        if made is None:
            continue
        if hashlib.sha256(manifest_bytes(made)).hexdigest() != row.manifest_sha256:
            yield from _differing(context, row, made)
        elif altered and _manifest_path(context, row) in altered:
            for one in _differing(context, row, made):  # said once, where the walk found it
                place = Place(str(one.column), str(one.recorded), str(one.found), one.line)
                archive.locate(str(one.file), place)


def _manifest_path(context: Context, row: Transfer) -> str | None:
    """Return where the manifest of ``row`` is, relative to the site."""
    if row.settled_path is None:
        return None
    return context.layout.relative(manifest_of(context.site.directory / row.settled_path))


def _remade(
    context: Context, row: Transfer, tried: Sequence[Attempt], sent: Sequence[Delivery]
) -> dict[str, Any] | None:
    site, report = context.site, report_of(row) if row.state is State.FAILED else None
    try:
        return build_manifest(row, tried, sent, site=site.name, time_zone=site.time_zone, report=report)
    except (TypeError, ValueError):
        return None


def _differing(context: Context, row: Transfer, made: Mapping[str, Any]) -> Iterator[Trouble]:
    """Name the first member of the manifest in which the rows differ from the file that was made of them."""
    assert row.settled_path is not None  # noqa: S101 - it is settled
    path = manifest_of(context.site.directory / row.settled_path)
    try:
        data = read_file(path)
        kept = read_manifest(data)
    except CustodyError:
        return  # the walk through the archive tells of it
    place = first_difference(_lasting(kept), _lasting(made))
    if place is None:
        return
    pointer, recorded, found = place
    file = context.layout.relative(path)
    if hashlib.sha256(data).hexdigest() == row.manifest_sha256:
        message = f"The rows of transfer {row.id} are not those that its manifest was made of"
        yield Trouble("ledger-row-altered", message, file, None, None, pointer, recorded, found)
    else:
        message = f"The manifest of transfer {row.id} is not the one that was made of its rows"
        yield Trouble("manifest-altered", message, file, _line(data, pointer), None, pointer, found, recorded)


def _lasting(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return a manifest without what depends on who makes it, and when."""
    lasting = {key: value for key, value in manifest.items() if key not in _OF_THE_MOMENT}
    about = lasting.get("transfer")
    if isinstance(about, dict):
        lasting["transfer"] = {key: value for key, value in about.items() if key != "superseded_by"}
    return lasting


def first_difference(one: Any, other: Any, pointer: str = "") -> tuple[str, str, str] | None:
    """Return the JSON pointer of the first value that differs, and both values; None if all are the same."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        places: Iterator[tuple[Any, Any, Any]] = (
            (key, one.get(key), other.get(key)) for key in sorted({*one, *other})
        )
    elif isinstance(one, list) and isinstance(other, list):
        longest = range(max(len(one), len(other)))
        places = (
            (n, one[n] if n < len(one) else None, other[n] if n < len(other) else None) for n in longest
        )
    else:
        return (
            None
            if one == other and type(one) is type(other)
            else (pointer or "/", in_words(one), in_words(other))
        )
    for key, mine, theirs in places:
        name = str(key).replace("~", "~0").replace("/", "~1")
        found = first_difference(mine, theirs, f"{pointer}/{name}")
        if found is not None:
            return found
    return None


def in_words(value: object) -> str:
    """Return a value of JSON or YAML as a person reads it: text as it is, all else as JSON."""
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _line(data: bytes, pointer: str) -> int | None:
    """Return the line on which a member stands, where its name stands once in the file."""
    name = pointer.rpartition("/")[2]
    lines = [
        n for n, line in enumerate(data.splitlines(), 1) if line.strip().startswith(f'"{name}":'.encode())
    ]
    return lines[0] if len(lines) == 1 else None


def _streams(connection: Connection) -> Iterator[Trouble]:
    rows = {row.stream: row for row in streams.every(connection)}
    for name in objects(connection, MOVED):
        (newest,) = read(connection, object_id=name, action=MOVED, limit=1)
        sequence, new, row = newest.sequence, newest.entry.new or {}, rows.get(name)
        if row is None:
            message = f"The ledger has no stream {name}, and entry {sequence} of the trail tells of it"
            yield Trouble("ledger-row-missing", message, entry=sequence, column="streams")
        elif (found := stream_facts(row.state))["sha256"] != new.get("sha256"):
            place = first_difference(dict(new), found)
            pointer, recorded, actual = place or ("/sha256", "", "")
            message = f"The stream {name} is not as entry {sequence} of the trail left it"
            column = f"streams.state{pointer}"
            yield Trouble("ledger-row-altered", message, None, None, sequence, column, recorded, actual)
