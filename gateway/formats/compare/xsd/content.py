"""Content models: whether one takes every row of children of another.

A content model is a regular expression over element names. ``covers`` proves inclusion by the shape of two
models alone; ``counterexample`` decides it by walking both automata (positions after Glushkov), as long as
they are small enough to be walked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from gateway.formats.compare.xsd.model import Group, Particle, Use, Wildcard, namespace
from gateway.formats.compare.xsd.rows import STRANGER, Row, letters

MAX_POSITIONS = 600  #: of one automaton: numbers beyond are not written out
MAX_STATES = 4000  #: pairs of states that are walked before giving up


class Undecided(Exception):
    """The models are too large, or hold wildcards in a way that cannot be compared; the text says which."""


# inclusion by shape


def covers(reader: Particle | None, writer: Particle | None) -> bool:
    """Whether the shapes alone prove that ``reader`` takes every row that ``writer`` allows."""
    if writer is None or _is_nothing(writer):
        return _nullable(reader)
    if reader is None:
        return False
    if isinstance(writer, Group) and writer.model != "all" and len(writer.parts) == 1 and _once(writer):
        return covers(reader, writer.parts[0])
    if (
        isinstance(reader, Group)
        and len(reader.parts) == 1
        and _once(reader)
        and not isinstance(writer, Group)
    ):
        return covers(reader.parts[0], writer)
    if isinstance(reader, Group) and isinstance(writer, Group):
        return _covers_group(reader, writer)
    if isinstance(reader, Group):
        return _range_covers(reader, writer) and _takes_alone(reader, writer)
    return _same_term(reader, writer) and _range_covers(reader, writer)


def _takes_alone(reader: Group, writer: Particle) -> bool:
    """Whether a choice of ``reader`` covers ``writer``, or its sequence does with all else left out."""
    if not _once(reader):
        return False
    if reader.model == "choice":
        return any(covers(part, writer) for part in reader.parts)
    return _covers_parts(reader.parts, (writer,)) if reader.model == "sequence" else False


def _covers_group(reader: Group, writer: Group) -> bool:
    if not _range_covers(reader, writer):
        return reader.model == "choice" and _once(reader) and any(covers(one, writer) for one in reader.parts)
    if reader.model != writer.model:
        return False
    if reader.model == "sequence":
        return _covers_parts(reader.parts, writer.parts)
    if reader.model == "choice":
        return all(any(covers(mine, theirs) for mine in reader.parts) for theirs in writer.parts)
    unmatched = [mine for mine in reader.parts if not any(covers(mine, theirs) for theirs in writer.parts)]
    matched = all(any(covers(mine, theirs) for mine in reader.parts) for theirs in writer.parts)
    return matched and all(_nullable(mine) for mine in unmatched)


def _covers_parts(reader: tuple[Particle, ...], writer: tuple[Particle, ...]) -> bool:
    """Whether the parts of a sequence cover another's one by one, those between them left out."""
    waiting = list(writer)
    for part in reader:
        if waiting and covers(part, waiting[0]):
            waiting.pop(0)
        elif not _nullable(part):
            return False
    return all(_is_nothing(part) for part in waiting)


def _is_nothing(particle: Particle) -> bool:
    if isinstance(particle, Group):
        if particle.model == "choice" and not particle.parts:
            return particle.high == 0
        return particle.high == 0 or all(_is_nothing(part) for part in particle.parts)
    return particle.high == 0


def _once(particle: Particle) -> bool:
    return (particle.low, particle.high) == (1, 1)


def _nullable(particle: Particle | None) -> bool:
    if particle is None or particle.low == 0:
        return True
    if not isinstance(particle, Group):
        return False
    if particle.model == "choice":
        return any(_nullable(part) for part in particle.parts)
    return all(_nullable(part) for part in particle.parts)


def _range_covers(reader: Particle, writer: Particle) -> bool:
    high = reader.high is None or (writer.high is not None and writer.high <= reader.high)
    return reader.low <= writer.low and high


def _same_term(reader: Particle, writer: Particle) -> bool:
    if isinstance(reader, Use) and isinstance(writer, Use):
        return reader.element.name == writer.element.name
    return isinstance(reader, Wildcard) and isinstance(writer, Wildcard) and wider(reader, writer)


def wider(reader: Wildcard, writer: Wildcard) -> bool:
    """Whether ``reader`` lets in every element (or attribute) that ``writer`` does, as freely."""
    freedom = ("strict", "lax", "skip")
    if freedom.index(_known(reader.process)) < freedom.index(_known(writer.process)):
        return False
    if reader.excluded is None and reader.namespaces is None:
        return True
    if writer.excluded is not None:
        return reader.excluded == writer.excluded
    if writer.namespaces is None:
        return False
    return all(reader.admits(one) for one in writer.namespaces)


def _known(process: str) -> str:
    return process if process in ("strict", "lax", "skip") else "strict"


# inclusion by automata


@dataclass(slots=True)
class _Automaton:
    """Positions of a content model: what stands there, and which may follow."""

    terms: list[Use | Wildcard] = field(default_factory=list)
    follow: list[set[int]] = field(default_factory=list)
    first: set[int] = field(default_factory=set)
    last: set[int] = field(default_factory=set)
    empty: bool = True

    def step(self, state: frozenset[int], letter: str) -> frozenset[int]:
        """Return the positions that ``letter`` leads to; ``state`` (-1,) is the start."""
        ways = self.first if -1 in state else set().union(*(self.follow[one] for one in state))
        return frozenset(one for one in ways if _matches(self.terms[one], letter))

    def accepts(self, state: frozenset[int]) -> bool:
        """Whether a row may end in ``state``."""
        return self.empty if -1 in state else not self.last.isdisjoint(state)

    def next_letters(self, state: frozenset[int]) -> Iterator[str]:
        """Yield what may come next."""
        ways = self.first if -1 in state else set().union(*(self.follow[one] for one in state))
        for one in sorted(ways):
            yield from letters(self.terms[one])


