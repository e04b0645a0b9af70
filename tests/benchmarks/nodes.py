"""One, two and four nodes over the same files: how many files a second, and what the ledger takes of that."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.measuring import progress
from tests.benchmarks.rating import Options, lines
from tests.nodes.cluster import Cluster, cluster, routes
from tests.pipeline.plant import confirmation, name_of
from tests.postgres.server import PostgresServer
from tests.service.conftest import until
from tests.sftp.openssh import descendants

COUNTS = (1, 2, 4)
ROUNDS = 3
ROUTES = 8
#: Files on each route.
FILES = 250
HEADING = "Several nodes"
TEXT = f"""\
Made by `python -m tests.benchmarks nodes --write`: medians of {ROUNDS} rounds in turns. Nodes are
processes of this machine on one site with {ROUTES} routes and a ledger on a real PostgreSQL server,
durable; so they share its cores, and more nodes than cores gain nothing here. The ledger has one writer
at a time: its share of the processor says where that ends."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: seconds from the first file to the last one processed, and processor seconds."""

    seconds: float
    nodes_cpu: float
    ledger_cpu: float


def table(options: Options) -> str:
    """Measure every count of nodes in turns; return the table of medians."""
    files = int(options.arguments[0]) if options.arguments else options.count(FILES)
    results: dict[int, list[Measured]] = {count: [] for count in COUNTS}
    with PostgresServer() as server:
        for _ in range(options.turns(ROUNDS)):
            for count in COUNTS:
                progress(f"{count} nodes")
                results[count].append(_measure(server, count, files))
    head = ("nodes", f"seconds for {ROUTES * files:,} files", "a second", "nodes, CPU s", "ledger, CPU s")
    return lines(head, [_row(count, files, found) for count, found in results.items()])


def _row(count: int, files: int, found: list[Measured]) -> tuple[str, ...]:
    seconds = statistics.median(one.seconds for one in found)
    nodes = statistics.median(one.nodes_cpu for one in found)
    ledger = statistics.median(one.ledger_cpu for one in found)
    share = f"{ledger:.1f} ({ledger / (nodes + ledger):.0%})"
    return str(count), f"{seconds:.1f}", f"{ROUTES * files / seconds:,.0f}", f"{nodes:.1f}", share


def _measure(server: PostgresServer, count: int, files: int) -> Measured:
    with (
        tempfile.TemporaryDirectory(prefix="gateway-benchmark-") as directory,
        cluster(Path(directory) / "site", server.create_database(), routes(ROUTES)) as site,
    ):
        site.start(count)
        share = [ROUTES // count] * count
        until(lambda: [len(node.leases() - {"alerts"}) for node in site.nodes] == share, "even shares")
        waiting = _prepare(site, files)
        pids = [node.process.pid for node in site.nodes]
        before = _cpu(pids), _cpu(_others(pids))
        begun = time.monotonic()
        for ready, inbox in waiting:
            ready.rename(inbox)
        total = ROUTES * files
        until(lambda: _processed(site) == total, f"{total} files processed", 600.0)
        seconds = time.monotonic() - begun
        after = _cpu(pids), _cpu(_others(pids))
        return Measured(seconds, after[0] - before[0], after[1] - before[1])


def _prepare(site: Cluster, files: int) -> list[tuple[Path, Path]]:
    """Write the files beside the inboxes; return each with where it is to go."""
    ready = site.plant.directory.parent / "ready"
    ready.mkdir()
    found = []
    for route in range(1, ROUTES + 1):
        for number in range(1, files + 1):
            name = name_of(number, f"MES{route:02d}")
            (ready / name).write_bytes(confirmation(number, sender=f"MES{route:02d}", rows=20))
            found.append((ready / name, site.plant.inbox(f"line{route}") / name))
    return found


def _processed(site: Cluster) -> int:
    time.sleep(0.1)  # the question is part of what is measured
    return int(site.sql("SELECT count(*) FROM transfers WHERE state = 'processed'")[0][0])


def _others(pids: list[int]) -> list[int]:
    """Return the server's processes: all that were started here but the nodes."""
    return [pid for pid in descendants(os.getpid()) if pid not in pids]


def _cpu(pids: list[int]) -> float:
    """Return the processor seconds that processes have taken."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")
