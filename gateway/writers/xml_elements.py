"""Elements in memory, and their text: names with prefixes, escaped values, forbidden characters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
XSI = "http://www.w3.org/2001/XMLSchema-instance"
_XML = "http://www.w3.org/XML/1998/namespace"
#: What XML would read as another character or as white space that does not count.
_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_ATTRIBUTE = _TEXT | str.maketrans({'"': "&quot;", "\t": "&#9;", "\n": "&#10;"})


@dataclass(slots=True)
class Element:
    """One element; names are qualified as ``{namespace}local``."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    text: str | None = None
    children: list[Element] = field(default_factory=list)
    is_record: bool = False  #: stands on a line of its own

    def child(self, tag: str) -> Element:
        """Return the last child called ``tag``, making it where there is none."""
        for one in reversed(self.children):
            if one.tag == tag:
                return one
        return self.add(Element(tag))

    def add(self, element: Element) -> Element:
        """Append ``element`` and return it."""
        self.children.append(element)
        return element


class Names:
    """Prefixes of the namespaces of one document."""

    def __init__(self, main: str | None, elements: Iterable[str], attributes: Iterable[str]) -> None:
        """Choose a prefix for every namespace in the qualified names of ``elements`` and ``attributes``.

        The ``main`` namespace is the default one, unless there are elements without any.
        """
        bare = {_namespace(name) for name in elements}
        self._default = main if main and "" not in bare else None
        self._prefixes = {_XML: "xml", XSI: "xsi"}
        spaces = (bare - {self._default or ""}) | {_namespace(name) for name in attributes}
        for number, space in enumerate(sorted(spaces - {"", *self._prefixes}), 1):
            self._prefixes[space] = f"n{number}"
        self._used = spaces

    def declarations(self) -> dict[str, str]:
        """Return the ``xmlns`` attributes of the root element."""
        found = {"xmlns": self._default} if self._default else {}
        prefixed = {space: p for space, p in self._prefixes.items() if space in self._used and space != _XML}
        return found | {f"xmlns:{prefix}": space for space, prefix in prefixed.items()}

    def element(self, tag: str) -> str:
        """Return an element's name as it is written."""
        return local(tag) if _namespace(tag) == (self._default or "") else self.attribute(tag)

    def attribute(self, name: str) -> str:
        """Return an attribute's name as it is written."""
        space = _namespace(name)
        return f"{self._prefixes[space]}:{local(name)}" if space else name


def local(tag: str) -> str:
    """Return ``tag`` without its namespace."""
    return tag.rpartition("}")[2]


def start_tag(element: Element, names: Names, *, declare: bool = False, empty: bool = False) -> str:
    """Return the start tag of ``element``, with the namespaces of the document if it is the root."""
    attributes = {names.attribute(name): value for name, value in element.attributes.items()}
    if declare:
        attributes = names.declarations() | attributes
    written = "".join(f' {name}="{value.translate(_ATTRIBUTE)}"' for name, value in attributes.items())
    return f"<{names.element(element.tag)}{written}{'/' * empty}>"


def end_tag(element: Element, names: Names) -> str:
    """Return the end tag of ``element``."""
    return f"</{names.element(element.tag)}>"


def markup(element: Element, names: Names) -> Iterator[str]:
    """Yield the text of ``element`` with all that is in it; records stand on lines of their own."""
    if not element.text and not element.children:
        yield start_tag(element, names, empty=True)
        return
    yield start_tag(element, names)
    yield (element.text or "").translate(_TEXT)
    broken = False
    for child in element.children:
        # a line end beside a text would become part of it
        broken = child.is_record and element.text is None
        if broken:
            yield "\n"
        yield from markup(child, names)
    if broken:
        yield "\n"
    yield end_tag(element, names)


def _namespace(tag: str) -> str:
    return tag[1:].partition("}")[0] if tag.startswith("{") else ""
