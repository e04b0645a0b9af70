"""Counters: contiguous numbers with start, step, wrap and restarts.

A file may go when no number before it is missing (strict), or at once with the gap on
record (report). Waived numbers are not missing. A restart that the sender declares by its
number opens a new epoch behind the frontier, so old gaps keep their meaning.
"""

from __future__ import annotations

import bisect
import dataclasses
from typing import TYPE_CHECKING

from gateway.finding_codes import finding
from gateway.model import Severity
from gateway.rules import ranges
from gateway.rules.counting import epoch_of, locate, number_text, scale, skip
from gateway.rules.ranges import Span
from gateway.rules.sequence_policy import Late, Order, SequencePolicy
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
    is_reserved,
    seen_width,
)

if TYPE_CHECKING:
    from datetime import datetime


def judge(policy: SequencePolicy, state: StreamState, text: str, now: datetime, transfer: str) -> Decision:
    """Return what becomes of the file with the number ``text``."""
    number = as_number(text)
    if number is None or is_reserved(number, policy.reserved):
        return invalid(state, text, "it is not a number" if number is None else "it is reserved")
    opened = _begun(policy, state, number).evolve(width=seen_width(state, text))
    position = locate(policy, opened, number)
    if _is_restart(policy, opened, number, position):
        restarted = _restarted(opened, number)
        return _ahead(policy, restarted, Held(transfer, text, now, restarted.frontier))
    if position is None:
        return invalid(state, text, "it is not one that this counter reaches")
    jump = position - opened.frontier
    if policy.largest_jump is not None and jump > policy.largest_jump:
        return invalid(state, text, f"it leaves out {jump} numbers; at most {policy.largest_jump} may be")
    decide = _ahead if jump >= 0 else _behind
    return decide(policy, opened, Held(transfer, text, now, position))


def _begun(policy: SequencePolicy, state: StreamState, number: int) -> StreamState:
    """Return the state with its first epoch: the configured start, or the first number seen."""
    if state.epochs:
        return state
    return state.evolve(epochs=(Epoch(0, number if policy.start is None else policy.start),))


def _is_restart(policy: SequencePolicy, state: StreamState, number: int, position: int | None) -> bool:
    """Return whether ``number`` declares a restart: it is the reset number and nobody waits for it."""
    if number != policy.reset_to or position == state.frontier:
        return False
    if policy.wrap_after is not None and position is not None and position > state.frontier:
        return False  # the counter reaches it within half a round: numbers are missing before it
    return position is None or not ranges.holds(state.missing + state.waived, position)


def _restarted(state: StreamState, number: int) -> StreamState:
    """Return the state in which ``number`` is expected next; numbers count anew, gaps stay open."""
    # Numbers waived in advance belong to the count that ends here.
    waived = ranges.common(state.waived, 0, state.frontier - 1)
    epochs = (*state.epochs, Epoch(state.frontier, number))
    return state.evolve(epochs=epochs, waived=waived, restarts=state.restarts + 1)


def _ahead(policy: SequencePolicy, state: StreamState, file: Held) -> Decision:
    """Decide on a number at or after the expected one; what it jumps over becomes missing."""
    position, text = file.position, file.number
    opened: ranges.Spans = ()
    if position > state.frontier:
        opened = ranges.without_all([Span(state.frontier, position - 1, file.since)], state.waived)
    waived = ranges.without(state.waived, position, position)
    after = state.evolve(
        missing=(*state.missing, *opened), waived=waived, frontier=skip(waived, position + 1)
    )
    if policy.order is Order.STRICT and (after.missing or after.held):
        return _hold(policy, after, file)
    if not opened:
        return Decision(_kind(policy, after, position), Fate.GO, after.evolve(last=text))
    gap = _words(policy, after, opened[0])
    note = finding("F805", f"{text} was delivered although {gap} is missing", value=text)
    return Decision(Kind.GAP_REPORTED, Fate.GO, after.evolve(last=text), note, gap)


def _kind(policy: SequencePolicy, state: StreamState, position: int) -> Kind:
    epoch = epoch_of(state, position)
    if position == epoch.position:
        return Kind.RESET if position > 0 else Kind.IN_ORDER
    count = scale(policy, epoch)
    return Kind.WRAP if count.number(position) < count.number(position - 1) else Kind.IN_ORDER


def _behind(policy: SequencePolicy, state: StreamState, file: Held) -> Decision:
    """Decide on a number before the expected one: it was missing, given up, or used already."""
    position, text = file.position, file.number
    if ranges.holds(state.missing, position):
        found = state.evolve(missing=ranges.without(state.missing, position, position))
        if policy.order is Order.REPORT:
            return _late(policy, state, found, text, "its successors have been delivered")
        if _blocked(found, position):
            return _hold(policy, found, file)
        return Decision(Kind.IN_ORDER, Fate.GO, found.evolve(last=text))
    if ranges.holds(state.waived, position):
        found = state.evolve(waived=ranges.without(state.waived, position, position))
        late = _late(policy, state, found, text, "it was waived")
        if late.fate is Fate.GO and policy.order is Order.STRICT and _blocked(found, position):
            # what was given up is the wait for it, not its own wait for those before it
            return dataclasses.replace(_hold(policy, found, file), finding=late.finding)
        return late
    if position < 0:
        return _late(policy, state, state, text, "the stream began with a higher number")
    message = f"The control number {text} was already used by another file of the stream"
    return Decision(Kind.REPEAT, Fate.FAIL, state, finding("F807", message, value=text))


