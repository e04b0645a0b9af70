"""What is wrong is looked for only in the rows that answered a question with no: nothing is overlooked."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.formats.definition import Condition, Dialect, FieldType, RecordType, Role, Rule
from gateway.readers.base import LINE, RECORD
from gateway.validation.columns import FILE
from gateway.validation.schema import RecordSchema, build_schema
from gateway.validation.verdicts import Located, locate
from tests.validation.validation_kit import field, make_format

_FIELDS = (
    field("id", pattern="[0-9]{2}", required=True),
    field("count", FieldType.INTEGER, minimum="1", maximum="50", nullable=True, required=False),
    field("weight", FieldType.DECIMAL, decimals=2, digits=4, default="1"),
    field("day", FieldType.DATE, minimum="2020-01-01", nullable=True),
    field("kind", codes={"A": "", "B": ""}, max_length=3),
    field("flag", FieldType.BOOLEAN, nullable=True),
    field("site", constant="X1"),
)
_ITEM = RecordType("item", Role.RECORD, _FIELDS)
_RULES = (
    Rule("less", "compare", "item", "count below weight", left="count", op="<", right="weight"),
    Rule("due", "required", "item", "B has a day", fields=("day",), when=(Condition("kind", equals="B"),)),
    Rule("one", "any-of", "item", "one of both", fields=("count", "flag")),
)
_TEXTS = st.sampled_from(
    [None, "", " ", "~", "1", "7", "07", "99", "1.25", "1.234", "12345", "2026-02-29", "2026-02-28", "A", "B",
     "ABCD", "true", "X1", "x"]
)  # fmt: skip
_ROWS = st.lists(st.tuples(*[_TEXTS] * len(_FIELDS)), min_size=1, max_size=8)


def _all(schema: RecordSchema, rows: pl.DataFrame) -> list[Located]:
    wrongs = (wrong for verdict in schema.verdicts for wrong in verdict.wrongs)
    return [found for wrong in wrongs for found in locate(rows, "item", wrong, 3)]


@settings(max_examples=100, deadline=None)
@given(rows=_ROWS)
def test_nothing_wrong_stands_outside_the_rows_with_a_no(rows: list[tuple[str | None, ...]]) -> None:
    """The gateway shall find in the rows with a no all that it finds in all rows."""
    definition = make_format(_ITEM, rules=_RULES, dialect=Dialect(null_tokens=("", "~"), trim="both"))
    schema = build_schema(definition, _ITEM)
    names = [one.name for one in _FIELDS]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row").with_columns(
        pl.lit(0).alias(FILE), pl.int_range(pl.len()).alias(RECORD), pl.int_range(pl.len()).alias(LINE)
    )
    prepared = schema.prepare(frame)
    judged = schema.judge(prepared)
    wrongs = [wrong for verdict in judged.refused for wrong in verdict.wrongs]
    found = [each for wrong in wrongs for each in locate(judged.wrong(prepared), "item", wrong, 3)]
    assert found == _all(schema, prepared)
