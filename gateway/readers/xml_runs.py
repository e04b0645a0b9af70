"""Runs of business records: taken out of a large document's text, checked by libxml2 and read at once.

Where the parser stands right behind a business record, the whole ones that follow in the text need not go
through it: a thread lets libxml2 parse and validate them, put in the place of the records that have gone
from the tree, while the run before is cut into columns and made use of. What is not plain, not well-formed
or not sure goes through the parser as ever.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from lxml import etree

from gateway.readers.xml_columns import Before, Columns, Found
from gateway.readers.xml_paths import Paths
from gateway.readers.xml_plan import DocumentPlan, TypePlan, local
from gateway.readers.xml_records import DocumentRecords, RecordWalk
from gateway.readers.xml_tags import OddError
from gateway.readers.xml_tree import CONTENT, within
from gateway.readers.xsd import GivenUpError, RecordPlace, XsdReport, XsdSet

if TYPE_CHECKING:
    from gateway.findings import Findings
    from gateway.formats.definition import Format

#: Characters of a run, and the fewest that are worth it.
RUN, LEAST = 2 * 1024 * 1024, 32 * 1024
#: Tags in a run.
MOST_TAGS = 150_000
#: Business records in a run, and where most of them are wrong: libxml2 counts siblings for the place of
#: every violation.
MOST_UNITS, MOST_WRONG = 5_000, 1_000
#: Characters of what stands around the records, which is validated again with each run.
MOST_AROUND = 64 * 1024


class Checked(NamedTuple):
    """What libxml2 says of a run: well-formed, and violations in the tree under ``root``."""

    root: etree._Element | None
    errors: list[etree._LogEntry]


@dataclass(frozen=True, slots=True)
class Seam:
    """The place behind a business record, where others of its type may follow."""

    paths: Paths
    end: str  #: the end tag that was read, as others may be written
    columns: Columns
    opening: bytes  #: the tree up to here
    closing: bytes  #: the end tags of what is open
    depth: int  #: how many those are


class Runs:
    """Checks runs of a document's records."""

    def __init__(
        self, definition: Format, plan: DocumentPlan, xsd: XsdSet | None, findings: Findings
    ) -> None:
        self._plan = plan
        self._xsd = xsd
        self._findings = findings
        self._strict = definition.closed and xsd is None
        self._pool = ThreadPoolExecutor(1, "xml")

    def close(self) -> None:
        """Wait for the thread."""
        self._pool.shutdown()

    def seam(self, records: DocumentRecords) -> Seam | None:
        """Return the place behind the last business record; None where no run may follow it."""
        unit, root = records.tree.previous, records.tree.root
        if unit is None or root is None:
            return None
        around = [*unit.iterancestors()]
        steps = (*(str(element.tag) for element in reversed(around)), str(unit.tag))
        plan = self._plan.outer.get(steps)
        if plan is None or not self._is_fit(plan):
            return None
        opening, closing = etree.tostring(root), "".join(end_tag(element) for element in around).encode()
        if len(opening) > MOST_AROUND or not opening.endswith(closing):
            return None
        namespaces = {prefix: uri for prefix, uri in around[0].nsmap.items() if uri}
        opening = opening[: -len(closing)]
        paths = Paths(plan, steps[-1])
        columns = Columns(paths, namespaces, is_strict=self._strict)
        return Seam(paths, end_tag(unit), columns, opening, closing, len(around))

    def check(self, text: str, seam: Seam) -> Future[Checked | None]:
        """Let libxml2 look at a run; None where it is not well-formed, or not all is sure to be found."""
        return self._pool.submit(_checked, text, seam, self._xsd)

    def take(
        self,
        text: str,
        checked: Future[Checked | None],
        seam: Seam,
        records: DocumentRecords,
        line: int,
    ) -> Found | None:
        """Return the records of a run that begins on ``line``; add what is wrong with them.

        None where they have to be looked at one by one.
        """
        found = self._read(text, seam, records, line)
        result = checked.result()
        if found is None or result is None or not self._report(result, seam, found, line):
            return None
        return found

    def tidy(self, records: DocumentRecords) -> None:
        """Take the white space of a run out of the tree."""
        if records.tree.previous is not None:
            records.tree.previous.tail = None

    def _read(self, text: str, seam: Seam, records: DocumentRecords, line: int) -> Found | None:
        """Return the records of a run that begins on ``line``; None where it is not plain."""
        before = Before(records.rows.number, line, records.latest)
        try:
            return seam.columns.read(text, before)
        except OddError:
            return None

    def _report(self, checked: Checked, seam: Seam, found: Found, line: int) -> bool:
        """Add what libxml2 found in a run that begins on ``line``; False where that may not be all."""
        if checked.root is None:
            return True
        lines_before = line - 1 - seam.opening.count(b"\n")
        places: dict[etree._Element, RecordPlace] = {}
        report = XsdReport(checked.root, places, self._findings, lines_before=lines_before)
        holder = checked.root
        for _ in range(seam.depth - 1):
            holder = holder[-1]
        units = dict(zip([*holder][-len(found.units) :], found.units, strict=True))
        around = {holder, *holder.iterancestors()}
        wanted = []
        for error in checked.errors:
            element = report.element(error)
            if element is None or lines_before < 0 or _breaks_off(error, element, around):
                return False
            unit = within(element, units.keys())
            if unit is not None:
                wanted.append((error, element, unit))
        for unit in {unit for _error, _element, unit in wanted}:
            _number(unit, seam.paths, found, units[unit], places)
        for error, element, _unit in wanted:
            report.add(error, element)
        return True

    def _is_fit(self, plan: TypePlan) -> bool:
        """Whether nothing in and around the records of ``plan`` needs to see them one by one."""
        steps = plan.steps
        around = [one for one in self._plan.plans if one.steps == steps[: len(one.steps)] and one is not plan]
        inside = [one for one in self._plan.plans if one.steps[: len(steps)] == steps]
        return (
            plan.is_unit
            and not any(one.lookups for one in around + inside)
            and not any(_has_text(one, steps) for one in around)
            and all(one.kind.parent != one.kind.name for one in inside)
        )


