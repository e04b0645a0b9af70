"""One target row from the source rows that are open: pure, value by value.

A plan is a mapping bound to its two definitions: every field is looked up once. What cannot be
carried over is a refusal with the place and the raw text in the source; all of a row are found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from gateway.formats.definition import FieldType, Format, Reference
from gateway.formats.row import Row
from gateway.mappings import values, writing
from gateway.mappings.conditions import holding
from gateway.mappings.definition import Feed, FormatMapping, RecordMap, UnitChange
from gateway.mappings.values import Place, Refused, Value

#: The rows that a target row may take from: the source row itself, the records above it, the headers.
Open = Mapping[str, Row]

#: What limits the texts of a field.
_LIMITS = (
    "length",
    "min_length",
    "max_length",
    "pattern",
    "minimum",
    "maximum",
    "codes",
    "constant",
    "severity",
)
#: Texts of one field whose results are remembered; most columns have few different ones.
_REMEMBERED = 2048


@dataclass(frozen=True, slots=True)
class Refusal:
    """A value of the source that has no place in the target."""

    target: Reference
    source: Reference | None
    raw: str | None
    why: str  #: the end of a sentence


@dataclass(frozen=True, slots=True)
class Made:
    """What came of one row: its texts, and what could not be carried over."""

    texts: dict[str, str]
    refusals: tuple[Refusal, ...]


class RowMaker:
    """Makes the rows of one target record type."""

    def __init__(self, mapping: RecordMap, source: Format, target: Format) -> None:
        self.target = target.record_type(mapping.target)
        self.source = mapping.source
        self.group_by = mapping.group_by
        self._feeds = [_bound(feed, mapping, source, target) for feed in feeds_of(mapping, target)]
        self._made = 0

    def make(self, opened: Open) -> Made:
        """Return the row that the rows in ``opened`` make."""
        texts: dict[str, str] = {}
        refusals: list[Refusal] = []
        given = opened[self.source].texts
        for feed in self._feeds:
            raw = given.get(feed.own)
            try:
                if feed.is_remembered and raw in feed.remembered:
                    text = feed.remembered[raw]
                else:
                    text = feed.text(opened, self._made)
            except Refused as error:
                refusals.append(feed.refusal(opened, str(error)))
                continue
            if text is not None:
                texts[feed.feed.target] = text
        self._made += 1
        return Made(texts, tuple(refusals))


def feeds_of(mapping: RecordMap, target: Format) -> list[Feed]:
    """Return the feeds of a target record, with those that need no word in the mapping.

    A field that the target fixes has its constant; the layout version has the target's first value.
    """
    feeds = {feed.target: feed for feed in mapping.feeds}
    version = target.envelope.format_version
    for field in target.record_type(mapping.target).fields:
        if field.name in feeds:
            continue
        if field.constant is not None:
            feeds[field.name] = Feed(field.name, constant=field.constant)
        elif version == Reference(mapping.target, field.name) and target.envelope.version_values:
            feeds[field.name] = Feed(field.name, constant=target.envelope.version_values[0])
        elif field.required and field.nullable:
            feeds[field.name] = Feed(field.name)
    return list(feeds.values())


def computed(target: Format) -> set[Reference]:
    """Return the fields that are computed from the output: its control counts and totals."""
    counts, totals = target.envelope.counts, target.envelope.totals
    return {one.stated for one in counts} | {one.stated for one in totals}


@dataclass(frozen=True, slots=True)
class _Bound:
    """One feed with its fields."""

    feed: Feed
    target: Place
    reference: Reference
    sources: tuple[tuple[Reference, Place], ...]
    rounding: str | None
    unit: Callable[[Open], Fraction] | None
    when: Callable[[Open], bool] | None
    own: str  #: the field of the source row itself that alone decides the text; empty where none does
    is_remembered: bool  #: the text is that of the same raw text before, or always the same
    is_kept: bool  #: source and target field are alike: a text of the one is one of the other
    remembered: dict[str | None, str | None]  #: text by raw text; for None, of a fixed value

    def text(self, opened: Open, made: int) -> str | None:
        """Return the text of the target field; raises Refused."""
        feed = self.feed
        if feed.number_from is not None:
            return self._write(Decimal(made + feed.number_from))
        if len(self.sources) > 1:
            return self._write(self._joined(opened))
        if not self.sources:
            holds = self.when is None or self.when(opened)
            known = None if holds else ""
            if known not in self.remembered:
                self.remembered[known] = self._write(self._fixed(feed.constant) if holds else None)
            return self.remembered[known]
        reference, place = self.sources[0]
        raw = _raw(opened, reference)
        if self.unit is not None:
            return self._write(self._converted(place, raw, self.unit(opened)))
        if self.is_kept and raw is not None and _is_value(place, raw):
            return raw
        if raw not in self.remembered:
            if len(self.remembered) >= _REMEMBERED:
                self.remembered.clear()
            self.remembered[raw] = self._write(self._carried(values.read(place, raw)))
        return self.remembered[raw]

    def refusal(self, opened: Open, why: str) -> Refusal:
        """Return the refusal of this field's value, with what stood in the source."""
        reference = self.sources[0][0] if self.sources else None
        raw = _raw(opened, reference) if reference is not None else None
        return Refusal(self.reference, reference, raw, why)

    def _fixed(self, constant: str | None) -> Value | None:
        return None if constant is None else values.of_canonical(self.target.field.type, constant)

    def _write(self, value: Value | None) -> str | None:
        if value is None:
            value = self._fixed(self.feed.default)
        return writing.write(self.target, value, self.rounding)

    def _joined(self, opened: Open) -> str | None:
        parts = [values.read(place, _raw(opened, reference)) for reference, place in self.sources]
        texts = [values.canonical_text(part) for part in parts if part is not None]
        value = self._carried((self.feed.separator or "").join(texts)) if texts else None
        assert value is None or isinstance(value, str)  # noqa: S101 - texts stay texts
        return value

    def _carried(self, value: Value | None) -> Value | None:
        """Cut, strip, pad and translate; each works on the text of the value."""
        feed = self.feed
        if value is None or not _is_changed(feed):
            return value
        text: str | None = values.canonical_text(value)
        if feed.split is not None:
            text = _part(feed, text or "")
        if text is None:
            return None
        if feed.strip:
            text = text.lstrip(feed.strip) or text[-1:]
        if feed.pad:
            text = text.rjust(feed.pad_to, feed.pad)
        return text if feed.codes is None else _translated(feed, text)

    def _converted(self, place: Place, raw: str | None, factor: Fraction) -> Value | None:
        value = values.read(place, raw)
        if value is None:
            return None
        if not isinstance(value, Decimal):
            raise Refused("is not a number")
        return Fraction(value) * factor


