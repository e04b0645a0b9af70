"""Let every request of an exchange over SFTP go wrong in every way, and look at the end.

`python -m tests.sftp.fault_matrix [EVERY] [OFFSET]` tries every EVERY-th case from OFFSET on and prints
a table: of each request and fault, how many cases there were and how many came to another end than every
file exactly once where it should be. The last column of a failed case says what was found instead.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.sftp.exchange import DELETE, LEAVE, MOVE, Exchange
from tests.sftp.script import DENIED, FAILURE, Act
from tests.sftp.scripted import Scripted

#: What may go wrong with any request.
FAULTS: dict[str, dict[str, Any]] = {
    "cut before": {"act": Act.CUT_BEFORE},
    "reply lost": {"act": Act.CUT_AFTER},
    "stalled": {"act": Act.STALL_BEFORE},
    "reply stalled": {"act": Act.STALL_AFTER},
    "denied": {"act": Act.REFUSE, "status": DENIED},
    "refused": {"act": Act.REFUSE, "status": FAILURE},
    "done, yet refused": {"act": Act.REFUSE_AFTER, "status": FAILURE},
    "server killed": {"act": Act.CUT_AFTER},
    "disk full": {"act": Act.SHORT},
}
#: Half of what is written stands there then; what is read comes in halves.
_ONLY_FOR = {"disk full": ("read", "write")}

_FILES = 2


@dataclass(frozen=True)
class Case:
    """One request that goes wrong: the nth of an operation."""

    acknowledge: str
    operation: str
    nth: int
    fault: str


@dataclass(frozen=True)
class Ended:
    """How a case ended."""

    case: Case
    path: str  #: that the request was about
    was_hit: bool
    passes: int
    wrong: str  #: what was found that should not be; empty: nothing


class Matrix:
    """The cases of one way to acknowledge, all on one server, each with a site and directories of its own."""

    def __init__(self, directory: Path, server: Scripted, acknowledge: str) -> None:
        self._directory = directory
        self._server = server
        self._acknowledge = acknowledge
        server.root = directory / "template-served"
        server.root.mkdir(parents=True)
        # a server that is down at every third look is an outage; here every fault comes once
        Exchange.build(directory / "template", server, acknowledge, reply_timeout="300ms")

    def cases(self) -> list[Case]:
        """Return every case there is: each request of an exchange that nothing disturbs, in every way."""
        exchange = self._exchange()
        self._server.requests.clear()
        exchange.settle()
        exchange.demand_each_once()
        counts = Counter(operation for operation, _path in self._server.requests)
        return [
            Case(self._acknowledge, operation, nth, fault)
            for operation, count in sorted(counts.items())
            for nth in range(1, count + 1)
            for fault in FAULTS
            if operation in _ONLY_FOR.get(fault, (operation,))
        ]

    def run(self, case: Case) -> Ended:
        """Let one request go wrong, run passes until all is settled, and look."""
        exchange = self._exchange()
        server = self._server
        server.requests.clear()
        fault = server.on(case.operation, nth=case.nth, **FAULTS[case.fault])
        if case.fault == "server killed":
            fault.then = server.stop
        # odd ones are taken away as they come, even ones stay until the end
        receiving = case.nth % 2 == 1
        try:
            exchange.settle(receiving=receiving, between=self._server.revive)
            exchange.demand_each_once(receiving=receiving)
            wrong = ""
        except Exception as error:  # noqa: BLE001 - one line of the table
            wrong = f"{type(error).__name__}: {error}"
        server.revive()
        server.calm()
        server.kill_sessions()
        asked = server.asked(case.operation)
        path = asked[case.nth - 1] if len(asked) >= case.nth else ""
        return Ended(case, path, fault.hit.is_set(), exchange.passes, wrong)

    def _exchange(self) -> Exchange:
        """Return a fresh exchange; the one before is gone."""
        site, served = self._directory / "site", self._directory / "served"
        shutil.rmtree(site, ignore_errors=True)
        shutil.rmtree(served, ignore_errors=True)
        shutil.copytree(self._directory / "template", site)
        shutil.copytree(self._directory / "template-served", served)
        self._server.root = served
        exchange = Exchange.at(site, served, self._acknowledge)
        for control in range(1, _FILES + 1):
            exchange.send(control)
        return exchange


def spread(directory: Path) -> Iterator[Ended]:
    """Try each fault once, with another operation each, and lose replies of what cannot be asked twice."""
    with Scripted(directory) as server:
        matrix = Matrix(directory / "move", server, MOVE)
        cases = matrix.cases()
        operations = sorted({case.operation for case in cases} - {"rename"})
        faults = [fault for fault in FAULTS if fault not in _ONLY_FOR]
        for number, fault in enumerate(faults):
            operation = operations[number * len(operations) // len(faults)]
            mine = [case for case in cases if (case.operation, case.fault) == (operation, fault)]
            yield matrix.run(mine[len(mine) // 2])
        lost = [case for case in cases if (case.operation, case.fault) == ("rename", "reply lost")]
        # a file that gets its name, and one that is acknowledged
        yield from (matrix.run(case) for case in (lost[len(lost) // 3], lost[-1]))


def tried(directory: Path, every: int = 1, offset: int = 0) -> Iterator[Ended]:
    """Try every ``every``-th case of all, from ``offset`` on; the directory is used up."""
    left = offset
    for way, acknowledge in (("move", MOVE), ("delete", DELETE), ("leave", LEAVE)):
        with Scripted(directory) as server:
            matrix = Matrix(directory / way, server, acknowledge)
            for case in matrix.cases():
                if left == 0:
                    yield matrix.run(case)
                    left = every
                left -= 1


def table(ends: list[Ended]) -> str:
    """Return what came of the cases, one line per operation and one column per fault."""
    tries = Counter((end.case.operation, end.case.fault) for end in ends if end.was_hit)
    fails = Counter((end.case.operation, end.case.fault) for end in ends if end.wrong)
    width = max(len(fault) for fault in FAULTS) + 2
    lines = [" " * 14 + "".join(fault.rjust(width) for fault in FAULTS)]
    for operation in sorted({end.case.operation for end in ends}):
        cells = []
        for fault in FAULTS:
            count, failed = tries[operation, fault], fails[operation, fault]
            text = f"{count} ({failed} wrong)" if failed else str(count or "-")
            cells.append(text.rjust(width))
        lines.append(operation.ljust(14) + "".join(cells))
    return "\n".join(lines)


def main(every: int, offset: int) -> int:
    """Try the cases and print the table; return how many came to a wrong end."""
    with tempfile.TemporaryDirectory(prefix="gateway-faults-") as directory:
        ends = list(tried(Path(directory), every, offset))
    for end in ends:
        if end.wrong:
            print(end)  # noqa: T201 - the output is what is asked for
    print(table(ends))  # noqa: T201
    return sum(bool(end.wrong) for end in ends)


if __name__ == "__main__":
    every_, offset_ = (int(text) for text in [*sys.argv[1:], "1", "0"][:2])
    sys.exit(main(every_, offset_) > 0)
