"""Taking failed files out for somebody else to look at: copies, reports, and one list of findings."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from gateway.custody import copies, names
from gateway.errors import CustodyError, UsageError
from gateway.model import Transfer
from gateway.printable import printable
from gateway.stages.context import Context

_COLUMNS = (
    "transfer",
    "route",
    "file",
    "code",
    "severity",
    "record_type",
    "record",
    "line",
    "column",
    "byte_offset",
    "value",
    "message",
)


def export(
    context: Context,
    rows: Sequence[Transfer],
    directory: Path,
    progress: Callable[[int], None] = lambda _count: None,
) -> None:
    """Copy each failed file with its manifest and report to ``directory`` and list all findings.

    A file whose name is taken there gets its transfer's id into its name. ``progress`` is told of
    each file copied. Raises UsageError where the list exists already, CustodyError where something
    cannot be copied.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with open(
            directory / "findings.csv", "x", encoding="utf-8", errors="backslashreplace", newline=""
        ) as file:
            writer = csv.writer(file)
            writer.writerow(_COLUMNS)
            for row in rows:
                writer.writerows(_lines(row))
    except FileExistsError as error:
        raise UsageError(
            "There is an export already", where=str(directory), hint="Choose another directory"
        ) from error
    except OSError as error:
        raise CustodyError("The export cannot be written", where=str(directory), cause=error) from error
    for row in rows:
        _copy(context, row, directory)
        progress(1)


def _lines(row: Transfer) -> Iterable[list[Any]]:
    for one in (row.findings or {}).get("listed", ()):
        place = {"transfer": row.id, "route": row.route, "file": printable(row.name), **one}
        yield [_harmless(place.get(column, "")) for column in _COLUMNS]


def _harmless(cell: Any) -> Any:
    """Keep a spreadsheet from taking a value for a formula, and a terminal from obeying it."""
    if not isinstance(cell, str):
        return cell
    return f"'{printable(cell)}" if cell[:1] in tuple("=+-@\t\r") else printable(cell)


def _copy(context: Context, row: Transfer, directory: Path) -> None:
    source = context.path_of(row)
    target = names.archive_name(row.name)
    if (directory / target).exists():
        target = names.numbered(target, row.id)
    for suffix in ("", names.MANIFEST_SUFFIX, names.REPORT_SUFFIX):
        if os.path.lexists(source + suffix):
            copies.copy_new(source + suffix, directory / (target + suffix))
