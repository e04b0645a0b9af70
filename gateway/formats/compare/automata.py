"""Sets of texts as automata: decided character by character, in memory that is bounded."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from gateway.formats.compare import expressions
from gateway.formats.compare.expressions import Intervals, UndecidedError, holds, parse

#: States of one expression; one with more is not decided.
MOST_STATES = 3_000
#: Steps of one expression that are remembered.
_REMEMBERED = 20_000

#: Where an automaton stands: a number, or the states of an expression that it may be in.
State = int | frozenset[int]


class Automaton(Protocol):
    """A set of texts, decided character by character."""

    @property
    def start(self) -> State:
        """Where it stands before the first character."""
        ...

    @property
    def classes(self) -> Iterable[Intervals]:
        """The classes of characters that it tells apart."""
        ...

    def step(self, state: State, char: str) -> State:
        """Return where it stands after ``char``."""
        ...

    def accepts(self, state: State) -> bool:
        """Return whether the text so far is in the set."""
        ...

    def dead(self, state: State) -> bool:
        """Return whether no continuation of the text is in the set."""
        ...


class Words:
    """A finite set of texts."""

    start: State = 0

    def __init__(self, words: Iterable[str]) -> None:
        self._next: dict[State, dict[str, int]] = {0: {}}
        self._whole: set[State] = set()
        for word in words:
            state: State = 0
            for char in word:
                following = self._next[state]
                if char not in following:
                    following[char] = len(self._next)
                    self._next[len(self._next)] = {}
                state = following[char]
            self._whole.add(state)

    @property
    def classes(self) -> Iterable[Intervals]:
        """Every character that occurs."""
        return {((ord(char), ord(char)),) for following in self._next.values() for char in following}

    def step(self, state: State, char: str) -> State:
        """Return where it stands after ``char``; -1 where no word goes on so."""
        return self._next[state].get(char, -1) if state in self._next else -1

    def accepts(self, state: State) -> bool:
        """Return whether the text so far is one of the words."""
        return state in self._whole

    def dead(self, state: State) -> bool:
        """Return whether no word begins like this."""
        return state not in self._next


@dataclass(slots=True)
class _State:
    """A state of an expression: at most one step by a character, any number without one."""

    intervals: Intervals = ()
    target: int = -1
    free: list[int] | None = None
    anchor: bool | None = None  #: its free steps need the end (True) or the beginning (False) of the text


#: Stands among the states before the first character: only there ``^`` holds.
_BEGINNING = -1


class Expression:
    """The texts that a regular expression matches as a whole."""

    def __init__(self, pattern: str) -> None:
        self._states: list[_State] = []
        self._final = self._new()
        start = self._build(parse(pattern), self._final)
        self._steps: dict[tuple[frozenset[int], str], frozenset[int]] = {}
        self._accepting: dict[frozenset[int], bool] = {}
        self._begins = self._final in self._closure([start], begin=True, end=True)
        self.start: State = self._closure([start], begin=True) | {_BEGINNING}

    @property
    def classes(self) -> Iterable[Intervals]:
        """Every class that the expression has."""
        return {state.intervals for state in self._states if state.intervals}

    def step(self, state: State, char: str) -> State:
        """Return where it stands after ``char``."""
        assert isinstance(state, frozenset)  # noqa: S101 - its own states are sets
        known = self._steps.get((state, char))
        if known is None:
            code = ord(char)
            here = [self._states[one] for one in state if one != _BEGINNING]
            known = self._closure(
                one.target for one in here if one.target >= 0 and holds(one.intervals, code)
            )
            if len(self._steps) < _REMEMBERED:
                self._steps[state, char] = known
        return known

    def accepts(self, state: State) -> bool:
        """Return whether the text so far matches."""
        assert isinstance(state, frozenset)  # noqa: S101 - its own states are sets
        known = self._accepting.get(state)
        if known is None:
            known = self._begins if _BEGINNING in state else self._final in self._closure(state, end=True)
            if len(self._accepting) < _REMEMBERED:
                self._accepting[state] = known
        return known

    def dead(self, state: State) -> bool:
        """Return whether no continuation matches."""
        return not state

    def _closure(self, states: Iterable[int], *, begin: bool = False, end: bool = False) -> frozenset[int]:
        found = set(states)
        waiting = list(found)
        while waiting:
            state = self._states[waiting.pop()]
            if state.anchor is not None and not (end if state.anchor else begin):
                continue
            fresh = [one for one in state.free or () if one not in found]
            found.update(fresh)
            waiting.extend(fresh)
        return frozenset(found)

    def _new(self, state: _State | None = None) -> int:
        if len(self._states) >= MOST_STATES:
            raise UndecidedError("too many states")
        self._states.append(state or _State())
        return len(self._states) - 1

    def _build(self, node: expressions.Node, after: int) -> int:
        """Return the state from which ``node`` leads to ``after``."""
        if isinstance(node, expressions.Characters):
            return self._new(_State(node.intervals, after))
        if isinstance(node, expressions.Anchor):
            return self._new(_State(free=[after], anchor=node.end))
        if isinstance(node, expressions.Sequence):
            for item in reversed(node.items):
                after = self._build(item, after)
            return after
        if isinstance(node, expressions.Choice):
            return self._new(_State(free=[self._build(item, after) for item in node.items]))
        return self._repeat(node, after)

    def _repeat(self, node: expressions.Repeat, after: int) -> int:
        if node.most is None:
            loop = self._new(_State(free=[after]))
            inside = self._build(node.item, loop)
            self._states[loop].free = [inside, after]
            after = loop
        else:
            end = after
            for _ in range(node.most - node.least):
                after = self._new(_State(free=[self._build(node.item, after), end]))
        for _ in range(node.least):
            after = self._build(node.item, after)
        return after


@functools.lru_cache(maxsize=256)
def expression(pattern: str) -> Expression:
    """Return the automaton of ``pattern``; UndecidedError where it cannot be made."""
    return Expression(pattern)
