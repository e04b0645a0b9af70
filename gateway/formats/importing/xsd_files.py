"""The files of an XSD set laid flat into one directory, so that libxml2 loads them from there alone."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.errors import ImportFailed
from gateway.formats.compare.xsd.documents import Documents, is_remote
from gateway.formats.compare.xsd.model import XS

if TYPE_CHECKING:
    from lxml import etree

_REFERENCES = tuple(f"{{{XS}}}{name}" for name in ("include", "import", "redefine"))
_XML = "http://www.w3.org/XML/1998/namespace"
_XML_FILE = "xml.xsd"
#: The attributes of the namespace ``xml``, whose own schema lies on the network only.
_XML_SCHEMA = f"""<?xml version="1.0"?>
<xs:schema xmlns:xs="{XS}" targetNamespace="{_XML}">
  <xs:attribute name="lang" type="xs:language"/>
  <xs:attribute name="space" type="xs:NCName"/>
  <xs:attribute name="base" type="xs:anyURI"/>
  <xs:attribute name="id" type="xs:ID"/>
</xs:schema>
""".encode()


def flat_files(documents: Documents, entry: Path) -> tuple[str, dict[str, bytes], list[str]]:
    """Return the name of ``entry`` beside the definition, every file of the set by its name, and notes.

    A file is taken over byte by byte unless a reference in it has to change. Raises ImportFailed where
    libxml2 cannot load the result.
    """
    paths = list(dict.fromkeys(one.path for one in reversed(documents.found)))
    taken: set[str] = {"format.yaml", _XML_FILE}
    names = {path: _file_name(path, taken) for path in paths}
    files: dict[str, bytes] = {}
    notes: list[str] = []
    for path in paths:
        files[names[path]] = _copied(path, names, notes)
    if any(f'"{_XML_FILE}"'.encode() in content for content in files.values()):
        files[_XML_FILE] = _XML_SCHEMA
    main = names[Path(os.path.realpath(entry))]
    _try(main, files, entry)
    return main, files, notes


def _file_name(path: Path, taken: set[str]) -> str:
    """Return a name for the copy that any file system takes and no other copy has."""
    stem = (re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).strip(".-") or "schema")[:100]
    name, number = f"{stem}.xsd", 2
    while name.lower() in taken:
        name, number = f"{stem}-{number}.xsd", number + 1
    taken.add(name.lower())
    return name


def _copied(path: Path, names: Mapping[Path, str], notes: list[str]) -> bytes:
    from lxml import etree

    raw = path.read_bytes()
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(raw, parser)
    changed = [_adapted(element, path, names, notes) for element in list(root.iterchildren(*_REFERENCES))]
    if not any(changed):
        return raw
    text: bytes = etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8")
    return text


def _adapted(element: etree._Element, path: Path, names: Mapping[Path, str], notes: list[str]) -> bool:
    """Let a reference lead to the copy, or to nothing; whether it had to change."""
    location = element.get("schemaLocation")
    is_import = element.tag == f"{{{XS}}}import"
    if is_import and element.get("namespace") == _XML:
        element.set("schemaLocation", _XML_FILE)
        notes.append(f"{path.name}: the attributes of the namespace xml are declared in {_XML_FILE} now")
        return True
    if not location:
        return False
    target = None if is_remote(location) else names.get(Path(os.path.realpath(path.parent / location)))
    if target == location:
        return False
    if target is not None:
        element.set("schemaLocation", target)
    elif is_import:
        del element.attrib["schemaLocation"]
        notes.append(f"{path.name}: the location {location} of an import was left out; no such file is there")
    else:
        parent = element.getparent()
        if parent is not None:
            parent.remove(element)
        notes.append(f"{path.name}: the include of {location} was left out; no such file is there")
    return True


def _try(main: str, files: Mapping[str, bytes], entry: Path) -> None:
    """Load the set from a directory of its own, as the gateway will."""
    from lxml import etree

    with tempfile.TemporaryDirectory(prefix="import-") as made:
        for name, content in files.items():
            Path(made, name).write_bytes(content)
        try:
            etree.XMLSchema(file=os.path.join(made, main))
        except etree.LxmlError as error:
            hint = "Import the schema of one message, with all files that it includes beside it"
            text = str(error).replace(made + os.sep, "")
            raise ImportFailed(f"The XSD cannot be used: {text}", where=str(entry), hint=hint) from error
