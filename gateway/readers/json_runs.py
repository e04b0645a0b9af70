"""Runs of records: read at once where they are written alike, the odd ones by themselves, in their order."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import polars as pl

from gateway.readers.json_alike import RECORD, Found, Surroundings, Table, keyed
from gateway.readers.json_plan import DocumentPlan, TypePlan, tokens
from gateway.readers.json_scan import MAX_MEMBERS, Run, Seam, Walk
from gateway.readers.json_shape import ELEMENT, OPENING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from gateway.formats.definition import Format
    from gateway.readers.document_text import DocumentText
    from gateway.readers.json_schema import JsonSchema
    from gateway.readers.json_values import Pointer

#: Characters of a run.
RUN = 4 * 1024 * 1024
#: Runs that are read before they are needed, each by a thread of its own: a plant server has two cores.
AHEAD = 2
_PAUSE = 1000  # elements until it is tried again, where none could be taken at once
Item = TypeVar("Item")
Result = TypeVar("Result")


class Place(NamedTuple):
    """One record of a run, where it stands by itself."""

    number: int  #: in the run, from 0
    text: str
    start: int  #: its first character in the run's text
    line: int
    offset: int  #: its first byte in the file


def places(run: Run, numbers: pl.Series, document: DocumentText) -> Iterator[Place]:
    """Yield the places of some of the records of a run."""
    between = len(run.opening) if run.is_listed else 1
    lengths = run.texts.str.len_chars().cast(pl.Int64) + between
    starts = (lengths.cum_sum() - lengths).gather(numbers)
    counted, line, offset = 0, run.line, run.offset
    for number, text, start in zip(numbers, run.texts.gather(numbers), starts, strict=True):
        line += run.text.count("\n", counted, start)
        offset += document.width(run.text[counted:start])
        counted = start
        yield Place(number, run.opening + text, start, line, offset)


class Taker:
    """Takes elements of arrays out of a walk, many at once."""

    def __init__(self, is_wanted: Callable[[Pointer], bool]) -> None:
        """Take those of an array while they are wanted so."""
        self._is_wanted = is_wanted
        self._again: dict[Pointer, int] = {}  # the element from which on it may be tried again
        self._openings: dict[Pointer, str] = {}  # how each element begins
        self._last: list[Run] = []

    def take(self, walk: Walk, at: Pointer) -> Iterator[Run | Seam]:
        """Yield the elements that come next, as far as they are whole and are separated by commas."""
        begun = walk.counts[at]
        if begun < self._again.get(at, 0):
            return
        while walk.take and self._is_wanted(at) and (run := self._run(walk, at)):
            self._last = [*self._last[-AHEAD:], run]
            yield run
        self._again[at] = walk.counts[at] + _PAUSE
        if walk.counts[at] > begun:
            yield Seam()

    def go_back(self, walk: Walk, run: Run, place: Place) -> None:
        """Let the walk go on at one of the elements of ``run``, which is not one that stands by itself.

        Elements were torn apart at what looked like an opening, or else no more are taken at once.
        """
        later = [one.text for one in self._last if one.index > run.index]
        walk.counts[run.at] = run.index + place.number
        walk.go_back("".join([run.text[place.start :], *later]), place.line, place.offset)
        if run.opening:
            self._openings[run.at] = ""
        else:
            walk.take = None

    def _run(self, walk: Walk, at: Pointer) -> Run | None:
        window = walk.window
        if window.peek() != ",":
            return None
        walk.trim(least=1)
        window.more(RUN - len(window.text))
        texts, opening = self._cut(window.text, at)
        if texts.is_empty():
            return None
        index, line, offset = walk.counts[at], walk.line_here(), window.byte_at(0)
        window.position = int(texts.str.len_chars().sum()) + len(texts) * len(opening)
        walk.counts[at] += len(texts)
        return Run(at, index, walk.trim(least=1), texts, line, offset, True, opening)

    def _cut(self, text: str, at: Pointer) -> tuple[pl.Series, str]:
        """Return the whole elements at the beginning of a text, and what was left out before each of them.

        Where they begin as those before did, they are found by that, which is much faster.
        """
        opening, whole = self._openings.get(at), pl.Series([text])
        if opening and text.startswith(opening):
            texts = whole.str.split(opening).explode().slice(1).head(-1)
            if len(texts):
                return texts, opening
        texts = whole.str.extract_all(ELEMENT).explode().head(-1)  # the last is cut off, or none
        if opening is None and len(texts) and (found := OPENING.match(texts[-1])):
            self._openings[at] = found[0]
        return texts, ""


class Alike:
    """Finds the records at one pointer that are written alike."""

    def __init__(
        self,
        definition: Format,
        plan: DocumentPlan,
        pointer: Pointer,
        schema: JsonSchema | None,
        place: Pointer | None,
    ) -> None:
        """Take the JSON Schema with the place of that of the records, None where nothing is asked."""
        group = plan.outer.get(pointer, [])
        is_closed = definition.closed and definition.dialect.json_schema is None
        is_fit = all(one.kind.parent is None and _can_be_placed(one) for one in group)
        self.is_useful = bool(group) and is_fit and (schema is None or schema.falls_apart)
        marks = [one.kind.discriminator for one in group]
        around = Surroundings(
            schema,
            is_closed=is_closed,
            marks=frozenset(tokens(mark.path or "") for mark in marks if mark),
            choose=partial(plan.choose, pointer),
        )
        self._tables = [Table(one, place, around, is_outer=True) for one in group]

    def read(self, run: Run) -> tuple[list[Found], pl.Series]:
        """Return what was found, and the numbers of the odd records in their order."""
        texts, found = keyed(run), []
        odd = [_unfit(run)]
        for table in self._tables:
            one, texts = table.read(texts, odd, run.opening)
            found.append(one)
        odd.append(texts[RECORD])
        every = pl.concat(odd).unique().sort()
        self.is_useful &= 2 * len(every) <= len(run.texts)
        return [one.without(every) for one in found] if len(every) else found, every


def _can_be_placed(plan: TypePlan) -> bool:
    """Whether the parents of a type's records, and of those in it, are known without the records before."""
    inside = [pointer for pointer, _ in plan.nested]
    return (
        len(set(inside)) == len(inside)
        and all(below.kind.parent in (None, plan.kind.name) for _, below in plan.nested)
        and all(_can_be_placed(below) for _, below in plan.nested)
    )


