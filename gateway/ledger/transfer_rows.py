"""Transfers as rows of the ledger, and back."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from gateway.model import Companion, Evidence, Output, Transfer
from gateway.printable import printable

if TYPE_CHECKING:
    from sqlalchemy import Row

_FIELDS = tuple(field.name for field in dataclasses.fields(Transfer))


def sha256_head(sha256: str | None) -> int | None:
    """Return the first 8 bytes of a hexadecimal SHA-256 as a signed number, as it is indexed."""
    return None if sha256 is None else int.from_bytes(bytes.fromhex(sha256[:16]), "big", signed=True)


def to_row(transfer: Transfer) -> dict[str, Any]:
    """Return the columns of ``transfer``; the derived ones are computed from the true ones."""
    row = {name: getattr(transfer, name) for name in _FIELDS}
    row["evidence"] = [one.to_dict() for one in transfer.evidence]
    row["companions"] = [dataclasses.asdict(one) for one in transfer.companions]
    row["output"] = dataclasses.asdict(transfer.output) if transfer.output else None
    row["name_text"] = printable(transfer.name)
    row["sha256_head"] = sha256_head(transfer.sha256)
    return row


def from_row(row: Row[Any]) -> Transfer:
    """Return the transfer that ``to_row`` wrote."""
    columns = row._asdict()
    values = {name: columns[name] for name in _FIELDS}
    values["evidence"] = tuple(Evidence(**one) for one in values["evidence"])
    values["companions"] = tuple(Companion(**one) for one in values["companions"])
    values["output"] = Output(**values["output"]) if values["output"] else None
    return Transfer(**values)
