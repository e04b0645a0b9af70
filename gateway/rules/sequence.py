"""Does this file come in order? Streams of control numbers, gaps, holds and late arrivals.

The caller keeps one ``StreamState`` per stream. For each valid file, in take order: ``judge``;
if the decision is to go or to hold, commit its state with the file's transition. After the
batch, and after every waiver or reset: ``release``, and let go what it returns in that order.
A file that fails takes no number: its successors wait until it comes corrected or is waived.
Numbers are compared as whole numbers and shown as the sender writes them.
"""

from __future__ import annotations

import dataclasses
import re
from datetime import datetime, timedelta

from gateway.finding_codes import finding
from gateway.model import Severity
from gateway.rules import chains, counters
from gateway.rules.model_change import adopted, is_changed, is_suspended, model_of
from gateway.rules.sequence_policy import Expired, Late, Model, Order, SequencePolicy
from gateway.rules.streams import (
    Decision,
    Epoch,
    Fate,
    Gap,
    Held,
    Kind,
    Release,
    StreamState,
    Waiver,
    as_number,
    invalid,
)

__all__ = [
    "Decision",
    "Epoch",
    "Expired",
    "Fate",
    "Gap",
    "Held",
    "Kind",
    "Late",
    "Model",
    "Order",
    "Release",
    "SequencePolicy",
    "StreamState",
    "Waiver",
    "expected",
    "expired",
    "free",
    "gaps",
    "is_changed",
    "is_suspended",
    "judge",
    "judge_authorised",
    "release",
    "reset",
    "waive",
    "withdraw",
]

#: Digits of a timestamp in the order of their weight: YYYYMMDD, then HHMMSS and a fraction.
_STAMP = re.compile(r"[0-9]{8,26}")
_STAMP_DIGITS = 26


def judge(
    policy: SequencePolicy,
    state: StreamState,
    number: str | None,
    previous: str | None,
    now: datetime,
    transfer: str = "",
) -> Decision:
    """Return what becomes of the file with ``number`` (and ``previous``, in a chain).

    ``transfer`` is its id, kept with a hold. ``now`` is when the gap or hold begins. On a suspended
    stream (``is_suspended``) it would wait, and must be judged again later: the state has no place for it.
    """
    if policy.model is Model.NONE:
        return Decision(Kind.IN_ORDER, Fate.GO, state)
    if is_suspended(policy, state):
        return Decision(Kind.HOLD, Fate.HOLD, state, None, "the files of its stream's former model")
    if is_changed(policy, state):
        state = adopted(policy, state).state
    if number is None or not number.strip():
        return invalid(state, number, "it is empty")
    text = number.strip()
    if policy.model is Model.TIMESTAMP:
        return _judge_timestamp(policy, state, text)
    if policy.model is Model.CHAIN:
        return chains.judge(policy, state, Held(transfer, text, now, previous=(previous or "").strip()))
    return counters.judge(policy, state, text, now, transfer)


def judge_authorised(
    policy: SequencePolicy,
    state: StreamState,
    number: str | None,
    previous: str | None,
    now: datetime,
    transfer: str = "",
) -> Decision:
    """Return what becomes of a file that an operator sends again, with a reason, on purpose.

    As ``judge``, but a late, overtaken or repeated number goes, with a warning. It still waits
    for its predecessor on a strict stream, so the number of a held file is not repeated. This is
    for a file that failed or was set aside: a transfer whose number the stream has accepted before
    is not judged again.
    """
    lenient = dataclasses.replace(policy, late=Late.ACCEPT)
    decision = judge(lenient, state, number, previous, now, transfer)
    if decision.kind is not Kind.REPEAT or decision.finding is None or _is_held(state, number):
        return decision
    note = dataclasses.replace(decision.finding, severity=Severity.WARNING)
    return dataclasses.replace(decision, fate=Fate.GO, finding=note)


def _judge_timestamp(policy: SequencePolicy, state: StreamState, text: str) -> Decision:
    """Decide by time alone; the same time twice is no overtaking, clocks are coarse."""
    stamp, last = _stamp(text), _stamp(state.last or "")
    if stamp is None:
        return invalid(state, text, "it is not a timestamp")
    if last is None or stamp >= last:
        return Decision(Kind.IN_ORDER, Fate.GO, state.evolve(last=text))
    message = f"The file of {text} comes after the newer one of {state.last}"
    if policy.late is Late.FAIL:
        return Decision(Kind.OVERTAKEN, Fate.FAIL, state, finding("F804", message, value=text))
    note = finding("F804", message, value=text, severity=Severity.WARNING)
    return Decision(Kind.OVERTAKEN, Fate.GO, state, note)


def _stamp(text: str) -> int | None:
    """Return a timestamp as comparable digits: plain digits as they stand, ISO 8601 in UTC."""
    if _STAMP.fullmatch(text):
        return int(text.ljust(_STAMP_DIGITS, "0"))
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=None) - (moment.utcoffset() or timedelta())
    except (ValueError, OverflowError):
        return None
    return int(f"{moment.year:04d}{moment:%m%d%H%M%S%f}".ljust(_STAMP_DIGITS, "0"))


