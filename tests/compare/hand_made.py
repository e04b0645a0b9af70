"""Comparisons made by hand: what reports have to carry, whatever a comparison finds."""

from __future__ import annotations

from gateway.formats.compare.change import Change, Comparison, Direction, Judgement, Verdict
from gateway.formats.compare.reports.subject import Approved, Report, Witness

#: What somebody may write into a definition, or a partner into a file.
HOSTILE = "\x1b[31m|<script>alert(1)</script>`]]>&amp;\u202e\n# x\udcff"


def change(
    kind: str = "decimals",
    forward: Verdict = Verdict.BREAKING,
    back: Verdict = Verdict.OK,
    *,
    path: str = "records.item.fields.quantity.decimals",
    old: str | None = "3",
    new: str | None = "2",
    why: str = "`1,125` has 3 decimals; at most 2 are accepted.",
) -> Change:
    """Return one change with its verdicts."""
    judgements = (Judgement(forward, why), Judgement(back, "Every value is accepted."))
    return Change(kind, path, old, new, *judgements, "item.quantity", "item.quantity")


def comparison(*changes: Change, old: str = "stock 1.0.0", new: str = "stock 1.1.0") -> Comparison:
    """Return a comparison with these changes."""
    return Comparison("stock", old, new, "a" * 64, "b" * 64, changes)


def report(
    *changes: Change, limit: Verdict | None = None, approve: bool = False, both: bool = False
) -> Report:
    """Return the report on one comparison; ``approve`` allows its first change."""
    one = comparison(*changes)
    approvals = {}
    if approve:
        approvals = {
            one.fingerprint(changes[0]): Approved("A. Smith", "2026-11-22 16:41:00Z", "Agreed with ERP")
        }
    judged = tuple(Direction) if both else (Direction.OLD_UNDER_NEW,)
    return Report((one,), "1.0", judged, limit, approvals)


def hostile() -> Report:
    """Return a report in which every text is hostile."""
    nasty = change(path=HOSTILE, old=HOSTILE, new=HOSTILE * 40, why=f"`{HOSTILE}` is {HOSTILE}.")
    one = comparison(nasty, old=HOSTILE, new=HOSTILE)
    key = (one.fingerprint(nasty), Direction.OLD_UNDER_NEW)
    witness = Witness(HOSTILE, HOSTILE, confirmed=True, path=HOSTILE, excerpt=(HOSTILE,))
    return Report(
        (one,),
        HOSTILE,
        limit=Verdict.REVIEW,
        approvals={key[0]: Approved(HOSTILE, HOSTILE, HOSTILE)},
        witnesses={key: witness},
        summaries={0: (HOSTILE,)},
    )
