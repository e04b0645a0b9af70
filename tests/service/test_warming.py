"""What new files are compared with is in memory before they come."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from gateway.ledger.transfer_rows import sha256_head
from gateway.service import warming
from gateway.service.warming import PARTS, Warming, read_part
from tests.pipeline.plant import Plant


@pytest.fixture
def plant(tmp_path_factory: pytest.TempPathFactory) -> Plant:
    """Return a plant with some files behind it."""
    plant = Plant.build(tmp_path_factory.mktemp("plant") / "site")
    for number in range(1, 12):
        plant.drop_confirmation(number)
    plant.run()
    return plant


def test_the_bytes_of_every_file_are_read_once(plant: Plant) -> None:
    """The parts shall hold each file once, whatever its SHA-256 begins with."""
    with plant.opened() as context:
        assert sum(read_part(context.ledger, part) for part in range(PARTS)) == 11
    ends = {
        sha256_head("0" * 64),
        sha256_head("7f" * 32),
        sha256_head("80" + "0" * 62),
        sha256_head("f" * 64),
    }
    firsts = [warming._FIRST + part * warming._WIDTH for part in range(PARTS)]
    assert all(
        sum(0 <= end - first < warming._WIDTH for first in firsts) == 1 for end in ends if end is not None
    )


def test_nothing_but_their_index_is_read(plant: Plant) -> None:
    """Reading ahead shall cost what the index takes, not what ten years of transfers take."""
    question = "EXPLAIN QUERY PLAN SELECT count(*) FROM transfers WHERE sha256_head BETWEEN 1 AND 2"
    with plant.opened() as context, context.ledger.read() as connection:
        (row,) = connection.execute(text(question)).all()
    assert "COVERING INDEX transfers_by_bytes" in row[-1]


def test_reading_ahead_ends_by_itself_and_when_it_is_told_to(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread shall end with its last part, and at once when the service stops."""
    read: list[int] = []
    with plant.opened() as context:
        whole = Warming(context.ledger)
        monkeypatch.setattr(warming, "read_part", lambda _ledger, part: read.append(part))
        whole.start()
        assert whole.join(30)
        assert read == list(range(PARTS))
        read.clear()
        stopped = Warming(context.ledger)
        stopped.stop()
        stopped.start()
        assert stopped.join(30)
        assert len(read) <= 1
