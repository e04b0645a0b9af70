"""The part of a document's tree that is in memory, and its validation by the XSD.

In a small document the whole tree is kept and validated at the end. In a larger one, completed
business records are validated as they come, where they stand, and taken out of the tree. The
first of each run of neighbours stays; at the end empty elements are put where the others
were, and the tree is validated once more for what stands around the records: header,
trailer, the records' order and number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.finding_codes import finding
from gateway.readers.xsd import GivenUpError, RecordPlace, XsdReport, XsdSet, demand_complete

if TYPE_CHECKING:
    from collections.abc import Sequence, Set

    from lxml import etree

    from gateway.findings import Findings

#: So many elements stand in for the records of one run in the last validation.
MAX_STUBS = 10_000

CONTENT = "SCHEMAV_ELEMENT_CONTENT"
IDENTITY = "SCHEMAV_CVC_IDC"
_BLANKS = " \t\r\n"
#: Text where only elements may stand.
STRAY = "SCHEMAV_CVC_COMPLEX_TYPE_2_3"


@dataclass(slots=True)
class _Run:
    """Neighbouring records of one type: the first stays in the tree, the others are counted."""

    first: etree._Element
    count: int = 1


class RecordTree:
    """What is left of the tree, which of its elements are records, and where they stood."""

    def __init__(self, findings: Findings, xsd: XsdSet | None) -> None:
        self.root: etree._Element | None = None
        self.keep_all = False  #: a small document: nothing is taken out before the end
        self.plugged = False  #: the parser itself checks identity constraints over all records
        self.places: dict[etree._Element, RecordPlace] = {}
        self._findings = findings
        self._xsd = xsd
        self._passing: list[etree._Element] = []
        self._completed: list[etree._Element] = []
        self._runs: list[_Run] = []
        self._previous: etree._Element | None = None
        self._given_up = False
        self._stray: dict[etree._Element, etree._LogEntry] = {}  # who may not hold text, but does

    def remember(self, element: etree._Element, place: RecordPlace, *, passing: bool) -> None:
        """Note that ``element`` is a record; ``passing`` ones are forgotten when they have gone."""
        self.places[element] = place
        if passing:
            self._passing.append(element)

    def complete(self, element: etree._Element) -> None:
        """Note that a business record has ended, with all records in it."""
        self._completed.append(element)

    def pass_by(self, count: int) -> None:
        """Count records that were seen elsewhere: neighbours of the one that has ended last, of its type."""
        self._runs[-1].count += count

    @property
    def previous(self) -> etree._Element | None:
        """The business record that has ended last, as long as it is in the tree."""
        return self._previous

    def settle(self) -> None:
        """Validate the completed records and take them out of the tree."""
        if not self._completed or (self.keep_all and self._xsd is not None):
            return
        self._validate_completed()
        for element in self._completed:
            self._thin(element)
        self._forget()
        self._completed.clear()

    def finish(self, log: Sequence[etree._LogEntry]) -> None:
        """Validate what stands around the records, or the whole tree where it was kept.

        ``log`` is the parser's, which holds the identity constraints where it checked them.
        """
        if self._xsd is None or self.root is None:
            return
        report = XsdReport(self.root, self.places, self._findings)
        if self.keep_all:
            for error in self._errors():
                report.add(error, report.element(error))
            return
        self._validate_shell(report)
        for error in log:
            if error.type_name == IDENTITY:
                report.add(error, None)
        try:
            demand_complete(log)
        except GivenUpError as error:
            self._give_up(error)

    def _errors(self) -> list[etree._LogEntry]:
        """Return the errors of the tree; none after the validation was given up, which is a finding."""
        assert self._xsd is not None  # noqa: S101 - who asks has looked
        assert self.root is not None  # noqa: S101 - who asks has looked
        if self._given_up:
            return []
        try:
            return self._xsd.errors(self.root)
        except GivenUpError as error:
            self._give_up(error)
            return []

    def _give_up(self, error: GivenUpError) -> None:
        """Add the finding that keeps the document from passing; once."""
        if not self._given_up:
            self._findings.add(finding("F503", str(error), rule="xsd:given-up"))
        self._given_up = True

    def _validate_completed(self) -> None:
        if self._xsd is None or self.root is None:
            return
        report = XsdReport(self.root, self.places, self._findings)
        completed = set(self._completed)
        for error in self._errors():
            element = report.element(error)
            unit = within(element, completed)
            if unit is None and element is not None and error.type_name == STRAY:
                self._stray[element] = error
            elif unit is not None and not (self._is_order(error, element, unit) or self._is_plugged(error)):
                report.add(error, element)

    def _validate_shell(self, report: XsdReport) -> None:
        """Validate the tree with empty elements for the records; their emptiness is no finding."""
        assert self._xsd is not None  # noqa: S101 - finish asks before
        assert self.root is not None  # noqa: S101 - finish asks before
        stand_ins = {run.first for run in self._runs}
        last = self._previous  # which the text behind it keeps in the tree
        if last is not None and last not in stand_ins:
            last.clear(keep_tail=True)  # type: ignore[call-arg] # the stubs do not know it
            stand_ins.add(last)
            self._runs[-1].count -= 1
        for run in self._runs:
            for _ in range(min(run.count - 1, MAX_STUBS)):
                stub = run.first.makeelement(run.first.tag)
                run.first.addnext(stub)
                stand_ins.add(stub)
        for error in self._errors():
            element = report.element(error)
            unit = within(element, stand_ins)
            if (unit is None or self._is_order(error, element, unit)) and not self._is_plugged(error):
                report.add(error, element)

    def _is_order(self, error: etree._LogEntry, element: etree._Element | None, unit: etree._Element) -> bool:
        """Whether ``error`` says that a record may not stand where it does."""
        return element is unit and error.type_name == CONTENT and "not expected" in error.message

    def _is_plugged(self, error: etree._LogEntry) -> bool:
        return self.plugged and error.type_name == IDENTITY

    def _thin(self, element: etree._Element) -> None:
        """Take the record before ``element`` out of the tree, unless it is the first of its run.

        ``element`` itself stays for now: the parser may still stand right behind it.
        """
        previous = self._previous
        if previous is not None and element.getprevious() is previous and element.tag == previous.tag:
            self._runs[-1].count += 1
            self._remove_previous()
        else:
            self._remove_previous()
            self._runs.append(_Run(element))
        self._previous = element

    def _remove_previous(self) -> None:
        previous = self._previous
        if previous is None or previous is self._runs[-1].first:
            return
        parent = previous.getparent()
        if parent is not None:
            self._report_stray(parent, previous.tail)
            parent.remove(previous)
        self._previous = None

    def _report_stray(self, parent: etree._Element, text: str | None) -> None:
        """Add the finding for text that goes with the record before it, where no text may stand."""
        error = self._stray.get(parent)
        if error is not None and self.root is not None and (text or "").strip(_BLANKS):
            XsdReport(self.root, self.places, self._findings).add(error, parent)

    def _forget(self) -> None:
        """Forget the places of completed records, but for those that stay in the tree."""
        firsts = {run.first for run in self._runs[-len(self._completed) :]}
        completed = set(self._completed)
        gone = {e for e in self._passing if within(e, completed) is not None}
        for element in gone - firsts:
            del self.places[element]
        self._passing = [element for element in self._passing if element not in gone]


def within(element: etree._Element | None, units: Set[etree._Element]) -> etree._Element | None:
    """Return the one of ``units`` that ``element`` is or stands in."""
    while element is not None and element not in units:
        element = element.getparent()
    return element
