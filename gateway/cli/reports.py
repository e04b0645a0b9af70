"""What a pass did, as text, as data and as an exit status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.cli.output import number, print_table, say
from gateway.model import State, Transfer
from gateway.printable import printable
from gateway.stages.context import Report

#: Files without trouble that are listed by name per route; their number is said whatever it is.
_LISTED = 20
#: Files with trouble that are listed, and problems.
_TROUBLES = 200


def report_data(reports: Sequence[Report]) -> list[dict[str, Any]]:
    """Return the reports as JSON-ready data."""
    return [
        {
            "route": each.route,
            "taken": each.taken,
            "waiting": each.waiting,
            "counts": {state.value: count for state, count in sorted(each.counts.items(), key=_by_name)},
            "settled": [_row(row) for row in each.settled],
            "held": [_row(row) for row in each.held],
            "problems": [
                {
                    "transfer": one.transfer,
                    "name": printable(one.name) if one.name else None,
                    "code": one.error.code,
                    "text": "\n".join(one.error.lines()),
                }
                for one in each.problems
            ],
        }
        for each in reports
    ]


def _by_name(item: tuple[State, int]) -> str:
    return item[0].value


def _row(row: Transfer) -> dict[str, Any]:
    return {
        "transfer": row.id,
        "name": printable(row.name),
        "state": row.state.value,
        "verdict": row.verdict,
        "code": row.reason_code,
        "reason": row.reason,
        "path": row.settled_path,
    }


def exit_status(reports: Sequence[Report]) -> int:
    """Return what a pass leaves with: the error of a whole route, else 1 for troubled files, else 0."""
    problems = [problem for each in reports for problem in each.problems]
    for problem in problems:
        if problem.transfer is None and problem.name is None:
            return problem.error.exit_status
    return 1 if any(each.is_troubled for each in reports) else 0


def print_reports(reports: Sequence[Report], *, none: str) -> None:
    """Print where each file went and why; ``none`` says why there is no report at all."""
    for index, each in enumerate(reports):
        if index:
            say("")
        say(
            f"{each.route}: {each.taken:,} taken, {each.settled_total:,} settled,"
            f" {each.counts[State.HELD]:,} held,"
            f" {each.waiting:,} waiting"
        )
        _print_files(each)
        for problem in each.problems[:_TROUBLES]:
            first, *more = problem.error.lines()
            say(f"  ! {f'{problem.name}: ' if problem.name else ''}{first}", err=True)
            for line in more:
                say(f"      {line}", err=True)
        if each.problem_total > _TROUBLES:
            say(f"  ! ... and {each.problem_total - _TROUBLES:,} more problems", err=True)
    if not reports:
        say(none)


def _print_files(report: Report) -> None:
    """List what has trouble first, then what went through, each only so far as a person reads on."""
    smooth = [row for row in report.settled if row.state is State.PROCESSED]
    settled = {row.id for row in report.settled}
    trouble = [row for row in report.settled if row.state is not State.PROCESSED]
    trouble += [row for row in report.held if row.id not in settled]
    rows = [*smooth[:_LISTED], *trouble[:_TROUBLES]]
    if not rows:
        return
    print_table(
        "",
        ("  became", "transfer", "file"),
        [(f"  {row.state.value}", row.id, row.name) for row in rows],
        empty="",
        wraps=("file",),
        below=[_why(row) for row in rows],
    )
    processed = report.counts[State.PROCESSED]
    others = report.counts.total() - processed
    if processed > len(smooth[:_LISTED]):
        say(f"  ... and {number(processed - len(smooth[:_LISTED]), 'file')} more processed")
    if len(trouble) > _TROUBLES:
        say(f"  ... and {others - _TROUBLES:,} more that did not go through: `gateway failed list`")


def _why(row: Transfer) -> list[str]:
    """Return why a file went where it is; of one that went through, only what is out of the ordinary."""
    code = f"{row.reason_code}: " if row.reason_code else ""
    if row.state is State.PROCESSED and not row.reason_code:
        return []
    return [f"{code}{row.reason}"] if row.reason else []
