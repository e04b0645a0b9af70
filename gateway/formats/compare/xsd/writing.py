"""Documents as trees of nodes with canonical names, and their text in the namespaces of a schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.formats.compare.xsd.model import XSI, local, namespace

_XML = "http://www.w3.org/XML/1998/namespace"
_TYPE = f"{{{XSI}}}type"
_BLANKS = str.maketrans({"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def escaped(text: str) -> str:
    """Return ``text`` as it stands between tags."""
    return text.replace("&", "&amp;").replace(">", "&gt;").replace("<", "&lt;")


def quoted(text: str) -> str:
    """Return ``text`` as the value of an attribute, in the quotes that it has not itself."""
    if text.isalnum():
        return f'"{text}"'
    text = escaped(text).translate(_BLANKS)
    if '"' not in text:
        return f'"{text}"'
    return f"'{text}'" if "'" not in text else '"' + text.replace('"', "&quot;") + '"'


class Node(NamedTuple):
    """One element of a document."""

    name: str
    qualified: bool = True
    attributes: tuple[tuple[str, str], ...] = ()
    children: tuple[Node, ...] = ()
    text: str = ""
    xsi_type: str | None = None


@dataclass(frozen=True, slots=True)
class Writing:
    """How the names of a schema stand in its documents."""

    names: Mapping[str, str] = field(default_factory=dict)  #: canonical namespace -> its own
    forms: Mapping[str, bool] = field(
        default_factory=dict
    )  #: canonical namespace -> local names turned round

    def text(self, node: Node) -> bytes:
        """Return the document with the root ``node`` as UTF-8."""
        return _Page(self, node).text(self)

    def both(self, other: Writing, node: Node) -> tuple[bytes, bytes]:
        """Return the document as it stands here, and as ``other`` writes it."""
        page = _Page(self, node)
        # Where the names of namespaces alone differ, the same tags stand in both.
        is_alike = self.forms == other.forms and page.fits(other)
        return page.text(self), page.text(other) if is_alike else other.text(node)

    def name(self, space: str) -> str:
        """Return the name of a namespace by its canonical one; empty: it has none."""
        return self.names.get(space, space)


class _Page:
    """One document: its text, and a prefix for each namespace in it."""

    def __init__(self, writing: Writing, root: Node) -> None:
        self._writing = writing
        self._prefixes: dict[str, str] = {}  # by the name of the namespace
        self._spaces: dict[str, str] = {}  # the same by its canonical name, and those without a prefix
        self._known: dict[str, str] = {}  # names as they were written before
        self._body = self._element(root)

    def fits(self, other: Writing) -> bool:
        """Whether the same namespaces have names in ``other``, each in either writing one of its own."""
        named = [space for space, prefix in self._spaces.items() if prefix]
        for writing in (self._writing, other):
            if len({writing.name(space) for space in named}) < len(named):
                return False
        return all(bool(prefix) == bool(other.name(one)) for one, prefix in self._spaces.items())

    def text(self, writing: Writing) -> bytes:
        """Return the document as UTF-8, its namespaces called as in ``writing``."""
        named = [(writing.name(one), prefix) for one, prefix in self._spaces.items() if prefix]
        declared = "".join(
            [f" xmlns:{prefix}={quoted(uri)}" for uri, prefix in dict(named).items() if prefix != "xml"]
        )
        body = self._body
        end = body.index(">") - (body[body.index(">") - 1] == "/")
        gap = body.find(" ", 0, end)
        end = gap if gap >= 0 else end
        return f"{body[:end]}{declared}{body[end:]}".encode("utf-8", "replace")

    def _element(self, node: Node) -> str:
        forms = self._writing.forms
        is_turned = bool(forms) and forms.get(namespace(node.name), False)
        tag = self._name(node.name if node.qualified != is_turned else local(node.name))
        attributes = "".join([self._attribute(*one) for one in node.attributes]) if node.attributes else ""
        if node.xsi_type is not None:
            attributes += self._attribute(_TYPE, node.xsi_type)
        inner = "".join([self._element(one) for one in node.children]) if node.children else ""
        if node.text:
            inner = escaped(node.text).replace("\r", "&#13;") + inner
        return f"<{tag}{attributes}>{inner}</{tag}>" if inner else f"<{tag}{attributes}/>"

    def _attribute(self, name: str, text: str) -> str:
        shown = self._name(name)
        return f" {shown}={quoted(self._name(text) if name == _TYPE else text)}"

    def _name(self, name: str) -> str:
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = self._named(name)
        return known

    def _named(self, name: str) -> str:
        space = namespace(name)
        uri = self._writing.name(space)
        prefix = "xml" if uri == _XML else self._prefixes.get(uri, "")
        if uri and not prefix:
            prefix = self._prefixes[uri] = f"n{len(self._prefixes)}"
        self._spaces[space] = prefix
        return f"{prefix}:{local(name)}" if prefix else local(name)
