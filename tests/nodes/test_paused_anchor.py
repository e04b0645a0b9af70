"""A node that stands still while it writes a checkpoint does not stop the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import LedgerBusy
from gateway.ledger import checkpoint


def test_a_lock_that_nobody_gives_back_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever wants to note the end of the trail beside a node that stands still shall be told, and go on."""
    monkeypatch.setattr(checkpoint, "_PATIENCE", 0.05)
    path = str(tmp_path / "checkpoints.jsonl")
    with checkpoint.alone(path), pytest.raises(LedgerBusy), checkpoint.alone(path):
        raise AssertionError("two at once")
    with checkpoint.alone(path):
        assert not (tmp_path / "checkpoints.jsonl").exists()
