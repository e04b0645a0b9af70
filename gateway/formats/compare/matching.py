"""Which record type and which field of one version is which of the other.

Record types are matched by name, then by what tells them apart in the file. Fields are matched by
``id``, then by name, then by an alias of either side, within matched record types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from gateway.formats.definition import Field, Format, RecordType

Item = TypeVar("Item", "RecordType", "Field")


@dataclass(frozen=True, slots=True)
class FieldPair:
    """A field in both versions, or in one of them."""

    old: Field | None
    new: Field | None


@dataclass(frozen=True, slots=True)
class TypePair:
    """A record type in both versions, or in one of them, with its fields."""

    old: RecordType | None
    new: RecordType | None
    fields: tuple[FieldPair, ...] = ()

    @property
    def path(self) -> str:
        """The change path of the record type, the same whichever version is called the old one."""
        return f"records.{pair_name(self.old, self.new)}"


def match(old: Format, new: Format) -> list[TypePair]:
    """Return all record types of both versions, in the order of ``new``, those that are gone at the end."""
    pairs = _pairs(old.record_types, new.record_types, (_same_name, _same_mark))
    return [
        TypePair(one, other, tuple(_field_pairs(one, other)) if one and other else ()) for one, other in pairs
    ]


def pair_name(old: RecordType | Field | None, new: RecordType | Field | None) -> str:
    """Return how paths call something: by its name, or by both names in alphabetical order."""
    names = sorted({each.name for each in (old, new) if each is not None})
    return "~".join(names)


def _field_pairs(old: RecordType, new: RecordType) -> Iterator[FieldPair]:
    for one, other in _pairs(old.fields, new.fields, (_same_id, _same_name, _alias)):
        yield FieldPair(one, other)


def _pairs(
    old: tuple[Item, ...], new: tuple[Item, ...], tests: Sequence[Callable[[Item, Item], bool]]
) -> list[tuple[Item | None, Item | None]]:
    """Return ``new`` with its partners of ``old`` by the first test that finds one, then what is left."""
    partner: dict[str, Item] = {}
    left = {each.name: each for each in old}
    for test in tests:
        for other in new:
            if other.name in partner:
                continue
            found = next((one for one in left.values() if test(one, other)), None)
            if found is not None:
                partner[other.name] = left.pop(found.name)
    pairs: list[tuple[Item | None, Item | None]] = [(partner.get(other.name), other) for other in new]
    pairs.extend((one, None) for one in left.values())
    return pairs


def _same_name(one: Item, other: Item) -> bool:
    return one.name == other.name


def _same_mark(one: RecordType, other: RecordType) -> bool:
    """Whether two types are told apart by the same thing, and play the same part."""
    marks = (one.discriminator, one.path, one.role), (other.discriminator, other.path, other.role)
    return marks[0] == marks[1] and (one.discriminator is not None or one.path is not None)


def _same_id(one: Field, other: Field) -> bool:
    return one.id is not None and one.id == other.id


def _alias(one: Field, other: Field) -> bool:
    return one.name in other.aliases or other.name in one.aliases
