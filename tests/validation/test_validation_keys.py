"""Record keys: bounded memory, true places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.formats.definition import RecordType, Role
from gateway.validation import batch, spool
from gateway.validation.keys import KeySpool, RecordKey
from tests.validation.validation_kit import field, make_format, read

if TYPE_CHECKING:
    from gateway.validation.reading import Reading

A = RecordType(
    "a", Role.RECORD, (field("order", trim="both"), field("step", nullable=True)), key=("order", "step")
)
B = RecordType("b", Role.RECORD, (field("id"),), key=("id",))
C = RecordType("c", Role.RECORD, (field("id"),))


def keys_of(text: str) -> Reading:
    """Return the reading of a file with three record types."""
    return read(make_format(A, B, C), text, rows=2)[0]


def test_keys_are_trimmed_joined_and_placed() -> None:
    """A key is the trimmed texts joined by U+001F; a row without a part of it has none."""
    reading = keys_of("a; 1 ;x\nc;9\na;2;\nb;7\na;~;y\n")
    assert list(reading.keys) == [
        RecordKey("1\x1fx", "a", 1, 1),
        RecordKey("7", "b", 4, 4),
    ]
    assert len(reading.keys) == 2


@pytest.mark.parametrize("memory", [1, 10_000_000])
def test_keys_come_in_order_from_memory_and_from_disk(monkeypatch: pytest.MonkeyPatch, memory: int) -> None:
    """Many keys are kept on disk and come back the same, in batches, as often as asked."""
    monkeypatch.setattr(batch, "FLUSH_ROWS", 7)
    monkeypatch.setattr(spool.FrameSpool.__init__, "__defaults__", (memory,))
    keys = keys_of("".join(f"b;{number}\n" for number in range(100))).keys
    assert [len(part) for part in keys.batches(30)] <= [30] * 100
    assert [one.key for one in keys] == [str(number) for number in range(100)]
    assert [(one.record, one.line) for one in keys][-1] == (100, 100)
    assert len(keys) == 100


def test_closed_keys_are_gone() -> None:
    """After ``close`` nothing is kept; closing twice is harmless."""
    keys = keys_of("b;1\n").keys
    keys.close()
    keys.close()
    assert (list(keys), len(keys)) == ([], 0)
    assert len(KeySpool()) == 0
