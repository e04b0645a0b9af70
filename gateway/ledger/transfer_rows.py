"""Transfers as rows of the ledger, and back."""

from __future__ import annotations

import dataclasses
import operator
from typing import TYPE_CHECKING, Any

from gateway.ledger.tables import transfers
from gateway.model import Companion, Evidence, Output, Transfer
from gateway.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import Row

_FIELDS = tuple(field.name for field in dataclasses.fields(Transfer))
_VALUES = operator.itemgetter(*map(transfers.c.keys().index, _FIELDS))
#: Columns that are there for searches, by the field they are computed from.
_DERIVED = {"name": "name_text", "sha256": "sha256_head"}
COLUMNS = (*_FIELDS, *_DERIVED.values())


def sha256_head(sha256: str | None) -> int | None:
    """Return the first 8 bytes of a hexadecimal SHA-256 as a signed number, as it is indexed."""
    return None if sha256 is None else int.from_bytes(bytes.fromhex(sha256[:16]), "big", signed=True)


#: How the columns are written that are not what stands in the field of their name.
_WRITTEN: dict[str, Callable[[Transfer], Any]] = {
    "evidence": lambda one: [each.to_dict() for each in one.evidence],
    "companions": lambda one: [dataclasses.asdict(each) for each in one.companions],
    "output": lambda one: dataclasses.asdict(one.output) if one.output else None,
    "name_text": lambda one: printable(one.name),
    "sha256_head": lambda one: sha256_head(one.sha256),
}


def to_row(transfer: Transfer, columns: Iterable[str] = COLUMNS) -> dict[str, Any]:
    """Return ``columns`` of ``transfer``; the derived ones are computed from the true ones."""
    return {
        name: _WRITTEN[name](transfer) if name in _WRITTEN else getattr(transfer, name) for name in columns
    }


def columns_of(fields: Iterable[str]) -> set[str]:
    """Return the columns that say what ``fields`` of a transfer are."""
    return {*fields, *(_DERIVED[name] for name in fields if name in _DERIVED)}


def from_row(row: Row[Any]) -> Transfer:
    """Return the transfer that ``to_row`` wrote; the row begins with the columns of the table."""
    values = dict(zip(_FIELDS, _VALUES(row), strict=True))
    values["evidence"] = tuple(Evidence(**one) for one in values["evidence"])
    values["companions"] = tuple(Companion(**one) for one in values["companions"])
    values["output"] = Output(**values["output"]) if values["output"] else None
    return Transfer.stored(values)
