"""A batch of CLAIMED files is examined and judged; what is wrong with one of them stops no other.

The stage SHALL leave a file CLAIMED while its stream is suspended: nothing is decided about it, and the
next pass asks again. Should the gateway itself stumble over a batch, it SHALL go through it file by
file, and fail with F199 only those over which it stumbles again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from gateway.custody.copies import hash_file
from gateway.errors import GatewayError, StreamSuspended
from gateway.finding_codes import finding
from gateway.findings import Findings
from gateway.ledger import streams
from gateway.model import Disposition, Transfer
from gateway.printable import printable
from gateway.rules import sequence
from gateway.rules.sequence import StreamState
from gateway.stages.context import Context, Move, Report, Route, record_moves, stream_of
from gateway.stages.examine import Examined, examine
from gateway.stages.judge import close_spools, judge
from gateway.stages.rewrite import rewrite
from gateway.stages.settle import plan_settlement

_LOG = logging.getLogger(__name__)

#: These are no fault of a file: the pass ends, and the next one tries again.
_NOT_THE_FILE = (GatewayError, OSError, MemoryError)


def accept_batch(context: Context, route: Route, batch: Sequence[Transfer], report: Report) -> None:
    """Take every file of the batch as far as it can be judged now."""
    try:
        _accept(context, route, batch, report)
    except _NOT_THE_FILE:
        raise
    except Exception:  # noqa: BLE001 - one file that the gateway stumbles over must not stop its route
        _LOG.exception("route %s: a batch could not be judged; now file by file", route.name)
        for transfer in batch:
            if transfer.id not in report.stuck:
                _accept_alone(context, route, transfer, report)


def _accept(context: Context, route: Route, batch: Sequence[Transfer], report: Report) -> None:
    examined = rewrite(context, route, examine(context, route, batch, report), report)
    try:
        judge(context, route, _free_to_judge(context, route, examined, report), report)
    finally:
        close_spools(examined)


def _accept_alone(context: Context, route: Route, transfer: Transfer, report: Report) -> None:
    try:
        _accept(context, route, [transfer], report)
    except _NOT_THE_FILE:
        raise
    except Exception as error:  # noqa: BLE001 - becomes a finding of this file alone
        _LOG.exception("route %s: %s could not be judged", route.name, printable(transfer.name))
        _fail(context, transfer, error)


def _fail(context: Context, transfer: Transfer, error: Exception) -> None:
    """Plan the failure of a file of which nothing is known but its bytes."""
    sha256, size = hash_file(context.path_of(transfer))
    found = finding("F199", f"{type(error).__name__} while the file was judged: {printable(str(error))}")
    findings = Findings()
    findings.add(found)
    known = transfer.evolve(
        sha256=sha256, size=size, findings=findings.summary(), reason_code=found.code, reason=found.message
    )
    after = plan_settlement(context, known, Disposition.FAILED)
    facts = {"sha256": sha256, "size": size}
    with context.ledger.write() as connection:
        record_moves(context, connection, [Move(transfer, after, "judged-failed", found.message, facts)])


def _free_to_judge(
    context: Context, route: Route, batch: Sequence[Examined], report: Report
) -> list[Examined]:
    """Return the files whose streams are not suspended; the others wait for the next pass."""
    suspended = _suspended(context, route, batch)
    waiting = {one.transfer.id for one in batch if stream_of(route, one.transfer) in suspended}
    report.stuck.update(waiting)
    told = {str(problem.error) for problem in report.problems}
    for name, state in suspended.items():
        if not sequence.is_changed(route.sequence, state):
            continue  # it was reset; the next release lets go what was held
        error = StreamSuspended(
            f"{printable(name)} was counted as a {state.model.value}, the route asks for "
            f"`model: {route.sequence.model.value}` now: new files wait, and so does what is held",
            hint=f"`gateway sequence reset {printable(name)} TO` lets go what is held and begins anew",
        )
        if str(error) not in told:
            report.problem(error)
    return [one for one in batch if one.transfer.id not in waiting]


def _suspended(context: Context, route: Route, batch: Sequence[Examined]) -> dict[str, StreamState]:
    names = {stream_of(route, one.transfer) for one in batch} - {None}
    if not names:
        return {}
    with context.ledger.read() as connection:
        saved = streams.load_many(connection, [name for name in names if name])
    states = {name: StreamState.from_dict(data) for name, data in sorted(saved.items())}
    return {name: state for name, state in states.items() if sequence.is_suspended(route.sequence, state)}
