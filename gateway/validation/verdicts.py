"""What is asked of a frame, and how the rows that fail are found and named.

A ``Verdict`` is one question that pandera answers for a whole column: all right or not.
Only where the answer is no, its ``Wrong`` expressions locate the rows, count them exactly
per file, and put the first few into words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.finding_codes import finding
from gateway.model import Finding, Severity
from gateway.readers.base import LINE, RECORD
from gateway.validation.columns import FILE, raw_name

if TYPE_CHECKING:
    import polars as pl

#: Longer values are cut in findings: a report is read by people.
LONGEST_VALUE = 300

Row = Mapping[str, str | None]  # field -> raw text


@dataclass(frozen=True, slots=True)
class Wrong:
    """One way in which a row can be wrong, and how it is said."""

    code: str
    rule: str
    column: str | None
    failed: pl.Expr  #: true for the rows that are wrong, never null
    words: Callable[[Row], str]
    shows: tuple[str, ...]  #: fields whose raw text ``words`` needs; the first is the finding's value
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class Verdict:
    """One question to pandera about one column; its name is the column and the rule."""

    column: str
    rule: str
    ok: pl.Expr | None  #: null counts as all right; None: the column's own ``nullable=False``
    wrongs: tuple[Wrong, ...]  #: together they are true wherever ``ok`` is false of a value that is valid

    @property
    def name(self) -> str:
        """Return ``column:rule``."""
        return f"{self.column}:{self.rule}"


@dataclass(frozen=True, slots=True)
class Located:
    """The rows of one file that are wrong in one way: the first few, and how many there are."""

    file: int
    total: int
    findings: list[Finding]


def locate(frame: pl.DataFrame, record_type: str, wrong: Wrong, most: int) -> Iterator[Located]:
    """Yield, for each file with wrong rows, at most ``most`` findings and the exact number."""
    yield from named(frame, record_type, wrong, frame.select(wrong.failed).to_series(), most)


def named(
    frame: pl.DataFrame, record_type: str, wrong: Wrong, failed: pl.Series, most: int
) -> Iterator[Located]:
    """Do what `locate` does with the rows that are known to have ``failed``."""
    rows = failed.arg_true()
    if rows.is_empty():
        return
    columns = [frame[name] for name in (RECORD, LINE, *map(raw_name, wrong.shows))]
    files = frame[FILE].gather(rows)
    for mine in files.to_frame().with_columns(rows).partition_by(FILE, maintain_order=True):
        listed = mine[failed.name].head(max(most, 1))
        sample = zip(*(column.gather(listed).to_list() for column in columns), strict=True)
        findings = [_finding(wrong, record_type, *row) for row in sample]
        yield Located(mine.item(0, FILE), mine.height, findings)


def _finding(wrong: Wrong, record_type: str, record: int, line: int | None, *values: str | None) -> Finding:
    row = {name: shortened(value) for name, value in zip(wrong.shows, values, strict=True)}
    return finding(
        wrong.code,
        wrong.words(row),
        severity=wrong.severity,
        rule=wrong.rule,
        record_type=record_type,
        record=record,
        line=line,
        column=wrong.column,
        value=row[wrong.shows[0]] if wrong.shows else None,
    )


def shortened(value: str | None) -> str | None:
    """Return ``value``, cut where it is too long to be read, with its length."""
    if value is None or len(value) <= LONGEST_VALUE:
        return value
    return f"{value[:LONGEST_VALUE]}... ({len(value):,} characters)"


def quoted(value: str | None) -> str:
    """Return ``value`` in quotes as messages show it, or the word ``absent``."""
    return "absent" if value is None else f'"{value}"'
