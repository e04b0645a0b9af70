"""The files of an XSD set laid flat into one directory, so that libxml2 loads them from there alone."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.errors import ImportFailed
from gateway.formats.compare.xsd.documents import Documents, is_remote, located
from gateway.formats.compare.xsd.model import XS
from gateway.model import Problem

if TYPE_CHECKING:
    from lxml import etree

_REFERENCES = tuple(f"{{{XS}}}{name}" for name in ("include", "import", "redefine"))
_XML = "http://www.w3.org/XML/1998/namespace"
_XML_FILE = "xml.xsd"
_MOST_SAID = 20  #: errors that are told
#: The attributes of the namespace ``xml``, whose own schema lies on the network only.
_XML_SCHEMA = f"""<?xml version="1.0"?>
<xs:schema xmlns:xs="{XS}" targetNamespace="{_XML}">
  <xs:attribute name="lang" type="xs:language"/>
  <xs:attribute name="space" type="xs:NCName"/>
  <xs:attribute name="base" type="xs:anyURI"/>
  <xs:attribute name="id" type="xs:ID"/>
</xs:schema>
""".encode()


@dataclass(frozen=True, slots=True)
class _Copy:
    """A file as it will lie beside the definition, and where it comes from."""

    path: Path
    content: bytes
    root: etree._Element | None = None  #: the source with its references changed; None: nothing changed


def unusable(documents: Documents) -> list[Problem]:
    """Return what is wrong with files that are there. One that is absent may not matter: libxml2 tells."""
    absent = {(path.name, location) for path, location in documents.missing}
    replaced = {
        located(one.path, element.get("schemaLocation", "")).name
        for one in documents.found
        for element in one.root.iterchildren(f"{{{XS}}}import")
        if element.get("namespace") == _XML
    }
    return [
        one for one in documents.problems if (one.file, one.found) not in absent and one.file not in replaced
    ]


def flat_files(documents: Documents, entry: Path) -> tuple[str, dict[str, bytes], list[str]]:
    """Return the name of ``entry`` beside the definition, every file of the set by its name, and notes.

    A file is taken over byte by byte unless a reference in it has to change. Raises ImportFailed where
    libxml2 cannot load the result.
    """
    paths = list(dict.fromkeys(one.path for one in reversed(documents.found)))
    taken: set[str] = {"format.yaml", _XML_FILE}
    names = {path: _file_name(path, taken) for path in paths}
    notes: list[str] = []
    copies = {names[path]: _copied(path, names, notes) for path in paths}
    files = {name: copy.content for name, copy in copies.items()}
    if any(f'"{_XML_FILE}"'.encode() in content for content in files.values()):
        files[_XML_FILE] = _XML_SCHEMA
    main = names[Path(os.path.realpath(entry))]
    _try(main, files, copies, documents)
    return main, files, notes


def _file_name(path: Path, taken: set[str]) -> str:
    """Return a name for the copy that any file system takes and no other copy has."""
    stem = (re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).strip(".-") or "schema")[:100]
    name, number = f"{stem}.xsd", 2
    while name.lower() in taken:
        name, number = f"{stem}-{number}.xsd", number + 1
    taken.add(name.lower())
    return name


def _copied(path: Path, names: Mapping[Path, str], notes: list[str]) -> _Copy:
    from lxml import etree

    raw = path.read_bytes()
    root = etree.fromstring(raw, _parser())
    changed = [_adapted(element, path, names, notes) for element in list(root.iterchildren(*_REFERENCES))]
    if not any(changed):
        return _Copy(path, raw)
    text: bytes = etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8")
    return _Copy(path, text, root)


def _parser() -> etree.XMLParser:
    from lxml import etree

    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


def _adapted(element: etree._Element, path: Path, names: Mapping[Path, str], notes: list[str]) -> bool:
    """Let a reference lead to the copy, or to nothing; whether it had to change."""
    location = element.get("schemaLocation")
    is_import = element.tag == f"{{{XS}}}import"
    known = bool(location) and not is_remote(location or "")
    target = names.get(located(path, location or "")) if known else None
    place = f"{path.name}:{element.sourceline}"
    if is_import and target is None and element.get("namespace") == _XML:
        element.set("schemaLocation", _XML_FILE)
        notes.append(f"{place}: the attributes of the namespace xml are declared in {_XML_FILE} now")
        return True
    if not location or (target == location and target != names[path]):
        return False
    if target == names[path]:
        _remove(element)  # a file that includes itself: libxml2 refuses it, and it says nothing
    elif target is not None:
        element.set("schemaLocation", target)
    else:
        why = "a network address, which is never followed" if is_remote(location) else "no such file is there"
        if is_import:
            del element.attrib["schemaLocation"]
            notes.append(f"{place}: the location {location} of an import was left out: {why}")
        else:
            _remove(element)
            notes.append(f"{place}: the include of {location} was left out: {why}")
    return True


def _remove(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _try(main: str, files: Mapping[str, bytes], copies: Mapping[str, _Copy], documents: Documents) -> None:
    """Load the set from a directory of its own, as the gateway will."""
    from lxml import etree

    with tempfile.TemporaryDirectory(prefix="import-") as made:
        for name, content in files.items():
            Path(made, name).write_bytes(content)
        try:
            etree.XMLSchema(file=os.path.join(made, main))
        except etree.XMLSchemaParseError as error:
            said = [*_said(error, copies), *documents.problems]
            absent = "Bring the files that are not there, each where the schema that names it looks for it"
            hint = absent if documents.missing else None
            raise ImportFailed(
                "The XSD cannot be used", where=str(documents.entry), hint=hint, problems=said
            ) from error


def _said(error: etree.XMLSchemaParseError, copies: Mapping[str, _Copy]) -> Iterator[Problem]:
    """Yield what libxml2 found, with the file and line of the source."""
    for one in list(error.error_log)[:_MOST_SAID]:
        name = os.path.basename(one.filename)
        copy = copies.get(name)
        message = one.message.replace(f"{{{XS}}}", "xs:").rstrip(".") + "."
        yield Problem(name if copy is None else copy.path.name, message, _line(copy, one.line))


def _line(copy: _Copy | None, line: int) -> int | None:
    """Return the line of the source that became ``line`` of its copy."""
    from lxml import etree

    if copy is None or copy.root is None:
        return line or None
    pairs = zip(etree.fromstring(copy.content, _parser()).iter(), copy.root.iter(), strict=True)
    lines = {made.sourceline: source.sourceline for made, source in pairs}
    found = lines.get(line, line)
    return found if isinstance(found, int) else None
