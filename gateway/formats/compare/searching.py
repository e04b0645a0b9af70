"""A shortest text that is in some sets and not in others, or the proof that there is none.

The automata of all sets go through the same characters together, breadth first; characters that none of
them tells apart are tried once. A search that looks at too many states is not decided.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Mapping, Sequence

from gateway.formats.compare.automata import Automaton, State
from gateway.formats.compare.expressions import LAST, Intervals, UndecidedError, holds

#: States looked at in one search: less than half a second.
MOST_LOOKS = 200_000
#: The code points of surrogates, which no text holds.
_SURROGATES = (0xD800, 0xDFFF)
#: Characters that people can read in a witness, the best first.
_READABLE = (
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890abcdefghijklmnopqrstuvwxyz" + "-_./:,+#%&()*;<=>?@!$'[]^`{|}~\"\\ "
    "äéñøßŁЖΩ中"
)
#: How many different characters of one kind a witness shows.
_VARIETY = 36

#: Where all automata stand, and the length so far as long as it is too short.
_Node = tuple[tuple[State, ...], int]


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
    start: _Node = (tuple(one.start for one in automata), 0)
    before: dict[_Node, tuple[_Node, int] | None] = {start: None}
    waiting, looks, inner = deque([(start, 0)]), 0, len(inside)
    while waiting:
        node, depth = waiting.popleft()
        states = node[0]
        verdicts = [one.accepts(state) for one, state in zip(automata, states, strict=True)]
        if depth >= least and all(verdicts[:inner]) and not any(verdicts[inner:]):
            return _spelled(before, node, blocks, turn)
        if most is not None and depth >= most:
            continue
        looks += len(blocks) * sum(1 if isinstance(state, int) else len(state) for state in states)
        if looks > MOST_LOOKS:
            raise UndecidedError
        for index, block in enumerate(blocks):
            following = _step(automata, inner, states, block[0], min(depth + 1, least))
            if following is not None and following not in before:
                before[following] = (node, index)
                waiting.append((following, depth + 1))
    return None


def _step(
    automata: Sequence[Automaton], inner: int, states: tuple[State, ...], char: str, length: int
) -> _Node | None:
    """Return where all automata stand after ``char``; None where one of the ``inner`` ones is dead."""
    after = []
    for index, (automaton, state) in enumerate(zip(automata, states, strict=True)):
        reached = automaton.step(state, char)
        if index < inner and automaton.dead(reached):
            return None
        after.append(reached)
    return tuple(after), length


def _spelled(
    before: Mapping[_Node, tuple[_Node, int] | None], node: _Node, blocks: list[str], turn: int
) -> str:
    """Return the text that led to ``node``."""
    found = []
    step = before[node]
    while step is not None:
        found.append(step[1])
        step = before[step[0]]
    found.reverse()
    return "".join(blocks[index][(place + turn) % len(blocks[index])] for place, index in enumerate(found))


def _blocks(automata: Sequence[Automaton]) -> list[str]:
    """Return a few characters of each kind that the automata tell apart, the most readable kind first."""
    return _kinds(frozenset(one for automaton in automata for one in automaton.classes))


@functools.lru_cache(maxsize=128)
def _kinds(classes: frozenset[Intervals]) -> list[str]:
    told = sorted(classes)
    cuts = {0, _SURROGATES[0], _SURROGATES[1] + 1}
    cuts.update(edge for one in told for low, high in one for edge in (low, high + 1))
    starts = sorted(cut for cut in cuts if cut <= LAST)
    kinds: dict[tuple[bool, ...], list[tuple[int, int]]] = {}
    for start, following in zip(starts, [*starts[1:], LAST + 1], strict=True):
        if start != _SURROGATES[0]:
            kinds.setdefault(tuple(holds(one, start) for one in told), []).append((start, following - 1))
    return sorted((_members(tuple(one)) for one in kinds.values()), key=_readability)


@functools.lru_cache(maxsize=1024)
def _members(intervals: Intervals) -> str:
    readable = [char for char in _READABLE if holds(intervals, ord(char))]
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
