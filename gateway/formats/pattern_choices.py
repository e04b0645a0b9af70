"""In how many ways can a pattern match one text? Python's ``re`` may try them all.

A pattern is read into pieces, and the choices that compete for the same characters are
weighed in bits: a repetition without limit is eight bits (names have at most 255 bytes), an
optional piece is one. A piece that must stand between two repetitions and that the first one
cannot match ends the competition: ``[A-Z]+_[A-Z]+`` has only one way.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

#: Bits of competing choices: 2 to the 24 is a second or so of Python.
_BITS = 24.0
#: Bits of a repetition without limit, and the most that any one repetition counts.
_UNBOUNDED = 8.0
#: A group repeated oftener than this must not hold anything of variable length.
_FEW = 5

_TOKEN = re.compile(
    r"""(?P<open>\((?:\?P<[A-Za-z_][A-Za-z0-9_]*>|\?:)?)
    |(?P<close>\))
    |(?P<bar>\|)
    |(?P<repeat>[*+?]\??|\{[0-9]*,?[0-9]*\}\??)
    |(?P<atom>\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[^()|*+?])""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(slots=True)
class _Piece:
    """One atom or group with its repetition."""

    characters: frozenset[str]  #: ASCII characters that it may hold
    branches: list[list[_Piece]] = field(default_factory=list)  #: of a group; an atom has none
    least: int = 1
    most: int | None = 1  #: None: without limit

    @property
    def bits(self) -> float:
        """The choices of the repetition itself."""
        if self.most is None:
            return _UNBOUNDED
        return min(_UNBOUNDED, math.log2(self.most - self.least + 1))

    def below(self) -> Iterator[_Piece]:
        """Yield every piece inside a group, at any depth."""
        for branch in self.branches:
            for piece in branch:
                yield piece
                yield from piece.below()

    def overlaps(self) -> bool:
        """Return whether two branches of a group can start with the same character."""
        starts = [_starts(branch) for branch in self.branches]
        return any(a & b for index, a in enumerate(starts) for b in starts[index + 1 :])


Competing = list[tuple[frozenset[str], float]]


class _TooManyWaysError(Exception):
    """The pattern can match one text in too many ways."""


def too_many_ways(pattern: str) -> str | None:
    """Return why ``pattern`` could hang, in words, or None; ``pattern`` must compile."""
    whole = _read(pattern)
    if any(len(piece.branches) > 1 and [] in piece.branches for piece in (whole, *whole.below())):
        return "an alternative is empty; write `?` after what may be missing"
    for piece in whole.below():
        if piece.branches and piece.most != 1 and _nested(piece):
            return "a repetition inside a repetition can hang the gateway"
    try:
        _Weighing().group(whole, [])
    except _TooManyWaysError:
        return "too many repetitions of the same characters, such as several `.*`, can hang the gateway"
    return None


def steps(pattern: str) -> Callable[[int], float]:
    """Return how many steps ``pattern``, of which nothing is said above, takes with a text of some length.

    One step for each character where its choices do not compete.
    """
    weighing = _Weighing()
    weighing.group(_read(pattern), [])
    heaviest = weighing.heaviest
    return lambda length: math.prod(_ways(bits, length) for bits in heaviest) if heaviest[1:] else length


def _ways(bits: float, length: int) -> float:
    """Return the ways of one choice in a text; a repetition cannot be longer than that."""
    if bits == _UNBOUNDED:
        return length + 1
    return min(2**bits, length + 1) if bits < _UNBOUNDED else 2**bits


def _nested(group: _Piece) -> bool:
    """Return whether a repeated group holds what may be of another length each time."""
    inner = list(group.below())
    if any(piece.most is None for piece in inner):
        return True
    often = group.most is None or group.most > _FEW
    varies = any(piece.least != piece.most for piece in inner)
    overlaps = any(piece.overlaps() for piece in (group, *inner))
    return often and (varies or overlaps)


def _read(pattern: str) -> _Piece:
    """Return the whole pattern as one group."""
    stack = [_Piece(frozenset(), [[]])]
    for token in _TOKEN.finditer(pattern):
        group, text = stack[-1], token[0]
        if token.lastgroup == "open":
            stack.append(_Piece(frozenset(), [[]]))
        elif token.lastgroup == "close":
            closed = stack.pop()
            closed.characters = frozenset().union(*(piece.characters for piece in closed.below()))
            stack[-1].branches[-1].append(closed)
        elif token.lastgroup == "bar":
            group.branches.append([])
        elif token.lastgroup == "repeat":
            last = group.branches[-1][-1]
            last.least, last.most = _times(text)
        elif text not in ("^", "$"):
            group.branches[-1].append(_Piece(_characters(text)))
    return stack[0]


def _times(quantifier: str) -> tuple[int, int | None]:
    """Return how often at least and at most; None: without limit."""
    sign = quantifier.removesuffix("?") if len(quantifier) > 1 else quantifier
    if sign == "?":
        return 0, 1
    if sign in "*+":
        return int(sign == "+"), None
    low, comma, high = sign[1:-1].partition(",")
    least = int(low or 0)
    if not comma:
        return least, least
    return least, int(high) if high else None


def _characters(atom: str) -> frozenset[str]:
    """Return the ASCII characters that a single atom matches."""
    compiled = re.compile(atom, re.DOTALL)
    return frozenset(chr(code) for code in range(128) if compiled.fullmatch(chr(code)))


def _starts(branch: list[_Piece]) -> frozenset[str]:
    """Return the characters with which a branch may start."""
    found: frozenset[str] = frozenset()
    for piece in branch:
        inner = [_starts(each) for each in piece.branches] or [piece.characters]
        found = found.union(*inner)
        if piece.least > 0:
            break
    return found


class _Weighing:
    """One walk over a pattern, with the heaviest choices that compete for the same characters."""

    def __init__(self) -> None:
        self.heaviest: tuple[float, ...] = ()

    def group(self, group: _Piece, active: Competing) -> Competing:
        """Return the choices still open after a group; the heaviest branch counts."""
        if group.overlaps():
            active = self._compete(active, group.characters, math.log2(len(group.branches)))
        after = [self._branch(branch, active) for branch in group.branches]
        return max(after, key=lambda competing: sum(bits for _characters, bits in competing))

    def _branch(self, branch: list[_Piece], active: Competing) -> Competing:
        for piece in branch:
            if piece.least > 0 and not piece.branches:
                active = [each for each in active if each[0] & piece.characters]
            if piece.branches and piece.least == piece.most == 1:
                active = self.group(piece, active)
                continue
            if piece.branches:
                # What happens inside may happen again on every round.
                inside = self.group(piece, [])
                for characters, bits in inside:
                    active = self._compete(active, characters, bits * (piece.most or 1))
            active = self._compete(active, piece.characters, piece.bits)
        return active

    def _compete(self, active: Competing, characters: frozenset[str], bits: float) -> Competing:
        """Add choices over ``characters``; raise if too many compete for them."""
        if bits == 0:
            return active
        together = (bits, *(other for theirs, other in active if theirs & characters))
        if sum(together) > _BITS:
            raise _TooManyWaysError
        self.heaviest = max(self.heaviest, together, key=sum)
        return [*active, (characters, bits)]
