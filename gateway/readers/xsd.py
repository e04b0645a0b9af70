"""XSDs enforced as they stand: loading a set of files, and libxml2's errors as findings.

An XSD set lives in the format's directory and nowhere else: an include or import that leads
out of it, or to the network, is refused before anything is compiled.
"""

from __future__ import annotations

import functools
import os
import re
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lxml import etree

from gateway.errors import FormatError
from gateway.finding_codes import finding
from gateway.formats import xsd_cost, xsd_slow
from gateway.readers import xsd_waiting
from gateway.readers.xml_plan import local
from gateway.readers.xsd_plugging import without_slow_facets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from gateway.findings import Findings
    from gateway.formats.definition import Format

_XS = "{http://www.w3.org/2001/XMLSchema}"
_REFERENCES = tuple(_XS + name for name in ("include", "import", "redefine", "override"))
_CONSTRAINTS = tuple(_XS + name for name in ("unique", "key", "keyref"))
_SUBJECT = re.compile(r"Element '([^']*)'(?:, attribute '([^']*)')?: (?:\[facet '[^']*'\] )?")
_MISSING = re.compile(r"The attribute '([^']*)' is required but missing")
_NAMESPACE = re.compile(r"\{[a-z][a-z0-9+.-]*:[^{}']*\}")
_PATH_STEP = re.compile(r"/([^/\[]+)(?:\[([0-9]+)\])?")

#: Errors that libxml2 has of itself: a validation that it gave up, or memory that it did not get.
_INNER = ("SCHEMAV_INTERNAL", "ERR_INTERNAL_ERROR", "ERR_NO_MEMORY")

#: libxml2 keeps a node's line in 16 bits; from here on it guesses.
LAST_TRUE_LINE = 65534
#: Bytes of one file of an XSD: the tree takes tens of times as much.
LARGEST = 16 * 1024 * 1024
#: Characters of a value shown in a finding.
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """Where a record is: the type's name, its number, and the line on which it starts."""

    kind: str
    number: int
    line: int | None


class GivenUpError(Exception):
    """The validation was given up: what libxml2 says of the document is not all, and may be nothing."""

    def __init__(self, why: str = "a value or a part takes too many steps") -> None:
        """Say it as a finding says it."""
        super().__init__(f"The validation by the XSD was given up: {why}.")


def demand_complete(log: Iterable[etree._LogEntry]) -> None:
    """Raise GivenUpError where an error is libxml2's own: about itself, not about the document."""
    if any(str(entry.type_name) in _INNER for entry in log):
        raise GivenUpError


@dataclass(frozen=True, slots=True)
class XsdSet:
    """A compiled XSD, and the elements whose content carries identity constraints."""

    compiled: etree.XMLSchema
    constrained: frozenset[str]  #: local names of global elements, ``""`` for any other place
    slow: xsd_slow.SlowNames  #: values that may take long
    plugged: etree.XMLSchema  #: for the parser: the same, but for facets that take long
    _in_use: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def errors(self, root: etree._Element) -> list[etree._LogEntry]:
        """Return everything that is wrong with the tree under ``root``.

        Raises GivenUpError where that cannot be said: nothing of the tree counts as taken then.
        """
        if problem := xsd_waiting.too_slow(root, self.slow):
            raise GivenUpError(problem)
        with self._in_use:  # the schema keeps the errors of one validation, and routes share schemas
            try:
                taken = self.compiled.validate(root)
            except etree.XMLSchemaValidateError as error:
                raise GivenUpError from error
            log: Iterable[etree._LogEntry] = self.compiled.error_log  # type: ignore[assignment] # the stubs do not know that it iterates
            found = list(log)
        demand_complete(found)
        if not taken and not found:
            raise GivenUpError
        return found

    def spans_records(self, names: Iterable[str]) -> bool:
        """Whether an identity constraint reaches beyond the elements called ``names``."""
        return bool(self.constrained - set(names))


def xsd_of(definition: Format) -> XsdSet | None:
    """Return the compiled XSD of ``definition``, None where it names none.

    Raises FormatError where it cannot be loaded. A released version is compiled once.
    """
    if definition.dialect.xsd is None:
        return None
    if definition.directory is None:
        raise FormatError("The format names an XSD but has no directory.", where=definition.name)
    main = definition.directory / definition.dialect.xsd
    return _cached(definition.digest, main) if definition.digest else _load(main)


def takes(definition: Format, data: bytes) -> bool:
    """Return whether the XSD of ``definition`` takes the document ``data``; True where there is none.

    Raises FormatError where the XSD cannot be loaded. What it gives up is not taken.
    """
    found = xsd_of(definition)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return found is None or not found.errors(etree.fromstring(data, parser))
    except GivenUpError:
        return False


@functools.lru_cache(maxsize=64)
def _cached(_digest: str, main: Path) -> XsdSet:
    return _load(main)


def _load(main: Path) -> XsdSet:
    documents = list(_documents(main))
    if problem := xsd_cost.too_costly(documents):
        raise FormatError(f"The XSD could hang the gateway: {problem}", where=str(main))
    constrained: set[str] = set()
    for document in documents:
        constrained |= _constrained(document)
    try:
        compiled = etree.XMLSchema(file=os.fspath(main))
        slow = xsd_slow.slow_names(documents)
        plugged = without_slow_facets(main) if constrained and slow else compiled
    except etree.XMLSchemaParseError as error:
        raise FormatError("The XSD is not valid.", where=str(main), cause=error) from error
    return XsdSet(compiled, frozenset(constrained), slow, plugged)


