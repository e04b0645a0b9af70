"""Many records that are written alike, read at once: their texts become columns of values.

A table holds the objects of one place: the records themselves, or the elements of an array in them. The
first of them that is not known to be written so is parsed, and its shape applied to all the others. A
record that has no known shape, or something in it that the JSON Schema refuses, is odd: it has to be
looked at by itself, which also finds the words for what is wrong.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from gateway.readers.json_demands import Demands, demands_of
from gateway.readers.json_plan import ABSENT, TypePlan, at, strangers
from gateway.readers.json_shape import ELEMENT, HALF, REST, Shape, Sort, shape_of
from gateway.readers.json_values import MAX_NUMBER, JsonError, Pointer, scan_text

if TYPE_CHECKING:
    from gateway.readers.json_scan import Run
    from gateway.readers.json_schema import JsonSchema

#: Shapes of one table; what is written in more ways is looked at one by one.
MOST_SHAPES = 8
#: Objects without a known shape of which the first few are looked at for theirs.
_LOOKED_THROUGH, _LOOKED_AT = 64, 4

#: Columns: the number of an object in its table, of the one around it, of the record; and its text.
ROW, OWNER, RECORD, TEXT = "row", "owner", "record", "text"
#: Columns: line feeds from the beginning of the object around it to its own, and from there to its end.
DOWN, INSIDE = "down", "inside"
_KEYS = (ROW, OWNER, RECORD, DOWN)
_BLANKS = " \t\n\r"


@dataclass(slots=True)
class Found:
    """The objects of one table in a run of records, as far as they have a shape."""

    plan: TypePlan | None  #: None: of no record type
    rows: pl.DataFrame  #: ``ROW``, ``OWNER``, ``RECORD`` and ``DOWN`` of each
    values: list[tuple[Shape, pl.DataFrame]] = field(default_factory=list)  #: ``ROW``, ``RECORD``, each group
    below: dict[Pointer, Found] = field(default_factory=dict)

    def without(self, odd: pl.Series) -> Found:
        """Return what was found in all records but the ``odd`` ones."""
        is_kept = ~pl.col(RECORD).is_in(odd.implode())
        values = [(shape, part.filter(is_kept)) for shape, part in self.values]
        below = {pointer: found.without(odd) for pointer, found in self.below.items()}
        return Found(self.plan, self.rows.filter(is_kept), values, below)


@dataclass(frozen=True, slots=True)
class _Known:
    """A shape, and what is asked of the values of records that have it."""

    shape: Shape
    demands: Demands


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What tables of the same records share."""

    schema: JsonSchema | None
    is_closed: bool  #: members that the definition does not know are wrong
    marks: frozenset[Pointer]  #: what tells the type of a record
    choose: Callable[[Any], TypePlan | None]  #: tells it


