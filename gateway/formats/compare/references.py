"""What a rule of the writer's version over the records of a file leaves to one of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gateway.formats.compare.samples import placed
from gateway.formats.compare.texts import tag_of, texts_of
from gateway.formats.compare.values import Refused, Value, meaning
from gateway.formats.definition import Role
from gateway.model import Severity

if TYPE_CHECKING:
    from gateway.formats.compare.views import View
    from gateway.formats.definition import Field, Format, RecordType, Rule

_Place = tuple["RecordType", "Field"]


def unreachable(view: View, kind: RecordType, field: Field, text: str) -> bool:
    """Return whether no file is known in which ``field`` has ``text``, because of a rule of the writer.

    The value must stand in a record that it refers to; and where others refer to this field, in them.
    """
    side = view.written(field)
    value = meaning(side, text)
    if not isinstance(value, Value):  # what has no value refers to nothing
        return False
    wanted = side.text(text)
    ties = _ties(view.writer, kind, field)
    return any(wanted != word and not any(_takes(view, one, wanted) for one in ends) for word, ends in ties)


def run_out(view: View, kind: RecordType, number: int) -> Rule | None:
    """Return the rule by which ``number`` records of ``kind`` would have to differ, where they cannot.

    Its fields have too few values then, as codes have and the words for true and false.
    """
    for rule in view.writer.rules:
        of_kind = rule.record_type == kind.name or (rule.record_type == "*" and kind.role is Role.RECORD)
        own = [one for one in kind.fields if one.name in rule.fields]
        if rule.kind != "unique" or rule.severity is not Severity.ERROR or not of_kind:
            continue
        numbers = [_values_of(view, kind, one, number) for one in own]
        if len(own) == len(rule.fields) and None not in numbers and math.prod(filter(None, numbers)) < number:
            return rule
    return None


def _values_of(view: View, kind: RecordType, field: Field, number: int) -> int | None:
    """Return how many values ``field`` has; None: enough, or it may be without one."""
    side = view.written(field)
    if tag_of(view.writer, kind, field) is not None:
        return 1
    texts = [text for one in (*side.tokens, str(number)) if (text := placed(side, one)) is not None]
    if any(not isinstance(meaning(side, text), Refused) for text in texts):
        return None
    return len({side.text(text) for text in texts_of(side)})


def _ties(definition: Format, kind: RecordType, field: Field) -> Iterator[tuple[str | None, list[_Place]]]:
    """Yield the word that refers to nothing and the places at the other end of each reference."""
    for rule in definition.rules:
        if rule.kind not in ("exists", "earlier") or rule.of is None or rule.severity is not Severity.ERROR:
            continue
        here = _places(definition, rule.record_type, rule.fields[0])
        there = _places(definition, rule.of.record_type, rule.of.field)
        if (kind, field) in here and (kind, field) not in there:
            # an earlier record would have to refer to one before it
            yield rule.or_value, there if rule.kind == "exists" else []
        elif (kind, field) in there and (kind, field) not in here and rule.or_value is None:
            yield None, here


def _places(definition: Format, name: str, field: str) -> list[_Place]:
    """Return the fields called ``field`` of record type ``name``, or of all business records for ``*``."""
    kinds = [one for one in definition.record_types
             if one.name == name or (name == "*" and one.role is Role.RECORD)]  # fmt: skip
    return [(kind, one) for kind in kinds for one in kind.fields if one.name == field]


def _takes(view: View, place: _Place, wanted: str) -> bool:
    """Return whether the field at ``place`` can have the value that is written ``wanted``."""
    kind, field = place
    side, tag = view.written(field), tag_of(view.writer, kind, field)
    if tag is not None:
        return side.text(tag) == wanted
    raw = placed(side, wanted)
    return raw is not None and isinstance(meaning(side, raw), Value)
