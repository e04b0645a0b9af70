"""What surrounds the records: header, trailer, identifiers, occurrences, counts and control totals."""

from __future__ import annotations

import decimal
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from gateway.finding_codes import finding
from gateway.formats.definition import (
    ControlCount,
    ControlTotal,
    Envelope,
    Field,
    Format,
    RecordType,
    Reference,
    Role,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.findings import Findings
    from gateway.model import Finding

#: Enough digits that no sum is ever rounded.
EXACT = decimal.Context(prec=200)
#: Readers report these for rows that they leave out: such rows are neither counted nor added.
_LEFT_OUT = ("F102", "F106", "F107", "F108", "F109", "F110", "F113")
#: Whatever begins so says that the file's form is broken; fewer records are then no news.
_FORM = ("F1", "F5", "F6")

IDENTIFIERS = (
    "message_id",
    "sender",
    "receiver",
    "control_number",
    "previous_number",
    "format_version",
    "created_at",
)


@dataclass(slots=True)
class Sum:
    """An exact sum over one field, and how many rows had no usable number."""

    total: Decimal = Decimal(0)
    rows: int = 0
    left_out: int = 0

    def add(self, total: Decimal, rows: int, left_out: int) -> None:
        """Add the sum of some more rows."""
        self.total = EXACT.add(self.total, total)
        self.rows += rows
        self.left_out += left_out


@dataclass(slots=True)
class Surroundings:
    """What one file was found to hold around its records, and how many records of each type."""

    texts: dict[str, str] = field(default_factory=dict)  #: ``type.field`` -> trimmed text, of the first row
    numbers: dict[str, Decimal] = field(default_factory=dict)  #: the same, where it is a valid number
    places: dict[str, tuple[int, int | None]] = field(default_factory=dict)  #: type -> record, line
    counts: dict[str, int] = field(default_factory=dict)
    sums: dict[str, Sum] = field(default_factory=dict)  #: ``type.field`` -> sum

    def identifier(self, reference: Reference | None) -> str | None:
        """Return the text of an identifier; None where the format or the file has none."""
        return None if reference is None else self.texts.get(str(reference))


def business_records(definition: Format, counts: dict[str, int]) -> int:
    """Return how many rows of role record were counted."""
    return sum(counts.get(one.name, 0) for one in definition.record_types if one.role is Role.RECORD)


def check_envelope(definition: Format, found: Surroundings, findings: Findings) -> None:
    """Add what is wrong with the envelope of a file that has been read to its end."""
    broken = any(key[0].startswith(_FORM) for key in findings.totals)
    problems = [
        *_occurrences(definition, found),
        *_identifiers(definition.envelope, definition, found),
        *(one for count in definition.envelope.counts for one in _count(count, found, findings)),
        *(one for total in definition.envelope.totals for one in _total(total, found)),
        *_zero_records(definition, found, broken=broken),
    ]
    for problem in problems:
        findings.add(problem)


def _occurrences(definition: Format, found: Surroundings) -> Iterator[Finding]:
    """F201, F202, F204: each record type occurs as often as it may in a file."""
    missing = {Role.HEADER: "F201", Role.TRAILER: "F202"}
    for one in definition.record_types:
        number = found.counts.get(one.name, 0)
        if one.parent is not None and one.role is Role.RECORD:
            continue
        if one.role in missing and number == 0:
            if one.min_occurs > 0 or _relied_on(definition, one):
                message = f"There is no {one.name} record: the {one.role.value} is missing."
                yield finding(missing[one.role], message, rule="occurs", record_type=one.name)
        elif number < one.min_occurs or (one.max_occurs is not None and number > one.max_occurs):
            most = "any number" if one.max_occurs is None else one.max_occurs
            message = f"{number} {one.name} records; allowed are {one.min_occurs} to {most}."
            yield finding("F204", message, rule="occurs", record_type=one.name)


def _relied_on(definition: Format, one: RecordType) -> bool:
    """Return whether the envelope names a required field of ``one``."""
    envelope = definition.envelope
    references: list[Reference | None] = [getattr(envelope, name) for name in IDENTIFIERS]
    references += [count.stated for count in envelope.counts]
    references += [total.stated for total in envelope.totals]
    return any(ref and ref.record_type == one.name and one.field(ref.field).required for ref in references)


def _identifiers(envelope: Envelope, definition: Format, found: Surroundings) -> Iterator[Finding]:
    """F207: identifiers that the envelope names, in records that are there."""
    for name in IDENTIFIERS:
        reference: Reference | None = getattr(envelope, name)
        if reference is None or reference.record_type not in found.places or str(reference) in found.texts:
            continue
        declared: Field = definition.record_type(reference.record_type).field(reference.field)
        if declared.required and not declared.nullable:
            record, line = found.places[reference.record_type]
            message = f"The {name.replace('_', ' ')} is missing: {reference} has no value."
            yield finding(
                "F207",
                message,
                rule=name,
                record_type=reference.record_type,
                column=reference.field,
                record=record,
                line=line,
            )


def _count(control: ControlCount, found: Surroundings, findings: Findings) -> Iterator[Finding]:
    stated = found.numbers.get(str(control.stated))
    number = sum(found.counts.get(name, 0) for name in control.of)
    if stated is None or stated == number:
        return
    left_out = sum(total for key, total in findings.totals.items() if key[0] in _LEFT_OUT)
    message = (
        f"{control.stated} states {plain(stated)} records; {number} of {', '.join(control.of)} were found"
    )
    if left_out:
        message += f", and {left_out} rows were refused for their form and not counted"
    yield _stated_wrong("F205", message, "count", control.stated, found)


def _total(control: ControlTotal, found: Surroundings) -> Iterator[Finding]:
    stated = found.numbers.get(str(control.stated))
    sums = found.sums.get(str(control.sum_of), Sum())
    if stated is None or stated == sums.total:
        return
    difference = EXACT.subtract(stated, sums.total)
    message = (
        f"{control.stated} states {plain(stated)}; the sum of {control.sum_of} over {sums.rows:,} records "
        f"is {plain(sums.total)}, a difference of {plain(difference)}"
    )
    if sums.left_out:
        message += f"; {sums.left_out:,} of them without a valid number there: counted, but not in the sum"
    yield _stated_wrong("F206", message, f"sum of {control.sum_of}", control.stated, found)


def _stated_wrong(code: str, message: str, rule: str, stated: Reference, found: Surroundings) -> Finding:
    record, line = found.places[stated.record_type]
    return finding(
        code,
        message + ".",
        rule=rule,
        record_type=stated.record_type,
        column=stated.field,
        record=record,
        line=line,
        value=found.texts.get(str(stated)),
    )


def _zero_records(definition: Format, found: Surroundings, *, broken: bool) -> Iterator[Finding]:
    if definition.zero_records == "refuse" and not broken and business_records(definition, found.counts) == 0:
        yield finding("F211", "The file has no business record.", rule="zero-records")


def plain(number: Decimal) -> str:
    """Return ``number`` in plain digits, without trailing zeros and never in powers of ten."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
