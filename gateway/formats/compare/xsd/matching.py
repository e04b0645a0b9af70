"""Two sets side by side: which namespace of the one stands for which of the other, and a judge for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from gateway.formats.compare.xsd.building import build
from gateway.formats.compare.xsd.compiling import compile_set
from gateway.formats.compare.xsd.documents import read_set
from gateway.formats.compare.xsd.instances import Maker
from gateway.formats.compare.xsd.writing import Writing

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.formats.compare.xsd.documents import Documents
    from gateway.formats.compare.xsd.model import Schema
    from gateway.formats.compare.xsd.writing import Node
    from gateway.model import Problem


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two sets: what it declares, makes and accepts."""

    schema: Schema
    maker: Maker
    compiled: etree.XMLSchema | None
    names: Mapping[str, str]  #: canonical namespace -> its own
    problems: tuple[Problem, ...]

    def text(self, node: Node) -> bytes:
        """Return the document as this set has it."""
        return Writing(self.names).text(node)

    def takes(self, document: bytes) -> bool | None:
        """Whether ``document`` is valid under this set; None where that cannot be found out."""
        if self.compiled is None:
            return None
        try:
            return self.compiled.validate(etree.fromstring(document))
        except etree.LxmlError:
            return None


def read_sides(old: Path, new: Path, old_root: str | None, new_root: str | None) -> tuple[Side, Side]:
    """Return both sets, read; raises FormatError where there is no XSD."""
    before, after = read_set(old), read_set(new)
    own = _namespaces(before, after)
    names = {name: own.get(name, name) for name in before.namespaces()}
    return _side(before, names, old_root), _side(after, {}, new_root)


def _side(documents: Documents, names: Mapping[str, str], root: str | None) -> Side:
    schema = build(documents, names)
    roots = tuple(
        name
        for name, one in schema.elements.items()
        if not one.abstract and (root is None or one.local == root)
    )
    maker = Maker(schema, roots)
    compiled = compile_set(documents)
    back = {canonical: name for name, canonical in names.items()}
    problems = dict.fromkeys((*schema.problems, *documents.problems))
    return Side(schema, maker, compiled, back, tuple(problems))


def _namespaces(old: Documents, new: Documents) -> dict[str, str]:
    """Return for each namespace of ``old`` the one of ``new`` that stands for it: the same, or the likest."""
    before, after = _declared(old), _declared(new)
    found = {name: name for name in before if name in after}
    left = [name for name in before if name not in found]
    free = [name for name in after if name not in found.values()]
    alike = Counter({(a, b): len(before[a] & after[b]) for a in left for b in free})
    for (one, other), number in alike.most_common():
        if number and one not in found and other not in found.values():
            found[one] = other
    return found


def _declared(documents: Documents) -> dict[str, set[str]]:
    """Return the names of global declarations by namespace."""
    found: dict[str, set[str]] = {}
    for one in documents.found:
        names = (child.get("name") for child in one.root if isinstance(child.tag, str))
        found.setdefault(one.namespace, set()).update(name for name in names if name)
    return found
