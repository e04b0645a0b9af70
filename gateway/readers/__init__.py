"""Physical kinds -> records, in bounded memory, with every value exactly as it stood."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, cast

from gateway.formats.definition import Kind

if TYPE_CHECKING:
    from gateway.readers.base import Reader

_READERS = {
    Kind.DELIMITED: ("gateway.readers.delimited", "DelimitedReader"),
    Kind.FIXED_WIDTH: ("gateway.readers.fixed_width", "FixedWidthReader"),
    Kind.XML: ("gateway.readers.xml", "XmlReader"),
    Kind.JSON: ("gateway.readers.json", "JsonReader"),
}


def reader_for(kind: Kind) -> Reader:
    """Return a reader of ``kind``; its module and libraries are imported only now."""
    module, name = _READERS[kind]
    return cast("Reader", getattr(importlib.import_module(module), name)())
