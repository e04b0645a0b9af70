"""Chains: every file names its predecessor, as VDA interchanges do.

The numbers are neither gapless nor ascending, so only the named predecessor counts. A
reserved predecessor (``00000``) says that there is none: the first interchange, or a new
beginning. After 99999 comes 00001, which a chain need not know.
"""

from __future__ import annotations

import dataclasses

from gateway.finding_codes import finding
from gateway.model import Finding, Severity
from gateway.rules import ranges
from gateway.rules.ranges import Span
from gateway.rules.sequence_policy import Late, Order, SequencePolicy
from gateway.rules.streams import (
    Decision,
    Fate,
    Gap,
    Held,
    Kind,
    Release,
    StreamState,
    Waiver,
    as_number,
    invalid,
    is_reserved,
    seen_width,
)

#: Accepted numbers that are remembered to tell a repeat or a fork from a missing predecessor.
REMEMBERED = 256


def judge(policy: SequencePolicy, state: StreamState, file: Held) -> Decision:
    """Return what becomes of ``file``, which names its number and its predecessor."""
    number, previous = as_number(file.number), as_number(file.previous)
    if number is None or is_reserved(number, policy.reserved):
        return invalid(state, file.number, "it is not a number" if number is None else "it is reserved")
    if previous is None or previous == number:
        return invalid(state, file.number, f"{file.previous!r} cannot be its predecessor")
    if number in state.recent or _held(state, number):
        message = f"The transmission number {file.number} was already used by another file"
        return Decision(Kind.REPEAT, Fate.FAIL, state, finding("F807", message, value=file.number))
    known = state.evolve(width=seen_width(state, file.number))
    if not known.recent or (previous == known.recent[-1] and not _is_awaited(policy, known, previous)):
        return _go(policy, known, file, number, Kind.IN_ORDER)
    # A number that follows the last file is in order even if it was waived a round ago.
    if ranges.holds(known.waived, number) or (
        policy.order is Order.REPORT and ranges.holds(known.missing, number)
    ):
        return _late(policy, known, file, number, previous)
    return _successor(policy, known, file, number, previous)


def _successor(
    policy: SequencePolicy, state: StreamState, file: Held, number: int, previous: int
) -> Decision:
    """Decide by the predecessor: there is none, it has a successor already, or it is missing."""
    if is_reserved(previous, policy.reserved):
        return _go(policy, state.evolve(restarts=state.restarts + 1), file, number, Kind.RESET)
    if _is_fork(policy, state, number, previous):
        return _broken(policy, state, file, number, previous)
    opened = _awaiting(state, file, number, previous)
    if policy.order is Order.STRICT:
        return _hold(opened, file)
    note = _chain_note(
        f"{file.number} was delivered although its predecessor {file.previous} is missing", file
    )
    return Decision(Kind.GAP_REPORTED, Fate.GO, _accepted(opened, file, number), note, file.previous)


def _awaiting(state: StreamState, file: Held, number: int, previous: int) -> StreamState:
    """Return the state in which the predecessor of ``file`` is missing, unless it is held or given up."""
    known = (*state.missing, *state.waived)
    is_known = ranges.holds(known, previous) or _held(state, previous)
    gap = () if is_known else (Span(previous, previous, file.since),)
    return state.evolve(missing=ranges.without((*state.missing, *gap), number, number))


def _go(policy: SequencePolicy, state: StreamState, file: Held, number: int, kind: Kind) -> Decision:
    """Let the file go, unless a strict chain has others to let go before it."""
    found = _found(state, number)
    if policy.order is Order.STRICT and kind is Kind.RESET and found.held:
        return _hold(found, file)
    return Decision(kind, Fate.GO, _accepted(found, file, number))


def _is_fork(policy: SequencePolicy, state: StreamState, number: int, previous: int) -> bool:
    """Return whether ``previous`` has a successor already, or the chain would bite its own tail."""
    if previous in state.recent:
        return True
    return policy.order is Order.STRICT and (
        _is_awaited(policy, state, previous) or _is_circle(state, number, previous)
    )


def _is_awaited(policy: SequencePolicy, state: StreamState, number: int) -> bool:
    """Return whether a held file of a strict chain names ``number`` as its predecessor."""
    return policy.order is Order.STRICT and any(as_number(held.previous) == number for held in state.held)


def _is_circle(state: StreamState, number: int, previous: int) -> bool:
    """Return whether ``previous`` waits, over other held files, for ``number`` itself."""
    followers = {as_number(held.number): as_number(held.previous) for held in state.held}
    step: int | None = previous
    while step in followers:
        step = followers[step]
    return step == number


def _broken(policy: SequencePolicy, state: StreamState, file: Held, number: int, previous: int) -> Decision:
    message = f"{file.number} names {file.previous} as its predecessor, which another file followed"
    if policy.order is Order.STRICT and policy.late is Late.FAIL:
        wrong = finding("F806", message, value=file.previous)
        return Decision(Kind.BROKEN, Fate.FAIL, state, wrong)
    note = _chain_note(message, file)
    if _must_wait(policy, state, number, previous):
        return dataclasses.replace(_hold(_awaiting(state, file, number, previous), file), finding=note)
    return Decision(Kind.BROKEN, Fate.GO, _accepted(_found(state, number), file, number), note)


def _late(policy: SequencePolicy, state: StreamState, file: Held, number: int, previous: int) -> Decision:
    message = f"{file.number} arrives late: its successors did not wait for it"
    if policy.late is Late.FAIL:
        return Decision(Kind.LATE, Fate.FAIL, state, finding("F801", message, value=file.number))
    note = finding("F801", message, value=file.number, severity=Severity.WARNING)
    if _must_wait(policy, state, number, previous):
        # What was given up is the wait for it, not its own wait. Its number stays waived, which tells
        # ``release`` that its successors may have gone.
        return dataclasses.replace(_hold(_awaiting(state, file, number, previous), file), finding=note)
    return Decision(Kind.LATE, Fate.GO, _gone_late(state, number), note)


