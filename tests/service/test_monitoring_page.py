"""The page on monitoring names every kind of alert and every metric, and no others."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from gateway.clock import SystemClock
from gateway.config.settings import Site
from gateway.ledger.alerts import Unsent
from gateway.ledger.standing import Amount
from gateway.model import DeliveryState, State
from gateway.rules.alert_kinds import KINDS
from gateway.service.board import Board
from gateway.service.metrics import FromBoard, Passes, ledger_text
from gateway.service.snapshot import Snapshot

_PAGE = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text(encoding="utf-8")
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_every_kind_of_alert_is_described() -> None:
    """The page shall say of each kind what the gateway says of it."""
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+?) \| (?:passes|the ledger|the service)", _PAGE, re.MULTILINE)
    assert rows == [(name, kind.text) for name, kind in KINDS.items()]


def test_every_metric_is_described() -> None:
    """The page shall name each metric, and no metric that there is not."""
    registry = CollectorRegistry(auto_describe=False)
    Passes(registry)
    board = Board("Plant", SystemClock())
    registry.register(FromBoard(board.state))
    snapshot = Snapshot(
        NOW,
        free_bytes=1,
        amounts=(Amount("r", State.HELD, 1, 1),),
        undelivered={("erp", DeliveryState.PENDING): 1},
        unsent=(Unsent("mail", 1, NOW, None),),
    )
    text = ledger_text(snapshot, Site("Plant", Path("/"), ())) + generate_latest(registry)
    names = set(re.findall(r"^# TYPE ([a-z_]+) ", text.decode(), re.MULTILINE))
    assert set(re.findall(r"`(gateway_[a-z_]+)`", _PAGE)) == names