@dataclass(slots=True)
class Table:
    """What is known of the objects at one place of a document."""

    plan: TypePlan | None  #: None: of no record type
    place: Pointer | None  #: of their JSON Schema; None: nothing is asked
    around: Surroundings
    is_outer: bool = False  #: the records themselves
    _known: list[_Known] = field(default_factory=list)
    _below: dict[Pointer, Table] = field(default_factory=dict)
    _learning: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def read(
        self, texts: pl.DataFrame, odd: list[pl.Series], opening: str = ""
    ) -> tuple[Found, pl.DataFrame]:
        """Return what ``texts`` hold and those without a shape; add the numbers of odd records to ``odd``.

        ``texts`` has the columns ``ROW``, ``OWNER``, ``RECORD``, ``DOWN``, ``INSIDE`` and ``TEXT``, which
        goes on after ``opening``.
        """
        keys, values = [texts.select(_KEYS).clear()], []
        inside: dict[Pointer, list[pl.DataFrame]] = {}
        tried: list[_Known] = []
        while not texts.is_empty() and (known := self._next(tried, texts, opening)):
            tried.append(known)
            matched, texts = _matched(known.shape, texts, opening)
            if matched.is_empty():
                continue
            odd += _wrong(known, matched)
            keys.append(matched.select(_KEYS))
            values.append((known.shape, matched.select(ROW, RECORD, *known.shape.values.values())))
            for pointer in known.shape.arrays:
                inside.setdefault(pointer, []).append(self._elements(known, pointer, matched, odd))
        found = Found(self.plan, pl.concat(keys).sort(ROW), values)
        for pointer, parts in inside.items():
            every = parts[0] if len(parts) == 1 else pl.concat(parts).sort(OWNER, maintain_order=True)
            elements = _in_line(every.with_row_index(ROW), odd)
            found.below[pointer], strange = self._below[pointer].read(elements, odd)
            odd.append(strange[RECORD])
        return found, texts

    def _elements(
        self, known: _Known, pointer: Pointer, matched: pl.DataFrame, odd: list[pl.Series]
    ) -> pl.DataFrame:
        """Return the texts of the elements of an array, each with what it stands in."""
        group, section = known.shape.arrays[pointer]
        content = pl.col(group).str.strip_chars_start(_BLANKS)
        behind = line_feeds(content) + line_feeds(pl.col(f"{REST}{section}"))
        lists = matched.select(
            pl.col(ROW).alias(OWNER),
            RECORD,
            (pl.col(INSIDE) - behind).alias(DOWN),
            self._below[pointer].cut(content).alias(TEXT),
        )
        asked = known.demands.arrays.get(pointer)
        if asked is not None:
            odd.append(lists.filter(asked.wrong(pl.col(TEXT).list.len()))[RECORD])
        return lists.explode(TEXT)

    def cut(self, content: pl.Expr) -> pl.Expr:
        """Return the list of the objects in the content of an array, each with the comma before it."""
        if self._known and all(known.shape.is_flat for known in self._known):
            # much faster; one that has a brace in a text is torn, and odd for that
            return content.str.strip_chars_end(_BLANKS).str.split("}", inclusive=True)
        return content.str.extract_all(ELEMENT)

    def _next(self, tried: list[_Known], texts: pl.DataFrame, opening: str) -> _Known | None:
        """Return a shape that was not ``tried``: a known one, or one of ``texts``; None if there is none.

        Several threads read runs of one table: what one has learnt, the others need not.
        """
        with self._learning:
            left = (one for one in self._known if not any(one is other for other in tried))
            return next(left, None) or self._learnt(texts, opening)

    def _learnt(self, texts: pl.DataFrame, opening: str) -> _Known | None:
        """Return a shape that one of the first ``texts`` has, and remember it."""
        plain = texts[TEXT].head(_LOOKED_THROUGH)
        for text in plain.filter(~plain.str.contains(HALF)).head(_LOOKED_AT):
            record = _parsed(opening + text)
            is_own = not self.is_outer or self.around.choose(record) is self.plan
            if isinstance(record, dict) and is_own and (known := self._known_of(record)):
                self._known.append(known)
                return known
        return None

    def _known_of(self, record: dict[str, Any]) -> _Known | None:
        """Return the shape of an object; None where it has none, or is wrong, or has one that is known."""
        marks = self.around.marks if self.is_outer else frozenset()
        shape = shape_of(record, marks, {})
        demands = self._demands(record)
        if shape is None or demands is None or not self._is_taken(record, shape):
            return None
        for pointer in shape.arrays.keys() - self._below.keys():
            self._below[pointer] = self._table_of(pointer, demands)
        for like in [one for one in self._known if one.shape.order == shape.order]:
            # the same members, another sort of values: from now on any are taken there
            sorts = {
                one: sort if sort is like.shape.sorts[one] else Sort.ANY for one, sort in shape.sorts.items()
            }
            if sorts == like.shape.sorts:
                return None
            self._known.remove(like)
            shape = shape_of(record, marks, sorts) or shape
        return _Known(shape, demands) if len(self._known) < MOST_SHAPES else None

    def _demands(self, record: dict[str, Any]) -> Demands | None:
        """Return what is asked of such objects; None where that cannot be told, or this one is wrong."""
        if self.around.schema is None or self.place is None:
            return Demands()
        demands = demands_of(self.around.schema, self.place, record)
        if demands is None or not all(judge.takes(at(record, one)) for one, judge in demands.values.items()):
            return None
        return demands

    def _is_taken(self, record: dict[str, Any], shape: Shape) -> bool:
        """Whether the definition takes the members of records like this one, whatever their values are."""
        plan = self.plan
        if plan is None:
            return True
        if self.around.is_closed and next(strangers(record, plan.known), None) is not None:
            return False
        return all(
            pointer in places or (at(record, pointer) is ABSENT and not _leads_into(shape, pointer))
            for places, pointers in (
                (shape.values, plan.fields),
                (shape.arrays, [inside for inside, _ in plan.nested]),
            )
            for pointer in pointers
        )

    def _table_of(self, pointer: Pointer, demands: Demands) -> Table:
        plans = [below for inside, below in (self.plan.nested if self.plan else ()) if inside == pointer]
        elements = demands.arrays.get(pointer)
        return Table(plans[0] if plans else None, elements.place if elements else None, self.around)


