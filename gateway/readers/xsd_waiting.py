"""Is libxml2 asked about a tree? Not where its values would keep it busy for more than a minute.

It cannot be interrupted, so what the values of the tree may cost is added up before it is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lxml import etree

from gateway.readers.xml_plan import local

if TYPE_CHECKING:
    from gateway.formats.xsd_slow import Slow, SlowNames

#: Characters of messages that wrong values of long enumerations may cost: libxml2 keeps them all.
MOST_LISTED = 64 * 1024 * 1024
#: Seconds that patterns may take with the values of one tree (a small document, or 4 MiB of a large one).
MOST_SECONDS = 60.0

_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


def too_slow(root: etree._Element, names: SlowNames) -> str | None:
    """Return why libxml2 is not asked about the tree under ``root``, in words; None where it can be."""
    listed, seconds = 0, 0.0
    for slow, value in _values(root, names):
        listed += slow.listed(value) if slow.lists else 0
        seconds += slow.seconds(value) if slow.steps else 0.0
        if listed > MOST_LISTED:
            return "too many values are in none of the long lists of codes that the XSD has for them"
        if seconds > MOST_SECONDS:
            return "values are so long, or so many, that the XSD's patterns would take more than a minute"
    return None


def _values(root: etree._Element, names: SlowNames) -> Iterator[tuple[Slow, str]]:
    """Yield the values that take long, with what does."""
    for element in root.iter(*(f"{{*}}{name}" for name in names.elements)) if names.elements else ():
        yield names.elements[local(str(element.tag))], element.text or ""
    for element in root.iter(etree.Element) if names.types else ():
        kind = element.get(_XSI_TYPE)
        if kind is not None and (slow := names.types.get(kind.strip().rpartition(":")[2])):
            yield slow, element.text or ""
    for element in root.iter(etree.Element) if names.attributes else ():
        for name, value in element.attrib.items():
            if slow := names.attributes.get(local(str(name))):
                yield slow, str(value)
