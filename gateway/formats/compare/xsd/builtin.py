"""The built-in simple types of XML Schema (Part 2, section 3), as restrictions of a few basic ones."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from gateway.formats.compare.xsd.model import ANY_TYPE, XS, Attribute, Complex, Facets, Simple, Type, Wildcard

_BASIC = (
    *("anySimpleType", "string", "boolean", "decimal", "float", "double", "duration", "dateTime", "time"),
    *("date", "gYearMonth", "gYear", "gMonthDay", "gDay", "gMonth", "hexBinary", "base64Binary", "anyURI"),
    *("QName", "NOTATION", "ID", "IDREF", "ENTITY"),
)
#: Integers: a decimal without a mark, in a range. They count as a basic type of their own.
_INTEGERS: dict[str, tuple[str | None, str | None]] = {
    "integer": (None, None),
    "nonPositiveInteger": (None, "0"),
    "negativeInteger": (None, "-1"),
    "nonNegativeInteger": ("0", None),
    "positiveInteger": ("1", None),
    "long": (str(-(2**63)), str(2**63 - 1)),
    "int": (str(-(2**31)), str(2**31 - 1)),
    "short": ("-32768", "32767"),
    "byte": ("-128", "127"),
    "unsignedLong": ("0", str(2**64 - 1)),
    "unsignedInt": ("0", str(2**32 - 1)),
    "unsignedShort": ("0", "65535"),
    "unsignedByte": ("0", "255"),
}
#: Texts with a pattern. ``\\i`` and ``\\c`` are XML's name characters.
_TEXTS = {
    "normalizedString": (None, "replace"),
    "token": (None, "collapse"),
    "language": (r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*", "collapse"),
    "NMTOKEN": (r"\c+", "collapse"),
    "Name": (r"\i\c*", "collapse"),
    "NCName": (r"[\i-[:]][\c-[:]]*", "collapse"),
}
_LISTS = {"NMTOKENS": "NMTOKEN", "IDREFS": "IDREF", "ENTITIES": "ENTITY"}

#: A text that is valid for each type, where nothing restricts it.
SAMPLES = {
    **dict.fromkeys(("anySimpleType", "string", "anyURI", "QName", "NOTATION", "ID", "IDREF", "ENTITY"), "a"),
    "boolean": "true",
    "decimal": "1",
    "integer": "1",
    "float": "1",
    "double": "1",
    "duration": "P1D",
    "dateTime": "2026-01-02T03:04:05",
    "time": "03:04:05",
    "date": "2026-01-02",
    "gYearMonth": "2026-01",
    "gYear": "2026",
    "gMonthDay": "--01-02",
    "gDay": "---02",
    "gMonth": "--01",
    "hexBinary": "0A",
    "base64Binary": "QQ==",
}


def _key(name: str) -> str:
    return f"{{{XS}}}{name}"


def _simple(name: str, builtin: str, facets: Facets, base: str = "anySimpleType") -> Simple:
    return Simple(_key(name), builtin, facets, base=_key(base))


def _text_facets(pattern: str | None, white_space: str) -> Facets:
    return Facets(patterns=((pattern,),) if pattern else (), white_space=white_space)


#: The type that takes anything.
ANYTHING = Complex(
    ANY_TYPE,
    Wildcard(None, process="lax", low=0, high=None),
    mixed=True,
    any_attribute=Wildcard(None, process="lax", low=0, high=None),
)


@functools.cache
def simple_types() -> Mapping[str, Simple]:
    """Return every built-in simple type by its name, such as ``decimal``."""
    types: dict[str, Simple] = {}
    for name in _BASIC:
        space = "preserve" if name in ("string", "anySimpleType") else "collapse"
        types[name] = _simple(name, name, Facets(white_space=space))
    for name, (low, high) in _INTEGERS.items():
        facets = Facets(min_inclusive=low, max_inclusive=high, white_space="collapse")
        types[name] = _simple(name, "integer", facets, "decimal")
    for name, (pattern, space) in _TEXTS.items():
        types[name] = _simple(name, "string", _text_facets(pattern, space), "string")
    for name, item in _LISTS.items():
        facets = Facets(min_length=1, white_space="collapse")
        types[name] = Simple(_key(name), "", facets, item=types[item])
    return types


def builtin_types() -> dict[str, Type]:
    """Return every built-in type by its key."""
    return {ANY_TYPE: ANYTHING, **{_key(name): one for name, one in simple_types().items()}}


def xml_attributes() -> dict[str, Attribute]:
    """Return the attributes of the namespace ``xml``, which schemas use without declaring them."""
    home = "http://www.w3.org/XML/1998/namespace"
    types = simple_types()
    named = {"lang": "language", "space": "string", "base": "string", "id": "string"}
    return {f"{{{home}}}{name}": Attribute(f"{{{home}}}{name}", types[one]) for name, one in named.items()}
