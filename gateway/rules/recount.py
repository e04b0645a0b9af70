"""Where a stream stands, counted again from the files that were accepted, in the order in which they were.

For a ledger that is rebuilt, or brought up to date after it was restored. That a file was accepted is
a fact, so what stood against it must have been settled by an operator: a file that would have to wait
proves that its gap was given up, a number that could not have been accepted proves that the stream was
begun anew, unless the file itself notes the finding that was let pass.

What cannot be known again: when a gap was noticed (the time of the file that showed it stands for it),
numbers that were given up or reset before the next file came, and gaps that only a file in work showed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gateway.rules import sequence
from gateway.rules.sequence import Decision, Fate, Model, SequencePolicy, StreamState


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One file that was accepted on a stream."""

    transfer: str
    number: str | None
    previous: str | None
    at: datetime
    noted: frozenset[str] = frozenset()  #: codes of the findings that it has


def recount(policy: SequencePolicy, state: StreamState, accepted: Iterable[Acceptance]) -> StreamState:
    """Return the state after ``accepted``, in their order, beginning with ``state``."""
    gone: set[str] = set()
    for one in accepted:
        if policy.model is not Model.NONE and one.transfer not in gone:
            state = _accept(policy, state, one, gone)
    return state


def _accept(policy: SequencePolicy, state: StreamState, one: Acceptance, gone: set[str]) -> StreamState:
    """Return the state with one more file; what it lets go is added to ``gone``."""
    if any(held.transfer == one.transfer for held in (*state.held, *state.freed)):
        return _let_go(policy, state, one.transfer, gone)
    decision = _judged(policy, state, one)
    if decision.fate is Fate.FAIL:
        decision = _begun_anew(policy, state, one) or decision
    if decision.fate is Fate.HOLD:
        return _let_go(policy, decision.state, one.transfer, gone)
    return decision.state


def _judged(policy: SequencePolicy, state: StreamState, one: Acceptance) -> Decision:
    """Return the decision about a file; what it notes of itself was let pass by an operator."""
    decision = sequence.judge(policy, state, one.number, one.previous, one.at, one.transfer)
    if decision.fate is Fate.FAIL and decision.finding is not None and decision.finding.code in one.noted:
        return sequence.judge_authorised(policy, state, one.number, one.previous, one.at, one.transfer)
    return decision


def _begun_anew(policy: SequencePolicy, state: StreamState, one: Acceptance) -> Decision | None:
    """Return the decision after the reset that must have been; None where none explains it."""
    to = one.previous if policy.model is Model.CHAIN else one.number
    try:
        anew = sequence.reset(policy, state, (to or "").strip()).state
    except ValueError:
        return None
    decision = sequence.judge(policy, anew, one.number, one.previous, one.at, one.transfer)
    return None if decision.fate is Fate.FAIL else decision


def _let_go(policy: SequencePolicy, state: StreamState, transfer: str, gone: set[str]) -> StreamState:
    if any(held.transfer == transfer for held in state.held):
        state = sequence.free(policy, state, transfer).state
    freed = sequence.release(policy, state)
    gone.update(held.transfer for held in freed.held)
    return freed.state
