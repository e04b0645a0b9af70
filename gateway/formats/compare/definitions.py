"""Two versions of a format compared: every setting of the canonical model, both directions judged.

Pure but for the schemas beside the definitions, which are read where there are any.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gateway.formats.compare import (
    characters,
    delimiters,
    dialect_values,
    document_shape,
    envelope_changes,
    field_structure,
    field_values,
    file_level,
    line_ends,
    record_types,
    rule_changes,
    schema_files,
)
from gateway.formats.compare.change import Change, Comparison
from gateway.formats.compare.dialect_values import FieldVerdicts, Place
from gateway.formats.compare.matching import TypePair, match
from gateway.formats.compare.value_sides import Spot
from gateway.formats.compare.views import Views, views_of

if TYPE_CHECKING:
    from gateway.formats.definition import Format


def compare(old: Format, new: Format) -> Comparison:
    """Return all changes from ``old`` to ``new``, in the order of the definition.

    Raises FormatError where a schema beside a definition cannot be read.
    """
    pairs = match(old, new)
    views = views_of(old, new, pairs)
    if old.kind is not new.kind:
        changes = tuple(file_level.kind_changes(views))
    else:
        changes = tuple(_changes(views, pairs))
    return Comparison(new.message_type, old.name, new.name, old.digest, new.digest, changes)


def _changes(views: Views, pairs: Sequence[TypePair]) -> Iterator[Change]:
    verdicts = FieldVerdicts()
    places = list(_places(pairs))
    yield from file_level.changes(views)
    for room in (characters, delimiters, line_ends, document_shape):
        yield from room.changes(views)
    yield from dialect_values.changes(views, places, verdicts)
    yield from schema_files.changes(views)
    yield from envelope_changes.changes(views)
    yield from record_types.changes(views, pairs)
    for pair in pairs:
        yield from record_types.aspects(views, pair)
        yield from field_structure.changes(views, pair)
        yield from _values(views, pair, verdicts)
    yield from rule_changes.changes(views)


def _places(pairs: Sequence[TypePair]) -> Iterator[Place]:
    """Yield the fields that both versions have."""
    for pair in pairs:
        for each in pair.fields:
            if pair.old and pair.new and each.old and each.new:
                path = field_structure.field_path(pair, each)
                yield Place(path, Spot(pair.old, each.old), Spot(pair.new, each.new))


def _values(views: Views, pair: TypePair, verdicts: FieldVerdicts) -> Iterator[Change]:
    for place in _places([pair]):
        names = (
            f"{place.old.kind.name}.{place.old.field.name}",
            f"{place.new.kind.name}.{place.new.field.name}",
        )
        spots = (place.old, place.new)
        yield from field_values.changes(views, spots, place.path, names, verdicts.of(place.path))
