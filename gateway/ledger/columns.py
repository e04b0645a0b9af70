"""Column types: each writes one kind of value in its one form, and reads it back exactly."""

from __future__ import annotations

import enum
import json
import os
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Dialect, Enum, Integer, LargeBinary, String, Text, TypeDecorator
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateColumn

from gateway.ledger.encoding import canonical_json, exact_text, original_text, text_time, time_text

_Member = TypeVar("_Member", bound=enum.Enum)

#: A key that the database counts up. SQLite does so for INTEGER only.
BigKey = BigInteger().with_variant(Integer(), "sqlite")


@compiles(CreateColumn, "postgresql")
def _compared_bytewise(element: CreateColumn, compiler: Any, **options: Any) -> str:
    """Have every text compared by its bytes, as SQLite does, whatever the database's language.

    Ids and times are in order only so; and an index stays right when the system's collations change.
    """
    column: str = compiler.visit_create_column(element, **options)
    kind = compiler.dialect.type_compiler_instance.process(element.element.type)
    is_text = kind == "TEXT" or kind.startswith("VARCHAR")
    return column.replace(f" {kind}", f' {kind} COLLATE "C"', 1) if is_text else column


class UtcTime(TypeDecorator[datetime]):
    """A moment, as sortable UTC text; naive datetimes are refused."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> str | None:
        """Write the moment as text."""
        return None if value is None else time_text(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> datetime | None:
        """Read the moment from text."""
        return None if value is None else text_time(value)


class ExactText(TypeDecorator[str]):
    """Any text that Python can hold, lone surrogates and NUL included."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        """Write the text so that every database can hold it."""
        return None if value is None else exact_text(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> str | None:
        """Read the text as it was."""
        return None if value is None else original_text(value)


class FileName(TypeDecorator[str]):
    """A file name or path as the bytes that the file system knows."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> bytes | None:
        """Write the name as bytes."""
        return None if value is None else os.fsencode(value)

    def process_result_value(self, value: bytes | None, _dialect: Dialect) -> str | None:
        """Read the name as `os.fsdecode` gives it."""
        return None if value is None else os.fsdecode(value)


class CanonicalJson(TypeDecorator[Any]):
    """JSON data as canonical text; None is NULL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> str | None:
        """Write the data as canonical JSON."""
        return None if value is None else canonical_json(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> Any:
        """Read the data."""
        return None if value is None else json.loads(value)


class WideInteger(TypeDecorator[int]):
    """A whole number of any size, as decimal text: inodes and odd mtimes do not fit 63 bits."""

    impl = String(40)
    cache_ok = True

    def process_bind_param(self, value: int | None, _dialect: Dialect) -> str | None:
        """Write the number in decimal."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> int | None:
        """Read the number."""
        return None if value is None else int(value)


def one_of(members: type[_Member]) -> Enum:
    """Return a column type that holds the value of one of ``members`` as text."""
    return Enum(
        members,
        native_enum=False,
        create_constraint=False,
        length=16,
        values_callable=lambda kind: [str(member.value) for member in kind],
    )