def _documents(main: Path) -> Iterator[etree._Element]:
    """Yield the roots of all files of the set that exist; raise FormatError for a way out."""
    home = Path(os.path.realpath(main.parent))
    waiting, seen = [Path(os.path.realpath(main))], set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        root = _parse(path)
        yield root
        for element in root.iter(*_REFERENCES):
            target = _target(path, element.get("schemaLocation"), home)
            if target is not None:
                waiting.append(target)


def _parse(path: Path) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        if path.stat().st_size > LARGEST:
            raise FormatError("The XSD is larger than 16 MiB.", where=str(path))
        tree = etree.parse(os.fspath(path), parser)
    except (OSError, etree.XMLSyntaxError) as error:
        raise FormatError("The XSD cannot be read.", where=str(path), cause=error) from error
    if tree.docinfo.internalDTD is not None or tree.docinfo.doctype:
        raise FormatError("The XSD has a DOCTYPE, which is not accepted.", where=str(path))
    return tree.getroot()


def _target(path: Path, location: str | None, home: Path) -> Path | None:
    """Return the file that ``location`` names, None where there is none to look into."""
    if location is None:
        return None
    target = Path(os.path.realpath(path.parent / location))
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", location) or not target.is_relative_to(home):
        raise FormatError(
            f"The XSD refers to {location!r}, outside the format's directory.",
            where=str(path),
            hint="Put a copy of that file beside it and refer to the copy.",
        )
    return target if target.is_file() else None


def _constrained(root: etree._Element) -> set[str]:
    """Return the global elements of one XSD file that hold identity constraints."""
    names = set()
    for constraint in root.iter(*_CONSTRAINTS):
        top = constraint
        while (parent := top.getparent()) is not None and parent is not root:
            top = parent
        names.add(top.get("name", "") if top.tag == _XS + "element" else "")
    return names


class XsdReport:
    """Turns libxml2's errors on one tree into findings with record, line, path and value."""

    def __init__(
        self,
        root: etree._Element,
        records: Mapping[etree._Element, RecordPlace],
        findings: Findings,
        *,
        lines_before: int = 0,
    ) -> None:
        """Look up places below ``root``; ``records`` says which elements are records.

        ``lines_before`` were in the document before the tree's first.
        """
        self._root = root
        self._records = records
        self._findings = findings
        self._lines_before = lines_before
        self._children: dict[tuple[etree._Element, str], list[etree._Element]] = {}

    def element(self, error: etree._LogEntry) -> etree._Element | None:
        """Return the element that ``error`` is about."""
        element: etree._Element = self._root
        for name, position in _PATH_STEP.findall(error.path or "")[1:]:
            same = self._children.get((element, name))
            if same is None:
                same = [child for child in element if _is_called(child, name)]
                self._children[element, name] = same
            if not same or int(position or 1) > len(same):
                return None
            element = same[int(position or 1) - 1]
        return element

    def add(self, error: etree._LogEntry, element: etree._Element | None) -> None:
        """Add the finding for ``error`` on ``element``."""
        subject = _SUBJECT.match(error.message)
        attribute = subject.group(2) if subject else None
        holder = self._holder(element)
        place = self._records.get(holder) if holder is not None else None
        message = error.message[subject.end() :] if subject else error.message
        missing = _MISSING.match(message)
        self._findings.add(
            finding(
                "F503",
                _NAMESPACE.sub("", message).strip(),
                rule=_rule(error),
                record_type=place.kind if place else None,
                record=place.number if place else None,
                line=_line(error, element, holder, place, self._lines_before),
                column=_column(element, holder, missing.group(1) if missing else attribute),
                value=_value(error, element, attribute),
            )
        )

    def _holder(self, element: etree._Element | None) -> etree._Element | None:
        """Return the record that ``element`` is or stands in."""
        while element is not None and element not in self._records:
            element = element.getparent()
        return element


def _is_called(child: etree._Element, name: str) -> bool:
    """Whether a step of libxml2's node path (``*`` for a default namespace) can mean ``child``."""
    if name == "*":
        return True
    prefix, _, bare = name.rpartition(":")
    return (child.prefix or "") == prefix and local(str(child.tag)) == bare


def _rule(error: etree._LogEntry) -> str:
    name = str(error.type_name).removeprefix("SCHEMAV_").removeprefix("CVC_")
    return "xsd:" + name.lower().replace("_", "-")


def _line(
    error: etree._LogEntry,
    element: etree._Element | None,
    holder: etree._Element | None,
    place: RecordPlace | None,
    lines_before: int,
) -> int | None:
    """Return the physical line, counted on from the record's where libxml2's own is not true."""
    if 0 < int(error.line) <= LAST_TRUE_LINE - lines_before:
        return int(error.line) + lines_before
    if place is None or place.line is None or element is None or holder is None:
        return None
    around = {element, *element.iterancestors()}
    lines = place.line
    for node in holder.iter():
        if node is element:
            break
        lines += (node.text or "").count("\n")
        lines += 0 if node in around else (node.tail or "").count("\n")
    return lines


def _column(
    element: etree._Element | None, holder: etree._Element | None, attribute: str | None
) -> str | None:
    """Return the path from the record (or from the document) to the element or attribute."""
    if element is None:
        return None
    names = []
    for node in (element, *element.iterancestors()):
        if node is holder:
            break
        names.append(local(str(node.tag)))
    path = "/".join(reversed(names))
    path = path if holder is not None else f"/{path}"
    if attribute:
        return f"{path}/@{local(attribute)}" if path else f"@{local(attribute)}"
    return path or "."


def _value(error: etree._LogEntry, element: etree._Element | None, attribute: str | None) -> str | None:
    if element is None or error.type_name == "SCHEMAV_ELEMENT_CONTENT":
        return None
    value = element.get(attribute) if attribute else (element.text if len(element) == 0 else None)
    return value[:_SHOWN] if value is not None else None
