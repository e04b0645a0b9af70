"""Rows of child elements that a content model allows: short ones, and ones with so many of a child."""

from __future__ import annotations

from collections.abc import Callable

from gateway.formats.compare.xsd.model import Group, Particle, Use, Wildcard, range_of

#: An element of no schema: what a wildcard lets in.
STRANGER = "stranger"
MAX_CHILDREN = 2000  #: of a row that is made

Row = tuple[str, ...]
#: What a row costs: its length, or the size of the smallest document with it.
Cost = Callable[[Row], float]


def letters(term: Use | Wildcard) -> list[str]:
    """Return the names of elements that may stand where ``term`` does; a stranger for a wildcard."""
    if isinstance(term, Use):
        return [term.element.name]
    if term.namespaces is None:
        return [f"{{urn:{STRANGER}}}{STRANGER}"]
    return [f"{{{one}}}{STRANGER}" for one in sorted(term.namespaces)]


def row_with(particle: Particle | None, name: str, number: int, cost: Cost = len) -> Row | None:
    """Return a short row that ``particle`` allows with exactly ``number`` elements ``name``, None if none.

    The search is short: a row that it does not find may still exist.
    """
    if number > MAX_CHILDREN:
        return None
    if particle is None:
        return () if number == 0 else None
    if isinstance(particle, Use):
        return _row_of_use(particle, name, number)
    if isinstance(particle, Wildcard):
        names = letters(particle)
        return (names[0],) * particle.low if number == 0 and names else None
    if name not in particle.once:
        row = shortest(particle, cost)
        return row if number == 0 else None
    return _row_of_group(particle, name, number, cost)


def _row_of_use(particle: Use, name: str, number: int) -> Row | None:
    if particle.element.name != name:
        return (
            (particle.element.name,) * particle.low if number == 0 and particle.low <= MAX_CHILDREN else None
        )
    fits = particle.low <= number and (particle.high is None or number <= particle.high)
    return (name,) * number if fits else None


def _row_of_group(particle: Group, name: str, number: int, cost: Cost) -> Row | None:
    if number == 0 and particle.low == 0:
        return ()
    most = particle.once.get(name, (0, 0))[1]
    repeats = max(particle.low, 1)
    if number and most is not None:
        repeats = max(repeats, -(-number // max(most, 1)))
    if (particle.high is not None and repeats > particle.high) or repeats > MAX_CHILDREN:
        return None
    row: Row = ()
    left = number
    for turn in range(repeats):
        least = 0 if turn < repeats - 1 and most is None else left - (repeats - turn - 1) * (most or 0)
        take = left if most is None and turn == 0 else max(least, 0)
        part = _once_with(particle, name, take, cost)
        part = _once_with(particle, name, 1, cost) if part is None and left else part
        if part is None:
            return None
        row, left = row + part, left - part.count(name)
    return row if left == 0 else None


def _once_with(group: Group, name: str, number: int, cost: Cost) -> Row | None:
    """Return a row of one occurrence of ``group`` with ``number`` elements ``name``."""
    if group.model == "choice":
        rows = [row_with(part, name, number, cost) for part in group.parts]
        return min((row for row in rows if row is not None), key=cost, default=None)
    row: list[str] = []
    left = number
    ranges = [range_of(part, name) for part in group.parts]
    due = sum(least for least, _ in ranges)  # in this part and those behind it
    for part, (least, most) in zip(group.parts, ranges, strict=True):
        if most == 0 and part.low == 0 and not isinstance(part, Wildcard):
            continue  # nothing of it is needed
        due -= least
        take = max(left - due if most is None else min(left - due, most), 0)
        made = row_with(part, name, take, cost)
        if made is None:
            return None
        row += made
        left -= take
    return tuple(row) if left == 0 else None


def shortest(particle: Particle | None, cost: Cost = len) -> Row | None:
    """Return a shortest row that ``particle`` allows; None where it is too long or there is none."""
    if particle is None or particle.low == 0:
        return ()
    if isinstance(particle, Use):
        one: Row | None = (particle.element.name,)
    elif isinstance(particle, Wildcard):
        one = tuple(letters(particle)[:1]) or None
    elif particle.model == "choice":
        rows = [shortest(part, cost) for part in particle.parts]
        one = min((row for row in rows if row is not None), key=cost, default=None)
    else:
        rows = [shortest(part, cost) for part in particle.parts]
        one = None if None in rows else tuple(name for row in rows if row is not None for name in row)
    if one is None or len(one) * particle.low > MAX_CHILDREN:
        return None
    return one * particle.low
