"""From the parser's events to rows: which elements are records, and what they hold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lxml import etree

from gateway.finding_codes import finding
from gateway.readers.base import RECORD, Chunk
from gateway.readers.record_rows import RecordRows
from gateway.readers.xml_plan import FREE_NAMESPACES, DocumentPlan, Step, TypePlan, local
from gateway.readers.xml_tree import RecordTree
from gateway.readers.xsd import RecordPlace, XsdSet

if TYPE_CHECKING:
    from collections import deque

    from gateway.findings import Findings
    from gateway.formats.definition import Format
    from gateway.readers.xml_columns import Found

_FOREIGN = "is not part of the format"
_AGAIN = "occurs again; the format has it once"

Element = etree._Element  # noqa: SLF001 - lxml's elements have no public class
#: Told of what the definition does not know: the element, its column, what is wrong, its text.
Stranger = Callable[[Element, str, str, str | None], None]
Nested = Callable[[Element, TypePlan], None]


class RootError(Exception):
    """The root element is another one; nothing of the document can be read."""


@dataclass(slots=True)
class RecordWalk:
    """One walk over a record's elements: fills ``values``, reports nested records and strangers."""

    values: list[str | None]
    nested: Nested | None = None
    stranger: Stranger | None = None
    unfinished: Collection[etree._Element] = ()  #: elements whose text is not there yet

    def record(self, element: etree._Element, plan: TypePlan) -> None:
        """Fill the values of the record that ``element`` is."""
        self._element(element, plan.root)
        for column, path, attribute in plan.lookups:
            self._lookup(element, column, path, attribute, plan.namespace)

    def shell(self, root: etree._Element, step: Step) -> None:
        """Report strangers around the records; ``step`` is the one above the root element."""
        self._below(root, step.children.get(str(root.tag), Step()))

    def _element(self, element: etree._Element, step: Step) -> None:
        for name, column in step.attributes.items():
            self.values[column] = element.get(name)
        if self.stranger is not None:
            self._foreign_attributes(element, step, self.stranger)
        if step.text is not None and element not in self.unfinished:
            self._text(element, step.text)
        for child in element:
            below = step.children.get(str(child.tag))
            if below is not None:
                self._below(child, below)
            elif self.stranger is not None:
                self.stranger(child, local(str(child.tag)), _FOREIGN, child.text)

    def _below(self, child: etree._Element, step: Step) -> None:
        if step.record is not None:
            if self.nested is not None:
                self.nested(child, step.record)
        elif not step.opaque:
            self._element(child, step)

    def _text(self, element: etree._Element, column: int) -> None:
        if self.values[column] is None:
            self.values[column] = text_of(element)
        elif self.stranger is not None:
            self.stranger(element, local(str(element.tag)), _AGAIN, element.text)

    def _foreign_attributes(self, element: etree._Element, step: Step, stranger: Stranger) -> None:
        for name, value in element.attrib.items():
            if str(name) not in step.attributes and not str(name).startswith(FREE_NAMESPACES):
                stranger(element, f"@{local(str(name))}", _FOREIGN, str(value))

    def _lookup(
        self, element: etree._Element, column: int, path: str, attribute: str | None, namespace: str | None
    ) -> None:
        """Fill a column whose path has a predicate or wildcard; the first match counts."""
        found = element.find(path, {None: namespace} if namespace else None)  # type: ignore[dict-item] # lxml takes None as the default namespace
        if found is not None and found not in self.unfinished:
            self.values[column] = found.get(attribute) if attribute else text_of(found)


def text_of(element: etree._Element) -> str:
    """Return the text of an element, without the markup of what may stand in it."""
    if len(element) == 0:
        return element.text or ""
    return "".join(str(part) for part in element.itertext())


