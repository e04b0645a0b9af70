"""A file of which nobody knows whether it was delivered is set before an operator, never delivered again."""

from __future__ import annotations

from gateway.finding_codes import finding
from gateway.findings import Findings
from gateway.model import Disposition, State, Transfer
from gateway.stages.context import Context
from gateway.stages.settle import plan_settlement


def plan_uncertain(
    context: Context, row: Transfer, sha256: str, size: int, why: str, taken: set[str]
) -> Transfer:
    """Return ``row``, whose bytes in work are those of ``sha256``, with its settlement as failed planned.

    It is CLAIMED then, whatever it was: what was planned or decided of it before does not count.
    ``taken`` is as for `plan_settlement`.
    """
    findings = Findings.from_summary(row.findings or {})
    findings.add(finding("F905", why))
    known = row.evolve(
        state=State.CLAIMED,
        sha256=sha256,
        size=size,
        findings=findings.summary(),
        reason_code="F905",
        reason=why,
        held_until=None,
        settled_path=None,
        authorised=None,
        changed_at=context.clock.now(),
    )
    return plan_settlement(context, known, Disposition.FAILED, taken)
