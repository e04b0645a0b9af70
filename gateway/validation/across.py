"""Rules over the records of a file, judged when the whole file has been seen.

Keys are compared by 64-bit hashes first (8 bytes a row) and, where two are the same, by
their text. For references the hash alone decides: an unresolved one is overlooked once in
about ten million files of a million records.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from gateway.finding_codes import finding
from gateway.readers.base import LINE, RECORD
from gateway.validation.children import check_children
from gateway.validation.columns import UNIT_SEPARATOR
from gateway.validation.gathering import (
    ACROSS_KINDS,
    Gathered,
    counts_children,
    number_slot,
    text_slot,
    types_of,
)
from gateway.validation.spool import MEMORY_BYTES, FrameSpool, Stretch, Table
from gateway.validation.verdicts import quoted, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from gateway.findings import Findings
    from gateway.formats.definition import Format, RecordType, Rule

#: Repeated keys whose texts are compared at one time; more are done in several rounds.
KEYS_AT_ONCE = 500_000
#: Hashes of keys that are in memory at one time: 32 MB, and as much again while they are put in order.
HASHES_AT_ONCE = 4_000_000

_HASH = pl.col("value").hash()


@dataclass(frozen=True, slots=True)
class WholeFile:
    """One file that has been read to its end."""

    definition: Format
    gathered: Gathered
    envelope: Mapping[str, str]
    findings: Findings

    def report(
        self,
        rule: Rule,
        code: str,
        column: str | None,
        bad: pl.DataFrame,
        words: Callable[[dict[str, object]], str],
    ) -> None:
        """Count the rows of ``bad`` and list the first few."""
        if bad.is_empty():
            return
        record_type = None if rule.record_type == "*" else rule.record_type
        room = self.findings.room(code, rule.id, record_type or "", column or "")
        listed = [
            finding(
                code,
                f"{rule.message} ({words(row)})",
                severity=rule.severity,
                rule=rule.id,
                record_type=record_type,
                record=row[RECORD],
                line=row[LINE],
                column=column,
                value=_plain(row["value"]),
            )
            for row in bad.head(max(room, 1)).iter_rows(named=True)
        ]
        self.findings.extend(listed, bad.height)


def check_across(file: WholeFile) -> None:
    """Apply all rules over the records of ``file`` and the occurrences under each parent."""
    checks: dict[str, Callable[[WholeFile, Rule], None]] = {
        "unique": check_unique,
        "constant": check_constant,
        "contiguous": check_contiguous,
        "earlier": check_reference,
        "exists": check_reference,
    }
    for rule in file.definition.rules:
        if rule.kind in ACROSS_KINDS:
            checks[rule.kind](file, rule)
    for record_type in file.definition.record_types:
        if counts_children(record_type):
            check_children(file.definition, record_type, file.gathered, file.findings)


def check_unique(file: WholeFile, rule: Rule) -> None:
    """F404: the fields together occur once; rows where one of them is missing do not count."""
    types = types_of(file.definition, rule.record_type, rule.fields)
    slot = text_slot(rule.fields)
    few = file.gathered.few(types, slot)
    if few is not None and len(set(few)) == len(few):
        return
    hashes = (frame["value"].drop_nulls().hash() for frame in file.gathered.rows(types, slot))
    suspects = pl.Series(dtype=pl.UInt64)
    for twice in repeated(hashes, file.gathered.count(types)):
        suspects = suspects.append(twice)
        if len(suspects) >= KEYS_AT_ONCE:
            _compare(file, rule, types, suspects)
            suspects = suspects.clear()
    _compare(file, rule, types, suspects)


def repeated(hashes: Iterable[pl.Series], count: int) -> Iterator[pl.Series]:
    """Yield, in one or more parts, each of about ``count`` ``hashes`` that is there more than once.

    Of many hashes only some are in memory at a time: they are put aside by their first bits.
    """
    bits = (count // HASHES_AT_ONCE).bit_length()
    parts = [FrameSpool(MEMORY_BYTES >> bits) for _ in range(1 << bits)]
    try:
        for some in hashes:
            divided = some.to_frame("hash").with_columns(
                part=pl.col("hash") // (1 << (64 - bits)) if bits else 0
            )
            for (part,), rows in divided.partition_by("part", as_dict=True, include_key=False).items():
                parts[int(part)].append(Stretch(Table(rows), 0, rows.height))
        for spool in parts:
            if len(spool):
                ordered = pl.concat(spool.frames())["hash"].sort()
                yield ordered.filter(ordered == ordered.shift(1)).unique(maintain_order=True)
                spool.close()
    finally:
        for spool in parts:
            spool.close()


def _compare(file: WholeFile, rule: Rule, types: tuple[RecordType, ...], suspects: pl.Series) -> None:
    """Compare the texts of all keys whose hashes are among ``suspects``."""
    for start in range(0, len(suspects), KEYS_AT_ONCE):
        chosen = _HASH.is_in(suspects.slice(start, KEYS_AT_ONCE).implode())
        _repeats(file, rule, file.gathered.rows(types, text_slot(rule.fields), chosen))


def _repeats(file: WholeFile, rule: Rule, suspects: Iterator[pl.DataFrame]) -> None:
    """Report each row whose key an earlier row has; ``suspects`` come in file order."""
    names = " + ".join(rule.fields)
    column = rule.fields[0] if len(rule.fields) == 1 else None
    firsts: pl.DataFrame | None = None
    for rows in suspects:
        new = rows.unique("value", keep="first", maintain_order=True)
        if firsts is not None:
            new = new.join(firsts, on="value", how="anti", maintain_order="left")
        firsts = new if firsts is None else pl.concat([firsts, new])
        known = firsts.select("value", first=RECORD, first_line=LINE)
        bad = rows.join(known, on="value", how="left", maintain_order="left").filter(
            pl.col(RECORD) != pl.col("first")
        )
        file.report(rule, "F404", column, bad, lambda row: f"{names} is {_key(row)}, first in {_first(row)}")


def check_constant(file: WholeFile, rule: Rule) -> None:
    """F405: each field has one value in all rows, and that of the envelope where the rule says so."""
    types = types_of(file.definition, rule.record_type, rule.fields)
    for name in rule.fields:
        expected = file.envelope.get(str(rule.of)) if rule.of else None
        few = file.gathered.few(types, text_slot((name,)))
        if few is not None and (not few or (len(set(few)) == 1 and expected in (None, few[0]))):
            continue
        source = f"{rule.of} says" if expected is not None else "the first record says"
        for rows in file.gathered.rows(types, text_slot((name,))):
            if expected is None:
                expected = rows["value"].drop_nulls().first()  # type: ignore[assignment] # a column of text
            if expected is not None:
                words = functools.partial(_differs, name, f"{source} {quoted(shortened(expected))}")
                file.report(rule, "F405", name, rows.filter(pl.col("value") != expected), words)


def _differs(name: str, expected: str, row: Mapping[str, object]) -> str:
    return f"{name} is {_key(row)}, {expected}"


def check_contiguous(file: WholeFile, rule: Rule) -> None:
    """F406: the number begins at ``start`` and goes up by one; a break is reported where it is."""
    name = rule.fields[0]
    types = types_of(file.definition, rule.record_type, rule.fields)
    few = file.gathered.few(types, number_slot(name))
    if few is not None and few == list(range(rule.start, rule.start + len(few))):
        return
    before = rule.start - 1
    for rows in file.gathered.rows(types, number_slot(name)):
        if rows.is_empty():
            continue
        # An unreadable number breaks nothing twice: neither it nor its successor is compared.
        expected = pl.col("value").shift(1, fill_value=before) + 1
        bad = rows.with_columns(expected=expected).filter(pl.col("value") != pl.col("expected"))
        file.report(
            rule, "F406", name, bad, lambda row: f"{name} is {row['value']}, expected {row['expected']}"
        )
        before = rows["value"].last()  # type: ignore[assignment] # a column of whole numbers


def check_reference(file: WholeFile, rule: Rule) -> None:
    """F407: the value occurs in the ``of`` field; for ``earlier`` in an earlier record."""
    if rule.of is None:
        return
    name = rule.fields[0]
    types = types_of(file.definition, rule.record_type, rule.fields)
    target_types = types_of(file.definition, rule.of.record_type, (rule.of.field,))
    if _all_resolved(file, rule, types, target_types):
        return
    targets = _targets(file, target_types, rule.of.field)
    resolved = pl.col("first").is_not_null()
    if rule.kind == "earlier":
        resolved &= pl.col("first") < pl.col(RECORD)
    wanted = pl.col("value").is_not_null()
    if rule.or_value is not None:
        wanted &= pl.col("value") != rule.or_value
    place = "an earlier record" if rule.kind == "earlier" else "the file"
    for rows in file.gathered.rows(types, text_slot((name,))):
        known = (
            rows.filter(wanted)
            .with_columns(hash=_HASH)
            .join(targets, on="hash", how="left", maintain_order="left")
        )
        bad = known.filter(~resolved.fill_null(False))
        file.report(
            rule, "F407", name, bad, lambda row: f"{name} is {_key(row)}, no {rule.of} of {place} has it"
        )


def _all_resolved(
    file: WholeFile, rule: Rule, types: tuple[RecordType, ...], target_types: tuple[RecordType, ...]
) -> bool:
    """Return whether the references of a small file are seen at once to be in order."""
    assert rule.of is not None  # noqa: S101 - the caller has looked
    values = file.gathered.few(types, text_slot((rule.fields[0],)))
    targets = file.gathered.few(target_types, text_slot((rule.of.field,)))
    if values is None or targets is None or (rule.kind == "earlier" and types != target_types):
        return False
    nothing = {None, rule.or_value}
    if rule.kind == "exists":
        return set(values) - nothing <= set(targets)
    seen: set[str | None] = set()
    for value, target in zip(values, targets, strict=True):
        if value not in nothing and value not in seen:
            return False
        seen.add(target)
    return True


def _targets(file: WholeFile, types: tuple[RecordType, ...], name: str) -> pl.DataFrame:
    """Return the hash of each value that can be referred to, with the first record that has it."""
    found = [
        rows.drop_nulls("value").group_by(_HASH.alias("hash")).agg(first=pl.col(RECORD).min())
        for rows in file.gathered.rows(types, text_slot((name,)))
    ]
    if not found:
        return pl.DataFrame(schema={"hash": pl.UInt64, "first": pl.Int64})
    return pl.concat(found).group_by("hash").agg(pl.col("first").min())


def _plain(found: object) -> str | None:
    return None if found is None else shortened(str(found).replace(UNIT_SEPARATOR, " + "))


def _key(row: Mapping[str, object]) -> str:
    return quoted(_plain(row["value"]))


def _first(row: Mapping[str, object]) -> str:
    line = f", line {row['first_line']}" if row["first_line"] is not None else ""
    return f"record {row['first']}{line}"
