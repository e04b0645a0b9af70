"""The story that `gateway demo` tells: what the partners send, good and bad, act by act.

Only the partners are played here: they write files into inboxes, as another system would. What
becomes of the files is decided by the same passes as on every other site.
"""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.bundle import bundled
from gateway.config.settings import Route
from gateway.errors import ActionRefused
from gateway.ledger import arrivals, deliveries
from gateway.model import Arrival, State, Transfer
from gateway.operations.setup import init_site
from gateway.pipeline import run_routes
from gateway.rules.completeness import EvidenceKind
from gateway.stages.context import Context, Report


@dataclass(frozen=True, slots=True)
class Sending:
    """One file that a partner sends."""

    route: str
    sample: str  #: below the message type's samples: ``1.1.0/good/NAME``
    note: str  #: what the partner did, for the audience
    name: str = ""  #: sent under another name than the sample's
    finished: bool = True  #: whether the partner has come to the end, and says so
    slip: tuple[bytes, bytes] | None = None  #: bytes that went wrong: as they should be, as they are

    @property
    def target(self) -> str:
        """Return the name that the file has in the inbox."""
        return self.name or self.sample.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Act:
    """Files that come together, and what they are to show."""

    title: str
    sendings: tuple[Sending, ...]


#: The file that somebody corrects at the end, and what the MES got wrong in it.
CORRECTED = Sending(
    "confirmations", "1.1.0/good/CONF_MES01_0000006.csv", "a day that does not exist",
    slip=(b";DISP-01;18.11.2026;", b";DISP-01;31.11.2026;"),
)  # fmt: skip
#: The same file as it should have been.
MENDED = dataclasses.replace(CORRECTED, slip=None)

