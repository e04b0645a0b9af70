"""Sets of texts as automata, and a shortest text that is in some of them and not in others.

Bounded: an expression with too many states, or a search that takes too many steps, is not decided.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.formats.compare import expressions
from gateway.formats.compare.expressions import LAST, Intervals, UnsupportedError, parse

#: States of one expression, sets of them, and steps of one search: together well under a second.
MOST_STATES = 3_000
MOST_SETS = 3_000
MOST_STEPS = 60_000
#: The code points of surrogates, which no text holds.
_SURROGATES = (0xD800, 0xDFFF)
#: Characters that people can read in a witness, the best first.
_READABLE = (
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890abcdefghijklmnopqrstuvwxyz" + "-_./:,+#%&()*;<=>?@!$'[]^`{|}~\"\\ "
    "äéñøßŁЖΩ中"
)
#: How many different characters of one kind a witness shows.
_VARIETY = 36


class UndecidedError(Exception):
    """Too many states or steps."""


class Automaton(Protocol):
    """A set of texts, decided character by character."""

    @property
    def classes(self) -> Iterable[Intervals]:
        """The classes of characters that it tells apart."""
        ...

    def step(self, state: int, char: str) -> int:
        """Return the state after ``char``; it starts in state 0."""
        ...

    def accepts(self, state: int) -> bool:
        """Return whether the text so far is in the set."""
        ...

    def dead(self, state: int) -> bool:
        """Return whether no continuation of the text is in the set."""
        ...


class Words:
    """A finite set of texts."""

    def __init__(self, words: Iterable[str]) -> None:
        self._next: list[dict[str, int]] = [{}]
        self._whole: set[int] = set()
        for word in words:
            state = 0
            for char in word:
                following = self._next[state]
                if char not in following:
                    following[char] = len(self._next)
                    self._next.append({})
                state = following[char]
            self._whole.add(state)

    @property
    def classes(self) -> Iterable[Intervals]:
        """Every character that occurs."""
        return {((ord(char), ord(char)),) for following in self._next for char in following}

    def step(self, state: int, char: str) -> int:
        """Return the state after ``char``; -1 where no word goes on so."""
        return self._next[state].get(char, -1) if state >= 0 else -1

    def accepts(self, state: int) -> bool:
        """Return whether the text so far is one of the words."""
        return state in self._whole

    def dead(self, state: int) -> bool:
        """Return whether no word begins like this."""
        return state < 0


@dataclass(slots=True)
class _State:
    """A state of an expression: at most one step by a character, any number without one."""

    intervals: Intervals = ()
    target: int = -1
    free: list[int] | None = None
    anchor: bool | None = None  #: its free steps need the end (True) or the beginning (False) of the text


class Expression:
    """The texts that a regular expression matches as a whole."""

    def __init__(self, pattern: str) -> None:
        self._states: list[_State] = []
        self._final = self._new()
        start = self._build(parse(pattern), self._final)
        self._sets: list[frozenset[int]] = []
        self._numbers: dict[frozenset[int], int] = {}
        self._steps: dict[tuple[int, str], int] = {}
        first = self._closure([start], begin=True)
        self._sets.append(first)  # state 0 is the beginning; the same set later is another state
        self._begins = self._final in self._closure([start], begin=True, end=True)

    @property
    def classes(self) -> Iterable[Intervals]:
        """Every class that the expression has."""
        return {state.intervals for state in self._states if state.intervals}

    def step(self, state: int, char: str) -> int:
        """Return the state after ``char``."""
        known = self._steps.get((state, char))
        if known is None:
            code = ord(char)
            targets = [one.target for one in self._at(state) if _holds(one.intervals, code)]
            known = self._steps[state, char] = self._number(self._closure(targets))
        return known

    def accepts(self, state: int) -> bool:
        """Return whether the text so far matches."""
        if state == 0:
            return self._begins
        return self._final in self._closure(self._sets[state], end=True)

    def dead(self, state: int) -> bool:
        """Return whether no continuation matches."""
        return state != 0 and not self._sets[state]

    def _at(self, state: int) -> Iterator[_State]:
        return (self._states[one] for one in self._sets[state] if self._states[one].target >= 0)

    def _number(self, states: frozenset[int]) -> int:
        number = self._numbers.get(states)
        if number is None:
            if len(self._sets) >= MOST_SETS:
                raise UndecidedError
            number = self._numbers[states] = len(self._sets)
            self._sets.append(states)
        return number

    def _closure(self, states: Iterable[int], *, begin: bool = False, end: bool = False) -> frozenset[int]:
        found, waiting = set(states), list(states)
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
            raise UnsupportedError("too many states")
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
    """Return the automaton of ``pattern``; UnsupportedError where it cannot be made."""
    return Expression(pattern)


def shortest(
    inside: Sequence[Automaton],
    outside: Sequence[Automaton],
    lengths: tuple[int, int | None],
    turn: int = 0,
) -> str | None:
    """Return a shortest text that is in all of ``inside`` and in none of ``outside``, or None.

    It has from ``lengths[0]`` to ``lengths[1]`` characters. Another ``turn`` prefers other characters.
    Raises UndecidedError where the search is too long.
    """
    automata = (*inside, *outside)
    blocks = _blocks(automata)
    blocks = blocks[turn % len(blocks) :] + blocks[: turn % len(blocks)]
    least, most = lengths
    start = (tuple(0 for _ in automata), 0)
    before: dict[tuple[tuple[int, ...], int], tuple[tuple[tuple[int, ...], int], int] | None] = {start: None}
    waiting, steps, inner = deque([(start, 0)]), 0, len(inside)
    while waiting:
        node, depth = waiting.popleft()
        states = node[0]
        verdicts = [one.accepts(state) for one, state in zip(automata, states, strict=True)]
        if depth >= least and all(verdicts[:inner]) and not any(verdicts[inner:]):
            return _spelled(before, node, blocks, turn)
        if most is not None and depth >= most:
            continue
        steps += len(blocks)
        if steps > MOST_STEPS:
            raise UndecidedError
        for index, block in enumerate(blocks):
            after = tuple(one.step(state, block[0]) for one, state in zip(automata, states, strict=True))
            if any(one.dead(state) for one, state in zip(inside, after, strict=False)):
                continue
            following = (after, min(depth + 1, least))
            if following not in before:
                before[following] = (node, index)
                waiting.append((following, depth + 1))
    return None


def _spelled(before: dict, node: tuple, blocks: list[str], turn: int) -> str:  # type: ignore[type-arg]
    """Return the text that led to ``node``."""
    found = []
    step = before[node]
    while step is not None:
        node, index = step
        found.append(index)
        step = before[node]
    return "".join(
        blocks[index][(place + turn) % len(blocks[index])] for place, index in enumerate(reversed(found))
    )


def _blocks(automata: Sequence[Automaton]) -> list[str]:
    """Return a few characters of each kind that the automata tell apart, the most readable kind first."""
    classes = sorted({one for automaton in automata for one in automaton.classes})
    cuts = {0, _SURROGATES[0], _SURROGATES[1] + 1}
    cuts.update(edge for one in classes for low, high in one for edge in (low, high + 1))
    starts = sorted(cut for cut in cuts if cut <= LAST)
    kinds: dict[tuple[bool, ...], list[tuple[int, int]]] = {}
    for start, following in zip(starts, [*starts[1:], LAST + 1], strict=True):
        if start != _SURROGATES[0]:
            told = tuple(_holds(one, start) for one in classes)
            kinds.setdefault(told, []).append((start, following - 1))
    return sorted((_members(tuple(one)) for one in kinds.values()), key=_readability)


def _members(intervals: Intervals) -> str:
    readable = [char for char in _READABLE if _holds(intervals, ord(char))]
    if readable:
        return "".join(readable[:_VARIETY])
    for low, high in intervals:
        for code in range(low, min(high, low + 256) + 1):
            if chr(code).isprintable():
                return chr(code)
    return chr(intervals[0][0])


def _readability(block: str) -> int:
    place = _READABLE.find(block[0])
    return place if place >= 0 else len(_READABLE) + ord(block[0])


def _holds(intervals: Intervals, code: int) -> bool:
    return any(low <= code <= high for low, high in intervals)
