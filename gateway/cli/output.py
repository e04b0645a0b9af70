"""How commands print: tables for people, JSON for programs, both from the same rows.

What stood in a file or its name is data: nothing of it reaches the terminal as a control character.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from gateway.printable import portable_text, printable

if TYPE_CHECKING:
    from rich.console import Console

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
reason_option = click.option("--reason", help="Why; kept in the audit trail and the manifest. Required.")

#: Columns of the output where it goes to a file or a program.
WIDTH = 100
_GAP = "  "
#: A line to be printed: texts, each with its style (empty: none).
_Line = Sequence[tuple[str, str]]
#: The narrowest a wrapped column gets; a table that needs more room than there is becomes wider.
_NARROWEST = 24

#: How a word that stands alone in a cell looks on a terminal.
_STYLES = {
    "failed": "red", "broken": "red", "conflict": "red", "held": "yellow", "delivering": "yellow",
    "CHANGED": "red", "not locked": "red", "processed": "green", "delivered": "green", "released": "green",
    "duplicate": "cyan",
}  # fmt: skip


def print_json(data: object) -> None:
    """Print ``data`` as indented JSON in UTF-8: times as ISO 8601 in UTC, unprintable characters escaped."""
    click.echo(json_text(data, indent=2))


def json_text(data: object, indent: int | None = None) -> str:
    """Return ``data`` as JSON that any terminal shows and any parser reads."""
    text = json.dumps(_plain(data), indent=indent, ensure_ascii=False, allow_nan=False)
    return "".join(
        char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1]
        for char in text
    )  # fmt: skip


def _plain(value: Any) -> Any:
    """Return ``value`` with what JSON cannot say put into words."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str | os.PathLike):
        return portable_text(os.fspath(value))
    if isinstance(value, datetime):
        return exact_moment(value)
    if isinstance(value, Mapping):
        return {portable_text(str(key)): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def exact_moment(value: datetime) -> str:
    """Return a time of UTC exact to the microsecond: ``2026-11-22T16:41:00.123456Z``."""
    return value.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


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
        elif parts:
            break
    return " ".join(parts[:2])


def since(start: datetime | None, now: datetime) -> str:
    """Return when something began and how long ago that is: ``2026-11-22 16:41:00Z (12m 5s)``."""
    return "" if start is None else f"{moment(start)} ({age((now - start).total_seconds())})"


def size(count: int) -> str:
    """Return a number of bytes as people read it."""
    if count < 1024:
        return f"{count} B"
    amount = count / 1024
    for unit in ("KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"


def number(count: int, noun: str, plural: str | None = None) -> str:
    """Return a count with its noun: ``1 file``, ``2,000 files``."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def say(text: str, *, err: bool = False) -> None:
    """Print one line."""
    click.echo(printable(text), err=err)


def width() -> int:
    """Return the columns of the terminal, or of a page where there is none."""
    return max(60, shutil.get_terminal_size((WIDTH, 24)).columns) if sys.stdout.isatty() else WIDTH


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    empty: str,
    wraps: Sequence[str] = (),
    below: Sequence[Sequence[str]] = (),
) -> None:
    """Print rows as a table.

    Columns named in ``wraps`` share the room that is left; all others stay whole. ``below`` has
    for each row the lines that stand under it over the full width, such as a reason.
    """
    if not rows:
        say(empty)
        return
    table = _Table(columns, rows, set(wraps))
    lines: list[_Line] = [[(title, "bold")]] if title else []
    lines.append([(table.header(), "bold dim" if title else "bold")])
    for index, row in enumerate(table.rows):
        lines += table.lines(row)
        for note in below[index] if below else ():
            lines += _under(note, 4)
    _show(lines)


def print_lines(text: str, indent: int = 2) -> None:
    """Print one paragraph, wrapped to the width of the page."""
    _show(_under(text, indent))


def _show(lines: Iterable[_Line]) -> None:
    """Print lines without blanks at their ends, on a terminal in colours."""
    if not sys.stdout.isatty():
        sys.stdout.writelines("".join(text for text, _style in line).rstrip() + "\n" for line in lines)
        return
    from rich.text import Text

    out = _console()
    for line in lines:
        shown = Text.assemble(*line)
        shown.rstrip()
        out.print(shown)


def _console() -> Console:
    from rich.console import Console

    # its own idea of a terminal would let an environment variable put colour codes into a file
    terminal = sys.stdout.isatty()
    return Console(
        file=sys.stdout, width=width(), force_terminal=terminal, highlight=False, soft_wrap=True, emoji=False
    )


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else printable(str(value))


def _under(text: str, indent: int) -> Iterator[_Line]:
    """Yield ``text`` indented, over the full width."""
    for line in _wrapped(printable(text), width() - indent):
        yield [(" " * indent + line, "")]


def _wrapped(text: str, room: int) -> list[str]:
    """Return ``text`` on lines of at most ``room`` columns."""
    if _columns(text) <= room:
        return [text]
    from rich.text import Text

    return [line.plain.rstrip() for line in Text(text.rstrip()).wrap(_console(), room, overflow="fold")]


def _columns(text: str) -> int:
    """Return the columns that ``text`` takes, which knows no control characters."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


class _Table:
    """The widths of a table's columns, and its rows as lines."""

    def __init__(self, columns: Sequence[str], rows: Sequence[Sequence[object]], wraps: set[str]) -> None:
        self._names = columns
        self.rows = [[_cell(cell) for cell in row] for row in rows]
        self._numeric = [
            bool(rows) and all(isinstance(row[index], int) for row in rows) for index in range(len(columns))
        ]
        natural = [self._natural(index) for index in range(len(columns))]
        loose = [index for index, name in enumerate(columns) if name in wraps]
        room = width() - len(_GAP) * (len(columns) - 1)
        room -= sum(each for index, each in enumerate(natural) if index not in loose)
        for left, index in zip(range(len(loose), 0, -1), sorted(loose, key=natural.__getitem__), strict=True):
            natural[index] = min(natural[index], max(_NARROWEST, room // left))
            room -= natural[index]
        self._widths = natural

    def _natural(self, index: int) -> int:
        return max(map(_columns, [self._names[index], *(row[index] for row in self.rows)]))

    def header(self) -> str:
        """Return the names of the columns over their cells."""
        return _GAP.join(self._placed(index, name) for index, name in enumerate(self._names))

    def lines(self, row: Sequence[str]) -> Iterator[_Line]:
        """Yield a row, on as many lines as its longest cell needs."""
        wrapped = [_wrapped(cell, self._widths[index]) for index, cell in enumerate(row)]
        for number_ in range(max(map(len, wrapped))):
            line = []
            for index, parts in enumerate(wrapped):
                cell = parts[number_] if number_ < len(parts) else ""
                line += [(self._placed(index, cell), _STYLES.get(row[index], "")), (_GAP, "")]
            yield line

    def _placed(self, index: int, cell: str) -> str:
        blanks = " " * (self._widths[index] - _columns(cell))
        return blanks + cell if self._numeric[index] else cell + blanks
