"""Numbers and positions of a counter: start, step, wrap, reserved numbers and restarts.

The sender counts numbers, the gateway counts positions (``streams.StreamState``). One
epoch maps the one to the other; a wrap makes many positions share a number, and the one
nearest to the frontier is meant.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.rules.ranges import Spans, holds
from gateway.rules.streams import Epoch, StreamState, as_number

if TYPE_CHECKING:
    from gateway.rules.sequence_policy import SequencePolicy


@dataclass(frozen=True, slots=True)
class Scale:
    """How the numbers of one epoch lie on its positions."""

    epoch: Epoch
    base: int  #: the number with index 0
    step: int
    size: int | None  #: numbers in one round; None: the counter never wraps
    reserved: tuple[int, ...]  #: steps from ``base`` that are left out, sorted

    def index(self, number: int) -> int | None:
        """Return how many valid numbers lie between ``base`` and ``number``; None if it is not one."""
        steps, rest = divmod(number - self.base, self.step)
        if rest or steps in self.reserved:
            return None
        place = steps - bisect.bisect_left(self.reserved, steps)
        if self.size is not None and not (steps >= 0 and place < self.size):
            return None
        return place

    def at_or_after(self, number: int, position: int) -> int | None:
        """Return the first position from ``position`` on that has ``number``.

        Without a wrap a number has one position only, which may also lie before. None for
        a number that is not on the scale.
        """
        index, origin = self.index(number), self.index(self.epoch.origin)
        if index is None or origin is None:
            return None
        place = self.epoch.position + index - origin
        return place if self.size is None else position + (place - position) % self.size

    def number(self, position: int) -> int:
        """Return the number at ``position``."""
        index = (self.index(self.epoch.origin) or 0) + position - self.epoch.position
        if self.size is not None:
            index %= self.size
        for left_out in self.reserved:
            index += left_out <= index
        return self.base + self.step * index

    def span(self, first: int, last: int) -> int | None:
        """Return how many steps lead from the number ``first`` on to ``last``."""
        start, end = self.index(first), self.index(last)
        if start is None or end is None:
            return None
        return end - start if self.size is None else (end - start) % self.size


def scale(policy: SequencePolicy, epoch: Epoch) -> Scale:
    """Return the scale of ``epoch`` under ``policy``."""
    base = epoch.origin if policy.wrap_after is None else policy.wrap_to
    last = None if policy.wrap_after is None else (policy.wrap_after - policy.wrap_to) // policy.step
    steps = set()
    for text in policy.reserved:
        number = as_number(text)
        if number is not None and number >= base and (number - base) % policy.step == 0:
            steps.add((number - base) // policy.step)
    reserved = tuple(sorted(step for step in steps if last is None or step <= last))
    return Scale(epoch, base, policy.step, None if last is None else last + 1 - len(reserved), reserved)


def locate(policy: SequencePolicy, state: StreamState, number: int) -> int | None:
    """Return the position that ``number`` means in the stream; None if it is not on the counter.

    The number expected next is meant first, then one that is missing or waived in the present
    count, one that is missing from before a restart, then the nearest position.
    """
    current = scale(policy, state.epochs[-1])
    ahead = current.at_or_after(number, state.frontier)
    if ahead is None:
        return _locate_before(policy, state, number)
    if ahead == state.frontier:
        return ahead
    behind = ahead if current.size is None else ahead - current.size
    if behind < state.frontier and holds((*state.missing, *state.waived), behind):
        return behind
    older = _locate_before(policy, state, number)
    if older is not None:
        return older
    if current.size is None:
        return ahead
    return ahead if (ahead - state.frontier) * 2 < current.size else behind


def _locate_before(policy: SequencePolicy, state: StreamState, number: int) -> int | None:
    """Return the missing position that ``number`` had before a restart, newest epoch first."""
    ends = [epoch.position for epoch in state.epochs]
    for index in range(len(state.epochs) - 2, -1, -1):
        before, end = scale(policy, state.epochs[index]), ends[index + 1]
        place = before.at_or_after(number, end - (before.size or 0))
        if place is not None and ends[index] <= place < end and holds(state.missing, place):
            return place
    return None


def epoch_of(state: StreamState, position: int) -> Epoch:
    """Return the epoch that ``position`` belongs to."""
    for epoch in reversed(state.epochs[1:]):
        if position >= epoch.position:
            return epoch
    return state.epochs[0]


def number_text(policy: SequencePolicy, state: StreamState, position: int) -> str:
    """Return the number at ``position`` as the sender writes it."""
    return state.text(scale(policy, epoch_of(state, position)).number(position))


def skip(waived: Spans, position: int) -> int:
    """Return the first position from ``position`` on that is not waived."""
    for span in waived:
        if position in span:
            position = span.last + 1
    return position
