"""Retention runs against the trail: plan, approval and end are what was put on record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.ledger import audit, retention
from gateway.ledger.checkpoint_lines import Trouble
from gateway.ledger.engine import Connection
from gateway.ledger.retention import RECOVERED, Run, plan_digest

#: Entries that say how a run stands, by the state that they bring it to.
STEPS = ("retention-planned", "retention-approved", "retention-withdrawn", "retention-applied")
_FACTS = ("state", "plan_sha256", "planned_by", "approved_by")


def verify_runs(connection: Connection) -> Iterator[Trouble]:
    """Yield where rows of retention runs are not what the trail says of them."""
    rows = {run.id: run for run in retention.runs(connection)}
    told = {one for step in STEPS for one in audit.objects(connection, step)}
    for key in sorted(told | rows.keys()):
        run = rows.get(key)
        if key not in told:
            assert run is not None  # noqa: S101 - it is a row
            if run.state != RECOVERED:
                yield Trouble(
                    "ledger-row-inserted",
                    f"The trail does not tell of retention run {key}",
                    column="retention_runs",
                )
            continue
        said, entry = _said(connection, key)
        if run is None:
            message = f"The ledger has no retention run {key}, and entry {entry} of the trail tells of it"
            yield Trouble("ledger-row-missing", message, entry=entry, column="retention_runs")
        else:
            yield from _compare(run, said, entry)


def _said(connection: Connection, run: str) -> tuple[dict[str, Any], int]:
    """Return the newest facts about a run that the trail tells, and the number of the newest entry."""
    said: dict[str, Any] = {}
    newest = 0
    for one in audit.read(connection, object_id=run):
        if one.entry.action in STEPS:
            said.update(one.entry.new or {})
            newest = one.sequence
    return said, newest


def _compare(run: Run, said: dict[str, Any], entry: int) -> Iterator[Trouble]:
    found = {name: getattr(run, name) for name in _FACTS}
    places = [(f"retention_runs.{name}", said.get(name), found[name]) for name in _FACTS]
    places.append(("retention_runs.plan", run.plan_sha256, plan_digest(run.plan)))
    for column, recorded, value in places:
        if recorded != value:
            message = f"The row of retention run {run.id} is not as entry {entry} of the trail left it"
            yield Trouble("ledger-row-altered", message, None, None, entry, column, str(recorded), str(value))
            return
