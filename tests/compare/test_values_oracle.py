"""The meaning of one text, held against what validation does with real files."""

from __future__ import annotations

import contextlib
import csv
import io
from collections import defaultdict
from collections.abc import Iterator
from typing import BinaryIO

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gateway.formats.compare.values import Null, Refused, Side, Value, meaning
from gateway.formats.definition import (
    Field,
    Format,
    Kind,
    RecordType,
    Role,
    Status,
    Version,
)
from gateway.model import Severity
from gateway.validation.columns import value_name
from gateway.validation.reading import Input, ListingLimits, read_files
from gateway.validation.schema import build_schema
from tests.compare.value_fields import sides, trials

ALL = ListingLimits(per_rule=10_000, per_file=100_000)


def one_column(side: Side) -> Format:
    """Return a format whose records are a number and the field of ``side``."""
    number, one = Field("n"), side.field
    if side.kind is Kind.FIXED_WIDTH:
        number = Field("n", offset=one.length, length=4)
    record = RecordType("item", Role.RECORD, (one, number), length=(one.length or 0) + 4)
    return Format("t", Version(1, 0, 0), Status.DRAFT, side.kind, "t", (record,), dialect=side.dialect)


def written(side: Side, texts: list[str]) -> bytes:
    """Return a file with one record for each of ``texts``."""
    if side.kind is Kind.FIXED_WIDTH:
        return "".join(f"{text}{number:04d}\n" for number, text in enumerate(texts)).encode()
    out = io.StringIO()
    csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        (text, f"{number:04d}") for number, text in enumerate(texts)
    )
    return out.getvalue().encode()


def refusals(side: Side, texts: list[str]) -> list[set[str]]:
    """Return the codes of the errors that validation reports for each text."""
    data = written(side, texts)

    @contextlib.contextmanager
    def opened() -> Iterator[BinaryIO]:
        yield io.BytesIO(data)

    (reading,) = read_files(one_column(side), [Input(0, "t", opened)], limits=ALL)
    found: dict[int, set[str]] = defaultdict(set)
    for finding in reading.findings.listed():
        if finding.severity is Severity.ERROR:
            assert finding.record is not None, finding
            found[finding.record].add(finding.code)
    return [found[number] for number in range(1, len(texts) + 1)]


def values(side: Side, texts: list[str]) -> list[object]:
    """Return the values that validation computes with."""
    definition = one_column(side)
    record = definition.record_types[0]
    frame = pl.DataFrame({"f": texts, "n": texts}, schema={"f": pl.String, "n": pl.String})
    prepared = build_schema(definition, record).prepare(frame)[value_name(side.field)]
    if prepared.dtype == pl.Date:
        return (prepared.cast(pl.Int64) + 719_163).to_list()
    if prepared.dtype == pl.Time:
        return prepared.cast(pl.Int64).to_list()
    if prepared.dtype == pl.Datetime:
        return (prepared.cast(pl.Int64) + 719_162 * 86_400 * 1_000_000).to_list()
    return prepared.to_list()


@pytest.mark.parametrize("physical", [Kind.DELIMITED, Kind.FIXED_WIDTH])
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(data=st.data())
def test_oracle_agrees_with_files(data: st.DataObject, physical: Kind) -> None:
    """A text shall be refused here exactly where a file with it is refused, with the same findings."""
    side = data.draw(sides(physical))
    texts = data.draw(trials(side))
    meanings = [meaning(side, text) for text in texts]
    ours = [set(one.codes) if isinstance(one, Refused) else set() for one in meanings]
    for text, one, other in zip(texts, ours, refusals(side, texts), strict=True):
        assert one == other, (text, side)
    for text, understood, value in zip(texts, meanings, values(side, texts), strict=True):
        if isinstance(understood, Null):
            assert value is None, (text, side)
        elif isinstance(understood, Value):
            assert value == (None if understood.sort == "unread" else understood.value), (text, side)