def release(policy: SequencePolicy, state: StreamState) -> Release:
    """Return the held files that may go now, in order, and the state without them.

    On a stream that is strict no longer all of them may; the gaps stay on record.
    """
    freed = _freed(policy, state.evolve(freed=()))
    return Release(freed.state, (*state.freed, *freed.held))


def _freed(policy: SequencePolicy, state: StreamState) -> Release:
    if policy.model is Model.NONE or policy.order is Order.REPORT:
        return _everything(policy, state)
    if model_of(policy, state) is Model.CHAIN:
        return chains.release(policy, state)
    return counters.release(state)


def _everything(policy: SequencePolicy, state: StreamState) -> Release:
    if not state.held:
        return Release(state, ())
    recent = state.recent
    if model_of(policy, state) is Model.CHAIN:
        recent = (*recent, *(as_number(held.number) or 0 for held in state.held))[-chains.REMEMBERED :]
    after = state.evolve(held=(), last=state.held[-1].number, recent=recent)
    return Release(after, state.held)


def waive(policy: SequencePolicy, state: StreamState, first: str, last: str | None, now: datetime) -> Waiver:
    """Give up the missing numbers from ``first`` to ``last`` (None: ``first`` alone).

    On a counter where none of them is missing, numbers not yet due are waived in advance.
    Nothing is waived where nothing fits. Raises ValueError for a text that is no number.
    """
    start, end = _whole(first), _whole(first if last is None else last)
    if model_of(policy, state) is Model.CHAIN:
        return chains.waive(state, start, end)
    if model_of(policy, state) is Model.COUNTER:
        return counters.waive(policy, state, start, end, now)
    return Waiver(state, ())


def reset(policy: SequencePolicy, state: StreamState, to: str) -> Waiver:
    """Begin the stream anew; everything that was missing is given up.

    On a counter ``to`` is the number expected next, on a chain the predecessor that the next
    file names; on timestamps files newer than ``to`` are in order. Raises ValueError for a
    text that is none of these. A stream that was counted by another model begins by this one;
    what was held goes before it.
    """
    if is_changed(policy, state):
        begun = adopted(policy, state)
        return Waiver(_reset(policy, begun.state, to).state, begun.waived)
    return _reset(policy, state, to)


def _reset(policy: SequencePolicy, state: StreamState, to: str) -> Waiver:
    if policy.model is Model.TIMESTAMP:
        if _stamp(to) is None:
            raise ValueError(f"{to!r} is not a timestamp")
        return Waiver(state.evolve(last=to, restarts=state.restarts + 1), ())
    if policy.model is Model.CHAIN:
        return chains.reset(state, _whole(to))
    if policy.model is Model.COUNTER:
        return counters.reset(policy, state, _whole(to))
    return Waiver(state, ())


def free(policy: SequencePolicy, state: StreamState, transfer: str) -> Waiver:
    """Give up everything that the held ``transfer`` waits for; ``release`` then lets it go.

    Raises KeyError if it is not held.
    """
    if any(held.transfer == transfer for held in state.freed):
        return Waiver(state, ())
    held = _held(state, transfer)
    if model_of(policy, state) is Model.CHAIN:
        return chains.free(state, held)
    before = [span for span in state.missing if span.first < held.position]
    return counters.give_up(policy, state, before)


def withdraw(policy: SequencePolicy, state: StreamState, transfer: str, now: datetime) -> StreamState:
    """Return the state after the held ``transfer`` failed: its number is awaited again.

    Raises KeyError if it is not held.
    """
    held = _held(state, transfer)
    if model_of(policy, state) is Model.CHAIN:
        return chains.withdraw(policy, state, held)
    return counters.withdraw(state, held, now)


def expired(policy: SequencePolicy, since: datetime, now: datetime) -> Expired | None:
    """Return what is due for a file held ``since``; None while its deadline has not passed."""
    if now < since + timedelta(seconds=policy.hold_seconds):
        return None
    return policy.expired


def gaps(policy: SequencePolicy, state: StreamState) -> tuple[Gap, ...]:
    """Return the missing numbers for display, a range as one."""
    if policy.model is Model.NONE:
        return ()
    if model_of(policy, state) is Model.CHAIN:
        return chains.gaps(state)
    return counters.gaps(policy, state) if model_of(policy, state) is Model.COUNTER else ()


def expected(policy: SequencePolicy, state: StreamState) -> str | None:
    """Return the number that can go next: for a chain the predecessor it must name; None: any."""
    if policy.model is Model.NONE:
        return None
    if model_of(policy, state) is Model.COUNTER:
        return counters.expected(policy, state)
    return state.last if model_of(policy, state) is Model.CHAIN else None


def _is_held(state: StreamState, number: str | None) -> bool:
    wanted = as_number((number or "").strip())
    return any(as_number(held.number) == wanted for held in state.held)


def _held(state: StreamState, transfer: str) -> Held:
    for held in state.held:
        if held.transfer == transfer:
            return held
    raise KeyError(transfer)


def _whole(text: str) -> int:
    number = as_number(text.strip())
    if number is None:
        raise ValueError(f"{text!r} is not a number")
    return number
