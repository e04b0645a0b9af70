"""XML documents: records with what is nested in them, within the elements that stand around them.

Children stand in the order of the XSD beside the format, where it has one; else fields in the
definition's order, and records in the order of their rows after them. Characters that the
encoding lacks are written as character references.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from gateway.errors import FormatError, UnwritableRow
from gateway.writers.base import PLAIN, Style
from gateway.writers.output import Output, named, unwritable
from gateway.writers.units import Steps, Unit, units
from gateway.writers.xml_elements import FORBIDDEN, XSI, Element, Names, end_tag, local, markup, start_tag
from gateway.writers.xml_plan import XmlPlan, xml_plan
from gateway.writers.xsd_order import ElementOrder, element_order

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.formats.definition import Format
    from gateway.formats.row import Row

#: After everything that the XSD knows.
_LAST = 1_000_000


class XmlWriter:
    """Writes XML documents."""

    def __init__(self, style: Style = PLAIN) -> None:
        self._style = style

    def write(self, definition: Format, rows: Iterable[Row], out: BinaryIO) -> None:
        """Write ``rows``; see ``Writer``. Raises FormatError where the XSD cannot be read."""
        plan = xml_plan(definition)
        document = _Document(plan, _order(definition), Output(definition.encoding, out))
        document.begin()
        for unit in units(definition, plan.holder, rows):
            document.put(unit)
        document.finish("\n" if self._style.final_line_end else "")


@dataclass(slots=True)
class _Open:
    """An element whose end tag is not written yet, and its children that come later."""

    element: Element
    pending: list[Element] = field(default_factory=list)


class _Document:
    """One document as it is written."""

    def __init__(self, plan: XmlPlan, order: ElementOrder | None, output: Output) -> None:
        self._plan = plan
        self._order = order
        self._output = output
        attributes = plan.attributes | ({f"{{{XSI}}}nil"} if order and order.has_nillable else set())
        self._names = Names(plan.definition.dialect.namespace, plan.elements, attributes)
        self._open: list[_Open] = []
        self._entered: set[Steps] = set()
        outer = [steps for name, steps in plan.records.items() if name not in plan.holder]
        self._around = {steps[:n] for steps in outer for n in range(1, len(steps))}

    def begin(self) -> None:
        """Write the XML declaration; UnwritableRow where the encoding lacks a character of a name."""
        for name in (*self._plan.elements, *self._plan.attributes):
            try:
                name.encode(self._output.codec)
            except UnicodeEncodeError as error:
                raise UnwritableRow(f"The name {name!r} cannot be encoded", cause=error) from error
        self._output.write(f'<?xml version="1.0" encoding="{encoding_name(self._output.codec)}"?>\n')

    def put(self, unit: Unit) -> None:
        """Write one record with all that is nested in it."""
        steps = self._plan.records[unit.kind.name]
        if steps in self._entered:
            raise unwritable(unit.row, None, "it encloses records that are written already")
        self._go_to(steps[:-1], unit.row)
        element = self._element(unit, steps)
        if steps in self._around:
            if element.text is not None:
                raise unwritable(unit.row, None, "its text would stand between the records that it encloses")
            self._enter(element)
            return
        self._before(steps[-1])
        self._write("".join(markup(element, self._names)) + "\n")

    def finish(self, ending: str) -> None:
        """Close everything; a document without rows has its root element alone."""
        if not self._open:
            self._enter(Element(self._plan.root))
        while len(self._open) > 1:
            self._leave("\n")
        self._leave(ending)

    def _go_to(self, steps: Steps, row: Row) -> None:
        """Make the elements at ``steps`` the open ones."""
        common = 0
        for one, step in zip(self._open, steps, strict=False):
            if one.element.tag != step:
                break
            common += 1
        if self._open and not common and steps:
            raise unwritable(row, None, f"the document has another root element than {steps[0]}")
        if self._open and not steps:
            raise unwritable(row, None, "the root element is written already")
        while len(self._open) > max(common, 1 if self._open else 0):
            self._leave("\n")
        for depth in range(common, len(steps)):
            self._enter(Element(steps[depth]))

    def _enter(self, element: Element) -> None:
        self._before(element.tag)
        self._write(start_tag(element, self._names, declare=not self._open) + "\n")
        self._open.append(_Open(element, element.children))
        self._entered.add(tuple(one.element.tag for one in self._open))
        if self._order is None:
            self._flush(_LAST)

    def _leave(self, ending: str) -> None:
        self._flush(_LAST)
        element = self._open.pop().element
        self._write(end_tag(element, self._names) + ending)

    def _before(self, tag: str) -> None:
        """Write the waiting children of the innermost element that stand before ``tag``."""
        if self._open:
            self._flush(self._rank(tuple(one.element.tag for one in self._open), tag))

    def _flush(self, rank: int) -> None:
        innermost = self._open[-1]
        path = tuple(one.element.tag for one in self._open)
        ready = [one for one in innermost.pending if self._rank(path, one.tag) <= rank]
        innermost.pending = [one for one in innermost.pending if self._rank(path, one.tag) > rank]
        for element in ready:
            self._write("".join(markup(element, self._names)) + "\n")

    def _rank(self, path: Steps, tag: str) -> int:
        if self._order is None:
            return 0
        child = self._order.children(tuple(map(local, path))).get(local(tag))
        return _LAST if child is None else child.rank

    def _element(self, unit: Unit, steps: Steps) -> Element:
        """Return the element of a record, with its fields and nested records in their order."""
        element = Element(steps[-1], is_record=True)
        self._fill(element, unit)
        for nested in unit.nested:
            below = self._plan.records[nested.kind.name]
            around = element
            for step in below[len(steps) : -1]:
                around = around.child(step)
            around.add(self._element(nested, below))
        self._arrange(element, steps)
        return element

    def _fill(self, element: Element, unit: Unit) -> None:
        namespace = self._plan.definition.dialect.namespace
        for declared in unit.kind.fields:
            text = unit.row.texts.get(declared.name)
            if text is None:
                continue
            wrong = FORBIDDEN.search(text)
            if wrong:
                raise unwritable(unit.row, declared.name, f"{named(wrong[0])} cannot stand in XML")
            place = self._plan.fields[unit.kind.name][declared.name]
            target = place.element(element, namespace)
            if place.attribute is None:
                target.text = text
            else:
                target.attributes[place.attribute] = text

    def _arrange(self, element: Element, steps: Steps) -> None:
        """Put the children into the XSD's order, and mark empty elements that may be nil."""
        if self._order is None:
            return
        if element.text == "" and self._order.is_nillable(tuple(map(local, steps))):
            element.attributes[f"{{{XSI}}}nil"] = "true"
        element.children.sort(key=lambda child: self._rank(steps, child.tag))
        for child in element.children:
            if not child.is_record:
                self._arrange(child, (*steps, child.tag))

    def _write(self, text: str) -> None:
        try:
            self._output.write(text)
        except UnicodeEncodeError:
            self._output.write(
                text.encode(self._output.codec, "xmlcharrefreplace").decode(self._output.codec)
            )


def _order(definition: Format) -> ElementOrder | None:
    if definition.dialect.xsd is None:
        return None
    if definition.directory is None:
        raise FormatError("The format names an XSD but has no directory.", where=definition.name)
    return element_order(definition.directory / definition.dialect.xsd)


def encoding_name(codec: str) -> str:
    """Return the name under which XML knows ``codec`` (IANA)."""
    name = codecs.lookup(codec).name
    if name.startswith("utf-16"):
        return "UTF-16"
    windows = re.fullmatch(r"cp(125[0-9])", name)
    return f"windows-{windows[1]}" if windows else re.sub(r"^iso8859-", "ISO-8859-", name).upper()
