"""Values and small tools that the tests of the ledger share."""

from __future__ import annotations

import contextlib
import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from gateway.ledger import ids
from gateway.ledger.engine import Ledger, default_url, open_ledger
from gateway.model import Actor, AuditEntry, Delivery, DeliveryState, State, Transfer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 22, 16, 41, 0, 123456, tzinfo=UTC)
OPERATOR = Actor("m.keller", "operator", "plant-7")


class UndoError(Exception):
    """Raised at the end of a transaction that shall leave nothing behind."""


#: How a new ledger is made for a site: a file, unless a fixture says otherwise.
_MAKERS: list[Callable[[Path], Ledger]] = [lambda site: open_ledger(default_url(site), create=True)]


def new_ledger(site: Path) -> Ledger:
    """Return a new ledger for ``site``."""
    return _MAKERS[-1](site)


@contextlib.contextmanager
def made_by(maker: Callable[[Path], Ledger]) -> Iterator[None]:
    """Have ledgers made by ``maker`` meanwhile."""
    _MAKERS.append(maker)
    try:
        yield
    finally:
        _MAKERS.pop()


def transfer(name: str = "a.csv", *, route: str = "confirmations", **values: Any) -> Transfer:
    """Return a transfer as it stands when its file has just been proved complete."""
    plain: dict[str, Any] = {
        "id": ids.new_id(NOW),
        "route": route,
        "partner": "mes-1",
        "message_type": "confirmation",
        "name": name,
        "state": State.ARRIVED,
        "attempt": 1,
        "size": 4096,
        "arrived_at": NOW,
        "source": f"/srv/inbox/{name}",
        "working_name": name,
    }
    return Transfer(**{**plain, **values})


def delivery(of: Transfer, destination: str = "erp", **values: Any) -> Delivery:
    """Return a delivery of ``of`` that has not been tried yet."""
    plain: dict[str, Any] = {
        "transfer": of.id,
        "attempt": of.attempt,
        "destination": destination,
        "key": f"{of.id}-{of.attempt}",
        "state": DeliveryState.PENDING,
    }
    return Delivery(**{**plain, **values})


def sha256(text: str) -> str:
    """Return the SHA-256 of ``text``."""
    return hashlib.sha256(text.encode()).hexdigest()


def entry(number: int = 1, **values: Any) -> AuditEntry:
    """Return an audit entry about transfer ``T<number>``."""
    plain: dict[str, Any] = {
        "at": NOW + timedelta(seconds=number),
        "actor": OPERATOR,
        "action": "claimed",
        "object_type": "transfer",
        "object_id": f"T{number}",
        "old": {"state": "arrived"},
        "new": {"state": "claimed", "try": number},
        "reason": "asked by the plant",
        "versions": {"gateway": "0.1.0"},
    }
    return AuditEntry(**{**plain, **values})