def _has_text(plan: TypePlan, steps: tuple[str, ...]) -> bool:
    """Whether records of ``plan`` have the text of an element that holds those at ``steps``."""
    step = plan.root
    for name in steps[len(plan.steps) : -1]:
        if step.text is not None:
            return True
        step = step.child(name)
    return step.text is not None


def end_tag(element: etree._Element) -> str:
    """Return the end tag of an element, as it is mostly written."""
    name = local(str(element.tag))
    return f"</{element.prefix}:{name}>" if element.prefix else f"</{name}>"


def _checked(text: str, seam: Seam, xsd: XsdSet | None) -> Checked | None:
    """Parse and validate a run; in a thread of its own."""
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(seam.opening + text.encode() + seam.closing, parser)
        errors = xsd.errors(root) if xsd is not None else []
    except (etree.XMLSyntaxError, GivenUpError):
        return None
    return Checked(root if errors else None, errors)


def _breaks_off(error: etree._LogEntry, element: etree._Element, around: set[etree._Element]) -> bool:
    """Whether libxml2 has looked no further at what stands around the records, or may have."""
    if error.type_name != CONTENT:
        return False
    if element in around:
        return "Missing child element" not in error.message
    return element.getparent() in around and "not expected" in error.message


def _number(
    unit: etree._Element,
    paths: Paths,
    found: Found,
    number: int,
    places: dict[etree._Element, RecordPlace],
) -> None:
    """Note the places of the records in ``unit``, which is the one with a ``number`` in the run."""

    def note(element: etree._Element, plan: TypePlan) -> None:
        at = number + len(seen)
        place = RecordPlace(plan.kind.name, found.first + at, int(found.lines[at]))
        seen.append(element)
        places[element] = place
        RecordWalk([None] * len(plan.kind.fields), note).record(element, plan)

    seen: list[etree._Element] = []
    note(unit, paths.plan)
