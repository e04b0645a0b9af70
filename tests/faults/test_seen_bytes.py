"""Nothing is accepted in any way of which the memory of all bytes is not told."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from gateway.ledger import transfers
from gateway.ledger.engine import default_url, open_ledger
from gateway.ledger.seen_bytes import PARTS, SeenBytes
from tests.faults.local_day import LOCAL


def test_whatever_is_accepted_in_a_day_is_known_in_memory(tmp_path: Path) -> None:
    """Whichever way a file takes, who began before the day shall know its bytes once it is in the ledger."""
    site = tmp_path / "site"
    LOCAL.build(site)
    ledger = open_ledger(default_url(site))
    seen = SeenBytes(ledger.read)
    seen.begin()
    for part in range(PARTS):
        seen.read_part(part)
    known: set[str] = set()

    @contextlib.contextmanager
    def compared(_number: int) -> Iterator[None]:
        yield
        with ledger.read() as connection:
            rows = transfers.search(connection, limit=None)
            there = {row.sha256 for row in rows if row.sha256}
            assert set(seen.possible(connection, sorted(there))) == there
        known.update(there)

    with contextlib.closing(ledger):
        LOCAL.run(site, 0, resumed=False, begun=time.monotonic(), around=compared)
    assert len(known) > 20
