"""One thing of an XML document put into another: a valid file that has what the document shows.

The comparison of two schemas makes documents that the schemas alone judge. The definition asks for more:
shapes, counts, totals, rules. So what such a document shows is put into files that the whole format
accepts, one difference at a time; whoever asks tries them all.
"""

from __future__ import annotations

import copy
import io
import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lxml import etree

from gateway.writers.output import Output
from gateway.writers.xml import encoding_name
from gateway.writers.xml_elements import XSI

if TYPE_CHECKING:
    from gateway.formats.definition import Format

Node = etree._Element  # noqa: SLF001 - lxml's elements have no public class

#: Levels that are looked into, and files that are made of one valid file.
_DEEPEST, _MOST = 12, 150
_NIL = f"{{{XSI}}}nil"


def dressed(definition: Format, data: bytes) -> bytes | None:
    """Return a document in UTF-8 in the encoding of the format; None where that cannot hold it."""
    return _bytes(definition, _parsed(data))


def _parsed(data: bytes) -> Node:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return etree.fromstring(data, parser)


def _bytes(definition: Format, root: Node) -> bytes | None:
    text = etree.tostring(root, encoding="unicode")
    out = io.BytesIO()
    output = Output(definition.encoding, out)
    try:
        output.write(f'<?xml version="1.0" encoding="{encoding_name(output.codec)}"?>\n{text}\n')
    except UnicodeEncodeError:
        return None
    return out.getvalue()


def grafts(definition: Format, valid: bytes, shown: bytes) -> Iterator[bytes | None]:
    """Yield copies of the file ``valid`` that have one difference more of those that ``shown`` has.

    A change is undone by parsing the file again. None: the encoding lacks a character.
    """
    pattern = _parsed(shown)
    number = len(list(_edits(_parsed(valid), pattern)))
    for index in range(min(number, _MOST)):
        root = _parsed(valid)
        next(itertools.islice(_edits(root, pattern), index, None))()
        yield _bytes(definition, root)


class _Edit:
    """One change of an element, made when it is called."""

    def __init__(
        self, target: Node, children: Sequence[Node] | None = None, like: Node | None = None
    ) -> None:
        self._target = target
        self._children = children
        self._like = like

    def __call__(self) -> None:
        """Change the element."""
        if self._children is not None:
            self._target[:] = self._children
        if self._like is not None:
            self._target.text = self._like.text
            if self._like.get(_NIL) is not None:
                self._target[:] = []
            self._target.attrib.update(self._like.attrib)


class _Attribute(_Edit):
    """One attribute that is put or, where it is None, taken away."""

    def __init__(self, target: Node, name: str, text: str | None) -> None:
        super().__init__(target)
        self._name, self._text = name, text

    def __call__(self) -> None:
        """Change the attribute."""
        if self._text is None:
            del self._target.attrib[self._name]
        else:
            self._target.set(self._name, self._text)


def _edits(target: Node, pattern: Node, depth: int = 0) -> Iterator[_Edit]:
    """Yield the changes that bring ``target``, one each, nearer to ``pattern``."""
    if target.tag != pattern.tag or depth > _DEEPEST:
        return
    for child in pattern:
        twin = next((one for one in target if one.tag == child.tag), None)
        if twin is not None:
            yield from _edits(twin, child, depth + 1)
    for name in dict.fromkeys((*pattern.attrib, *target.attrib)):
        if pattern.get(name) != target.get(name) and name != _NIL:
            yield _Attribute(target, name, pattern.get(name))
    if pattern.get(_NIL) is not None or (len(pattern) == 0 and len(target) == 0):
        if (pattern.text or "") != (target.text or "") or pattern.get(_NIL) != target.get(_NIL):
            yield _Edit(target, like=pattern)
    else:
        yield from (_Edit(target, row) for row in _rows(list(target), list(pattern)))


def _rows(have: list[Node], want: list[Node]) -> Iterator[list[Node]]:
    """Yield rows of children that lie between those of a valid file and those of a pattern."""
    mine, other = [one.tag for one in have], [one.tag for one in want]
    if mine == other:
        return
    for index, child in enumerate(want):
        missing = other.count(child.tag) - mine.count(child.tag)
        if missing > 0 and child.tag not in other[:index]:
            new = _more(have, want, child.tag, missing)
            yield from ([*have[:at], *new, *have[at:]] for at in range(len(have), -1, -1))
    for tag in dict.fromkeys(mine):
        spare = mine.count(tag) - other.count(tag)
        if spare > 0:
            gone = [one for one in have if one.tag == tag][-spare:]
            yield [one for one in have if one not in gone]
    rank = {tag: index for index, tag in reversed(list(enumerate(other)))}
    yield sorted(have, key=lambda one: rank.get(one.tag, len(other)))
    yield sorted(have, key=lambda one: rank.get(one.tag, -1))
    yield _as_wanted(have, want)


def _more(have: list[Node], want: list[Node], tag: object, number: int) -> list[Node]:
    """Return ``number`` elements ``tag``: copies of a valid one, else those of the pattern."""
    twins = [one for one in have if one.tag == tag]
    if twins:
        return [copy.deepcopy(twins[-1]) for _ in range(number)]
    return [copy.deepcopy(one) for one in want if one.tag == tag][:number]


def _as_wanted(have: list[Node], want: list[Node]) -> list[Node]:
    """Return the children of the pattern in its order, the valid ones in place of those that they equal."""
    left = list(have)
    row = []
    for child in want:
        twin = next((one for one in left if one.tag == child.tag), None)
        row.append(copy.deepcopy(child) if twin is None else twin)
        if twin is not None:
            left.remove(twin)
    return row
