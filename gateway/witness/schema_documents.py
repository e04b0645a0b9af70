"""Small documents that the schema beside a format takes, whatever the definition says of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gateway.errors import FormatError
from gateway.formats.compare.document_shape import root_of
from gateway.formats.definition import Kind

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.formats.definition import Format

#: Documents of a JSON Schema that are made.
_MOST = 8


def schema_documents(definition: Format) -> Iterator[bytes]:
    """Yield documents in UTF-8; none where no schema is beside ``definition``, or none is found."""
    if definition.directory is None:
        return
    if definition.kind is Kind.XML and definition.dialect.xsd is not None:
        yield from _xml(definition.directory / definition.dialect.xsd, root_of(definition) or "")
    elif definition.kind is Kind.JSON and definition.dialect.json_schema is not None:
        yield from _json(definition.directory / definition.dialect.json_schema)


def _xml(file: Path, root: str) -> Iterator[bytes]:
    from gateway.formats.compare.xsd.building import build
    from gateway.formats.compare.xsd.documents import read_set
    from gateway.formats.compare.xsd.instances import instance
    from gateway.formats.compare.xsd.model import local

    try:
        schema = build(read_set(file))
    except FormatError:
        return
    for name in schema.elements:
        found = instance(schema, name) if local(name) == root else None
        if found is not None:
            yield found


def _json(file: Path) -> Iterator[bytes]:
    from gateway.formats.compare.json_schema.instances import Maker
    from gateway.formats.compare.json_schema.normal import normal
    from gateway.formats.compare.json_schema.proofs import Prover
    from gateway.formats.compare.json_schema.texts import document
    from gateway.formats.json_schemas import read

    try:
        known = normal(read(file), "a")
    except FormatError:
        return
    prover = Prover(known.definitions)
    for rich in (True, False):
        for value in Maker(prover, rich=rich).values({"$ref": known.root})[:_MOST]:
            yield document(value)