def keyed(run: Run) -> pl.DataFrame:
    """Return the texts of a run as `Table.read` wants them; ``DOWN`` from where the run begins."""
    number = pl.int_range(pl.len(), dtype=pl.UInt32)
    down, inside = number.cast(pl.Int64), pl.lit(0, dtype=pl.Int64)
    if run.is_listed:
        feeds = line_feeds(pl.col(TEXT))
        behind = run.opening.partition("{")[2].count("\n")
        inside = feeds + behind if run.opening else line_feeds(stripped(pl.col(TEXT)))
        down = (feeds + run.opening.count("\n")).cum_sum() - inside
    keys = [number.alias(name) for name in (ROW, OWNER, RECORD)]
    return pl.DataFrame({TEXT: run.texts}).select(*keys, down.alias(DOWN), inside.alias(INSIDE), TEXT)


def _parsed(text: str) -> Any:
    try:
        return scan_text(text.lstrip(_BLANKS + ",")).value
    except JsonError:
        return None


def _leads_into(shape: Shape, pointer: Pointer) -> bool:
    return any(pointer[: len(array)] == array for array in shape.arrays)


def _matched(shape: Shape, texts: pl.DataFrame, opening: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the ``texts`` of a shape with their groups, and the others.

    What is left behind each section is there as ``rest0``, ``rest1`` and so on.
    """
    if opening and not shape.opens_with(opening):
        return texts.clear(), texts
    rest, groups = texts[TEXT], []
    first = "" if opening else shape.first
    for number, section in enumerate(shape.sections):
        group = rest.str.extract_groups(f"^{first}{section}").struct.unnest()
        rest, first = group[REST], ""
        groups.append(group.rename({REST: f"{REST}{number}"}))
    is_matched = rest.is_not_null()
    together = pl.concat([texts, *groups], how="horizontal")
    if is_matched.all():
        return together, texts.clear()
    return together.filter(is_matched), texts.filter(~is_matched)


def _wrong(known: _Known, matched: pl.DataFrame) -> list[pl.Series]:
    """Return the numbers of records with a value that is refused."""
    found = []
    for pointer, group in known.shape.values.items():
        values, sort, judge = matched[group], known.shape.sorts[pointer], known.demands.values.get(pointer)
        if sort is not Sort.TEXT and values.str.len_bytes().max() > MAX_NUMBER:  # type: ignore[operator] # a number
            too_long = (values.str.len_bytes() > MAX_NUMBER) & ~values.str.starts_with('"')
            found.append(matched[RECORD].filter(too_long))
            values = values.set(too_long, "0")
        wrong = judge.wrong(values, sort) if judge else None
        if wrong is not None:
            found.append(matched[RECORD].filter(wrong))
    return found


def _in_line(elements: pl.DataFrame, odd: list[pl.Series]) -> pl.DataFrame:
    """Return elements of arrays with their own ``DOWN``; with a comma too many or too few one is odd."""
    is_first = (pl.col(OWNER) != pl.col(OWNER).shift(1)).fill_null(True)
    odd.append(elements.filter(pl.col(TEXT).str.starts_with(",") == is_first)[RECORD])
    feeds = elements.with_columns(
        line_feeds(pl.col(TEXT)).alias("feeds"), line_feeds(stripped(pl.col(TEXT))).alias(INSIDE)
    )
    down = pl.col(DOWN) + earlier(pl.col("feeds")) + pl.col("feeds") - pl.col(INSIDE)
    return feeds.with_columns(down.alias(DOWN)).drop("feeds")


def stripped(text: pl.Expr) -> pl.Expr:
    """Return an object's text without the comma and the white space before it."""
    return text.str.strip_chars_start(_BLANKS + ",")


def line_feeds(text: pl.Expr) -> pl.Expr:
    """Return how many line feeds there are in a text."""
    return text.str.count_matches("\n", literal=True).cast(pl.Int64)


def earlier(number: pl.Expr) -> pl.Expr:
    """Return the sum of a ``number`` over the rows before with the same ``OWNER``, which stand together."""
    before = number.cum_sum() - number
    is_first = (pl.col(OWNER) != pl.col(OWNER).shift(1)).fill_null(True)
    return before - pl.when(is_first).then(before).forward_fill()
