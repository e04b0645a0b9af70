"""The pandera schema of what a table answers, and the questions, kept for the next batch.

All questions about the rows of a record type are built from its definition and answered by polars in one
pass. pandera is the gate: its schema demands of the table of answers that every one be yes. Where it says no,
the rows with a no, most often a few, are looked at again to say what is wrong with them. Whatever pandera
itself stumbles over is decided by the answers alone, so that a defect there hides no finding
(docs/decisions/0009-pandera-as-gate.md).
"""

from __future__ import annotations

import threading
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import pandera.polars as pa
import polars as pl
from pandera.config import ValidationDepth, config_context
from pandera.errors import SchemaError

from gateway.validation import rows, values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pandera.api.polars.types import PolarsData

    from gateway.formats.definition import Format, RecordType
    from gateway.validation.verdicts import Verdict

#: Schemas kept: a site has some dozens of format versions with a few record types each.
_KEPT = 256
#: Rows that tell how texts are padded.
_LOOKED_AT = 64

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a table answered."""

    refused: list[Verdict]  #: the questions that it answers with no
    rows: pl.Series | None = None  #: true where one of them is; None: anywhere

    def wrong(self, prepared: pl.DataFrame) -> pl.DataFrame:
        """Return the rows in which to look for what is wrong, most often a few of many."""
        return prepared if self.rows is None else prepared.filter(self.rows)


@dataclass(frozen=True, slots=True)
class RecordSchema:
    """What is made and asked of the rows of one record type of one format version."""

    record_type: RecordType
    raws: tuple[pl.Expr, ...]
    trimmings: tuple[values.Trimming, ...]
    contents: tuple[pl.Expr, ...]
    values: tuple[pl.Expr, ...]
    verdicts: tuple[Verdict, ...]
    questions: tuple[pl.Expr, ...]  #: of each verdict in turn, named by its number: true, false, or null
    schema: pa.DataFrameSchema

    def prepare(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return ``frame`` of raw text with the columns that ``columns`` describes."""
        padded = _padded(frame, self.trimmings)
        trimmed = (one.spaces_first if is_padded else one.at_once for one, is_padded in padded)
        return (
            frame.with_columns(*self.raws, *trimmed).with_columns(*self.contents).with_columns(*self.values)
        )

    def refused(self, prepared: pl.DataFrame) -> list[Verdict]:
        """Return the questions that a prepared frame answers with no."""
        return self.judge(prepared).refused

    def judge(self, prepared: pl.DataFrame) -> Judgement:
        """Ask a prepared frame all questions at once; pandera says whether there is a no."""
        if not self.questions:
            return Judgement([])
        answers = prepared.select(self.questions)
        # The environment can switch pandera off; this gate is not for the environment to open.
        with config_context(
            validation_enabled=True,
            validation_depth=ValidationDepth.SCHEMA_AND_DATA,
            use_narwhals_backend=False,
        ):
            try:
                self.schema.validate(answers)
            except SchemaError as no:
                # its frames hold it, and the table: they would stay until the garbage collector comes by
                traceback.clear_frames(no.__traceback__)
                return self._judged(answers) or Judgement(list(self.verdicts))
            except Exception:  # noqa: BLE001 - a defect of pandera's: polars is asked instead
                return self._judged(answers) or Judgement([])
        return Judgement([])

    def _judged(self, answers: pl.DataFrame) -> Judgement | None:
        right = answers.select(pl.all().all(ignore_nulls=True)).row(0)
        failed = [number for number, is_right in enumerate(right) if not is_right]
        if not failed:
            return None
        wrong = answers.select(pl.any_horizontal(~pl.col(str(number)) for number in failed)).to_series()
        return Judgement([self.verdicts[number] for number in failed], wrong)


def build_schema(definition: Format, record_type: RecordType) -> RecordSchema:
    """Return the schema of ``record_type``; FormatError where the definition cannot be applied."""
    dialect = definition.dialect
    questions = [one for field in record_type.fields for one in values.verdicts(field, dialect)]
    questions += rows.verdicts(definition.rules, record_type, dialect)
    return RecordSchema(
        record_type=record_type,
        raws=tuple(values.raw_columns(field) for field in record_type.fields),
        trimmings=_there(values.trimming(field, dialect) for field in record_type.fields),
        contents=_there(values.content(field, dialect) for field in record_type.fields),
        values=tuple(values.value_column(field, dialect) for field in record_type.fields),
        verdicts=tuple(questions),
        questions=tuple(_questions(questions)),
        schema=_SCHEMA,
    )


def _there(items: Iterable[_Item | None]) -> tuple[_Item, ...]:
    return tuple(item for item in items if item is not None)


def _padded(
    frame: pl.DataFrame, trimmings: Sequence[values.Trimming]
) -> Iterator[tuple[values.Trimming, bool]]:
    """Yield each trimming, and whether the first of its texts have spaces around them."""
    first = frame.head(_LOOKED_AT)
    if not trimmings:
        return
    padded = first.select(
        (pl.col(one.name).str.starts_with(" ") | pl.col(one.name).str.ends_with(" ")).any()
        for one in trimmings
    )
    yield from zip(trimmings, padded.row(0), strict=True)


def _questions(verdicts: Sequence[Verdict]) -> Iterator[pl.Expr]:
    for number, verdict in enumerate(verdicts):
        ok = pl.col(verdict.column).is_not_null() if verdict.ok is None else verdict.ok
        yield ok.alias(str(number))


def _all_yes(data: PolarsData) -> bool:
    # what is not there is not wrong but where it is due: a null is no answer, and none is not no
    return all(data.lazyframe.select(pl.all().all(ignore_nulls=True)).collect().row(0))


#: Demands of a table of answers, one column for each question, that all of them be yes.
_SCHEMA = pa.DataFrameSchema(checks=[pa.Check(_all_yes, name="values")])


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
