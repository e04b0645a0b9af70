"""Checks of the files around a definition: its directory, its XSD or JSON Schema."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from gateway.complaints import Complaint
from gateway.errors import FormatError
from gateway.formats import json_schema_cost, json_schemas
from gateway.formats.definition import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.formats.definition import Format


def beside(definition: Format) -> Iterator[Complaint]:
    """Schema files belong to the right kind, and lie inside the version's directory."""
    for name, kind in (("xsd", Kind.XML), ("json_schema", Kind.JSON)):
        file = getattr(definition.dialect, name)
        if file is None:
            continue
        path = ("dialect", name)
        if definition.kind is not kind:
            yield Complaint(path, f"`{name}` means nothing in a {definition.kind.value} file", file)
        elif os.path.isabs(file) or ".." in file.split("/"):
            yield Complaint(path, "the file must lie in the format's own directory", file)
        elif definition.directory is not None and not (definition.directory / file).is_file():
            yield Complaint(path, "there is no such file in the format's directory", file)
    if definition.kind is Kind.XML and definition.dialect.root is None:
        yield Complaint(("dialect",), "an XML format needs `root`, the name of its root element")


def directory_names(definition: Format) -> Iterator[Complaint]:
    """The directories are named after message type and version."""
    if definition.directory is None:
        return
    directory = definition.directory.resolve()
    if directory.name != str(definition.version):
        yield Complaint(
            ("version",), "the directory has another name", str(definition.version), directory.name
        )
    if directory.parent.name != definition.message_type:
        message = "the directory above has another name"
        yield Complaint(("message_type",), message, definition.message_type, directory.parent.name)


def schemas(definition: Format) -> Iterator[Complaint]:
    """The XSD or JSON Schema can be used, and the XSD knows the root element."""
    if definition.directory is None:
        return
    if definition.kind is Kind.XML and definition.dialect.xsd is not None:
        yield from _xsd(definition, definition.directory / definition.dialect.xsd)
    if definition.kind is Kind.JSON and definition.dialect.json_schema is not None:
        yield from _json_schema(definition.directory / definition.dialect.json_schema)


def _xsd(definition: Format, file: Path) -> Iterator[Complaint]:
    from lxml import etree

    from gateway.formats import xsd_cost

    # The schema is our own controlled file, but it may still not reach out to the network.
    parser = etree.XMLParser(no_network=True, resolve_entities=False)
    try:
        tree = etree.parse(os.fspath(file), parser)
        beside = [etree.parse(os.fspath(one), parser).getroot() for one in file.parent.rglob("*.xsd")]
        if problem := xsd_cost.too_costly([tree.getroot(), *beside]):
            yield Complaint(("dialect", "xsd"), f"the XSD could hang the gateway: {problem}", file.name)
            return
        etree.XMLSchema(tree)
    except (OSError, etree.LxmlError) as error:
        yield Complaint(("dialect", "xsd"), f"the XSD cannot be loaded: {error}", file.name)
        return
    target = tree.getroot().get("targetNamespace")
    if target != definition.dialect.namespace:
        message = "the XSD has another target namespace"
        yield Complaint(("dialect", "namespace"), message, str(definition.dialect.namespace), str(target))


def _json_schema(file: Path) -> Iterator[Complaint]:
    """The schema is valid under the draft that it states, and every reference leads somewhere."""
    import jsonschema

    path = ("dialect", "json_schema")
    try:
        files = json_schemas.read(file)
        jsonschema.validators.validator_for(files.contents, jsonschema.Draft202012Validator).check_schema(
            json.loads(file.read_bytes())
        )
        if problem := json_schema_cost.too_costly(files):
            yield Complaint(path, f"the JSON Schema could hang the gateway: {problem}", file.name)
            return
        json_schemas.validator(files)
    except FormatError as error:
        cause = f": {error.cause}" if error.cause else f": {error.message}"
        yield Complaint(path, f"the JSON Schema cannot be loaded{cause}", file.name, error.hint)
    except RecursionError as error:
        yield Complaint(path, f"the JSON Schema cannot be loaded: {error}", file.name)
    except jsonschema.SchemaError as error:
        message = f"the JSON Schema is not valid at {error.json_path}: {error.message}"
        yield Complaint(path, message, file.name)
