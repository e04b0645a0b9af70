"""Formats for the tests of this room: one of each kind, and small changes to them."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from gateway.formats import loading
from gateway.formats.check import check_format

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.formats.definition import Format

Data = dict[str, Any]

DELIMITED: Data = {
    "schema": 1,
    "message_type": "confirmation",
    "version": "1.1.0",
    "status": "draft",
    "title": "Confirmation",
    "kind": "delimited",
    "dialect": {"delimiter": ";", "decimal_mark": ","},
    "file_name": r"CONF_(?P<control>[0-9]{6})\.csv",
    "envelope": {
        "message_id": "header.message_id",
        "control_number": "header.control_number",
        "format_version": {"field": "header.layout", "values": ["1.1"]},
        "counts": [{"stated": "trailer.count", "of": ["item"]}],
        "totals": [{"stated": "trailer.total", "sum_of": "item.quantity"}],
    },
    "records": {
        "header": {
            "role": "header",
            "discriminator": {"column": 1, "value": "H"},
            "fields": {"row": {"constant": "H"}, "layout": {}, "message_id": {}, "control_number": {}},
        },
        "item": {
            "discriminator": {"column": 1, "value": "I"},
            "key": ["order", "counter"],
            "references": {"order": "order"},
            "fields": {
                "row": {"constant": "I"},
                "order": {"pattern": "[0-9]{12}"},
                "counter": {"type": "integer", "minimum": 1, "maximum": 99},
                "quantity": {"type": "decimal", "digits": 13, "decimals": 3, "unit_field": "unit"},
                "unit": {"codes": {"KG": "kilogram", "PC": "piece"}, "max_length": 3},
                "posted": {"type": "date", "required": False, "minimum": "2020-01-01"},
            },
        },
        "trailer": {
            "role": "trailer",
            "discriminator": {"column": 1, "value": "T"},
            "fields": {"row": {"constant": "T"}, "count": {"type": "integer"}, "total": {"type": "decimal"}},
        },
    },
    "rules": [
        {
            "id": "counted",
            "kind": "contiguous",
            "record": "item",
            "fields": ["counter"],
            "message": "Counts up.",
        }
    ],
}

FIXED: Data = {
    "schema": 1,
    "message_type": "material",
    "version": "1.0.0",
    "status": "released",
    "title": "Material",
    "kind": "fixed-width",
    "dialect": {"line_end": "optional"},
    "records": {
        "control": {
            "role": "header",
            "length": 20,
            "discriminator": {"offset": 0, "value": "EDI_DC40"},
            "fields": {"name": {"offset": 0, "length": 10}, "number": {"offset": 10, "length": 10}},
        },
        "segment": {
            "length": 30,
            "discriminator": {"offset": 0, "length": 10, "value": "E1MARAM"},
            "fields": {"name": {"offset": 0, "length": 10}, "matnr": {"offset": 10, "length": 18}},
        },
    },
}

XML: Data = {
    "schema": 1,
    "message_type": "order",
    "version": "1.0.0",
    "status": "released",
    "title": "Order",
    "kind": "xml",
    "dialect": {"namespace": "urn:plant:order", "root": "Orders", "xsd": "schema.xsd"},
    "records": {"order": {"path": "/Orders/Order", "fields": {"number": {"path": "@number"}}}},
}

XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:plant:order">
<xs:element name="Orders"/></xs:schema>"""

JSON: Data = {
    "schema": 1,
    "message_type": "bom",
    "version": "1.0.0",
    "status": "released",
    "title": "Bill of materials",
    "kind": "json",
    "dialect": {"json_schema": "schema.json"},
    "records": {"item": {"path": "/items", "fields": {"material": {"path": "/material"}}}},
}


def write(site: Path, data: Data, **files: str) -> Path:
    """Write one format version below ``site`` and return its directory."""
    directory: Path = site / data["message_type"] / data["version"]
    directory.mkdir(parents=True)
    text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
    (directory / "format.yaml").write_text(text, encoding="utf-8")
    for name, content in files.items():
        (directory / name.replace("_", ".")).write_text(content, encoding="utf-8")
    return directory


def changed(data: Data, change: Callable[[Data], object]) -> Data:
    """Return a copy of ``data`` to which ``change`` was done."""
    other = copy.deepcopy(data)
    change(other)
    return other


def build(data: Data, directory: Path | None = None) -> Format:
    """Return the definition of ``data`` without writing it."""
    return loading.build(copy.deepcopy(data), directory or Path("nowhere"), "")


def complaints(site: Path, data: Data, **files: str) -> list[str]:
    """Return what the checks say of ``data``, as ``path: message`` without the file."""
    definition, _document = loading.read_format(write(site, data, **files))
    return [f"{problem.path}: {problem.message}" for problem in check_format(definition)]
