"""From a definition's JSON pointers to what a walk over a document looks for.

Record types have absolute pointers (RFC 6901): to an array of objects, or to one object. A type
whose pointer runs through another's array is nested in its records: ``/bills`` and
``/bills/items`` (or ``/bills/*/items``). Fields have pointers from their record; the leading
slash may be left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway.formats.definition import Format, RecordType, Role
from gateway.readers.json_values import Number, Pointer

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What a pointer leads to where there is nothing.
ABSENT = object()

Known = dict[str, "Known"]


@dataclass(slots=True)
class TypePlan:
    """How the records of one type are found and read."""

    kind: RecordType
    pointer: Pointer  #: from the document
    fields: list[Pointer]  #: from the record
    nested: list[tuple[Pointer, TypePlan]] = field(default_factory=list)
    known: Known = field(default_factory=dict)  #: members that the definition names

    def row(self, record: dict[str, Any]) -> list[str | None]:
        """Return the record's texts: null where a member is absent, ``""`` where it is JSON's null."""
        return [text_of(at(record, pointer)) for pointer in self.fields]


@dataclass(slots=True)
class DocumentPlan:
    """All record types of a definition by their pointers."""

    outer: dict[Pointer, list[TypePlan]]
    arrays: frozenset[Pointer]  #: where business records are
    inner: frozenset[Pointer]  #: objects to be walked member by member

    def choose(self, pointer: Pointer, value: Any) -> TypePlan | None:
        """Return the type of the record ``value`` at ``pointer``, by its discriminator if there is one."""
        for plan in self.outer.get(pointer, ()):
            mark = plan.kind.discriminator
            if mark is None or text_of(at(value, tokens(mark.path or ""))) == mark.value:
                return plan
        return None


def tokens(pointer: str) -> Pointer:
    """Return the reference tokens of a JSON pointer, unescaped (RFC 6901 section 4)."""
    parts = pointer.removeprefix("/").split("/") if pointer.strip("/") else []
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)


def pointer_text(parts: tuple[str | int, ...]) -> str:
    """Return reference tokens as a JSON pointer."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def at(value: Any, pointer: Pointer) -> Any:
    """Return what ``pointer`` leads to in ``value``, ABSENT where there is nothing."""
    for token in pointer:
        if isinstance(value, dict):
            value = value.get(token, ABSENT)
        elif isinstance(value, list) and token.isdecimal() and int(token) < len(value):
            value = value[int(token)]
        else:
            return ABSENT
    return value


def text_of(value: Any) -> str | None:
    """Return a scalar's raw text; null for nothing and for an array or object."""
    if isinstance(value, str):
        return str(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None


def document_plan(definition: Format) -> DocumentPlan:
    """Return how the documents of ``definition`` are read."""
    plans = [_type_plan(kind) for kind in definition.record_types]
    outer: dict[Pointer, list[TypePlan]] = {}
    for plan in plans:
        holder = _holder(plan, plans)
        if holder is None:
            outer.setdefault(plan.pointer, []).append(plan)
            continue
        inside = plan.pointer[len(holder.pointer) :]
        inside = inside[1:] if inside[:1] == ("*",) else inside
        holder.nested.append((inside, plan))
        _know(holder.known, inside)
    _know_each_other([plan for group in outer.values() for plan in group])
    arrays = {p for p, group in outer.items() if any(x.kind.role is Role.RECORD for x in group)}
    inner = {pointer[:n] for pointer in outer for n in range(len(pointer))} | (outer.keys() - arrays)
    return DocumentPlan(outer, frozenset(arrays), frozenset(inner))


def strangers(value: Any, known: Known, path: Pointer = ()) -> Iterator[tuple[Pointer, Any]]:
    """Yield the members of ``value`` that ``known`` does not name, with their pointers."""
    for name, member in value.items():
        if name not in known:
            yield (*path, name), member
        elif known[name] and isinstance(member, dict):
            yield from strangers(member, known[name], (*path, name))


def is_number(value: Any) -> bool:
    """Whether ``value`` is a JSON number."""
    return isinstance(value, Number)


def _type_plan(kind: RecordType) -> TypePlan:
    fields = [tokens(item.path if item.path is not None else item.name) for item in kind.fields]
    plan = TypePlan(kind, tokens(kind.path or ""), fields)
    for pointer in fields:
        _know(plan.known, pointer)
    if kind.discriminator is not None and kind.discriminator.path is not None:
        _know(plan.known, tokens(kind.discriminator.path))
    return plan


def _know(known: Known, pointer: Pointer) -> None:
    for token in pointer:
        known = known.setdefault(token, {})


def _know_each_other(plans: list[TypePlan]) -> None:
    """Let each object know the records that stand below it as types of their own."""
    for plan in plans:
        for other in plans:
            if other.pointer[: len(plan.pointer)] == plan.pointer != other.pointer:
                _know(plan.known, other.pointer[len(plan.pointer) :])


def _holder(plan: TypePlan, plans: list[TypePlan]) -> TypePlan | None:
    """Return the type in whose records those of ``plan`` stand."""
    around = [
        other
        for other in plans
        if other.kind.role is Role.RECORD
        and len(other.pointer) < len(plan.pointer)
        and other.pointer == plan.pointer[: len(other.pointer)]
        and (other.pointer or other.kind.name == plan.kind.parent)
    ]
    return max(around, key=lambda other: len(other.pointer), default=None)
