"""Can one name have two shell patterns?"""

from __future__ import annotations

import functools
import re

#: Of a pattern: a run of stars, a set, or one character.
_TOKEN = re.compile(r"\*+|\[!?\]?[^\]]*\]|.", re.DOTALL)


def may_overlap(one: str, other: str) -> bool:
    """Return whether some name may have both shell patterns.

    A set (`[0-9]`) counts as any character: the answer may be a wrong yes, and never a wrong no.
    """
    return _meet(_tokens(one), _tokens(other))


def _tokens(pattern: str) -> tuple[str, ...]:
    found = _TOKEN.findall(pattern)
    return tuple("*" if part[0] == "*" else "?" if len(part) > 1 else part for part in found)


def _meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    @functools.cache
    def rest(left: int, right: int) -> bool:
        """Whether some text has what is left of both."""
        if left == len(one) or right == len(other):
            return all(part == "*" for part in (*one[left:], *other[right:]))
        mine, theirs = one[left], other[right]
        if mine == "*":
            return rest(left + 1, right) or rest(left, right + 1)
        if theirs == "*":
            return rest(left, right + 1) or rest(left + 1, right)
        return (mine == theirs or "?" in (mine, theirs)) and rest(left + 1, right + 1)

    return rest(0, 0)