_START = frozenset((-1,))
_Part = tuple[set[int], set[int], bool]  # first, last, may be empty


def _matches(term: Use | Wildcard, letter: str) -> bool:
    if isinstance(term, Use):
        return term.element.name == letter
    # An element of no schema is taken without a declaration, where that is allowed.
    if letter.endswith("}" + STRANGER):
        return term.process != "strict" and term.admits(namespace(letter))
    return term.admits(namespace(letter))


def _automaton(particle: Particle | None) -> _Automaton:
    made = _Automaton()
    if particle is not None:
        made.first, made.last, made.empty = _positions(made, particle)
    return made


def _positions(made: _Automaton, particle: Particle) -> _Part:
    """Add the positions of ``particle``, written out as often as it must occur."""
    low, high = particle.low, particle.high
    copies = [_one(made, particle) for _ in range(max(low, 1) if high is None else high)]
    if not copies:
        return set(), set(), True
    if high is None:
        first, last, _ = copies[-1]
        _link(made, last, first)
    whole = copies[0] if low > 0 else (*copies[0][:2], True)
    for number, copy in enumerate(copies[1:], 1):
        whole = _after(made, whole, copy if number < low else (*copy[:2], True))
    return whole


def _one(made: _Automaton, particle: Particle) -> _Part:
    if not isinstance(particle, Group):
        if len(made.terms) >= MAX_POSITIONS:
            raise Undecided("the numbers of elements are too large to be followed one by one")
        made.terms.append(particle)
        made.follow.append(set())
        return {len(made.terms) - 1}, {len(made.terms) - 1}, False
    if particle.model == "all":
        return _all(made, particle)
    parts = [_positions(made, part) for part in particle.parts]
    if particle.model == "choice":
        empty = any(each[2] for each in parts)
        return set().union(*(p[0] for p in parts)), set().union(*(p[1] for p in parts)), empty
    whole: _Part = (set(), set(), True)
    for part in parts:
        whole = _after(made, whole, part)
    return whole


def _all(made: _Automaton, particle: Group) -> _Part:
    """Write an all group out as a choice of its orders, where they are few."""
    from itertools import permutations

    if len(particle.parts) > 4:
        raise Undecided("the elements may stand in too many orders to be followed one by one")
    orders = tuple(Group("sequence", order) for order in permutations(particle.parts))
    return _one(made, Group("choice", orders))


def _after(made: _Automaton, one: _Part, other: _Part) -> _Part:
    _link(made, one[1], other[0])
    first = one[0] | other[0] if one[2] else one[0]
    last = one[1] | other[1] if other[2] else other[1]
    return first, last, one[2] and other[2]


def _link(made: _Automaton, lasts: Iterable[int], firsts: set[int]) -> None:
    for last in lasts:
        made.follow[last] |= firsts


def counterexample(reader: Particle | None, writer: Particle | None) -> Row | None:
    """Return a shortest row of children that ``writer`` allows and ``reader`` refuses, None if there is none.

    Raises Undecided where that cannot be found out.
    """
    theirs, mine = _automaton(writer), _automaton(reader)
    _comparable(theirs, mine)
    waiting: deque[tuple[frozenset[int], frozenset[int], Row]] = deque([(_START, _START, ())])
    seen = {(_START, _START)}
    while waiting:
        wrote, read, row = waiting.popleft()
        if theirs.accepts(wrote) and not (read and mine.accepts(read)):
            return row
        for letter in dict.fromkeys(theirs.next_letters(wrote)):
            pair = (theirs.step(wrote, letter), mine.step(read, letter) if read else frozenset())
            if pair not in seen:
                seen.add(pair)
                waiting.append((*pair, (*row, letter)))
        if len(seen) > MAX_STATES:
            raise Undecided("the content models are too large to be followed to the end")
    return None


def _comparable(writer: _Automaton, reader: _Automaton) -> None:
    """Raise Undecided where a wildcard takes what the other side declares, or takes it otherwise."""
    own = {term.element.name for term in writer.terms if isinstance(term, Use)}
    new = [term for term in reader.terms if isinstance(term, Use) and term.element.name not in own]
    open_ = [term for term in reader.terms if isinstance(term, Wildcard)]
    for one in (term for term in writer.terms if isinstance(term, Wildcard)):
        known = any(one.admits(_space(term)) for term in new)
        narrower = bool(open_) and not any(wider(each, one) for each in open_)
        if one.process == "strict" or known or narrower:
            raise Undecided("a wildcard lets in elements that the other version may know otherwise")
    names = {term.element.name for term in reader.terms if isinstance(term, Use)}
    for term in (term for term in writer.terms if isinstance(term, Use)):
        if term.element.name not in names and any(
            w.process != "skip" and w.admits(_space(term)) for w in open_
        ):
            raise Undecided(
                "an element that was declared is taken by a wildcard, as it is declared elsewhere"
            )


def _space(term: Use) -> str:
    return namespace(term.element.name) if term.element.qualified else ""


def includes(reader: Particle | None, writer: Particle | None) -> Row | None:
    """Return None where ``reader`` takes all that ``writer`` allows, else a row that shows it does not.

    Raises Undecided where that cannot be found out.
    """
    return None if covers(reader, writer) else counterexample(reader, writer)