class DocumentRecords:
    """The records of one document while it is parsed."""

    def __init__(
        self,
        definition: Format,
        plan: DocumentPlan,
        findings: Findings,
        xsd: XsdSet | None,
        lines: deque[int],
    ) -> None:
        """``lines`` gives the physical line of every element that the parser reports, in order."""
        self.rows = RecordRows(definition.record_types)
        self.tree = RecordTree(findings, xsd)
        self._definition = definition
        self._plan = plan
        self._findings = findings
        self._strict = definition.closed and xsd is None
        self._lines = lines
        self._line_of: dict[etree._Element, int] = {}
        self._open: dict[etree._Element, TypePlan] = {}
        self._unit: etree._Element | None = None
        self.latest: dict[str, int] = {}  #: the number of the latest record of each type
        self.is_behind_unit = False  #: the last that was seen is the end of a business record

    def take(self, events: Iterable[tuple[Any, Any]]) -> None:
        """Go through the parser's ``events``; raises RootError after its finding."""
        for event, element in events:
            self.is_behind_unit = event == "end" and element is self._unit
            if event == "start":
                self._start(element)
            elif element in self._open:
                self._end(element, self._open.pop(element))
        self.tree.settle()

    def pass_by(self, found: Found) -> Iterator[Chunk]:
        """Yield the rows of records that were read at once, and of those before them."""
        yield from self.rows.flush()
        for kind in self._definition.record_types:
            frame = found.frames.get(kind.name)
            if frame is not None:
                self.latest[kind.name] = int(frame[-1, RECORD])
                yield Chunk(kind, frame)
        self.rows.number += len(found.lines)
        self.tree.pass_by(len(found.units))

    def finish(self, log: Sequence[etree._LogEntry]) -> None:
        """End the document: what stands around the records, and what the parser's XSD has seen."""
        root = self.tree.root
        if root is not None and self._strict:
            RecordWalk([], stranger=self._stranger(None)).shell(root, self._plan.shell)
        self.tree.finish(log)

    def _start(self, element: etree._Element) -> None:
        line = self._lines.popleft() if self._lines else None
        if self.tree.root is None:
            self._check_root(element)
            self.tree.root = element
        if self._unit is not None:
            self._line_of[element] = line or 0
            return
        plan = self._plan.outer.get(_steps(element))
        if plan is not None:
            self._open[element] = plan
            self._register(element, plan, line)
            if plan.is_unit:
                self._unit = element

    def _end(self, element: etree._Element, plan: TypePlan) -> None:
        self._record(element, plan, self.latest.get(plan.kind.parent or ""))
        if plan.is_unit:
            self._unit = None
            self._line_of.clear()
            self.tree.complete(element)

    def _register(self, element: etree._Element, plan: TypePlan, line: int | None) -> None:
        """Give the record that begins here its number."""
        place = RecordPlace(plan.kind.name, self.rows.next_number(), line)
        self.latest[plan.kind.name] = place.number
        self.tree.remember(element, place, passing=self._unit is not None or plan.is_unit)

    def _record(self, element: etree._Element, plan: TypePlan, parent: int | None) -> None:
        place = self.tree.places[element]
        values: list[str | None] = [None] * len(plan.kind.fields)
        RecordWalk(values, self._nested, self._stranger(place)).record(element, plan)
        self.rows.add(plan.kind.name, place.number, place.line, parent, values)

    def _nested(self, element: etree._Element, plan: TypePlan) -> None:
        parent = self.latest.get(plan.kind.parent or "")
        self._register(element, plan, self._line_of.get(element))
        self._record(element, plan, parent)

    def _stranger(self, place: RecordPlace | None) -> Stranger | None:
        """Return what reports elements and attributes beyond a closed definition without XSD."""
        if not self._strict:
            return None

        def report(element: etree._Element, name: str, what: str, value: str | None) -> None:
            line: Any = element.sourceline  # the stubs say int or ...
            self._findings.add(
                finding(
                    "F313",
                    f"{name} {what}.",
                    record_type=place.kind if place else None,
                    record=place.number if place else None,
                    line=line if line and line < 65535 else (place.line if place else None),
                    column=name,
                    value=value.strip()[:200] if value else None,
                )
            )

        return report

    def _check_root(self, element: etree._Element) -> None:
        expected = self._plan.root
        if expected is None or element.tag == expected:
            return
        message = f"The root element is {element.tag}; the format's is {expected}."
        self._findings.add(finding("F505", message, line=element.sourceline, value=str(element.tag)))
        raise RootError


def _steps(element: etree._Element) -> tuple[str, ...]:
    names = [str(parent.tag) for parent in element.iterancestors()]
    return (*reversed(names), str(element.tag))
