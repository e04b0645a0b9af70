"""Column types: each writes one kind of value in its one form, and reads it back exactly."""

from __future__ import annotations

import enum
import json
import operator
import os
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Dialect, Integer, LargeBinary, String, Text, TypeDecorator
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateColumn, CreateIndex

from gateway.ledger.encoding import canonical_json, exact_text, original_text, text_time, time_text

_Value = TypeVar("_Value")
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


@compiles(CreateIndex, "postgresql")
def _with_options(element: CreateIndex, compiler: Any, **options: Any) -> str:
    """Write an index with the options for PostgreSQL that stand in its `info`.

    An index that is given them itself loads all that is known of PostgreSQL, in every command.
    """
    index = element.element
    index.dialect_kwargs.update(index.info)
    statement: str = compiler.visit_create_index(element, **options)
    return statement


class Written(TypeDecorator[_Value]):
    """A kind of value in its one written form; NULL stays NULL.

    What is written and read for every file calls ``write`` and ``read`` directly, see `statements`.
    """

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]

    def process_bind_param(self, value: _Value | None, _dialect: Dialect) -> Any:
        """Write the value."""
        return None if value is None else self.write(value)

    def process_result_value(self, value: Any, _dialect: Dialect) -> _Value | None:
        """Read the value."""
        return None if value is None else self.read(value)


class UtcTime(Written[datetime]):
    """A moment, as sortable UTC text; naive datetimes are refused."""

    impl = String(27)
    cache_ok = True
    write = staticmethod(time_text)
    read = staticmethod(text_time)


class ExactText(Written[str]):
    """Any text that Python can hold, lone surrogates and NUL included."""

    impl = Text
    cache_ok = True
    write = staticmethod(exact_text)
    read = staticmethod(original_text)


class FileName(Written[str]):
    """A file name or path as the bytes that the file system knows; read as `os.fsdecode` gives it."""

    impl = LargeBinary
    cache_ok = True
    write = staticmethod(os.fsencode)
    read = operator.methodcaller("decode", sys.getfilesystemencoding(), sys.getfilesystemencodeerrors())


class CanonicalJson(Written[Any]):
    """JSON data as canonical text; None is NULL."""

    impl = Text
    cache_ok = True
    write = staticmethod(canonical_json)
    read: Callable[[Any], Any] = staticmethod(json.loads)


class WideInteger(Written[int]):
    """A whole number of any size, as decimal text: inodes and odd mtimes do not fit 63 bits."""

    impl = String(40)
    cache_ok = True
    write = staticmethod(str)
    read = staticmethod(int)


class OneOf(Written[_Member]):
    """The value of one of ``members`` as text."""

    impl = String(16)
    cache_ok = True

    def __init__(self, members: type[_Member]) -> None:
        """Know the members by their values, and the other way."""
        super().__init__()
        self.members = members
        self.write = {member: str(member.value) for member in members}.__getitem__
        self.read = {str(member.value): member for member in members}.__getitem__
