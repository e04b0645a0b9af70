"""Documents as trees of nodes with canonical names, and their text in the namespaces of a schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.formats.compare.xsd.model import XSI, local, namespace


_BLANKS = str.maketrans({"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def escaped(text: str) -> str:
    """Return ``text`` as it stands between tags."""
    return text.replace("&", "&amp;").replace(">", "&gt;").replace("<", "&lt;")


def quoted(text: str) -> str:
    """Return ``text`` as the value of an attribute, in the quotes that it has not itself."""
    text = escaped(text).translate(_BLANKS)
    if '"' not in text:
        return f'"{text}"'
    return f"'{text}'" if "'" not in text else '"' + text.replace('"', "&quot;") + '"'


@dataclass(frozen=True, slots=True)
class Node:
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
        spaces: dict[str, str] = {}
        body = self._element(node, spaces)
        declared = "".join(f" xmlns:{prefix}={quoted(uri)}" for uri, prefix in spaces.items())
        end = body.index(">") - (body[body.index(">") - 1] == "/")
        gap = body.find(" ", 0, end)
        end = gap if gap >= 0 else end
        return f"{body[:end]}{declared}{body[end:]}".encode("utf-8", "replace")

    def _element(self, node: Node, spaces: dict[str, str]) -> str:
        space = namespace(node.name)
        qualified = node.qualified != self.forms.get(space, False)
        tag = self._name(node.name if qualified else local(node.name), spaces)
        given = list(node.attributes)
        if node.xsi_type is not None:
            given.append((f"{{{XSI}}}type", node.xsi_type))
        attributes = "".join(
            f" {self._name(name, spaces)}={self._value(name, text, spaces)}" for name, text in given
        )
        inner = "".join([self._element(one, spaces) for one in node.children])
        if node.text:
            inner = escaped(node.text).replace("\r", "&#13;") + inner
        return f"<{tag}{attributes}>{inner}</{tag}>" if inner else f"<{tag}{attributes}/>"

    def _value(self, name: str, text: str, spaces: dict[str, str]) -> str:
        text = self._name(text, spaces) if name == f"{{{XSI}}}type" else text
        return quoted(text)

    def _name(self, name: str, spaces: dict[str, str]) -> str:
        space = namespace(name)
        uri = self.names.get(space, space)
        if not uri:
            return local(name)
        prefix = "xml" if uri == "http://www.w3.org/XML/1998/namespace" else spaces.get(uri)
        if prefix is None:
            prefix = spaces[uri] = f"n{len(spaces)}"
        return f"{prefix}:{local(name)}"
