"""Threads write to the ledger in the order in which they came, and none waits for ever."""

from __future__ import annotations

import threading

import pytest

from gateway.errors import LedgerBusy
from gateway.ledger.queue import WriteQueue

_PATIENCE = 20.0


def test_turns_are_taken_in_order_of_arrival() -> None:
    """Whoever came first shall write first, one at a time."""
    queue, order, threads = WriteQueue(), [], []
    arrived = threading.Semaphore(0)

    def write(number: int) -> None:
        arrived.release()
        with queue.turn(_PATIENCE, "ledger"):
            order.append(number)

    with queue.turn(_PATIENCE, "ledger"):
        for number in range(20):
            threads.append(threading.Thread(target=write, args=(number,)))
            threads[-1].start()
            assert arrived.acquire(timeout=_PATIENCE)
            while len(queue._waiting) <= number:
                pass
    for thread in threads:
        thread.join(_PATIENCE)
    assert order == list(range(20))


def test_who_waits_too_long_is_told_and_forgotten() -> None:
    """A thread shall be told that the ledger is busy after its time, and keep nobody's place."""
    queue = WriteQueue()
    with queue.turn(_PATIENCE, "ledger"), pytest.raises(LedgerBusy), queue.turn(0.01, "ledger"):
        raise AssertionError("two wrote at once")
    with queue.turn(0.01, "ledger"):
        assert not queue._waiting


def test_an_error_hands_the_turn_on() -> None:
    """A block that fails shall not keep the turn."""
    queue = WriteQueue()
    with pytest.raises(ValueError, match="no"), queue.turn(0.01, "ledger"):
        raise ValueError("no")
    with queue.turn(0.01, "ledger"):
        pass
