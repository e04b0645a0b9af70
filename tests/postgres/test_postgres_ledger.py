"""A ledger on a server: one writer at a time, one view for a reader, and a server that goes away."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from gateway.errors import DiskFull, DriverMissing, LedgerBusy, LedgerDamaged, LedgerError
from gateway.ledger import audit, postgresql, transfers
from gateway.ledger.engine import Ledger, open_ledger
from gateway.ledger.postgresql_failures import explanation
from gateway.model import State
from tests.ledger.ledger_samples import entry, transfer
from tests.postgres.databases import EmptiedLedger
from tests.postgres.server import PostgresServer

ONE = {("confirmations", State.ARRIVED): 1}


@pytest.fixture
def ledger(emptied_ledger: EmptiedLedger, tmp_path: Path) -> Iterator[Ledger]:
    opened = emptied_ledger.give(tmp_path)
    yield opened
    opened.close()


def counted(ledger: Ledger) -> dict[tuple[str, State], int]:
    with ledger.read() as connection:
        return transfers.count_by_state(connection)


def insert_one(ledger: Ledger) -> None:
    with ledger.write() as connection:
        transfers.insert(connection, [transfer()])


def backend(connection: object) -> int:
    """Return the server's process behind a connection."""
    return int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar())  # type: ignore[attr-defined] # any


def test_a_reader_keeps_its_view_and_cannot_write(ledger: Ledger) -> None:
    """A read block shall show one moment, and the server refuse it every change."""
    with ledger.read() as before:
        insert_one(ledger)
        assert transfers.count_by_state(before) == {}
    assert counted(ledger) == ONE
    with pytest.raises(LedgerError, match="read-only"), ledger.read() as connection:
        transfers.insert(connection, [transfer()])


