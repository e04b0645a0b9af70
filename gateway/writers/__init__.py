"""Rows -> files of each physical kind, in bounded memory, with every text exactly as given."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, cast

from gateway.formats.definition import Kind
from gateway.writers.base import PLAIN, Style

if TYPE_CHECKING:
    from gateway.writers.base import Writer

_WRITERS = {
    Kind.DELIMITED: ("gateway.writers.delimited", "DelimitedWriter"),
    Kind.FIXED_WIDTH: ("gateway.writers.fixed_width", "FixedWidthWriter"),
    Kind.XML: ("gateway.writers.xml", "XmlWriter"),
    Kind.JSON: ("gateway.writers.json", "JsonWriter"),
}


def writer_for(kind: Kind, style: Style = PLAIN) -> Writer:
    """Return a writer of ``kind``; its module and libraries are imported only now."""
    module, name = _WRITERS[kind]
    return cast("Writer", getattr(importlib.import_module(module), name)(style))
