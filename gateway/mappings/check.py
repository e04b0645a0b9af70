"""Whether a mapping fits the two definitions it stands between: nothing lost unsaid, nothing left open.

Every problem is found, each with file and line. A mapping without problems can still refuse a file,
by a value; it never lets one go that is not whole.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.documents import Document
from gateway.formats import notation
from gateway.formats.definition import Dialect, Field, FieldType, Format, RecordType, Reference, Role
from gateway.mappings import values, writing
from gateway.mappings.conditions import condition_problems
from gateway.mappings.definition import Feed, FormatMapping, RecordMap
from gateway.mappings.transform import computed, feeds_of
from gateway.mappings.values import Place, Refused
from gateway.model import Problem

Where = tuple[str | int, ...]


def check_mapping(
    mapping: FormatMapping, source: Format, target: Format, document: Document
) -> list[Problem]:
    """Return every problem of ``mapping`` between its two definitions."""
    problems = list(_names(mapping, source, target, document))
    if problems:
        return problems  # what is named wrongly cannot be asked further
    problems += _complete(mapping, source, target, document)
    for record in mapping.records:
        problems += _record(record, source, target, document)
    return problems


def _names(mapping: FormatMapping, source: Format, target: Format, document: Document) -> Iterator[Problem]:
    """Yield each name that neither definition has."""
    sources = {one.name: one for one in source.record_types}
    targets = {one.name: one for one in target.record_types}
    for name in mapping.drop_records:
        if name not in sources:
            yield document.problem(("drop_records", name), *_unknown(source, "record type", sources))
    for record in mapping.records:
        here: Where = ("records", record.target)
        if record.target not in targets:
            yield document.problem(here, *_unknown(target, "record type", targets))
            continue
        if record.source not in sources:
            yield document.problem((*here, "from"), *_unknown(source, "record type", sources))
            continue
        fields = {one.name for one in targets[record.target].fields}
        for feed in record.feeds:
            if feed.target not in fields:
                yield document.problem(_at(document, record, feed), *_unknown(target, "field", fields))
        yield from _references(record, source, document)


def _unknown(definition: Format, what: str, known: object) -> tuple[str, None, str]:
    assert isinstance(known, dict | set)  # noqa: S101 - names of either
    return f"{definition.name} has no such {what}", None, ", ".join(sorted(known))


def _at(document: Document, record: RecordMap, feed: Feed) -> Where:
    """Return where ``feed`` stands: under ``fields``, or in the list of copied ones."""
    place: Where = ("records", record.target, "fields", feed.target)
    return place if place in document.positions else ("records", record.target, "copy")


def _dropped_at(document: Document, record: RecordMap, one: Reference) -> Where:
    """Return where the reason for a dropped field stands, under its short or its long name."""
    place: Where = ("records", record.target, "drop")
    short = (*place, one.field)
    return short if one.record_type == record.source and short in document.positions else (*place, str(one))


def _references(record: RecordMap, source: Format, document: Document) -> Iterator[Problem]:
    """Yield each source field that the definition does not have or that is not open at that row."""
    reachable = _reachable(record, source)
    for feed in record.feeds:
        of = [feed.unit.of] if feed.unit is not None and feed.unit.of is not None else []
        for one in (*feed.sources, *of, *(condition.of for condition in feed.when)):
            yield from _reference(one, reachable, source, document, _at(document, record, feed))
    for one in record.drop:
        yield from _reference(one, reachable, source, document, _dropped_at(document, record, one))
    for one in record.group_by or ():
        yield from _reference(one, reachable, source, document, ("records", record.target, "group_by"))


def _reference(
    one: Reference, reachable: dict[str, RecordType], source: Format, document: Document, here: Where
) -> Iterator[Problem]:
    if one.record_type not in reachable:
        message = "the row does not stand under such a record"
        yield document.problem(here, message, str(one), ", ".join(reachable))
    elif one.field not in {field.name for field in reachable[one.record_type].fields}:
        fields = ", ".join(field.name for field in reachable[one.record_type].fields)
        yield document.problem(here, f"{source.name} has no such field", str(one), fields)


def _reachable(record: RecordMap, source: Format) -> dict[str, RecordType]:
    """Return the record types whose fields a row may take: its own, those above it, header and trailer."""
    types = {one.name: one for one in source.record_types}
    names = [one.name for one in source.record_types if one.role is not Role.RECORD]
    name: str | None = record.source
    while name is not None and name not in names:
        names.append(name)
        name = types[name].parent
    return {name: types[name] for name in names}


def _complete(
    mapping: FormatMapping, source: Format, target: Format, document: Document
) -> Iterator[Problem]:
    """Yield what is lost without a word, and the target records that nothing makes."""
    made = {one.target for one in mapping.records}
    for record in target.record_types:
        if record.name not in made and record.min_occurs:
            message = f"nothing makes the record type `{record.name}`, which {target.name} needs"
            yield document.problem(("records",), message)
    read = {one.source for one in mapping.records}
    named = {*read, *mapping.drop_records, *(one.record_type for one in mapping.used())}
    for record in source.record_types:
        if record.name in mapping.drop_records and record.name in read:
            yield document.problem(("drop_records", record.name), "rows are made from it")
        elif record.name not in named and not _says_nothing(record, source):
            message = f"nothing is made from the record type `{record.name}`"
            yield document.problem(("records",), message, None, "a reason under `drop_records`")
    yield from _dropped(mapping, source, document)


def _says_nothing(record: RecordType, source: Format) -> bool:
    """Return whether a record holds only what is computed anew."""
    return all(_is_free(Reference(record.name, field.name), field, source) for field in record.fields)


def _is_free(reference: Reference, field: Field, source: Format) -> bool:
    """Return whether a source field needs no use: it says nothing, or is made anew in the output."""
    return (
        field.constant is not None
        or reference in computed(source)
        or reference == source.envelope.format_version
    )


def _dropped(mapping: FormatMapping, source: Format, document: Document) -> Iterator[Problem]:
    used = set(mapping.used())
    dropped = {one: record for record in mapping.records for one in record.drop}
    for one, record in dropped.items():
        if one in used:
            place = _dropped_at(document, record, one)
            yield document.problem(place, "the field is used, and named as one that is not")
    made = {record.source: record.target for record in reversed(mapping.records)}
    read = [*made, *(one.record_type for one in used if one.record_type not in mapping.drop_records)]
    for name in dict.fromkeys(one.name for one in source.record_types if one.name in read):
        for field in source.record_type(name).fields:
            one = Reference(name, field.name)
            if one not in used and one not in dropped and not _is_free(one, field, source):
                here = ("records", made[name]) if name in made else ("records",)
                message = f"the source field `{one}` is not used"
                yield document.problem(here, message, None, "a reason under `drop`")


def _record(record: RecordMap, source: Format, target: Format, document: Document) -> Iterator[Problem]:
    yield from _rows(record, source, target, document)
    feeds = {feed.target: feed for feed in feeds_of(record, target)}
    stated = {one.field for one in computed(target) if one.record_type == record.target}
    for field in target.record_type(record.target).fields:
        feed = feeds.get(field.name)
        place: Where = ("records", record.target)
        if field.name in stated:
            if feed is not None:
                message = "it states a count or total, which the gateway computes"
                yield document.problem(_at(document, record, feed), message)
        elif feed is None:
            if field.required and not field.nullable:
                yield document.problem(place, f"nothing feeds the field `{field.name}`, which needs a value")
        else:
            yield from _feed(record, feed, field, source, target, document)


def _rows(record: RecordMap, source: Format, target: Format, document: Document) -> Iterator[Problem]:
    role = target.record_type(record.target).role
    place: Where = ("records", record.target)
    if (
        role is not Role.RECORD
        and source.record_type(record.source).role is Role.RECORD
        and record.group_by != ()
    ):
        message = f"it is the target's {role.value}, and would be made from every row"
        yield document.problem((*place, "from"), message, record.source, "`group_by: []`")


def _feed(
    record: RecordMap, feed: Feed, field: Field, source: Format, target: Format, document: Document
) -> Iterator[Problem]:
    here, place = _at(document, record, feed), Place(field, target.dialect, target.kind)
    for key, text in (("constant", feed.constant), ("default", feed.default)):
        if text is not None and (why := _unfit(place, text)):
            yield document.problem((*here, key), f"the value {why}", text)
    sources = [source.record_type(one.record_type).field(one.field) for one in feed.sources]
    if len(sources) == 1 and not _is_text(feed):
        yield from _types(sources[0], source, field, target, document, here)
    if feed.unit is not None and any(one.type not in notation.NUMERIC for one in (*sources, field)):
        yield document.problem((*here, "unit"), "only a number has a unit")
    if feed.unit is not None and feed.unit.to != (field.unit or feed.unit.to):
        yield document.problem((*here, "unit", "to"), "the target has another unit", feed.unit.to, field.unit)
    if feed.unit is None and len(sources) == 1:
        yield from _same_unit(sources[0], field, document, here)
    yield from condition_problems(feed.when, source, document, (*here, "when"))
    if feed.codes is not None:
        yield from _codes(feed, place, document, here)


def _is_text(feed: Feed) -> bool:
    """Return whether the value becomes text on its way, which the target then reads."""
    return bool(feed.split or feed.strip or feed.pad or feed.codes is not None)


def _unfit(place: Place, text: str) -> str | None:
    """Return why a value in canonical form cannot stand in ``place``; None if it can."""
    try:
        writing.write(place, values.of_canonical(place.field.type, text))
    except Refused as error:
        return str(error)
    return None


def _types(
    one: Field, source: Format, other: Field, target: Format, document: Document, here: Where
) -> Iterator[Problem]:
    """Yield why values of ``one`` can never be values of ``other``."""
    kinds = {one.type, other.type}
    if FieldType.STRING not in kinds and one.type is not other.type and not kinds <= set(notation.NUMERIC):
        yield document.problem(here, f"a {one.type.value} cannot be a {other.type.value}")
    if kinds != {FieldType.DATETIME}:
        return
    before, after = _has_offset(one, source.dialect), _has_offset(other, target.dialect)
    if before != after:
        sides = ("the source", "the target") if before else ("the target", "the source")
        message = f"{sides[0]} says which instant a time is, {sides[1]} does not: no offset, no time zone"
        yield document.problem(here, message)


def _has_offset(field: Field, dialect: Dialect) -> bool:
    written = notation.notation_of(field, dialect) or ""
    return "Z" in written or bool(field.time_zone or dialect.time_zone)


def _same_unit(one: Field, other: Field, document: Document, here: Where) -> Iterator[Problem]:
    if one.unit and other.unit and one.unit != other.unit:
        message = "source and target have different units, and nothing converts them"
        yield document.problem(here, message, one.unit, other.unit)


def _codes(feed: Feed, place: Place, document: Document, here: Where) -> Iterator[Problem]:
    """Yield the translations that the target does not take."""
    for code, text in (feed.codes or {}).items():
        if why := _unfit(place, text):
            yield document.problem((*here, "codes", code), f"the value {why}", text)
    if feed.otherwise_value is not None and (why := _unfit(place, feed.otherwise_value)):
        yield document.problem((*here, "otherwise"), f"the value {why}", feed.otherwise_value)