def _unfit(run: Run) -> pl.Series:
    """Return the numbers of records with too many members, or with a comma too many or too few before."""
    wrong = run.texts.str.starts_with(",") != (run.is_listed and not run.opening)
    if int(run.texts.str.len_bytes().max() or 0) > MAX_MEMBERS:  # type: ignore[arg-type] # a number
        wrong |= run.texts.str.count_matches(",", literal=True) >= MAX_MEMBERS
    return wrong.arg_true()


def ahead(items: Iterable[Item], work: Callable[[Run], Result]) -> Iterator[tuple[Item, Result | None]]:
    """Yield the items in their order, each run with what ``work`` made of it.

    Threads work on up to ``AHEAD`` runs while the one before them is made use of: polars lets them go on at
    the same time. Any other item is taken from ``items`` when no run before it is left, and no further one
    until it has been made use of. What ``items`` raises is raised when nothing before it is left.
    """
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    left, broken = iter(items), None
    with ThreadPoolExecutor(AHEAD, "json") as pool:
        while True:
            item = None
            try:
                item = next(left, None)
            except Exception as error:  # noqa: BLE001 - it is raised below
                broken = error
            if isinstance(item, Run):
                waiting.append((item, pool.submit(work, item)))
            while waiting and (len(waiting) > AHEAD or not isinstance(item, Run)):
                run, begun = waiting.popleft()
                yield run, begun.result()
            if broken is not None:
                raise broken
            if item is None:
                return
            if not isinstance(item, Run):
                yield item, None
