"""In which order the XSD beside a format wants the children of an element.

Only what a writer needs is read: names, sequences, extensions, groups and substitution groups.
The XSD itself is enforced when the written file is read back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from gateway.errors import FormatError

_XS = "{http://www.w3.org/2001/XMLSchema}"
_FILES = tuple(_XS + name for name in ("include", "import", "redefine"))
_GLOBAL = ("element", "complexType", "group")
_GROUPS = ("sequence", "choice", "all")

Node = etree._Element  # noqa: SLF001 - lxml's elements have no public class
Steps = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Child:
    """A child element: children with a lower rank stand before it, those with the same anywhere."""

    rank: int
    declaration: Node


@dataclass(slots=True)
class ElementOrder:
    """The order of children in the documents of one XSD set; names are without namespace."""

    declared: dict[tuple[str, str], Node]  #: what and name -> its declaration
    members: dict[str, list[Node]]  #: head of a substitution group -> the elements that may replace it
    _children: dict[Steps, dict[str, Child]] = field(default_factory=dict)

    def children(self, path: Steps) -> dict[str, Child]:
        """Return the children that the element at ``path`` (from the root) may have, by name."""
        if path not in self._children:
            declaration = self._declaration(path)
            kind = None if declaration is None else self._type(declaration)
            self._children[path] = {} if kind is None else self._content(kind)
        return self._children[path]

    def is_nillable(self, path: Steps) -> bool:
        """Return whether the element at ``path`` may be ``xsi:nil``."""
        declaration = self._declaration(path)
        return declaration is not None and declaration.get("nillable") in ("true", "1")

    @property
    def has_nillable(self) -> bool:
        """Whether any element may be ``xsi:nil``."""
        roots = {node.getroottree().getroot() for node in self.declared.values()}
        return any(root.find(f".//{_XS}element[@nillable]") is not None for root in roots)

    def _declaration(self, path: Steps) -> Node | None:
        if len(path) == 1:
            return self.declared.get(("element", path[0]))
        child = self.children(path[:-1]).get(path[-1]) if path else None
        return None if child is None else child.declaration

    def _type(self, declaration: Node) -> Node | None:
        named = declaration.get("type")
        if named is not None:
            return self.declared.get(("complexType", _local(named)))
        return declaration.find(f"{_XS}complexType")

    def _content(self, kind: Node) -> dict[str, Child]:
        found: dict[str, Child] = {}
        for rank, node in enumerate(self._particles(kind, frozenset())):
            for declaration, free in node:
                name = declaration.get("name") or ""
                found.setdefault(name, Child(rank, declaration))
                for member in self.members.get(name, ()) if free else ():
                    found.setdefault(member.get("name") or "", Child(rank, member))
        return found

    def _particles(self, kind: Node, above: frozenset[Node]) -> Iterator[list[tuple[Node, bool]]]:
        """Yield the elements of a complex type, group by group: those of one group stand anyhow."""
        if kind in above:
            return
        for part in kind.iter(f"{_XS}extension", *(_XS + name for name in (*_GROUPS, "group"))):
            if _between(part, kind):
                continue
            if part.tag == f"{_XS}extension":
                base = self.declared.get(("complexType", _local(part.get("base") or "")))
                if base is not None:
                    yield from self._particles(base, above | {kind})
            else:
                yield from self._group(part, above | {kind})

    def _group(self, group: Node, above: frozenset[Node]) -> Iterator[list[tuple[Node, bool]]]:
        parts = self._parts(group, above)
        if group.get("maxOccurs", "1") in ("0", "1"):
            yield from parts
        else:
            yield [one for part in parts for one in part]

    def _parts(self, group: Node, above: frozenset[Node]) -> Iterator[list[tuple[Node, bool]]]:
        reference = group.get("ref")
        if reference is not None:
            target = self.declared.get(("group", _local(reference)))
            if target is not None and target not in above:
                yield from self._parts(target, above | {target})
            return
        for part in group:
            if part.tag == f"{_XS}element":
                ref = part.get("ref")
                found = part if ref is None else self.declared.get(("element", _local(ref)))
                yield [] if found is None else [(found, ref is not None)]
            elif part.tag in tuple(_XS + name for name in (*_GROUPS, "group")):
                yield from self._group(part, above)


def element_order(main: Path) -> ElementOrder:
    """Return the order that the XSD ``main`` declares, with the files beside it that it includes.

    Raises FormatError where a file cannot be read; files that are absent are left out.
    """
    order = ElementOrder({}, {})
    seen: set[Path] = set()
    waiting = [main]
    while waiting:
        file = waiting.pop()
        if file in seen or (file != main and not file.is_file()):
            continue
        seen.add(file)
        root = _root(file)
        locations = [node.get("schemaLocation") for node in root.iter(*_FILES)]
        waiting += [file.parent / location for location in locations if location and ":" not in location]
        _collect(root, order)
    return order


def _root(file: Path) -> Node:
    parser = etree.XMLParser(no_network=True, resolve_entities=False, remove_comments=True, remove_pis=True)
    try:
        return etree.parse(str(file), parser).getroot()
    except (OSError, etree.XMLSyntaxError) as error:
        raise FormatError("The XSD cannot be read", where=str(file), cause=error) from error


def _collect(root: Node, order: ElementOrder) -> None:
    for node in root.iter(*(_XS + what for what in _GLOBAL)):
        parent = node.getparent()
        if node.get("name") is None or parent is None or parent.tag not in (_XS + "schema", _XS + "redefine"):
            continue
        order.declared.setdefault((etree.QName(node).localname, node.get("name") or ""), node)
        head = node.get("substitutionGroup")
        if head is not None:
            order.members.setdefault(_local(head), []).append(node)


def _between(part: Node, kind: Node) -> bool:
    """Whether ``part`` stands within another group or element of ``kind``, which has it already."""
    inner = tuple(_XS + name for name in (*_GROUPS, "group", "element"))
    for parent in part.iterancestors():
        if parent is kind:
            return False
        if parent.tag in inner:
            return True
    return False


def _local(name: str) -> str:
    return name.rpartition(":")[2]
