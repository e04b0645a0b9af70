"""One row as raw texts: what readers give back, and what writers and mappings take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Row:
    """One row of one record type: raw texts by field name; a field that is missing is not written.

    Rows come in the order of the file; a row stands under the nearest row before it that is of
    its record type's parent. ``record`` and ``line`` say where it was read, None where it was made.
    """

    record_type: str
    texts: Mapping[str, str]
    record: int | None = field(default=None, compare=False)
    line: int | None = field(default=None, compare=False)
