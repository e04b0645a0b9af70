"""Neighbours at the ledger: locks, damage, other versions, a second gateway, operators at once."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.errors import ActionRefused, GatewayError, LedgerBusy
from gateway.ledger import attempts
from gateway.model import State
from gateway.operations.correct import correct
from gateway.operations.opening import open_site
from gateway.operations.reprocess import Selection, reprocess, select
from gateway.pipeline import run_routes
from tests.hostile.hostile_kit import command, process
from tests.pipeline.plant import Plant, confirmation, name_of

HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


def ledger_of(plant: Plant) -> Path:
    """Return the file of the plant's ledger."""
    return plant.directory / "ledger" / "gateway.db"


@contextlib.contextmanager
def locked(plant: Plant) -> Iterator[None]:
    """Let another process hold the ledger's write lock."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(ledger_of(plant))], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        yield
        other.stdin.close()


def test_a_locked_ledger_is_said_and_nothing_moves(plant: Plant) -> None:
    """A ledger that another process holds shall be said, with exit status 51; the files go later."""
    plant.drop_confirmation(1)
    with locked(plant), open_site(plant.directory, busy_seconds=0.2) as context:
        (report, *_) = run_routes(context)
        assert [type(problem.error) for problem in report.problems][:1] == [LedgerBusy]
        assert report.problems[0].error.exit_status == 51
        assert "fuser" in str(report.problems[0].error)
    assert [path.name for path in plant.inbox().iterdir()] == [name_of(1)]
    plant.run()
    assert plant.states() == {name_of(1): State.PROCESSED}
    plant.demand_proof()


def test_a_command_at_a_locked_ledger_leaves_with_51(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that only read shall work while the ledger is locked; those that write shall leave with 51."""
    plant.drop(name_of(1), confirmation(1, quantity="x"))
    plant.run()
    monkeypatch.setitem(open_site.__wrapped__.__kwdefaults__, "busy_seconds", 0.2)  # type: ignore[attr-defined] # contextmanager keeps it
    with locked(plant):
        assert command(plant, "status").status == 0
        assert command(plant, "failed", "list").status == 0
        asked = command(plant, "reprocess", plant.transfer(name_of(1)).id, "--reason", "why")
        assert asked.status == 51
        assert "ledger-busy" in asked.err
        plant.drop_confirmation(2)
        assert command(plant, "run", "--once").status == 51
    assert plant.states() == {name_of(1): State.FAILED}
    plant.run()
    assert plant.delivered() == [name_of(2)]
    plant.demand_proof()


def nothing(_data: bytes) -> bytes:
    """Return what a deleted and newly made file holds."""
    return b""


def garbage(_data: bytes) -> bytes:
    """Return no database."""
    return b"not a database " * 500


