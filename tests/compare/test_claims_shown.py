"""Claims that a long search found without a file: each has one now, or is no claim any more."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from gateway.formats.compare.change import Direction, Verdict
from gateway.formats.compare.definitions import compare
from gateway.formats.definition import (
    ControlCount,
    ControlTotal,
    Dialect,
    Discriminator,
    Envelope,
    Field,
    FieldType,
    Format,
    Kind,
    RecordType,
    Reference,
    Role,
    Rule,
    Status,
    Version,
)
from gateway.formats.loading import load_format
from gateway.witness import prove, prove_all
from tests.compare.search import searched

FORMATS = Path(__file__).resolve().parents[2] / "formats"


def _format(kind: Kind, item: RecordType, **dialect: Any) -> Format:
    return Format(
        "sample", Version(1, 0, 0), Status.DRAFT, kind, "Sample", (item,), dialect=Dialect(**dialect)
    )


def _lines(width: int = 10, unit: str | None = None, **settings: Any) -> Format:
    """Return a fixed-width format with one number, whose records are ``width`` characters long."""
    number = Field("number", FieldType.INTEGER, offset=0, length=6, unit=unit)
    item = RecordType("item", Role.RECORD, (number,), length=width, max_occurs=settings.pop("most", None))
    return _format(Kind.FIXED_WIDTH, item, trim="both", **settings)


def _tagged(trim: str, constant: str | None = "I") -> Format:
    tag = Field("tag", constant=constant, trim=trim)
    item = RecordType("item", Role.RECORD, (tag,), discriminator=Discriminator("I", column=0))
    return _format(Kind.DELIMITED, item)


def _next(definition: Format) -> Format:
    return dataclasses.replace(definition, version=Version(1, 1, 0))


def test_a_silent_change_is_shown_though_another_change_refuses_the_file() -> None:
    """The gateway shall show what a unit does even where a longer record refuses all files today."""
    old, new = _lines(10, "KG"), _next(_lines(12, "G"))
    (unit,) = [one for one in compare(old, new).changes if one.kind == "unit"]
    proof = prove(old, new, unit, Direction.OLD_UNDER_NEW)
    assert proof is not None
    assert (proof.confirmed, proof.masked, proof.reader.accepted) == (True, True, False)
    assert [(one.writer, one.reader) for one in proof.differences] == [("1 KG", "1 G")]


@pytest.mark.parametrize(("most", "verdict"), [(None, Verdict.BREAKING), (1, Verdict.REVIEW)])
def test_records_without_line_ends_need_two_to_show_it(most: int | None, verdict: Verdict) -> None:
    """The gateway shall show a line end that is missing with two records, and claim nothing of one."""
    old, new = _lines(most=most, line_end="none"), _next(_lines(most=most, line_end="lf"))
    (change,) = compare(old, new).changes
    assert change.old_under_new.verdict is verdict
    assert all(one.proof and one.proof.confirmed for one in prove_all(old, new, compare(old, new)))


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        (_tagged("both"), _tagged("right"), Verdict.OK),
        (_tagged("both"), _tagged("none"), Verdict.BREAKING),
        (_tagged("left", None), _tagged("none"), Verdict.BREAKING),
    ],
)
def test_a_tag_has_blanks_behind_it_at_most(old: Format, new: Format, verdict: Verdict) -> None:
    """The gateway shall know that a row is told by its tag with blanks behind it, and by none before it."""
    comparison = compare(old, _next(new))
    assert comparison.worst(Direction.OLD_UNDER_NEW) is verdict
    assert all(one.proof and one.proof.confirmed for one in prove_all(old, _next(new), comparison))


def test_a_moved_field_is_shown_by_a_row_that_the_rules_allow() -> None:
    """The gateway shall prove a moved field of a shipped version, though its rules tie fields together."""
    old, new = (load_format(FORMATS / "consumption" / version) for version in ("1.0.0", "1.1.0"))
    (moved,) = [one for one in compare(old, new).changes if one.path.endswith("posting_date.offset")]
    proof = prove(old, new, moved, Direction.NEW_UNDER_OLD)
    assert proof is not None
    assert proof.confirmed


def _columns(*fields: Field, rules: tuple[Rule, ...] = (), **dialect: Any) -> Format:
    """Return a delimited format of one record type, told by a tag before ``fields``."""
    item = RecordType(
        "item", Role.RECORD, (Field("tag", constant="I"), *fields), discriminator=Discriminator("I", column=0)
    )
    return dataclasses.replace(_format(Kind.DELIMITED, item, **dialect), rules=rules)


def _claimed(old: Format, new: Format, kind: str) -> tuple[Verdict, bool]:
    """Return the verdict of a change of ``kind``, old under new, and whether a file proves it."""
    change = next(one for one in compare(old, _next(new)).changes if one.kind == kind)
    proof = prove(old, _next(new), change, Direction.OLD_UNDER_NEW)
    return change.old_under_new.verdict, proof is not None and proof.confirmed


@pytest.mark.parametrize(
    ("needed", "closed", "nullable", "expected"),
    [
        (True, "forbidden", False, (Verdict.OK, False)),
        (False, "forbidden", False, (Verdict.SILENT, True)),
        (False, "required", False, (Verdict.OK, False)),  # what is missing first is read as empty
        (False, "required", True, (Verdict.SILENT, True)),
    ],
)
def test_only_the_last_columns_can_be_absent(
    needed: bool, closed: str, nullable: bool, expected: tuple[Verdict, bool]
) -> None:
    """The gateway shall claim of a default only what a row shows that can lack the field."""
    first = Field("first", FieldType.INTEGER, required=False, nullable=nullable)
    field = Field("field", FieldType.INTEGER, required=False)
    last = (Field("last", FieldType.INTEGER),) if needed else ()
    old = _columns(first, field, *last, trailing_delimiter=closed)
    new = _columns(first, dataclasses.replace(field, default="7"), *last, trailing_delimiter=closed)
    assert _claimed(old, new, "default") == expected


@pytest.mark.parametrize("turned", [False, True])
def test_a_unit_that_comes_to_stand_in_the_file_is_shown(turned: bool) -> None:
    """The gateway shall prove what happens where the file names the unit that the definition fixed."""
    unit = Field("unit", codes={"KG": "", "G": ""})
    fixed = _columns(Field("number", FieldType.INTEGER, unit="KG"), unit)
    stated = _columns(Field("number", FieldType.INTEGER, unit_field="unit"), unit)
    pair = (stated, fixed) if turned else (fixed, stated)
    assert _claimed(*pair, "unit") == (Verdict.SILENT, True)


def _closed(*stated: str) -> Format:
    """Return a delimited format whose last record states a number of records and their sum."""
    kinds = {"count": FieldType.INTEGER, "total": FieldType.DECIMAL}
    tags = {name: Field("tag", constant=name) for name in "IT"}
    told = {name: Discriminator(name, column=0) for name in "IT"}
    item = RecordType(
        "item", Role.RECORD, (tags["I"], Field("number", FieldType.DECIMAL)), discriminator=told["I"]
    )
    tail = RecordType(
        "tail", Role.TRAILER, (tags["T"], *(Field(name, kinds[name]) for name in stated)),
        discriminator=told["T"], min_occurs=1, max_occurs=1,
    )  # fmt: skip
    envelope = Envelope(
        counts=(ControlCount(Reference("tail", "count"), ("item",)),),
        totals=(ControlTotal(Reference("tail", "total"), Reference("item", "number")),),
        key=(),
    )
    return dataclasses.replace(_format(Kind.DELIMITED, item), record_types=(item, tail), envelope=envelope)


def test_a_count_and_a_total_that_swap_places_are_refused() -> None:
    """The gateway shall prove that what was the sum is refused as the number of records."""
    old, new = _closed("count", "total"), _next(_closed("total", "count"))
    proved = list(prove_all(old, new, compare(old, new)))
    assert [one.change.kind for one in proved] == ["field-moved"] * 4
    assert all(one.proof and one.proof.confirmed for one in proved)


def test_another_identifier_is_shown_though_the_file_is_refused() -> None:
    """The gateway shall show by what else a file is known even where its records are too short today."""
    fields = {"tag": Field("tag", constant="HEAD"), "one": Field("one"), "two": Field("two")}
    own = (dataclasses.replace(one, offset=4 * at, length=4) for at, one in enumerate(fields.values()))
    head = RecordType(
        "head",
        Role.HEADER,
        tuple(own),
        discriminator=Discriminator("HEAD", offset=0, length=4),
        min_occurs=1,
        max_occurs=1,
    )
    tag = Field("tag", constant="ITEM", offset=0, length=4)
    item = RecordType(
        "item", Role.RECORD, (tag,), discriminator=Discriminator("ITEM", offset=0, length=4), length=8
    )
    plain = _format(Kind.FIXED_WIDTH, item, trim="both")
    old, new = (
        dataclasses.replace(
            plain, record_types=(head, kind), envelope=Envelope(message_id=Reference("head", name))
        )
        for kind, name in ((item, "one"), (dataclasses.replace(item, length=9), "two"))
    )
    assert _claimed(old, new, "identifier") == (Verdict.SILENT, True)


@pytest.mark.parametrize(
    ("field", "most", "expected"),
    [
        (Field("field", FieldType.BOOLEAN), 2, (Verdict.REVIEW, False)),
        (Field("field", codes={"A": "", "B": "", "C": ""}), 2, (Verdict.BREAKING, True)),
        (Field("field", FieldType.INTEGER), 120, (Verdict.BREAKING, True)),
        (Field("field", max_length=9), 120, (Verdict.BREAKING, True)),
    ],
)
def test_records_that_must_differ_are_as_many_as_their_values(
    field: Field, most: int, expected: tuple[Verdict, bool]
) -> None:
    """The gateway shall demand no more different records than a field has values, and find the others."""
    old = _columns(field, rules=(Rule("once", "unique", "item", "Once.", fields=("field",)),))
    (item,) = old.record_types
    new = dataclasses.replace(old, record_types=(dataclasses.replace(item, max_occurs=most),))
    assert _claimed(old, new, "cardinality-tightened") == expected


@pytest.mark.parametrize(
    ("of", "expected"), [("tag", (Verdict.REVIEW, False)), ("other", (Verdict.BREAKING, True))]
)
def test_a_value_stands_where_a_rule_looks_for_it(of: str, expected: tuple[Verdict, bool]) -> None:
    """The gateway shall show a value with the record that it must refer to, or claim nothing of it."""
    rules = (Rule("known", "exists", "item", "Known.", fields=("number",), of=Reference("item", of)),)
    number, other = Field("number", FieldType.INTEGER), Field("other", FieldType.INTEGER)
    old = _columns(number, other, rules=rules)
    new = _columns(dataclasses.replace(number, maximum="500"), other, rules=rules)
    assert _claimed(old, new, "range-tightened") == expected


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", [Kind.DELIMITED, Kind.FIXED_WIDTH])
def test_a_long_search_finds_no_counterexample(kind: Kind) -> None:
    """The gateway shall keep the laws of comparison over hundreds of pairs with up to four changes."""
    tally = searched(kind, 400, 7)
    assert not tally.told, tally.told[0]
