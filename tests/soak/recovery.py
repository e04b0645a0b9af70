"""A copy of the site whose ledger is put back from a backup, or made anew: nothing may come twice of it.

The copy goes its own way and is thrown away, so the model need not follow what the real commands do with
the audit trail. What it must show is known from the model: every file that settled is as it was, every
file in work waits for an operator with F905, nothing is delivered, and what is sent again is known.
"""

from __future__ import annotations

import dataclasses
import shutil
import sqlite3
from pathlib import Path
from random import Random

from tests.soak import checks
from tests.soak.clock import JumpingClock
from tests.soak.model import RESTING, Model, Sent, Violation
from tests.soak.process import command
from tests.soak.senders import Senders
from tests.soak.site import ROUTES

_ROWS = "SELECT id, state, superseded_by, reason_code FROM transfers"
#: Passes that a file needs at most until it is judged: the slowest route looks twice.
_PASSES = 3
_STATUSES = (0, 1)
_RESENT = 6


def demand_recovery(
    rng: Random, site: Path, model: Model, clock: JumpingClock, backup: Path | None, scratch: Path
) -> str:
    """Recover a copy of ``site``, which is at rest, from ``backup`` or from its archive alone.

    Raises Violation where the copy does not know what was settled, or delivers anything.
    """
    shutil.copytree(site, scratch, symlinks=True)
    try:
        words = ["rebuild"] if backup is None else ["restore", str(backup)]
        _run(scratch, clock, ["ledger", *words, "--reason", "the soak asks for it"])
        _demand_rows(scratch, model, at_once=True)
        again = _send_again(rng, scratch, model)
        for _ in range(_PASSES):
            _run(scratch, clock, ["run", "--once"])
        _demand_rows(scratch, model, at_once=False)
        _demand_nothing_goes(scratch)
        checks.demand_proof(scratch, clock)
        checks.Custody(scratch).demand(_with_again(model, again))
        _run(scratch, clock, ["audit", "verify"])
        return f"{words[0]}, {len(again)} files sent again"
    finally:
        shutil.rmtree(scratch)


def _run(site: Path, clock: JumpingClock, words: list[str]) -> None:
    status, said = command(site, clock, words)
    if status not in _STATUSES or "Traceback" in said:
        raise Violation(f"after a recovery `gateway {' '.join(words[:2])}` left with {status}: {said}")


def _demand_rows(site: Path, model: Model, *, at_once: bool) -> None:
    """Raise Violation where a transfer is not as the model knows it, or as F905 if it was in work."""
    connection = sqlite3.connect(site / "ledger" / "gateway.db", timeout=30)
    try:
        rows = {one: tuple(rest) for one, *rest in connection.execute(_ROWS)}
    finally:
        connection.close()
    for one in model.transfers.values():
        if one.state == "withdrawn":
            continue  # no manifest tells of it
        is_settled = one.state in RESTING
        state = one.state if is_settled else "claimed" if at_once else "failed"
        found, child, code = rows.get(one.id, (None, None, None))
        if found != state or (not is_settled and code != "F905") or child not in _children(model, one):
            raise Violation(
                f"after a recovery {one.route}/{one.name} ({one.id}), which was {one.state}, is {found} "
                f"({code}), not {state}; its correction is {child}, not {one.child}"
            )


def _children(model: Model, one: Sent) -> tuple[str | None, ...]:
    """Return what may be on record as its correction: only a manifest tells whose correction a file is."""
    if one.child is None or model.transfers[one.child].state in RESTING:
        return (one.child,)
    return one.child, None


def _send_again(rng: Random, site: Path, model: Model) -> list[Sent]:
    """Send some files once more that were processed: the recovered ledger must know them."""
    free = [one for one in model.in_state("processed") if _is_known_again(one)]
    senders = Senders(site / "inbox", Model())
    chosen: dict[tuple[str, str], Sent] = {}
    for one in rng.sample(free, min(len(free), _RESENT)):
        chosen.setdefault((one.route, one.name), one)
    for one in chosen.values():
        senders.serial += 1
        senders.send_whole(one.known)
    return list(chosen.values())


def _is_known_again(one: Sent) -> bool:
    known = one.known
    return not ROUTES[one.route].is_remote and known.message is not None and bool(known.data)


def _demand_nothing_goes(site: Path) -> None:
    """Raise Violation where anything stands at a destination of the copy; there nobody takes it away."""
    found = [path.name for path in (site / "outbox").rglob("*") if path.is_file()]
    if found:
        raise Violation(f"after a recovery these were delivered again: {found[:10]}")


def _with_again(model: Model, again: list[Sent]) -> Model:
    """Return a model of where bytes are, those that were sent again included."""
    instances = model.instances.copy()
    instances.update(one.known.sha256 for one in again)
    return dataclasses.replace(model, instances=instances)
