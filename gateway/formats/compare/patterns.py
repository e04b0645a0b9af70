"""Questions about the regular expressions of a definition, answered without trying texts at random."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Sequence

from gateway.formats.compare.automata import Automaton, expression
from gateway.formats.compare.expressions import UndecidedError
from gateway.formats.compare.searching import shortest

#: Any text, line ends too.
ANYTHING = "(?:.|\n)*"
#: Texts of ASCII characters that can be seen, and blanks.
READABLE = "[ -~]*"
#: Lengths beyond the shortest one that examples are looked for.
_MORE = (1, 2, 5, 11, 19, 40)
_LONGEST = 300


class Unknown(enum.Enum):
    """The one answer that is none."""

    UNKNOWN = "unknown"  #: the expression is too large, or uses what is not understood


def matches(pattern: str, text: str) -> bool:
    """Return whether ``pattern`` matches the whole of ``text``, in time that grows with both alone.

    A pattern that is no regular expression matches nothing; the definition's own check complains of it.
    """
    try:
        automaton = expression(pattern)
        state = automaton.start
        for char in text:
            state = automaton.step(state, char)
            if automaton.dead(state):
                return False
        return automaton.accepts(state)
    except UndecidedError:
        return _matches_slowly(pattern, text)


def _matches_slowly(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text) is not None
    except (re.error, OverflowError, RecursionError):
        return False


def difference(
    a: str | None, b: str | None, *, lengths: tuple[int, int | None] = (0, None)
) -> str | Unknown | None:
    """Return a shortest text that ``a`` matches and ``b`` does not; None where there is proof of none.

    ``lengths`` bounds the characters of the text, both ends included. A pattern that is None matches
    everything. The answer is UNKNOWN where the expressions are too large to decide.
    """
    if b is None or a == b:
        return None
    try:
        inside = [expression(ANYTHING if a is None else a)]
        return shortest(inside, [expression(b)], lengths)
    except UndecidedError:
        return Unknown.UNKNOWN


def examples(pattern: str | None, lengths: tuple[int, int | None] = (0, None)) -> Iterator[str]:
    """Yield a few texts that ``pattern`` matches: the shortest, longer ones, the longest.

    Nothing is yielded where no such text is found within the bounds of a search.
    """
    try:
        inside = [expression(ANYTHING if pattern is None else pattern)]
        if shortest([*inside, expression(READABLE)], [], lengths) is not None:
            inside.append(expression(READABLE))
        yield from members(inside, lengths)
    except UndecidedError:
        return


def members(
    inside: Sequence[Automaton], lengths: tuple[int, int | None], longest: int = _LONGEST
) -> Iterator[str]:
    """Yield a few texts that are in all of ``inside``, the shortest first, up to ``longest`` characters.

    Raises UndecidedError where the search is too long.
    """
    first = shortest(inside, [], lengths)
    if first is None:
        return
    yield first
    longest = max(len(first), longest if lengths[1] is None else min(lengths[1], longest))
    wanted = {len(first), *(len(first) + more for more in _MORE), longest - 1, longest}
    for turn, length in enumerate(sorted(one for one in wanted if len(first) <= one <= longest)):
        found = shortest(inside, [], (length, length), turn)
        if found is not None and found != first:
            yield found