def _must_wait(policy: SequencePolicy, state: StreamState, number: int, previous: int) -> bool:
    """Return whether a file that goes beside the chain has a predecessor that did not go yet."""
    if policy.order is not Order.STRICT or _is_circle(state, number, previous):
        return False
    is_awaited = _is_missing(policy, state, previous) and not _may_be_forgotten(state, previous)
    return _held(state, previous) or is_awaited


def _may_be_forgotten(state: StreamState, number: int) -> bool:
    """Return whether ``number`` may have gone so long ago that the chain no longer remembers it."""
    return len(state.recent) >= REMEMBERED and not ranges.holds(state.missing, number)


def _gone_late(state: StreamState, number: int) -> StreamState:
    """Return the state after a late number went: the tip stays, the successors of the number have gone."""
    recent = (*state.recent[:-1], number, *state.recent[-1:])[-REMEMBERED:]
    return _found(state, number).evolve(recent=recent)


def _found(state: StreamState, number: int) -> StreamState:
    return state.evolve(
        missing=ranges.without(state.missing, number, number),
        waived=ranges.without(state.waived, number, number),
    )


def _accepted(state: StreamState, file: Held, number: int) -> StreamState:
    recent = (*state.recent, number)[-REMEMBERED:]
    return state.evolve(recent=recent, last=file.number)


def _hold(state: StreamState, file: Held) -> Decision:
    after = state.evolve(held=(*state.held, file))
    return Decision(Kind.HOLD, Fate.HOLD, after, None, file.previous)


def _held(state: StreamState, number: int) -> bool:
    return any(as_number(held.number) == number for held in state.held)


def _chain_note(message: str, file: Held) -> Finding:
    return finding("F806", message, value=file.previous, severity=Severity.WARNING)


def release(policy: SequencePolicy, state: StreamState) -> Release:
    """Return the held files whose predecessor has gone or was waived, in chain order."""
    free: list[Held] = []
    while (ready := _next_ready(policy, state)) is not None:
        free.append(ready)
        rest = tuple(held for held in state.held if held != ready)
        number = as_number(ready.number) or 0
        rested = state.evolve(held=rest)
        is_late = ranges.holds(state.waived, number)
        state = _gone_late(rested, number) if is_late else _accepted(rested, ready, number)
    return Release(state, tuple(free))


def _next_ready(policy: SequencePolicy, state: StreamState) -> Held | None:
    """Return the held file that follows the last one; else one that nothing holds any more."""
    tip = state.recent[-1] if state.recent else None
    waiting = [(held, as_number(held.previous) or 0) for held in state.held]
    for held, previous in waiting:
        if previous == tip:
            return held
    for held, previous in waiting:
        # what it names has gone where it stands beside the chain, if a long time ago
        if previous in state.recent or _is_gone(policy, state, previous):
            return held
    if not state.missing:
        for held, previous in waiting:
            if is_reserved(previous, policy.reserved):
                return held
    return None


def _is_gone(policy: SequencePolicy, state: StreamState, number: int) -> bool:
    """Return whether ``number`` was given up or forgotten; one that was given up may be held after all."""
    if _held(state, number) or is_reserved(number, policy.reserved):
        return False
    return ranges.holds(state.waived, number) or _may_be_forgotten(state, number)


def free(state: StreamState, file: Held) -> Waiver:
    """Give up the missing number that ``file`` and the held files before it wait for."""
    before = {as_number(held.number): held for held in state.held}
    number = as_number(file.previous)
    while number in before:
        number = as_number(before[number].previous)
    return waive(state, number or 0, number or 0)


def withdraw(policy: SequencePolicy, state: StreamState, file: Held) -> StreamState:
    """Return the state after a held file was given up: a file that names it waits for it again."""
    rest = tuple(held for held in state.held if held != file)
    numbers = {as_number(held.number) for held in rest}
    since = {as_number(held.previous): held.since for held in reversed(rest)}
    missing = tuple(
        Span(number, number, moment)
        for number, moment in since.items()
        if number is not None and number not in numbers and _is_missing(policy, state, number)
    )
    return state.evolve(held=rest, missing=tuple(sorted(missing, key=lambda span: span.first)))


def _is_missing(policy: SequencePolicy, state: StreamState, number: int) -> bool:
    gone = number in state.recent or is_reserved(number, policy.reserved)
    return not gone and not ranges.holds(state.waived, number)


def waive(state: StreamState, first: int, last: int) -> Waiver:
    """Give up the missing numbers from ``first`` to ``last``."""
    chosen = ranges.common(state.missing, first, last)
    waived = state.waived
    for span in chosen:
        waived = ranges.add(waived, span)
    after = state.evolve(missing=ranges.without_all(state.missing, chosen), waived=waived)
    return Waiver(after, tuple(_gap(state, span) for span in chosen))


def reset(state: StreamState, to: int) -> Waiver:
    """Begin anew: the next file names ``to`` as its predecessor; what was missing is given up."""
    every = waive(state, 0, max((span.last for span in state.missing), default=0))
    recent = (*(number for number in every.state.recent if number != to), to)
    after = every.state.evolve(recent=recent, last=state.text(to), restarts=state.restarts + 1)
    return Waiver(after, every.waived)


def gaps(state: StreamState) -> tuple[Gap, ...]:
    """Return the missing predecessors for display."""
    return tuple(_gap(state, span) for span in state.missing)


def _gap(state: StreamState, span: Span) -> Gap:
    return Gap(state.text(span.first), state.text(span.last), span.count, span.since)
