"""Removals that only their tombstones tell of: the ledger knows them again, with their runs."""

from __future__ import annotations

import os
from collections.abc import Sequence

from gateway.custody.archive import Paper
from gateway.custody.look import exists
from gateway.custody.tombstone import Authority, authority, parts_of
from gateway.ledger.retention import RECOVERED, Removal, Run
from gateway.operations.ledger_care.recording import Recalled
from gateway.operations.ledger_care.recovery import Recovery
from gateway.stages.context import Context


def recalled(context: Context, papers: Sequence[Paper], found: Recovery) -> dict[str, Recalled]:
    """Return by transfer what the tombstones beside ``papers`` tell; what contradicts them is noted."""
    told: dict[str, Recalled] = {}
    for paper in papers:
        if paper.tombstone is None or paper.manifest is None:
            continue
        try:
            by = authority(paper.tombstone.data)
        except ValueError as error:
            found.trouble(paper.data, f"its tombstone cannot be one of the gateway's: {error}")
            continue
        told[paper.manifest["transfer"]["id"]] = _removal(paper, paper.tombstone.sha256, by), _run(by)
        left = [one.name for one in parts_of(paper.manifest) if exists(_beside(context, paper, one.name))]
        if left:
            words = f"its tombstone says that it was removed, and {left[0]} is there: remove it by hand"
            found.trouble(paper.data, words)
    return told


def _beside(context: Context, paper: Paper, name: str) -> str:
    return os.path.join(context.layout.site, os.path.dirname(paper.data), name)


def _removal(paper: Paper, tombstone_sha256: str, by: Authority) -> Removal:
    assert paper.manifest is not None  # noqa: S101 - it is believed
    parts = parts_of(paper.manifest)
    return Removal(
        transfer=paper.manifest["transfer"]["id"],
        run=by.run,
        path=paper.data,
        sha256=parts[0].sha256,
        manifest_sha256=paper.sha256,
        tombstone_sha256=tombstone_sha256,
        size=sum(part.size or 0 for part in parts),
        begun_at=by.begun_at,
        begun_by=by.begun_by,
        removed_at=by.begun_at,  # not a moment before, and nobody knows better
    )


def _run(by: Authority) -> Run:
    """Return the run as far as a tombstone tells of it: not what else it was to remove."""
    return Run(
        id=by.run,
        state=RECOVERED,
        planned_at=by.planned_at,
        planned_by=by.planned_by,
        reason=by.reason,
        plan={},
        plan_sha256=by.plan_sha256,
        approved_at=by.approved_at,
        approved_by=by.approved_by,
        approval_reason=by.approval_reason,
    )
