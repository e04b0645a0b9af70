"""Rows that break a rule are changed until the file is valid: a bounded search, judged by real reading."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from gateway.witness.checking import Checked
from gateway.witness.settling import settle
from gateway.witness.texts import options

if TYPE_CHECKING:
    from gateway.formats.definition import Field, Format, Rule
    from gateway.model import Finding
    from gateway.witness.draft import DraftRow

Rows = list["DraftRow"]
#: Judges several drafts at once.
Judge = Callable[[list[Rows]], list[Checked]]

#: Rounds of changes; each takes away at least one finding, or is the last.
_ROUNDS = 12
#: Drafts that one round tries.
_TRIES = 80
#: Texts of one field that are tried: alone, and together with another field.
_ALONE = 24
_TOGETHER = 7


def repaired(definition: Format, rows: Rows, judge: Judge) -> Rows | None:
    """Return ``rows`` changed so that ``judge`` finds nothing wrong; None where that was not found."""
    settle(definition, rows)
    (verdict,) = judge([rows])
    for _ in range(_ROUNDS):
        if verdict.accepted:
            return rows
        drafts = list(itertools.islice(_changed(definition, rows, verdict), _TRIES))
        if not drafts:
            return None
        verdicts = judge(drafts)
        best = min(range(len(drafts)), key=lambda index: verdicts[index].errors)
        if verdicts[best].errors >= verdict.errors:
            return None
        rows, verdict = drafts[best], verdicts[best]
    return rows if verdict.accepted else None


def _changed(definition: Format, rows: Rows, verdict: Checked) -> Iterator[Rows]:
    """Yield drafts that differ from ``rows`` where the first finding points to."""
    for finding in verdict.findings:
        index = _row(rows, finding)
        names = [] if index is None else _fields(definition, rows[index], finding)
        if index is not None and names:
            yield from _with(definition, rows, index, names)
            return


def _row(rows: Rows, finding: Finding) -> int | None:
    """Return the index of the row that ``finding`` is about: records are counted as rows stand."""
    number = finding.record
    if number is not None and 1 <= number <= len(rows):
        return number - 1
    return next((i for i, row in enumerate(rows) if row.kind.name == finding.record_type), None)


def _fields(definition: Format, row: DraftRow, finding: Finding) -> list[str]:
    """Return the fields whose texts may have caused ``finding``; those that are fixed are left out."""
    rule = next((one for one in definition.rules if one.id == finding.rule), None)
    if rule is not None:
        names = list(_named(rule))
    else:
        names = [field.name for field in row.kind.fields if is_about(field, finding.column or "")]
    own = {field.name for field in row.kind.fields} - row.fixed
    return [name for name in dict.fromkeys(names) if name in own]


def is_about(field: Field, column: str) -> bool:
    """Return whether ``column`` is ``field``; schemas name the element or member instead."""
    if column == field.name:
        return True
    last = (field.path or "").rpartition("/")[2]
    return bool(last) and column.rpartition("/")[2].lstrip("@") == last.lstrip("@")


def _named(rule: Rule) -> Iterator[str]:
    yield from (name for name in (rule.left, rule.right, *rule.fields) if name)
    yield from (condition.field for condition in rule.when)


def _with(definition: Format, rows: Rows, index: int, names: list[str]) -> Iterator[Rows]:
    """Yield drafts with other texts in one or two of the fields ``names``, and what follows from them."""
    kind = rows[index].kind
    texts = {name: _no_value_first(options(definition, kind.field(name))) for name in names}
    singles = [{name: text} for name in names for text in texts[name][:_ALONE]]
    copies = [{one: rows[index].texts.get(other)} for one, other in itertools.permutations(names, 2)]
    pairs = [
        {one: first, other: second}
        for one, other in itertools.combinations(names, 2)
        for first in texts[one][:_TOGETHER]
        for second in texts[other][:_TOGETHER]
    ]
    for changes in (*copies, *singles, *pairs):
        draft = [row.copy() for row in rows]
        for name, text in changes.items():
            draft[index].put(name, text)
        settle(definition, draft)
        yield draft


def _no_value_first(known: tuple[str | None, ...]) -> tuple[str | None, ...]:
    """Return ``known``, whose last texts may mean no value, with the last two of them first."""
    return (*known[-2:], *known[:-2])
