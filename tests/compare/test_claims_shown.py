"""Claims that a long search found without a file: each has one now, or is no claim any more."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from gateway.formats.compare.change import Direction, Verdict
from gateway.formats.compare.definitions import compare
from gateway.formats.definition import (
    Dialect,
    Discriminator,
    Field,
    FieldType,
    Format,
    Kind,
    RecordType,
    Role,
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


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Kind.DELIMITED, Kind.FIXED_WIDTH])
def test_a_long_search_finds_no_counterexample(kind: Kind) -> None:
    """The gateway shall keep the laws of comparison over hundreds of pairs with up to four changes."""
    tally = searched(kind, 400, 7)
    assert not tally.told, tally.told[0]