def _blocked(state: StreamState, position: int) -> bool:
    """Return whether a number before ``position`` is missing, or held and not released yet."""
    gap = bool(state.missing) and state.missing[0].first < position
    return gap or (bool(state.held) and state.held[0].position < position)


def _late(
    policy: SequencePolicy, before: StreamState, accepted: StreamState, text: str, why: str
) -> Decision:
    """Let a late file go and close its gap, or fail it and leave the gap open."""
    message = f"{text} arrives late: {why}"
    if policy.late is Late.ACCEPT:
        note = finding("F801", message, value=text, severity=Severity.WARNING)
        return Decision(Kind.LATE, Fate.GO, accepted, note)
    return Decision(Kind.LATE, Fate.FAIL, before, finding("F801", message, value=text))


def _hold(policy: SequencePolicy, state: StreamState, held: Held) -> Decision:
    place = bisect.bisect(state.held, held.position, key=lambda each: each.position)
    waiting = (*state.held[:place], held, *state.held[place:])
    after = state.evolve(held=waiting)
    # Without a gap it stands behind files that the next release lets go, and goes with them.
    wait = _words(policy, after, after.missing[0]) if after.missing else waiting[0].number
    return Decision(Kind.HOLD, Fate.HOLD, after, None, wait)


def release(state: StreamState) -> Release:
    """Return the held files that wait for nothing any more, in order."""
    barrier = state.missing[0].first if state.missing else state.frontier
    free = tuple(held for held in state.held if held.position < barrier)
    if not free:
        return Release(state, ())
    return Release(state.evolve(held=state.held[len(free) :], last=free[-1].number), free)


def withdraw(state: StreamState, held: Held, now: datetime) -> StreamState:
    """Return the state after a held file was given up: its number is missing again."""
    rest = tuple(each for each in state.held if each != held)
    missing = ranges.add(state.missing, Span(held.position, held.position, now))
    return state.evolve(held=rest, missing=missing)


def waive(policy: SequencePolicy, state: StreamState, first: int, last: int, now: datetime) -> Waiver:
    """Give up the missing numbers from ``first`` to ``last``; where none is missing, future ones."""
    chosen: list[Span] = []
    for span in state.missing if state.epochs else ():
        chosen += ranges.common([span], *_positions(policy, state, span, first, last))
    if not chosen and state.epochs:
        chosen = _future(policy, state, first, last, now)
    return give_up(policy, state, chosen)


def give_up(policy: SequencePolicy, state: StreamState, chosen: list[Span]) -> Waiver:
    """Return the state in which the positions ``chosen`` are waived."""
    waived = state.waived
    for span in chosen:
        waived = ranges.add(waived, span)
    after = state.evolve(
        missing=ranges.without_all(state.missing, chosen),
        waived=waived,
        frontier=skip(waived, state.frontier),
    )
    return Waiver(after, tuple(_gap(policy, after, span) for span in chosen))


def _positions(
    policy: SequencePolicy, state: StreamState, span: Span, first: int, last: int
) -> tuple[int, int]:
    """Return the positions of two numbers in the round and epoch in which ``span`` is missing."""
    count = scale(policy, epoch_of(state, span.first))
    length = count.span(first, last)
    start = count.at_or_after(first, span.last + 1 - (count.size or 0))
    return (0, -1) if length is None or start is None else (start, start + length)


def _future(policy: SequencePolicy, state: StreamState, first: int, last: int, now: datetime) -> list[Span]:
    count = scale(policy, state.epochs[-1])
    length, start = count.span(first, last), count.at_or_after(first, state.frontier)
    if length is None or start is None:
        return []
    if count.size is not None and (start - state.frontier) * 2 >= count.size:
        start -= count.size  # the numbers of this round that have passed are meant
    if length < 0 or start + length < state.frontier:
        return []
    span = Span(max(start, state.frontier), start + length, now)
    return list(ranges.without_all([span], state.waived))


def reset(policy: SequencePolicy, state: StreamState, to: int) -> Waiver:
    """Begin anew: ``to`` is expected next; everything that was missing is given up."""
    given_up = give_up(policy, state, list(state.missing))
    if not state.epochs:
        return Waiver(state.evolve(epochs=(Epoch(0, to),)), ())
    return Waiver(_restarted(given_up.state, to), given_up.waived)


def gaps(policy: SequencePolicy, state: StreamState) -> tuple[Gap, ...]:
    """Return the missing numbers for display, in stream order."""
    return tuple(_gap(policy, state, span) for span in _split(state))


def _split(state: StreamState) -> list[Span]:
    """Return the missing ranges, cut where the sender restarted its counter."""
    parts: list[Span] = []
    for span in state.missing:
        for index, epoch in enumerate(state.epochs):
            later = index + 1 < len(state.epochs)
            end = state.epochs[index + 1].position - 1 if later else span.last
            parts += ranges.common([span], epoch.position, end)
    return parts


def expected(policy: SequencePolicy, state: StreamState) -> str | None:
    """Return the number that can go next; None while a stream without a start has seen nothing."""
    if state.epochs:
        strict = policy.order is Order.STRICT and bool(state.missing)
        return number_text(policy, state, state.missing[0].first if strict else state.frontier)
    return None if policy.start is None else state.text(policy.start)


def _gap(policy: SequencePolicy, state: StreamState, span: Span) -> Gap:
    first, last = number_text(policy, state, span.first), number_text(policy, state, span.last)
    return Gap(first, last, span.count, span.since)


def _words(policy: SequencePolicy, state: StreamState, span: Span) -> str:
    return str(_gap(policy, state, span))
