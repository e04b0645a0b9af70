"""The pandera schema of a record type, built from its definition and kept for the next batch.

pandera gives the verdict on every column; where it says no, polars says which questions failed and
locates the rows. Whatever pandera itself stumbles over is asked of polars directly, so that a defect
there hides no finding.

All questions stand in one check of the frame: they are answered in one pass over it, which costs a small
part of one check per question or column (docs/decisions/0009-pandera-as-gate.md).
"""

from __future__ import annotations

import threading
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl
from pandera.config import ValidationDepth, config_context
from pandera.errors import SchemaError

from gateway.validation import rows, values

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pandera.api.polars.types import PolarsData

    from gateway.formats.definition import Format, RecordType
    from gateway.validation.verdicts import Verdict

#: Schemas kept: a site has some dozens of format versions with a few record types each.
_KEPT = 256


@dataclass(frozen=True, slots=True)
class RecordSchema:
    """What is made and asked of the rows of one record type of one format version."""

    record_type: RecordType
    raws: tuple[pl.Expr, ...]
    texts: tuple[pl.Expr, ...]
    values: tuple[pl.Expr, ...]
    verdicts: tuple[Verdict, ...]
    schema: pa.DataFrameSchema

    def prepare(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return ``frame`` of raw text with the columns that ``columns`` describes."""
        return frame.with_columns(*self.raws, *self.texts).with_columns(*self.values)

    def refused(self, prepared: pl.DataFrame) -> list[Verdict]:
        """Return the questions that a prepared frame answers with no; pandera says whether there are any."""
        # The environment can switch pandera off; this gate is not for the environment to open.
        with config_context(
            validation_enabled=True,
            validation_depth=ValidationDepth.SCHEMA_AND_DATA,
            use_narwhals_backend=False,
        ):
            try:
                self.schema.validate(prepared)
            except SchemaError as no:
                # its frames hold it, and the table: they would stay until the garbage collector comes by
                traceback.clear_frames(no.__traceback__)
                return self._answered_no(prepared)
            except Exception:  # noqa: BLE001 - a defect of pandera's: polars is asked everything instead
                return list(self.verdicts)
        return []

    def _answered_no(self, prepared: pl.DataFrame) -> list[Verdict]:
        answers = prepared.select(_answers(self.verdicts)).row(0)
        failed = [one for one, is_right in zip(self.verdicts, answers, strict=True) if not is_right]
        return failed or list(self.verdicts)


def build_schema(definition: Format, record_type: RecordType) -> RecordSchema:
    """Return the schema of ``record_type``; FormatError where the definition cannot be applied."""
    dialect = definition.dialect
    questions = [one for field in record_type.fields for one in values.verdicts(field, dialect)]
    questions += rows.verdicts(definition.rules, record_type, dialect)
    return RecordSchema(
        record_type=record_type,
        raws=tuple(values.raw_columns(field) for field in record_type.fields),
        texts=tuple(values.text_column(field, dialect) for field in record_type.fields),
        values=tuple(values.value_column(field, dialect) for field in record_type.fields),
        verdicts=tuple(questions),
        schema=_pandera_schema(questions),
    )


def _pandera_schema(questions: Sequence[Verdict]) -> pa.DataFrameSchema:
    """Return a schema that demands a yes to every question."""
    checks = [pa.Check(_asks(_answers(questions)), name="values")] if questions else None
    return pa.DataFrameSchema(checks=checks)


def _answers(questions: Sequence[Verdict]) -> list[pl.Expr]:
    """Return for each question whether all rows answer it with yes."""
    # Each by itself: one expression of them all takes polars twice as long, mostly to plan it.
    answers = (
        pl.col(verdict.column).is_not_null() if verdict.ok is None else verdict.ok for verdict in questions
    )
    # what is not there is not wrong but where it is due: a null is no answer, and none is not no
    return [answer.all(ignore_nulls=True).alias(str(number)) for number, answer in enumerate(answers)]


def _asks(answers: list[pl.Expr]) -> Callable[[PolarsData], bool]:
    # A closure: pandera deep-copies checks, and an expression in a partial would be copied too.
    def ask(data: PolarsData) -> bool:
        return all(data.lazyframe.select(answers).collect().row(0))

    return ask


class SchemaCache:
    """Schemas by format digest and record type; safe to share between threads."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str], tuple[Format, RecordSchema]] = {}
        self._lock = threading.Lock()

    def get(self, definition: Format, record_type: RecordType) -> RecordSchema:
        """Return the schema of ``record_type``, built at most once per format version."""
        key = (definition.name, definition.digest, record_type.name)
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and (kept[0] is definition or kept[0] == definition):
                return kept[1]
            schema = build_schema(definition, record_type)
            if len(self._kept) >= _KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = (definition, schema)
            return schema


SCHEMAS = SchemaCache()
