"""Simple types read from their declarations, every restriction added to that of its base."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from gateway.formats.compare.xsd.model import XS, Facets, Simple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lxml import etree

_COUNTS = {
    "length": "length",
    "minLength": "min_length",
    "maxLength": "max_length",
    "totalDigits": "total_digits",
    "fractionDigits": "fraction_digits",
}
_LIMITS = {
    "minInclusive": "min_inclusive",
    "minExclusive": "min_exclusive",
    "maxInclusive": "max_inclusive",
    "maxExclusive": "max_exclusive",
}
#: A new limit takes the place of the other one on the same side.
_REPLACES = {
    "minInclusive": "min_exclusive",
    "minExclusive": "min_inclusive",
    "maxInclusive": "max_exclusive",
    "maxExclusive": "max_inclusive",
}


def restricted(base: Simple, elements: Iterable[etree._Element]) -> Facets:
    """Return the facets of ``base`` with those that the facet elements of a restriction add.

    Raises ValueError for a facet whose value is no number where one is needed.
    """
    changes: dict[str, object] = {}
    patterns: list[str] = []
    values: list[str] = []
    for element in elements:
        name, value = element.tag.rpartition("}")[2], element.get("value", "")
        if name == "pattern":
            patterns.append(value)
        elif name == "enumeration":
            values.append(value)
        elif name == "whiteSpace":
            changes["white_space"] = value
        elif name in _COUNTS:
            changes[_COUNTS[name]] = count(value)
        elif name in _LIMITS:
            changes |= {_LIMITS[name]: value.strip(), _REPLACES[name]: None}
    if patterns:
        changes["patterns"] = (*base.facets.patterns, tuple(patterns))
    if values:
        changes["enumeration"] = tuple(dict.fromkeys(values))
    return base.facets._replace(**changes)  # type: ignore[arg-type] # names and values stand together above


def count(text: str) -> int:
    """Return the number that ``text`` states; ValueError where it is none or has over 18 digits."""
    text = text.strip().removeprefix("+")
    if not (text.isascii() and text.isdigit() and len(text.lstrip("0")) <= 18):
        raise ValueError(f"{text!r} is no number that can be used")
    return int(text)


def simple_type(
    key: str,
    element: etree._Element,
    named: Callable[[etree._Element, str], Simple],
    inner: Callable[..., Simple],
) -> Simple:
    """Return the simple type that ``element`` (``xs:simpleType``) declares.

    ``named`` finds a type by the name in an attribute, ``inner`` reads a type declared in place.
    """
    for child in element.iterchildren(f"{{{XS}}}restriction", f"{{{XS}}}list", f"{{{XS}}}union"):
        within = list(child.iterchildren(f"{{{XS}}}simpleType"))
        kind = child.tag.rpartition("}")[2]
        if kind == "union":
            names = child.get("memberTypes", "").split()
            members = [named(child, name) for name in names]
            members += [inner(f"{key}/member{n}", each) for n, each in enumerate(within, 1)]
            return Simple(key, "", Facets(white_space="collapse"), members=tuple(members))
        which = "itemType" if kind == "list" else "base"
        base = inner(f"{key}/{which}", within[0]) if within else named(child, child.get(which, ""))
        if kind == "list":
            return Simple(key, "", Facets(white_space="collapse"), item=base)
        facets = restricted(base, child.iterchildren())
        return dataclasses.replace(base, key=key, facets=facets, base=base.key)
    raise ValueError("the simple type says nothing about its values")