def test_a_writer_sees_what_the_one_before_it_committed(
    emptied_ledger: EmptiedLedger, ledger: Ledger
) -> None:
    """A writer that waited for another one shall read what that one wrote: the trail is one chain."""
    others = [open_ledger(emptied_ledger.url) for _ in range(3)]

    def append(to: Ledger) -> None:
        for number in range(15):
            with to.write() as connection:
                audit.append(connection, [entry(number + 1)])

    crowd = [threading.Thread(target=append, args=(one,)) for one in (*others, *others)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    with ledger.read() as connection:
        report = audit.verify(connection)
    assert (report.problem, report.head.count) == (None, 90)
    for other in others:
        other.close()


def test_another_node_writes_for_too_long(emptied_ledger: EmptiedLedger, ledger: Ledger) -> None:
    """While another node writes, LedgerBusy shall say so in time, readers go on, and afterwards it works."""
    hasty = open_ledger(emptied_ledger.url, busy_seconds=0.1)
    with ledger.write():
        with (
            pytest.raises(LedgerBusy, match=r"Another node.*writing to the ledger for too long"),
            hasty.write(),
        ):
            pass
        assert counted(hasty) == {}
    insert_one(hasty)
    assert counted(ledger) == ONE
    hasty.close()


def test_a_failed_statement_is_never_committed_over(ledger: Ledger) -> None:
    """A block that goes on after a refused statement shall fail at its end, and nothing be written."""
    with pytest.raises(LedgerError, match="lost before its end"), ledger.write() as connection:  # noqa: PT012
        transfers.insert(connection, [transfer()])
        with pytest.raises(Exception, match="does not exist"):
            connection.exec_driver_sql("SELECT * FROM no_such_table")
    assert counted(ledger) == {}


def test_text_is_compared_by_its_bytes(postgres: PostgresServer) -> None:
    """Every text column shall have the order of bytes, whatever language the database was made for."""
    url = postgres.create_database("TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de'")
    ledger = open_ledger(url, create=True)
    with ledger.write() as connection:
        transfers.insert(connection, [transfer(route=name) for name in ("a", "B", "ä", "Z")])
        assert connection.exec_driver_sql("SELECT 'a' < 'B'").scalar() is True
    with ledger.read() as connection:
        ordered = connection.exec_driver_sql("SELECT route FROM transfers ORDER BY route").scalars().all()
    assert ordered == ["B", "Z", "a", "ä"]
    assert ledger.integrity() == []
    ledger.close()
    odd = postgres.sql(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
        "AND data_type IN ('text', 'character varying') AND collation_name IS DISTINCT FROM 'C'",
        url.rpartition("/")[2],
    )
    assert odd == []


def test_any_text_comes_back(ledger: Ledger) -> None:
    """Names and texts with NUL, bytes that are not UTF-8 and half characters shall come back as they were."""
    odd = transfer(os.fsdecode(b"odd\xff.csv"), sender="a\0b\ud800", reason='json:"x', message_id="\\x00")
    with ledger.write() as connection:
        transfers.insert(connection, [odd])
    with ledger.read() as connection:
        assert transfers.get(connection, odd.id) == odd


def test_a_ledger_is_found_whole_or_not(postgres: PostgresServer) -> None:
    """Tables and columns that are gone, and texts in another order, shall be told by name."""
    url = postgres.create_database()
    ledger = open_ledger(url, create=True)
    assert ledger.integrity() == []
    with ledger.write() as connection:
        connection.exec_driver_sql("DROP TABLE circuits")
        connection.exec_driver_sql("ALTER TABLE streams DROP COLUMN sender")
        connection.exec_driver_sql('ALTER TABLE audit ALTER COLUMN actor TYPE text COLLATE "POSIX"')
    assert [one.partition(":")[0] for one in ledger.integrity()] == [
        "table circuits is missing",
        "column streams.sender is missing",
        "column audit.actor is not compared bytewise",
    ]
    ledger.close()


def test_every_session_waits_for_stable_storage(ledger: Ledger) -> None:
    """Every connection shall commit synchronously, end when its node stands still, and see one schema."""
    names = ("synchronous_commit", "idle_in_transaction_session_timeout", "search_path", "application_name")
    for block in (ledger.write(), ledger.read()):
        with block as connection:
            said = [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names]
        assert said == ["on", "10s", "public", "gateway"]


def test_connections_from_before_a_restart_are_not_used(tmp_path: Path) -> None:
    """While the server is away the error shall say so; when it is back, the next use shall work."""
    with PostgresServer(fsync="off") as server:
        ledger = open_ledger(server.create_database(), create=True)
        insert_one(ledger)
        server.restart("immediate")
        assert counted(ledger) == ONE
        with pytest.raises(LedgerError, match="cannot be reached"), ledger.write() as connection:  # noqa: PT012
            transfers.insert(connection, [transfer()])
            server.stop("fast")
            transfers.insert(connection, [transfer()])
        with pytest.raises(LedgerError, match="server cannot be reached"), ledger.read():
            pass
        server.start()
        insert_one(ledger)
        assert counted(ledger) == {("confirmations", State.ARRIVED): 2}
        ledger.close()


def test_a_connection_that_the_server_ends_undoes_its_transaction(
    postgres: PostgresServer, ledger: Ledger
) -> None:
    """A transaction whose connection is ended shall be undone, its lock given back, and the next one work."""
    with pytest.raises(LedgerError, match="cannot be reached"), ledger.write() as connection:  # noqa: PT012
        transfers.insert(connection, [transfer()])
        postgres.sql(f"SELECT pg_terminate_backend({backend(connection)})")
        transfers.insert(connection, [transfer()])
    with pytest.raises(LedgerError, match="cannot be reached"), ledger.write() as connection:  # noqa: PT012
        postgres.sql(f"SELECT pg_terminate_backend({backend(connection)})")
        raise ZeroDivisionError
    insert_one(ledger)
    assert counted(ledger) == ONE


def test_a_server_that_stands_still_is_waited_for(postgres: PostgresServer) -> None:
    """A server that stands still for a moment shall cost that moment only, over its socket too."""
    name = postgres.create_database().rpartition("/")[2]
    ledger = open_ledger(postgres.socket_url(name), create=True)
    postgres.pause()
    threading.Timer(0.3, postgres.go_on).start()
    insert_one(ledger)
    assert counted(ledger) == ONE
    ledger.close()


def test_no_ledger_where_none_was_made(postgres: PostgresServer) -> None:
    """An empty database, a schema and a database that are not there shall be told apart; none be made."""
    url = postgres.create_database()
    with pytest.raises(LedgerError, match=r"The ledger is empty.*gateway init"):
        open_ledger(url)
    with pytest.raises(LedgerError, match="schema does not exist: search_path is nowhere"):
        open_ledger(f"{url}?options=-csearch_path%3Dnowhere")
    with pytest.raises(LedgerError, match=r"database.*does not exist"):
        open_ledger(f"{url}-that-is-not", create=True)


def test_a_database_that_cannot_hold_every_text_is_refused(postgres: PostgresServer) -> None:
    """A database in another encoding, or with another program's tables, shall be refused with the way out."""
    latin = postgres.create_database("TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    with pytest.raises(LedgerError, match=r"encoding LATIN1, not UTF8.*createdb"):
        open_ledger(latin, create=True)
    other = postgres.create_database()
    postgres.sql("CREATE TABLE invoices (id int)", other.rpartition("/")[2])
    with pytest.raises(LedgerError, match=r"not a ledger.*invoices"):
        open_ledger(other, create=True)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://gateway:hidden@127.0.0.1:1/db", "server cannot be reached"),
        ("postgresql://gateway:hidden@no-such-host.invalid/db", "server cannot be reached"),
        ("postgresql://gateway:hidden@127.0.0.1:notaport/db", "server cannot be reached"),
        ("postgresql://gateway:hidden@127.0.0.1/db?nonsense=hidden", "URL cannot be understood"),
        ("postgresql://gateway:hid%zzden@127.0.0.1/db", "URL cannot be understood"),
    ],
)
def test_no_error_shows_a_password(url: str, words: str) -> None:
    """A ledger that cannot be reached or whose URL is wrong shall be a clear error without its password."""
    with pytest.raises(LedgerError, match=words) as refused:
        open_ledger(url)
    assert "hid" not in str(refused.value)