def _is_value(place: Place, raw: str) -> bool:
    """Return whether ``raw`` has no blanks to be taken off and does not stand for no value."""
    return raw not in place.null_tokens and values.trimmed(place.trim, raw) == raw


def _part(feed: Feed, text: str) -> str | None:
    split = feed.split
    assert split is not None  # noqa: S101 - the caller has asked
    if split.separator is None:
        end = None if split.length is None else split.start + split.length
        return text[split.start : end] or None
    pieces = text.split(split.separator)
    return (pieces[split.part - 1] or None) if split.part <= len(pieces) else None


def _translated(feed: Feed, text: str) -> str:
    assert feed.codes is not None  # noqa: S101 - the caller has asked
    if text in feed.codes:
        return feed.codes[text]
    if feed.otherwise == "keep":
        return text
    if feed.otherwise == "value" and feed.otherwise_value is not None:
        return feed.otherwise_value
    raise Refused("has no translation in the mapping")


def _raw(opened: Open, reference: Reference) -> str | None:
    row = opened.get(reference.record_type)
    return None if row is None else row.texts.get(reference.field)


def place_of(reference: Reference, definition: Format) -> Place:
    """Return the field that ``reference`` names in ``definition``, with what it needs to be read."""
    field = definition.record_type(reference.record_type).field(reference.field)
    return Place(field, definition.dialect, definition.kind)


def _bound(feed: Feed, mapping: RecordMap, source: Format, target: Format) -> _Bound:
    field = target.record_type(mapping.target).field(feed.target)
    sources = tuple(
        (one, Place(source.record_type(one.record_type).field(one.field), source.dialect, source.kind))
        for one in feed.sources
    )
    place = Place(field, target.dialect, target.kind)
    is_single = len(sources) == 1 and feed.unit is None
    is_own = is_single and sources[0][0].record_type == mapping.source
    return _Bound(
        feed,
        place,
        Reference(mapping.target, feed.target),
        sources,
        feed.rounding or field.rounding,
        _factor(feed.unit, source) if feed.unit is not None else None,
        holding(feed.when, source) if feed.when else None,
        sources[0][0].field if is_own else "",
        is_own or not (sources or feed.when or feed.number_from is not None),
        is_single and not _is_changed(feed) and _are_alike(sources[0][1], place),
        {},
    )


def _is_changed(feed: Feed) -> bool:
    return bool(feed.split or feed.strip or feed.pad or feed.codes is not None)


def _are_alike(one: Place, other: Place) -> bool:
    """Return whether every value of the text field ``one`` is, as it stands, the same value of ``other``."""
    if {one.field.type, other.field.type} != {FieldType.STRING}:
        return False
    if (one.trim, one.null_tokens) != (other.trim, other.null_tokens) or other.field.length is not None:
        return False
    return all(getattr(one.field, name) == getattr(other.field, name) for name in _LIMITS)


def _factor(unit: UnitChange, source: Format) -> Callable[[Open], Fraction]:
    factors = {key: Fraction(text) for key, text in unit.factors.items()}
    of = unit.of
    if of is None:
        (only,) = factors.values()
        return lambda _opened: only
    place = place_of(of, source)

    def stated(opened: Open) -> Fraction:
        value = values.read(place, _raw(opened, of))
        name = "" if value is None else values.canonical_text(value)
        if name not in factors:
            said = f"the unit {name}" if name else "no unit"
            raise Refused(f"has {said}, for which the mapping has no factor")
        return factors[name]

    return stated


def makers_of(mapping: FormatMapping, source: Format, target: Format) -> dict[str, list[RowMaker]]:
    """Return the makers by source record type, each list in the order of the target's record types."""
    order = {record.name: number for number, record in enumerate(target.record_types)}
    makers: dict[str, list[RowMaker]] = {}
    for record in sorted(mapping.records, key=lambda one: order[one.target]):
        makers.setdefault(record.source, []).append(RowMaker(record, source, target))
    return makers
