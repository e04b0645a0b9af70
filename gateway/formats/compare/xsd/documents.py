"""The documents of an XSD set: found by their includes, imports and redefines, from local files only.

A file that is referred to and absent is a problem, not an end: B2MML's AllExtensions schemas include
BatchML files that are no part of the release. Nothing is ever fetched from a network.
"""

from __future__ import annotations

import os
import re
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.errors import FormatError
from gateway.formats.compare.xsd.model import XS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lxml import etree

    from gateway.model import Problem

_INCLUDES = tuple(f"{{{XS}}}{name}" for name in ("include", "redefine", "override"))
_IMPORT = f"{{{XS}}}import"


@dataclass(frozen=True, slots=True)
class Document:
    """One schema document, in the namespace in which it is used (a chameleon may be used in several)."""

    path: Path
    root: etree._Element
    namespace: str  #: empty: none
    redefined_by: bool = False  #: another document redefines parts of it
    prefixes: Mapping[str | None, str] | None = None  #: None: not the same in all of it
    settings: Mapping[str, str] = field(default_factory=dict)  #: attributes of the root


@dataclass(slots=True)
class Documents:
    """All documents of a set, those that others build on first, and what is wrong with them."""

    entry: Path
    found: list[Document] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    missing: list[tuple[Path, str]] = field(default_factory=list)  #: which file names which location

    def namespaces(self) -> list[str]:
        """Return the namespaces of the set, each once, in the order of its documents."""
        return list(dict.fromkeys(one.namespace for one in self.found))


def read_set(path: Path) -> Documents:
    """Return the documents that ``path`` stands for: a file with all it refers to, or a directory's files.

    Raises FormatError where there is no XSD to read at all; anything else wrong is among ``problems``.
    """
    documents = Documents(path)
    walk = _Walk(documents)
    if path.is_dir():
        roots = {one: walk.root(one) for one in map(_real, sorted(_files(path)))}
        # What another file includes comes with it: a chameleon is nothing on its own.
        included = {
            target for file, root in roots.items() if root is not None for target in walk.targets(file, root)
        }
        for file, root in roots.items():
            if root is not None and (root.get("targetNamespace") or file not in included):
                walk.visit(file, root.get("targetNamespace", ""))
    else:
        root = walk.root(_real(path))
        if root is not None:
            walk.visit(_real(path), root.get("targetNamespace", ""))
    if not documents.found:
        raise FormatError(
            "There is no XML Schema to read here.", where=str(path), problems=documents.problems
        )
    return documents


def _files(directory: Path) -> Iterator[Path]:
    for home, _directories, names in os.walk(directory):
        found = (Path(home, name) for name in names if name.endswith(".xsd"))
        yield from (one for one in found if one.is_file())


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def given_in(element: etree._Element) -> dict[str, str]:
    """Return the attributes of ``element``."""
    return dict(element.items())  # type: ignore[arg-type] # the stubs know of bytes, which lxml never gives


def is_remote(location: str) -> bool:
    """Whether ``location`` is a URL, which is never followed."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", location) is not None


def located(file: Path, location: str) -> Path:
    """Return the file that ``location`` in ``file`` names, which may be absent.

    Where there is no file of that very name, it is read as the URI that it is (``%20``), and as a path of
    Windows.
    """
    uri = urllib.parse.unquote(location)
    readings = (location, uri, uri.replace("\\", "/"))
    found = (name for name in readings if "\0" not in name and os.path.isfile(file.parent / name))
    return _real(file.parent / next(found, location))


class _Walk:
    """Visits each document once for each namespace in which it is used."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._roots: dict[Path, etree._Element | None] = {}
        self._seen: set[tuple[Path, str]] = set()
        self._located: dict[tuple[Path, str], Path] = {}
        self._parser: etree.XMLParser | None = None

    def targets(self, file: Path, root: etree._Element) -> Iterator[Path]:
        """Yield the local files that the schema ``root`` of ``file`` includes."""
        for element in root.iterchildren(*_INCLUDES):
            location = element.get("schemaLocation")
            if location and not is_remote(location):
                yield self._place(file, location)

    def _place(self, file: Path, location: str) -> Path:
        """Return what `located` says; the files of a directory name the same ones again and again."""
        at = (file.parent, location)
        if at not in self._located:
            self._located[at] = located(file, location)
        return self._located[at]

    def root(self, path: Path) -> etree._Element | None:
        """Return the root element of the schema in ``path``; None, and a problem, where there is none."""
        if path not in self._roots:
            self._roots[path] = self._parse(path)
        return self._roots[path]

    def _parse(self, path: Path) -> etree._Element | None:
        from lxml import etree

        if self._parser is None:
            self._parser = etree.XMLParser(
                resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
            )
        try:
            tree = etree.parse(os.fspath(path), self._parser)
        except etree.XMLSyntaxError as error:
            self._problem(path, f"the XSD cannot be read: {error.msg}", error.lineno or None)
            return None
        except OSError as error:
            self._problem(path, f"the XSD cannot be read: {error}")
            return None
        root = tree.getroot()
        if getattr(tree.docinfo, "doctype", ""):
            self._problem(path, "the XSD has a DOCTYPE, which is not accepted")
        elif root.tag != f"{{{XS}}}schema":
            self._problem(path, "this is no XML Schema", found=str(root.tag))
        else:
            return root
        return None

    def _problem(self, path: Path, message: str, line: int | None = None, found: str | None = None) -> None:
        from gateway.model import Problem

        self._documents.problems.append(Problem(path.name, message, line=line, found=found))

    def visit(self, path: Path, namespace: str, *, redefined: bool = False) -> None:
        """Add the document in ``path`` and, before it, all that it refers to."""
        waiting = [(path, namespace, redefined)]
        order: list[Document] = []
        while waiting:
            file, name, again = waiting.pop()
            if (file, name) in self._seen:
                continue
            self._seen.add((file, name))
            root = self.root(file)
            if root is None:
                continue
            order.append(Document(file, root, name, again, _prefixes(root), given_in(root)))
            waiting += self._references(file, root, name)
        self._documents.found[:0] = reversed(order)

    def _references(self, file: Path, root: etree._Element, name: str) -> Iterator[tuple[Path, str, bool]]:
        for element in root.iterchildren(*_INCLUDES, _IMPORT):
            target = self._target(file, element)
            if target is None:
                continue
            own = self.root(target)
            if own is None:
                continue
            theirs = own.get("targetNamespace")
            if element.tag == _IMPORT:
                yield target, theirs or "", False
            elif theirs is not None and theirs != name:
                self._problem(file, "the included schema has another namespace", _line(element), theirs)
            else:
                yield target, name, element.tag != _INCLUDES[0]

    def _target(self, file: Path, element: etree._Element) -> Path | None:
        location = element.get("schemaLocation")
        if not location:
            return None
        if is_remote(location):
            message = "the schema refers to a network address, which is not followed"
            self._problem(file, message, _line(element), location)
        elif os.path.isfile(target := self._place(file, location)):
            return target
        else:
            self._problem(file, "the file that the schema refers to is not there", _line(element), location)
        self._documents.missing.append((file, location))
        return None


def _prefixes(root: etree._Element) -> dict[str | None, str] | None:
    """Return the prefixes that ``root`` declares, None where something within it may declare others."""
    from lxml import etree

    declared = root.nsmap
    everywhere = sum(1 for _ in etree.iterwalk(root, events=("start-ns",)))
    return declared if everywhere == len(declared) else None


def _line(element: etree._Element) -> int | None:
    line = element.sourceline
    return line if isinstance(line, int) else None
