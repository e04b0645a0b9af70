"""Documents of a schema as files of the format beside it, and what they show in valid files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gateway.formats.definition import Kind

if TYPE_CHECKING:
    from gateway.formats.definition import Format


def dressed(definition: Format, document: bytes) -> bytes | None:
    """Return a document in UTF-8 in the encoding of the format; None where that cannot hold it."""
    from gateway.writers import json_grafts, xml_grafts

    if definition.kind is Kind.XML:
        return xml_grafts.dressed(definition, document)
    return json_grafts.dressed(definition, document)


def grafts(definition: Format, valid: bytes, document: bytes) -> Iterator[bytes]:
    """Yield copies of the file ``valid`` that have one difference more of those that ``document`` has."""
    from gateway.writers import json_grafts, xml_grafts

    found = (xml_grafts if definition.kind is Kind.XML else json_grafts).grafts(definition, valid, document)
    yield from (one for one in found if one is not None)


def taken(definition: Format, data: bytes) -> bool:
    """Return whether the schema beside ``definition``, if there is one, takes the file ``data``."""
    if definition.kind is Kind.XML:
        from gateway.readers import xsd

        return xsd.takes(definition, data)
    from gateway.readers import json_schema

    return json_schema.takes(definition, data)
