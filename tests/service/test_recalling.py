"""What new files are compared with is in memory before they come."""

from __future__ import annotations

import pytest

from gateway.ledger.seen_bytes import PARTS, SeenBytes
from gateway.service.recalling import Recalling
from tests.pipeline.plant import Plant


@pytest.fixture
def plant(tmp_path_factory: pytest.TempPathFactory) -> Plant:
    """Return a plant with a file behind it."""
    plant = Plant.build(tmp_path_factory.mktemp("plant") / "site")
    plant.drop_confirmation(1)
    plant.run()
    return plant


def test_reading_ahead_ends_by_itself_and_when_it_is_told_to(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread shall end with its last part, or when it is told to; the ledger has all or nothing."""
    read: list[int] = []
    with plant.opened() as context:
        whole = Recalling(context.ledger)
        monkeypatch.setattr(SeenBytes, "read_part", lambda _seen, part: read.append(part))
        whole.start()
        assert whole.join(30)
        assert read == list(range(PARTS))
        assert context.ledger.seen_bytes is not None
        read.clear()
        context.ledger.seen_bytes = None
        stopped = Recalling(context.ledger)
        stopped.stop()
        stopped.start()
        assert stopped.join(30)
        assert len(read) <= 1
        assert context.ledger.seen_bytes is None
