"""What a pass did, as text and as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from gateway.cli.output import print_table
from gateway.custody.names import printable
from gateway.model import Transfer
from gateway.stages.context import Report


def report_data(reports: Sequence[Report]) -> list[dict[str, Any]]:
    """Return the reports as JSON-ready data."""
    return [
        {
            "route": each.route,
            "taken": each.taken,
            "waiting": each.waiting,
            "settled": [_row(row) for row in each.settled],
            "held": [_row(row) for row in each.held],
            "problems": [
                {"transfer": one.transfer, "name": one.name, "code": one.error.code, "text": str(one.error)}
                for one in each.problems
            ],
        }
        for each in reports
    ]


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


def print_reports(reports: Sequence[Report], *, quiet: bool = False) -> None:
    """Print where each file went and why; ``quiet`` leaves out routes on which nothing happened."""
    for each in reports:
        rows = [(row, row.state.value) for row in each.settled] + [(row, "held") for row in each.held]
        if quiet and not rows and not each.problems:
            continue
        click.echo(
            f"{each.route}: {each.taken} taken, {len(each.settled)} settled, {len(each.held)} held,"
            f" {each.waiting} waiting"
        )
        if rows:
            print_table(
                "",
                ("file", "went to", "code", "why"),
                [(row.name, state, row.reason_code, row.reason or row.settled_path) for row, state in rows],
                empty="",
            )
        for problem in each.problems:
            name = f"{printable(problem.name)}: " if problem.name else ""
            click.echo(f"  ! {name}{problem.error}", err=True)