def test_the_driver_is_named_where_it_is_missing(tmp_path: Path) -> None:
    """Without the driver the error shall name the command that installs it; a ledger in a file needs none."""
    (tmp_path / "psycopg.py").write_text("raise ImportError('No module named psycopg')")
    script = "from gateway.ledger.engine import open_ledger\nopen_ledger('postgresql://gateway@127.0.0.1/db')"
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True
    )
    assert f"[{DriverMissing.code}]" in done.stderr
    assert "pip install 'plant-gateway[postgresql]'" in done.stderr


class _Said(psycopg.Error):
    """What a server says with a SQLSTATE."""

    def __init__(self, state: str) -> None:
        super().__init__("as the server said it")
        self.sqlstate = state


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("53100", DiskFull),
        ("53300", LedgerBusy),
        ("55P03", LedgerBusy),
        ("40001", LedgerBusy),
        ("57014", LedgerBusy),
        ("XX001", LedgerDamaged),
        ("57P01", LedgerError),
        ("28P01", LedgerError),
        ("42501", LedgerError),
        ("25006", LedgerError),
    ],
)
def test_what_a_server_says_is_told_with_what_to_do(state: str, kind: type[LedgerError]) -> None:
    """Each failure of a server shall be an error of its kind that says what to do next."""
    error = explanation(_Said(state), "postgresql://db")
    assert type(error) is kind
    assert error.hint


def test_too_many_connections_are_named(postgres: PostgresServer) -> None:
    """A server that has no connection left for the gateway shall be told as busy."""
    postgres.sql("CREATE ROLE gateway_few LOGIN CONNECTION LIMIT 0")
    with pytest.raises(LedgerBusy, match="no connection left"):
        open_ledger(postgres.create_database().replace("gateway@", "gateway_few@"))


def test_a_node_that_stops_within_a_message_gives_the_lock_back(
    emptied_ledger: EmptiedLedger, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that stops while it sends many rows, which the server waits for, shall not stop all others."""
    monkeypatch.setattr(postgresql, "IDLE_SECONDS", 0.2)
    hasty = open_ledger(emptied_ledger.url, busy_seconds=0.5)
    still = psycopg.connect(emptied_ledger.url, autocommit=True)
    still.execute(postgresql._BEGIN_WRITING.encode())
    still.pgconn.enter_pipeline_mode()
    still.pgconn.send_query_params(b"SELECT 1", None)
    still.pgconn.send_flush_request()
    still.pgconn.flush()
    insert_one(hasty)
    still.close()
    assert counted(ledger) == ONE
    hasty.close()


_PAUSED = """
import sys
from gateway.ledger import postgresql
postgresql.IDLE_SECONDS = 1
from gateway.ledger.engine import open_ledger
ledger = open_ledger(sys.argv[1])
with ledger.write() as connection:
    print("writing", flush=True)
    sys.stdin.readline()
    connection.exec_driver_sql("SELECT 1")
"""


def test_a_node_that_stands_still_gives_the_lock_back(emptied_ledger: EmptiedLedger, ledger: Ledger) -> None:
    """A node that stands still while it writes shall lose its transaction, and others shall write then."""
    command = [sys.executable, "-c", _PAUSED, emptied_ledger.url]
    still = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert still.stdout is not None
    assert still.stdout.readline() == "writing\n"
    insert_one(ledger)
    assert counted(ledger) == ONE
    assert "stood still for so long" in still.communicate("on\n")[1]
