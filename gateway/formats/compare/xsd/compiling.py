"""An XSD set compiled by libxml2, so that a claim about a document can be put to the test.

libxml2 takes one document for each imported namespace and ignores all others; sets such as B2MML import
one namespace from several files. So every namespace is gathered into one document in memory that includes
all its files, and the imports between them lose their locations. What is missing is left out.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.formats.compare.xsd.documents import is_remote
from gateway.formats.compare.xsd.model import XS
from gateway.formats.compare.xsd.writing import quoted

if TYPE_CHECKING:
    from lxml import etree

    from gateway.formats.compare.xsd.documents import Document, Documents

_SCHEME = "xsd-set:"


def compile_set(documents: Documents) -> etree.XMLSchema | None:
    """Return ``documents`` compiled; None where libxml2 refuses them (problems say why).

    They are taken apart by it: their includes, and the locations of their imports, are gone afterwards.
    """
    from lxml import etree

    texts = _texts(documents)

    class Resolver(etree.Resolver):
        def resolve(self, url: str, _public: str, context: object) -> object:  # type: ignore[override] # the stubs lack the context
            text = texts.get(url, f'<schema xmlns="{XS}"/>'.encode())
            return self.resolve_string(text, context, base_url=url)

    parser = etree.XMLParser(no_network=True, resolve_entities=False)
    parser.resolvers.add(Resolver())
    imports = "".join(
        _import(name, f"{_SCHEME}namespace-{number}") for number, name in enumerate(documents.namespaces())
    )
    head = f'<schema xmlns="{XS}" targetNamespace="urn:xsd-set">{imports}</schema>'
    try:
        return etree.XMLSchema(etree.fromstring(head, parser, base_url=f"{_SCHEME}all"))
    except etree.LxmlError as error:
        from gateway.model import Problem

        message = f"the set cannot be compiled, so nothing can be proved by documents: {error}"
        documents.problems.append(Problem(documents.entry.name, message))
        return None


def _import(namespace: str, location: str) -> str:
    name = f" namespace={quoted(namespace)}" if namespace else ""
    return f'<import{name} schemaLocation="{location}"/>'


def _texts(documents: Documents) -> dict[str, bytes]:
    """Return the documents as libxml2 gets them, by their addresses."""
    address = {(one.path, one.namespace): f"{_SCHEME}{n}" for n, one in enumerate(documents.found)}
    texts = {address[one.path, one.namespace]: _rewritten(one, address) for one in documents.found}
    for number, name in enumerate(documents.namespaces()):
        own = f" targetNamespace={quoted(name)}" if name else ""
        # A redefined document comes with the one that redefines it.
        parts = [one for one in documents.found if one.namespace == name and not one.redefined_by]
        includes = "".join(f'<include schemaLocation="{address[one.path, name]}"/>' for one in parts)
        imports = "".join(
            f"<import namespace={quoted(other)}/>"
            for other in documents.namespaces()
            if other not in ("", name)
        )
        text = f'<schema xmlns="{XS}"{own}>{includes}{imports}</schema>'
        texts[f"{_SCHEME}namespace-{number}"] = text.encode()
    return texts


def _rewritten(document: Document, address: dict[tuple[Path, str], str]) -> bytes:
    """Return ``document`` without its includes and without the locations of its imports."""
    from lxml import etree

    root, redefined = document.root, []
    for element in list(root.iterchildren(*(f"{{{XS}}}{n}" for n in ("include", "import", "redefine")))):
        location = element.get("schemaLocation", "")
        if element.tag == f"{{{XS}}}include":
            root.remove(element)
        elif element.tag == f"{{{XS}}}import":
            element.attrib.pop("schemaLocation", "")
        elif not is_remote(location):
            target = Path(os.path.realpath(document.path.parent / location))
            element.set("schemaLocation", address.get((target, document.namespace), f"{_SCHEME}missing"))
            redefined.append((element, location))
    text = etree.tostring(root)
    for element, location in redefined:  # in another namespace the same document redefines another one
        element.set("schemaLocation", location)
    return text
