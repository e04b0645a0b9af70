"""Order as the model sees it: what may go, what must wait, what comes too late. Sets of numbers, no more.

Written from docs/operating.md and the plan of the house, not from gateway/rules: two ways to the same
answer, so that a mistake in one shows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

#: What becomes of a file: "go", "hold", or a finding code for which it fails.
Answer = str


class Stream(Protocol):
    """One sender's files on one route."""

    ever_waived: set[int]  #: numbers that were given up at any time

    def judge(self, number: int, previous: int | None, allowed: frozenset[str]) -> Answer:
        """Say what becomes of a file, and remember it if it goes or waits."""
        ...

    def may_go(self, number: int) -> bool:
        """Whether the held file may go now."""
        ...

    def go(self, number: int) -> None:
        """Remember that the held file went."""
        ...

    def fail(self, number: int) -> None:
        """Remember that the held file failed: its number is awaited again."""
        ...

    def waive_before(self, number: int) -> None:
        """Give up all that the held file waits for."""
        ...

    def missing(self) -> list[int]:
        """Return numbers that are awaited."""
        ...

    def waive(self, number: int) -> None:
        """Give up a missing number."""
        ...


@dataclass
class Counter:
    """1, 2, 3 ...: strictly, or with gaps on record."""

    is_strict: bool
    fails_late: bool
    gone: set[int] = field(default_factory=set)
    held: set[int] = field(default_factory=set)
    waived: set[int] = field(default_factory=set)
    ever_waived: set[int] = field(default_factory=set)
    _whole: int = 0  #: every number up to here has gone or was given up

    def judge(self, number: int, _previous: int | None, allowed: frozenset[str]) -> Answer:
        """Say what becomes of the file with ``number``."""
        if number in self.held:
            return "F807"
        if number in self.gone:
            return "go" if "F807" in allowed else "F807"
        if number in self.waived:
            if self.fails_late and "F801" not in allowed:
                return "F801"
            self.waived.remove(number)
            return self._wait_or_go(number)
        return self._wait_or_go(number)

    def _wait_or_go(self, number: int) -> Answer:
        if self.is_strict and not self._is_whole_before(number):
            self.held.add(number)
            return "hold"
        self.gone.add(number)
        return "go"

    def _is_whole_before(self, number: int) -> bool:
        """Whether every number before has gone or was given up."""
        while self._whole + 1 in self.gone or self._whole + 1 in self.waived:
            self._whole += 1
        return number <= self._whole + 1

    def may_go(self, number: int) -> bool:
        """Whether nothing before it is awaited or held."""
        return number in self.held and self._is_whole_before(number)

    def go(self, number: int) -> None:
        """Let the held number go."""
        self.held.remove(number)
        self.gone.add(number)

    def fail(self, number: int) -> None:
        """Await the held number again."""
        self.held.remove(number)

    def missing(self) -> list[int]:
        """Return the numbers before the highest one known that did not come."""
        highest = max((*self.gone, *self.held), default=0)
        return [
            one
            for one in range(self._whole + 1, highest)
            if one not in self.gone and one not in self.held and one not in self.waived
        ]

    def waive_before(self, number: int) -> None:
        """Give up what is missing before ``number``."""
        for one in self.missing():
            if one < number:
                self.waive(one)

    def waive(self, number: int) -> None:
        """Give up ``number``."""
        self.waived.add(number)
        self.ever_waived.add(number)


@dataclass
class Chain:
    """Each file names the one before it; 0 means that there is none."""

    gone: list[int] = field(default_factory=list)
    held: dict[int, int] = field(default_factory=dict)  #: number -> the number it names
    waived: set[int] = field(default_factory=set)
    ever_waived: set[int] = field(default_factory=set)

    def judge(self, number: int, previous: int | None, allowed: frozenset[str]) -> Answer:
        """Say what becomes of the file ``number`` that names ``previous``."""
        before = previous or 0
        if number in self.gone and "F807" in allowed:
            return "go"
        if number in self.gone or number in self.held:
            return "F807"
        if not self.gone or (before == self.gone[-1] and before not in self.held.values()):
            return self._take(number, len(self.gone))
        if number in self.waived:
            return self._take_late(number, before) if "F801" in allowed else "F801"
        if before == 0 and not self.held:
            return self._take(number, len(self.gone))
        if before and self._is_fork(number, before):
            return "F806"
        self.held[number] = before
        return "hold"

    def _take(self, number: int, place: int) -> Answer:
        self.gone.insert(place, number)
        self.waived.discard(number)
        return "go"

    def _take_late(self, number: int, before: int) -> Answer:
        """Nobody waits for it any more; it waits for the one it names all the same."""
        if not before or before in self.gone or self._is_given_up(before) or self._is_circle(number, before):
            return self._take(number, len(self.gone) - 1)
        self.held[number] = before
        return "hold"

    def _is_given_up(self, number: int) -> bool:
        return number in self.waived and number not in self.held

    def _is_fork(self, number: int, before: int) -> bool:
        return before in self.gone or before in self.held.values() or self._is_circle(number, before)

    def _is_circle(self, number: int, before: int) -> bool:
        while before in self.held:
            before = self.held[before]
        return before == number

    def may_go(self, number: int) -> bool:
        """Whether the one it names went or was given up."""
        before = self.held.get(number)
        if before is None:
            return False
        return before in self.gone or self._is_given_up(before) or (before == 0 and not self.missing())

    def go(self, number: int) -> None:
        """Let the held file go: it is the last one now, unless it is late."""
        del self.held[number]
        self._take(number, len(self.gone) - (number in self.waived))

    def fail(self, number: int) -> None:
        """Forget the held file."""
        del self.held[number]

    def missing(self) -> list[int]:
        """Return the numbers that held files name and nobody has."""
        return sorted(
            {
                before
                for before in self.held.values()
                if before
                and before not in self.held
                and before not in self.waived
                and before not in self.gone
            }
        )

    def waive_before(self, number: int) -> None:
        """Give up the file at the beginning of the piece that ends with ``number``."""
        before = number
        while before in self.held:
            before = self.held[before]
        if before in self.missing():
            self.waive(before)

    def waive(self, number: int) -> None:
        """Give up ``number``."""
        self.waived.add(number)
        self.ever_waived.add(number)


@dataclass
class Stamps:
    """Time stamps: an older one than the last fails; nothing ever waits."""

    last: int = 0
    ever_waived: set[int] = field(default_factory=set)

    def judge(self, number: int, _previous: int | None, allowed: frozenset[str]) -> Answer:
        """Say what becomes of the file of this time."""
        if number < self.last and "F804" not in allowed:
            return "F804"
        self.last = max(self.last, number)
        return "go"

    def may_go(self, _number: int) -> bool:
        """Nothing is held."""
        return False

    def go(self, number: int) -> None:
        """Nothing is held."""
        raise AssertionError(f"{number} was released from a stream that holds nothing")

    fail = go

    def missing(self) -> list[int]:
        """Nothing is awaited."""
        return []

    def waive_before(self, _number: int) -> None:
        """Nothing is awaited."""

    waive = waive_before
