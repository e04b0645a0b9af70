"""From a definition's element paths to the elements that a writer makes.

Paths are read as the reader reads them: ``Quantity``, ``Quantity/@unit``, ``@id``, ``.``, ``{urn:x}Name``,
and with a predicate that names a value, ``Property[ID='Colour']/Value``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.errors import UnwritableRow
from gateway.formats.definition import Format, RecordType
from gateway.writers.units import Steps, holders
from gateway.writers.xml_elements import Element

_STEP = re.compile(r"(?:\{[^}]*\})?[^/{}\[]+(?:\[[^\]]*\])?|(?<=/)(?=/)")
_SIMPLE = re.compile(r"(?:\{[^}]*\})?[^/{}\[\]*]+")
_PREDICATE = re.compile(r"([^\[\]*]+)\[\s*(@?)([^\s@=\[\]'\"]+)\s*=\s*(?:'([^']*)'|\"([^\"]*)\")\s*\]")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a field stands below its record: elements with what must be in them, and an attribute."""

    steps: tuple[tuple[str, tuple[str, str] | None], ...]  #: name; name and text of its predicate
    attribute: str | None

    def element(self, record: Element, namespace: str | None) -> Element:
        """Return the element within ``record`` that the field stands in, making what is not there."""
        for tag, predicate in self.steps:
            record = record.child(tag) if predicate is None else _chosen(record, tag, predicate, namespace)
        return record


@dataclass(frozen=True, slots=True)
class XmlPlan:
    """All places of a definition."""

    definition: Format
    records: dict[str, Steps]  #: record type -> its elements from the root
    fields: dict[str, dict[str, Place]]
    holder: dict[str, str]

    @property
    def root(self) -> str:
        """The qualified name of the root element."""
        return next(iter(self.records.values()))[0]

    @property
    def elements(self) -> set[str]:
        """The qualified names of all elements, those in predicates included."""
        found = {step for steps in self.records.values() for step in steps}
        for place in self._places():
            for tag, predicate in place.steps:
                found |= {tag} | (
                    {self.name(predicate[0])} if predicate and predicate[0][0] != "@" else set()
                )
        return found

    @property
    def attributes(self) -> set[str]:
        """The qualified names of all attributes."""
        return {place.attribute for place in self._places() if place.attribute}

    def name(self, step: str) -> str:
        """Return the qualified name of ``step``."""
        return qualified(step, self.definition.dialect.namespace)

    def _places(self) -> Iterator[Place]:
        for places in self.fields.values():
            yield from places.values()


def steps_of(path: str) -> Steps:
    """Return the steps of an element path."""
    return tuple(_STEP.findall(path.lstrip("/")))


def xml_plan(definition: Format) -> XmlPlan:
    """Return the places of ``definition``; UnwritableRow for a path that names no one place."""
    namespace = definition.dialect.namespace
    records = {
        kind.name: tuple(qualified(step, namespace) for step in steps_of(kind.path or ""))
        for kind in definition.record_types
    }
    fields = {kind.name: _fields(kind, namespace) for kind in definition.record_types}
    return XmlPlan(definition, records, fields, holders(definition, records))


def qualified(name: str, namespace: str | None) -> str:
    """Return ``name`` as ``{namespace}name``, or bare where there is no namespace."""
    if name.startswith("{}"):
        return name[2:]
    return name if name.startswith("{") or not namespace else f"{{{namespace}}}{name}"


def _fields(kind: RecordType, namespace: str | None) -> dict[str, Place]:
    return {
        field.name: _place(f"{kind.name}.{field.name}", field.path or field.name, namespace)
        for field in kind.fields
    }


def _place(where: str, path: str, namespace: str | None) -> Place:
    steps = list(steps_of(path))
    attribute = steps.pop()[1:].removeprefix("{}") if steps and steps[-1].startswith("@") else None
    found: list[tuple[str, tuple[str, str] | None]] = []
    for step in steps:
        if step == ".":
            continue
        predicate = _PREDICATE.fullmatch(step)
        if predicate is not None:
            value = predicate[4] if predicate[4] is not None else predicate[5]
            found.append((qualified(predicate[1], namespace), (predicate[2] + predicate[3], value)))
        elif _SIMPLE.fullmatch(step) and step != "..":
            found.append((qualified(step, namespace), None))
        else:
            raise UnwritableRow(f"The path {path!r} does not name one place", where=where)
    return Place(tuple(found), attribute)


def _chosen(parent: Element, tag: str, predicate: tuple[str, str], namespace: str | None) -> Element:
    """Return the child of ``parent`` for which ``predicate`` holds, making it where there is none."""
    name, value = predicate
    for child in parent.children:
        if child.tag == tag and _holds(child, name, value, namespace):
            return child
    made = parent.add(Element(tag))
    if name.startswith("@"):
        made.attributes[name[1:]] = value
    elif name == ".":
        made.text = value
    else:
        made.add(Element(qualified(name, namespace), text=value))
    return made


def _holds(element: Element, name: str, value: str, namespace: str | None) -> bool:
    if name.startswith("@"):
        return element.attributes.get(name[1:]) == value
    if name == ".":
        return element.text == value
    return any(one.tag == qualified(name, namespace) and one.text == value for one in element.children)
