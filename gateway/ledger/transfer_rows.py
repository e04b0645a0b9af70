"""Transfers as rows of the ledger, and back."""

from __future__ import annotations

import dataclasses
import functools
import json
import operator
from typing import TYPE_CHECKING, Any

from sqlalchemy import type_coerce

from gateway.ledger.columns import CanonicalJson
from gateway.ledger.tables import transfers
from gateway.model import Companion, Evidence, Output, Transfer
from gateway.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_FIELDS = tuple(field.name for field in dataclasses.fields(Transfer))
#: Columns that are there for searches, by the field they are computed from.
_DERIVED = {"name": "name_text", "sha256": "sha256_head"}
COLUMNS = (*_FIELDS, *_DERIVED.values())


def sha256_head(sha256: str | None) -> int | None:
    """Return the first 8 bytes of a hexadecimal SHA-256 as a signed number, as it is indexed."""
    return None if sha256 is None else int.from_bytes(bytes.fromhex(sha256[:16]), "big", signed=True)


#: Longer texts are seldom the same twice.
_SHORT = 1000


class _Made(CanonicalJson):
    """What is made of JSON, for nobody to change.

    A row is read by one stage after the other, and its parts stay the same: they are made once.
    """

    cache_ok = True

    def __init__(self, make: Callable[[Any], Any] = lambda data: data) -> None:
        """Let ``make`` make it of the data."""
        super().__init__()
        self.make = make
        self._remembered = functools.lru_cache(maxsize=512)(self._anew)
        self.read = self._made

    def _made(self, text: str) -> Any:
        return self._remembered(text) if len(text) < _SHORT else self._anew(text)

    def _anew(self, text: str) -> Any:
        return self.make(json.loads(text))


_READ = {
    "evidence": _Made(lambda data: tuple(Evidence(**one) for one in data)),
    "companions": _Made(lambda data: tuple(Companion(**one) for one in data)),
    "output": _Made(lambda data: Output(**data)),
    "findings": _Made(),
}
#: What is selected of each row to make a transfer of it.
TRANSFER = tuple(
    type_coerce(transfers.c[name], _READ[name]).label(name) if name in _READ else transfers.c[name]
    for name in _FIELDS
)

#: How the columns are written that are not what stands in the field of their name.
_WRITTEN: dict[str, Callable[[Transfer], Any]] = {
    "evidence": lambda one: [each.to_dict() for each in one.evidence],
    "companions": lambda one: [dataclasses.asdict(each) for each in one.companions],
    "output": lambda one: dataclasses.asdict(one.output) if one.output else None,
    "name_text": lambda one: printable(one.name),
    "sha256_head": lambda one: sha256_head(one.sha256),
}


def written(batch: Sequence[Transfer], columns: Iterable[str] = COLUMNS) -> dict[str, list[Any]]:
    """Return what stands in ``columns`` of the rows of ``batch``; derived ones are computed from the true."""
    values = {name: _WRITTEN.get(name) or operator.attrgetter(name) for name in columns}
    return {name: [value(one) for one in batch] for name, value in values.items()}


def columns_of(fields: Iterable[str]) -> set[str]:
    """Return the columns that say what ``fields`` of a transfer are."""
    return {*fields, *(_DERIVED[name] for name in fields if name in _DERIVED)}


def from_row(row: Sequence[Any]) -> Transfer:
    """Return the transfer of a row of which `TRANSFER` was selected."""
    return Transfer.stored(zip(_FIELDS, row, strict=True))
