"""What a pass over small files costs, counted: it may become less, and never more by accident."""

from __future__ import annotations

import pytest

from tests.benchmarks.work import counts, work_of

#: At most so many for each file, for each batch, and for a pass besides: who makes it cheaper lowers them.
BOUNDS = {
    "statements": (0, 58, 28),
    "rows of statements": (20, 42, 28),
    "transactions": (0, 22, 20),
    "pandera validations": (0, 3, 0),
    "polars collects": (0, 15, 0),
    # of single files and directories
    "sync": (0, 8, 6),
    "syncfs": (0, 3, 0),
    # most of them only ask whether a write of the file was lost
    "datasync": (4, 8, 2),
    "create": (2, 1, 2),
    "rename": (4, 0, 0),
    "unlink": (3, 1, 1),
    "mkdir": (0, 1, 3),
    "mode": (1, 0, 0),
    "open": (6, 11, 8),
    "close": (2, 1, 2),
    "stat": (28, 24, 25),
    "list": (1, 2, 21),
    # of these two most are SQLite's, and how many pages it touches is partly chance
    "write": (8, 150, 20),
    "read": (6, 60, 40),
}


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[float, float, float]]:
    """Return what was counted, by name: for one more file, for one more batch, and besides."""
    return work_of(counts(tmp_path_factory.mktemp("work")))


def test_a_file_a_batch_and_a_pass_cost_no_more_than_they_did(
    work: dict[str, tuple[float, float, float]],
) -> None:
    """No kind of work shall be done more often than its bound allows, and none shall be without a bound."""
    more = {
        name: found
        for name, found in work.items()
        if name not in BOUNDS or any(one > most for one, most in zip(found, BOUNDS[name], strict=True))
    }
    assert more == {}, "for each file, for each batch, besides"


def test_validation_and_transactions_are_shared_by_a_batch(
    work: dict[str, tuple[float, float, float]],
) -> None:
    """One more file in a batch shall need no transaction, statement, validation or sync of its own."""
    shared = ("transactions", "statements", "pandera validations", "polars collects", "sync", "syncfs")
    assert {name: work[name][0] for name in shared} == dict.fromkeys(shared, 0)
