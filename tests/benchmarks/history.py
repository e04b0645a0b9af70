"""Ten years of history: the same work on an empty ledger and on one with millions of past transfers.

Both ledgers are of one site each; what is measured is done in turns, so that the machine's moods fall on
both. The past has transfers, attempts, deliveries, record keys and audit entries, with their indexes.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import random
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.ledger import audit, deliveries, record_keys, standing, transfers
from gateway.ledger.engine import Ledger
from gateway.ledger.ids import earliest
from gateway.ledger.seen_bytes import PARTS, SeenBytes
from gateway.model import Identity, State
from gateway.operations.opening import working_on
from gateway.operations.setup import init_site
from gateway.pipeline import run_routes
from gateway.stages.context import Context
from tests.benchmarks.generate import write_small_files
from tests.benchmarks.measuring import progress
from tests.benchmarks.passes import CONFIGURATION
from tests.benchmarks.rating import Goal, Options, lines

ROUTE = "confirmations"
YEARS = 10
_CHUNK = 50_000
ROUNDS = 21
#: Past transfers.
PAST = 10_000_000
_GOAL = Goal(1.2)
_BY_BYTES = "transfers_by_bytes"
#: Files in one pass, and files looked up in one batch.
_FILES = 100
_PASS = f"a pass over {_FILES} files of 4 KB"
_CHECKS = f"duplicate checks of {_FILES} files with 4,000 records"
_BYTES, _RECORDS = "of these: bytes or key seen before?", "of these: records seen before?"
_INDEX, _START = "bytes or key, where nothing is in memory", "bringing bytes into memory, once"
_COUNTED = "files by state (status, metrics)"
HEADING = "Ten years of history"
TEXT = f"""\
Made by `python -m tests.benchmarks history --write`: medians of {ROUNDS} rounds in turns, on ledgers that
stay open as a service has them. The past has transfers, attempts, deliveries, record keys and audit
entries, one of each a file. As the service does when it starts, four bytes of each file's SHA-256 are brought
into memory beforehand. Passes that are started one by one ask the index of the ledger instead: the second
but last row."""
_TRANSFER = (
    "id, route, partner, message_type, name_text, name, state, attempt, size, arrived_at, source, "
    "working_name, mtime_ns, inode, evidence, companions, sha256, sha256_head, format_version, sender, "
    "message_id, control_number, interchange_key, stream, records, settle_as, settled_path, settled_at, "
    "manifest_sha256, changed_at"
)


def fill(path: Path, count: int) -> None:
    """Write ``count`` past transfers into the new ledger at ``path``, as a site would have left them.

    Indexes are dropped first and made again at the end, which is many times faster. All but that of the
    bytes, which come in no order: in an index made at once all pages are full, and each new file would split
    some of them. In one that has grown by the last third they have room, as they have on a site.
    """
    with sqlite3.connect(path, isolation_level=None) as connection:
        indexes = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL"
        )
        made_again = indexes.fetchall()
        connection.execute("PRAGMA journal_mode=OFF")  # nobody needs it but a whole
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute(f"PRAGMA cache_size=-{2 * 1024 * 1024}")
        for name, _sql in made_again:
            connection.execute(f"DROP INDEX {name}")
        written, made = 0, set[str]()
        for rows in _chunks(count):
            if written >= count * 2 / 3 and not made:
                made = {_BY_BYTES}
                connection.execute(dict(made_again)[_BY_BYTES])
            connection.execute("BEGIN")
            _write(connection, rows)
            connection.execute("COMMIT")
            written += len(rows)
        for name, sql in made_again:
            if name not in made:
                connection.execute(sql)
        connection.execute("ANALYZE sqlite_master")
        connection.execute("PRAGMA journal_mode=WAL")
    connection.close()


@dataclass(frozen=True, slots=True)
class _Past:
    """One transfer of the past."""

    number: int
    id: str
    at: str
    sha256: str

    @property
    def is_failed(self) -> bool:
        """One of 200 never got through."""
        return self.number % 200 == 0


def _chunks(count: int) -> Iterator[list[_Past]]:
    start = datetime.now(UTC) - timedelta(days=365 * YEARS)
    step = timedelta(days=365 * YEARS) / max(count, 1)
    for first in range(1, count + 1, _CHUNK):
        chunk = []
        for number in range(first, min(first + _CHUNK, count + 1)):
            moment = start + step * number
            key = earliest(moment)[:10] + f"{number:016d}"
            at = moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            chunk.append(_Past(number, key, at, hashlib.sha256(key.encode()).hexdigest()))
        yield chunk


def _write(connection: sqlite3.Connection, chunk: list[_Past]) -> None:
    marks = ", ".join("?" * len(_TRANSFER.split(",")))
    connection.executemany(f"INSERT INTO transfers ({_TRANSFER}) VALUES ({marks})", map(_transfer, chunk))  # noqa: S608
    connection.executemany(
        "INSERT INTO attempts (transfer, number, actor, reason, started_at, ended_at, outcome) "
        "VALUES (?, 1, 'gateway', 'arrived', ?, ?, 'processed')",
        ((one.id, one.at, one.at) for one in chunk),
    )
    connection.executemany(
        "INSERT INTO deliveries (place, transfer, attempt, destination, key, state, tries, target, "
        "delivered_at) VALUES (?, ?, 1, 'erp', ?, 'delivered', 1, ?, ?)",
        (
            (one.number, one.id, f"{one.id}-1", _name(one.number).encode(), one.at)
            for one in chunk
            if not one.is_failed
        ),
    )
    connection.executemany(
        "INSERT INTO record_key_sets (id, scope, transfer, first, last) VALUES (?, ?, ?, ?, ?)",
        ((one.number, ROUTE, one.id, one.number, one.number) for one in chunk),
    )
    connection.executemany(
        "INSERT INTO record_keys (id, key_set, key, record_type, record, line) "
        "VALUES (?, ?, ?, 'confirmation', 1, 2)",
        ((one.number, one.number, _key(one.number)) for one in chunk),
    )
    connection.executemany(
        "INSERT INTO audit (sequence, at, actor, role, host, action, object_type, object_id, outcome, "
        "versions, previous, hash) "
        "VALUES (?, ?, 'gateway', 'gateway', 'plant', 'settled', 'transfer', ?, 'ok', '{}', ?, ?)",
        ((one.number, one.at, one.id, one.sha256[::-1], one.sha256) for one in chunk),
    )


def _transfer(one: _Past) -> tuple[object, ...]:
    name = _name(one.number)
    head = int.from_bytes(bytes.fromhex(one.sha256[:16]), "big", signed=True)
    state = "failed" if one.is_failed else "processed"
    settled = f"{state}/{ROUTE}/{one.at[:10]}/{name}"
    control = f"{one.number:08d}"  # numbers ascend as texts too, and new ones come after them
    return (
        one.id, ROUTE, "MES", "confirmation", name, name.encode(), state, 1, 4096, one.at,
        f"inbox/{ROUTE}/{name}".encode(), f"{one.id}-{name}".encode(), "1", "1", "[]", "[]", one.sha256, head,
        "1.1.0", "PAST", f"CNF-PAST-{control}", control, f"PAST|{control}", f"{ROUTE}/PAST", 40, state,
        settled.encode(), one.at, one.sha256, one.at,
    )  # fmt: skip


def _name(number: int) -> str:
    return f"CONF_PAST_{number:07d}.csv"


def _key(number: int) -> str:
    return f"00000{number:08d}\x1f0010\x1f{number:010d}"


@dataclass(slots=True)
class Bench:
    """One site with its ledger, and how many small files it has had."""

    directory: Path
    past: int  #: transfers that the ledger began with
    taken: int = 0
    seconds: dict[str, list[float]] = field(default_factory=dict)

    @property
    def ledger_path(self) -> Path:
        """Where the ledger is."""
        return self.directory / "ledger" / "gateway.db"

    def time(self, words: str, work: Callable[[], object]) -> None:
        """Do ``work`` once and keep how long it took."""
        begun = time.perf_counter()
        work()
        self.seconds.setdefault(words, []).append(time.perf_counter() - begun)

    def median(self, words: str) -> float:
        """Return the median of what `time` kept, in seconds."""
        return statistics.median(self.seconds[words])


def make(directory: Path, past: int) -> Bench:
    """Make a site with ``past`` transfers behind it."""
    init_site(directory, CONFIGURATION)
    bench = Bench(directory, past)
    if past:
        fill(bench.ledger_path, past)
    return bench


def one_pass(bench: Bench, context: Context) -> None:
    """Measure one pass over new small files."""
    write_small_files(bench.directory / "inbox" / ROUTE, _FILES, first=bench.taken + 1)
    bench.taken += _FILES
    bench.time(_PASS, lambda: run_routes(context))


def _identities(chance: random.Random) -> list[Identity]:
    digests = [hashlib.sha256(chance.randbytes(16)).hexdigest() for _ in range(_FILES)]
    return [
        Identity(one, f"new-{one}", "PAST", f"PAST|{number}", control_number=f"{number}")
        for number, one in enumerate(digests, 10**7 + chance.randrange(10**6))
    ]


def _recall(ledger: Ledger) -> None:
    """Bring into memory what the service does."""
    seen = SeenBytes(ledger.read)
    seen.begin()
    for part in range(PARTS):
        seen.read_part(part)
    ledger.seen_bytes = seen


def queries(bench: Bench, ledger: Ledger, chance: random.Random) -> None:
    """Measure what every pass and every look asks of the ledger."""
    identities, others = _identities(chance), _identities(chance)
    keys = [_key(10**9 + number) for number in chance.sample(range(10**6), 4000)]
    now = datetime.now(UTC)
    asked: dict[str, Callable[..., object]] = {
        _BYTES: lambda c: transfers.known(c, ROUTE, identities, seen=ledger.seen_bytes),
        _RECORDS: lambda c: record_keys.seen(c, ROUTE, keys),
        "open work of a route": lambda c: [
            transfers.in_states(c, ROUTE, (state,))
            for state in (State.ARRIVED, State.CLAIMED, State.HELD, State.DELIVERING, State.REPLAY)
        ],
        "deliveries due": lambda c: deliveries.destinations_due(c, ROUTE, now),
        "end of the audit trail": audit.head,
        "failed files, grouped (status)": lambda c: standing.failed_open(c, [ROUTE]),
        _COUNTED: transfers.count_by_state,
        _INDEX: lambda c: transfers.known(c, ROUTE, others),
    }
    for words, work in asked.items():
        with ledger.read() as connection:
            bench.time(words, lambda work=work, connection=connection: work(connection))  # type: ignore[misc]


def table(options: Options) -> str:
    """Measure on an empty ledger and on one with many past transfers; return the table of medians."""
    past = int(options.arguments[0]) if options.arguments else options.count(PAST)
    base = Path(tempfile.mkdtemp(prefix="history-", dir=options.directory))
    try:
        begun = time.perf_counter()
        benches = (make(base / "empty", 0), make(base / "full", past))
        size = benches[1].ledger_path.stat().st_size / 1e9
        os.sync()  # or the first passes would wait until all that is on the disk
        progress(f"{past:,} transfers written in {time.perf_counter() - begun:.0f} s")
        _measure(benches, options.turns(ROUNDS))
        return _rows(*benches, size)
    finally:
        shutil.rmtree(base)


def _measure(benches: Sequence[Bench], rounds: int) -> None:
    with contextlib.ExitStack() as opened:
        contexts = [opened.enter_context(working_on(bench.directory)) for bench in benches]
        sides = list(zip(benches, contexts, strict=True))
        for round_ in range(-1, rounds):
            for bench, context in sides if round_ % 2 else sides[::-1]:
                one_pass(bench, context)
                queries(bench, context.ledger, random.Random(round_))  # noqa: S311 - the same in both
                if round_ < 0:
                    bench.seconds.clear()  # whatever is done for the first time: imports, a cold cache
                    bench.time(_START, functools.partial(_recall, context.ledger))


def _rows(empty: Bench, full: Bench, gigabytes: float) -> str:
    head = (
        "work", "empty ledger", f"{full.past:,} past transfers ({gigabytes:.1f} GB)", "ratio", "goal", "met"
    )  # fmt: skip
    for bench in (empty, full):
        pairs = zip(bench.seconds[_BYTES], bench.seconds[_RECORDS], strict=True)
        bench.seconds = {_PASS: bench.seconds[_PASS], _CHECKS: list(map(sum, pairs)), **bench.seconds}
    rows = []
    for words in sorted(empty.seconds, key=lambda one: one == _START):
        before, after = empty.median(words), full.median(words)
        ratio = after / before
        goal = _GOAL if words in (_PASS, _CHECKS) else None
        met = "" if goal is None else "yes" if goal.is_met(ratio) else "**no**"
        milliseconds = (f"{before * 1000:.1f} ms", f"{after * 1000:.1f} ms")
        rows.append((words, *milliseconds, f"{ratio:.2f}", str(goal or ""), met))
    return lines(head, rows)