def half(data: bytes) -> bytes:
    """Return the first half."""
    return data[: len(data) // 2]


def holes(data: bytes) -> bytes:
    """Return the data with its middle wiped out."""
    return data[:8192] + b"\xaa" * (len(data) - 16384) + data[-8192:]


@pytest.mark.parametrize("damage", [nothing, garbage, half, holes])
def test_a_damaged_ledger_is_never_worked_with(plant: Plant, damage: Callable[[bytes], bytes]) -> None:
    """A ledger that is empty, cut or garbage shall stop everything, and never be begun anew."""
    plant.drop_confirmation(1)
    plant.run()
    whole = ledger_of(plant).read_bytes()
    ledger_of(plant).write_bytes(damage(whole))
    plant.drop_confirmation(2)
    for words in (["run", "--once"], ["status"], ["verify"], ["failed", "list"]):
        done = command(plant, *words)
        assert 50 <= done.status <= 59, (words, done.out, done.err)
        assert "[ledger" in done.err + done.out
    assert [path.name for path in plant.inbox().iterdir()] == [name_of(2)]
    for suffix in ("-wal", "-shm"):
        ledger_of(plant).with_name(f"gateway.db{suffix}").unlink(missing_ok=True)
    ledger_of(plant).write_bytes(whole)
    plant.run()
    assert plant.delivered() == [name_of(1), name_of(2)]
    plant.demand_proof()


def test_a_ledger_that_is_gone_is_not_begun_anew(plant: Plant) -> None:
    """A site that has worked shall not go on without its ledger: a new one would know no duplicates."""
    plant.drop_confirmation(1)
    plant.run()
    ledger_of(plant).rename(plant.directory / "saved.db")
    plant.drop("CONF_MES01_0000001-again.csv", confirmation(1))
    done = command(plant, "run", "--once")
    assert 50 <= done.status <= 59
    assert plant.delivered() == [name_of(1)]
    (plant.directory / "saved.db").rename(ledger_of(plant))
    plant.run()
    assert plant.states()["CONF_MES01_0000001-again.csv"] is State.DUPLICATE
    plant.demand_proof()


def test_a_ledger_of_a_newer_gateway_is_left_alone(plant: Plant) -> None:
    """A ledger written by a newer gateway shall be refused with exit status 52, unchanged."""
    with contextlib.closing(sqlite3.connect(ledger_of(plant))) as connection, connection:
        connection.execute("INSERT INTO schema_version VALUES (99, '2030-01-01T00:00:00.000000Z', '9.0')")
    plant.drop_confirmation(1)
    done = command(plant, "run", "--once")
    assert done.status == 52
    assert "99" in done.err
    assert [path.name for path in plant.inbox().iterdir()] == [name_of(1)]


def test_a_second_gateway_leaves_the_site_alone(plant: Plant) -> None:
    """A second gateway shall leave with 53 while the first works, naming it; looking on is allowed."""
    plant.drop_confirmation(1)
    with plant.working() as context:
        done = subprocess.run(process(plant, "run", "--once"), capture_output=True, text=True)
        assert done.returncode == 53
        assert "site-busy" in done.stderr
        assert "Process" in done.stderr
        assert command(plant, "status").status == 0
        assert command(plant, "verify").status == 0
        run_routes(context)
    assert plant.states() == {name_of(1): State.PROCESSED}
    plant.demand_proof()


def test_two_operators_at_once_make_one_attempt(plant: Plant) -> None:
    """Of two operators who reprocess the same transfer at once, one shall be refused; one attempt is made."""
    plant.drop(name_of(1), confirmation(1, quantity="x"))
    plant.run()
    (row,) = plant.transfers()
    with plant.opened() as one, plant.opened() as other:
        chosen = [(context, select(context, Selection(ids=(row.id,)))) for context in (one, other)]
        results = [_refusal(lambda c=c, r=r: reprocess(c, r, "why")) for c, r in chosen]  # type: ignore[misc] # mypy cannot infer default arguments of lambdas
    assert results[0] is None
    assert isinstance(results[1], GatewayError)
    plant.run()
    with plant.opened() as context, context.ledger.read() as connection:
        assert [one.number for one in attempts.of(connection, [row.id])[row.id]] == [1, 2]
    plant.demand_proof()


def test_two_corrections_at_once_make_one_successor(plant: Plant, tmp_path: Path) -> None:
    """Of two operators who correct the same file at once, one shall be refused, and nothing of it be left."""
    plant.drop(name_of(1), confirmation(1, quantity="x"))
    plant.run()
    (row,) = plant.transfers()
    corrected = tmp_path / "corrected.csv"
    corrected.write_bytes(confirmation(1))
    with plant.opened() as one, plant.opened() as other:
        correct(one, row, corrected, "first")
        assert isinstance(_refusal(lambda: correct(other, row, corrected, "second")), ActionRefused)
    assert len(list((plant.directory / "replay" / "confirmations").iterdir())) == 1
    plant.run()
    assert sorted(row.state.value for row in plant.transfers()) == ["failed", "processed"]
    plant.demand_proof()


def _refusal(action: Callable[[], object]) -> GatewayError | None:
    """Return the error with which the gateway refused ``action``; None where it did not."""
    try:
        action()
    except GatewayError as error:
        return error
    return None