ACTS = (
    Act(
        "Good files of all six types, and some whose senders are not ready yet",
        (
            Sending("confirmations", "1.0.0/good/CONF_MES01_0000001.csv", ""),
            Sending("confirmations", "1.0.0/good/CONF_MES01_0000002.csv", ""),
            Sending("confirmations", "1.1.0/good/CONF_MES01_0000004.csv", "number 3 is still on its way"),
            Sending("confirmations", "1.1.0/good/CONF_MES01_0000005.csv", "half written", finished=False),
            Sending("consumptions", "1.0.0/good/CONS_MES01_20261116_00000001.txt", ""),
            Sending("consumptions", "1.0.0/good/CONS_MES01_20261116_00000002.txt", ""),
            Sending(
                "consumptions", "1.1.0/good/CONS_MES01_20261117_00000003.txt", "half written", finished=False
            ),
            Sending(
                "consumptions", "1.1.0/bad/CONS_MES02_20261119_00000105-cut-off.txt", "the line broke off"
            ),
            Sending("adjustments", "1.0.0/good/INVADJ_WMS1_000001.csv", ""),
            Sending("adjustments", "1.0.0/good/INVADJ_WMS1_000002.csv", ""),
            Sending("orders", "1.0.0/good/ORD-ERPPRD-20261113053000-000870.xml", ""),
            Sending("orders", "1.0.0/good/ORD-ERPPRD-20261114053000-000871.xml", ""),
            Sending(
                "orders", "1.1.0/good/ORD-ERPPRD-20261116053000-000873.xml", "half written", finished=False
            ),
            Sending("boms", "1.0.0/good/BOM-ERPPRD-20261116040000-000041.json", ""),
            Sending("boms", "1.0.0/good/BOM-ERPPRD-20261117040000-000042.json", ""),
            Sending("materials", "1.0.0/good/MATMAS_ERPPRD_0000000004200117.idoc", ""),
            Sending("materials", "1.0.0/good/MATMAS_ERPPRD_0000000004200118.idoc", ""),
        ),
    ),
    Act(
        "What was missing comes: held files go on, in order",
        (
            Sending("confirmations", "1.1.0/good/CONF_MES01_0000003.csv", "the missing number"),
            Sending("confirmations", "1.1.0/good/CONF_MES01_0000005.csv", "its done marker"),
            Sending("consumptions", "1.1.0/good/CONS_MES01_20261118_00000005.txt", "number 4 is left out"),
            Sending("consumptions", "1.1.0/good/CONS_MES01_20261117_00000003.txt", "finished and renamed"),
            Sending("adjustments", "1.0.0/good/INVADJ_WMS1_000004.csv", "number 3 is left out"),
            Sending("orders", "1.1.0/good/ORD-ERPPRD-20261116053000-000873.xml", "the other half"),
        ),
    ),
    Act(
        "Wrong files: failed whole, with every fault named",
        (
            CORRECTED,
            Sending("confirmations", "1.1.0/bad/CONF_MES02_0000101-wrong-values.csv", "12 wrong values"),
            Sending("confirmations", "1.1.0/bad/CONF_MES02_0000117-empty.csv", "an empty file"),
            Sending("confirmations", "2.0.0/good/CONF_MES01_0000007.csv", "not posted by this ERP yet"),
            Sending("confirmations", "1.1.0/bad/Export 19.11.2026.csv", "a name that says nothing"),
            Sending(
                "consumptions", "1.1.0/bad/CONS_MES02_20261119_00000102-wrong-count.txt", "an item is missing"
            ),
            Sending("adjustments", "1.0.0/bad/INVADJ_WMS2_000101-wrong-values.csv", "12 wrong values"),
            Sending(
                "orders", "1.1.0/bad/ORD-ERPTST-20261119053000-000104-wrong-values.xml", "not as its XSD says"
            ),
            Sending("boms", "1.0.0/bad/BOM-ERPTST-20261119040000-000103-member-twice.json", "two plants"),
            Sending(
                "materials", "1.0.0/bad/MATMAS_ERPTST_0000000004300106-wrong-values.idoc", "8 wrong values"
            ),
        ),
    ),
    Act(
        "The same again, and too late",
        (
            Sending("confirmations", "1.0.0/good/CONF_MES01_0000001.csv", "sent twice"),
            Sending(
                "confirmations",
                "1.0.0/good/CONF_MES01_0000002.csv",
                "the same number, other contents",
                slip=(b";DISP-01;", b";DISP-02;"),
            ),
            Sending(
                "adjustments",
                "1.0.0/good/INVADJ_WMS1_000002.csv",
                "number 2 again, as number 3",
                name="INVADJ_WMS1_000003.csv",
            ),
            Sending("orders", "1.1.0/good/ORD-ERPPRD-20261115053000-000872.xml", "older than those before"),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file: of one that was just sent, or of one that it set free."""

    route: str
    name: str
    note: str
    became: str
    transfer: Transfer | None = None
    arrival: Arrival | None = None
    delivered: tuple[str, ...] = ()  #: names of the destinations that have it


@dataclass(slots=True)
class _Seen:
    """The newest state of each transfer over the passes of an act."""

    rows: dict[str, Transfer] = field(default_factory=dict)

    def add(self, report: Report) -> None:
        """Note what a pass did; raises what stopped a whole route, as nothing here should."""
        for problem in report.problems:
            if problem.transfer is None and problem.name is None:
                raise problem.error
        for row in [*report.held, *report.settled]:
            self.rows[row.id] = row

    def take(self, route: str, name: str) -> Transfer | None:
        """Return and forget the transfer of that name, if there is one."""
        found = next((row for row in self.rows.values() if (row.route, row.name) == (route, name)), None)
        return self.rows.pop(found.id) if found else None


def prepare(directory: Path) -> None:
    """Make the demo's site in ``directory``, which must be new or empty; raises ActionRefused else."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise ActionRefused("The demo needs a new or empty directory", where=str(directory))
    init_site(directory, (bundled("config") / "demo.yaml").read_text(encoding="utf-8"))


def play(context: Context, act: Act) -> list[Outcome]:
    """Let the partners send what ``act`` says, run passes as the gateway does, and say what became of it.

    Two passes: a file without any sign of its end is taken when the second look finds it unchanged.
    """
    for sending in act.sendings:
        send(context.site.route(sending.route), context.site.route(sending.route).message_type, sending)
    seen = _Seen()
    for _look in range(2):
        for report in run_routes(context):
            seen.add(report)
    return _outcomes(context, act.sendings, seen)


def send(route: Route, message_type: str, sending: Sending) -> None:
    """Write the file as its partner does, with the evidence that the route asks for once it is whole."""
    place = Path(route.source.path)
    whole = content(message_type, sending)
    written = whole if sending.finished else whole[: len(whole) // 2]
    asked = route.completeness.require
    target = place / sending.target
    # a sender that renames writes under a temporary name, and is seen by it until it is ready
    temporary = target.with_name(f"{target.name}.tmp") if EvidenceKind.RENAME in asked else target
    temporary.write_bytes(written)
    digest = hashlib.sha256(whole).hexdigest()
    if EvidenceKind.CHECKSUM in asked:
        (place / f"{target.name}.sha256").write_text(f"{digest}  {target.name}\n", encoding="utf-8")
    if not sending.finished:
        return
    os.replace(temporary, target)
    if EvidenceKind.DONE_MARKER in asked:
        (place / f"{target.name}.done").touch()
    if EvidenceKind.CONTROL_FILE in asked:
        lines = f"file;sha256;records\n{target.name};{digest};{_rows(whole)}\n"
        (place / f"{target.stem}.ctl").write_text(lines, encoding="utf-8")


def content(message_type: str, sending: Sending) -> bytes:
    """Return the bytes of the whole file as they are sent, with what went wrong in them."""
    data = (bundled("samples") / message_type / sending.sample).read_bytes()
    return data.replace(*sending.slip) if sending.slip else data


def _rows(data: bytes) -> int:
    """Return how many records a CSV with headings has."""
    return sum(1 for _row in csv.reader(io.StringIO(data.decode("utf-8", "replace"), newline=""))) - 1


def _outcomes(context: Context, sendings: Sequence[Sending], seen: _Seen) -> list[Outcome]:
    with context.ledger.read() as connection:
        waiting = {(one.route, one.name): one for one in arrivals.waiting(connection)}
        sent = deliveries.of(connection, list(seen.rows))
    found: list[Outcome] = []
    for one in sendings:
        row = seen.take(one.route, one.target)
        arrival = waiting.get((one.route, one.target)) or waiting.get((one.route, f"{one.target}.tmp"))
        if row is not None:
            found.append(_settled(row, one.note, sent))
        elif arrival is not None:
            found.append(Outcome(one.route, arrival.name, one.note, "waiting", arrival=arrival))
    freed = [_settled(row, "set free", sent) for row in seen.rows.values() if row.state is not State.HELD]
    order = {route.name: number for number, route in enumerate(context.site.routes)}
    return sorted([*found, *freed], key=lambda one: (order[one.route], one.name))


def _settled(row: Transfer, note: str, sent: dict[str, list[Any]]) -> Outcome:
    reached = tuple(one.destination for one in sent.get(row.id, ()) if one.delivered_at)
    return Outcome(row.route, row.name, note, row.state.value, transfer=row, delivered=reached)
