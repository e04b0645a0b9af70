"""How commands print: tables for people, JSON for programs, both from the same rows."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from gateway.custody.names import printable

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
reason_option = click.option("--reason", help="Why; kept in the audit trail and the manifest. Required.")


def print_json(data: object) -> None:
    """Print ``data`` as indented JSON with a line end."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False, default=_plain))


def _plain(value: object) -> str:
    return moment(value) if isinstance(value, datetime) else str(value)


def moment(value: datetime | None) -> str:
    """Return a time exact to the second, in UTC with its zone, as tables show it."""
    return "" if value is None else value.strftime("%Y-%m-%d %H:%M:%SZ")


def age(seconds: float) -> str:
    """Return a span of time in the two largest units: ``3d 4h``, ``12m 5s``."""
    whole = max(0, int(seconds))
    parts: list[str] = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        count, whole = divmod(whole, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])


def size(count: int) -> str:
    """Return a number of bytes as people read it."""
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":
            return f"{count} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{count} B"


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    empty: str,
    ids: Sequence[str] = (),
) -> None:
    """Print rows as a table; ``ids`` names columns that are never shortened or wrapped."""
    if not rows:
        click.echo(empty)
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    wide = None if sys.stdout.isatty() else 200
    console = Console(width=wide, highlight=False)
    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        numeric = all(isinstance(row[columns.index(column)], int) for row in rows)
        table.add_column(
            column, no_wrap=column in ids, overflow="fold", justify="right" if numeric else "left"
        )
    for row in rows:
        table.add_row(*(Text("" if cell is None else printable(str(cell))) for cell in row))
    console.print(table)


def show(
    as_json: bool,
    data: Sequence[Mapping[str, Any]],
    table: Callable[[], None],
) -> None:
    """Print ``data`` as JSON, or call ``table`` to print it for people."""
    if as_json:
        print_json(data)
    else:
        table()
