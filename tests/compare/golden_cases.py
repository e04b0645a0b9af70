"""The pairs of versions and schemas whose reports are kept: at least one for each kind of change."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

from gateway.formats.catalogue import Catalogue
from gateway.formats.compare.catalogues import compare_catalogues
from gateway.formats.compare.change import Comparison
from gateway.formats.compare.definitions import compare
from gateway.formats.compare.json_schema import compare_json_schema
from gateway.formats.compare.kinds import KINDS
from gateway.formats.compare.xsd import compare_sets
from tests.compare.cases import CASES, Case, definition_data

_QUANTITY = "records: {item: {fields: {quantity: {%s}}}}"
_MATERIAL = "records: {item: {fields: {material: {%s}}}}"
_DUE = "records: {item: {fields: {due: {%s}}}}"
_RULE = (
    "rules: [{id: enough, kind: compare, record: item, left: quantity, op: '%s', value: '1',"
    " message: There is enough., severity: %s}]"
)

#: Kind, base, old, new: the kinds that the table of verdicts has no pair for.
_MORE: tuple[tuple[str, str, str, str], ...] = (
    ("kind", "delimited", "{}", "kind: json"),
    ("root-element", "xml", "dialect: {root: Stock}", "dialect: {root: Inventory}"),
    ("role", "delimited", "{}", "records: {tail: {role: record}}"),
    ("parent", "delimited", "{}", "records: {tail: {parent: item, role: record}}"),
    ("field-length", "fixed-width", "{}", "records: {item: {fields: {material: {length: 8}}}}"),
    ("type-changed", "delimited", _DUE % "type: date", _DUE % "type: boolean"),
    ("length-changed", "delimited", _MATERIAL % "min_length: 1, max_length: 5",
     _MATERIAL % "min_length: 3, max_length: 9"),
    ("implied-decimals", "delimited", _QUANTITY % "decimals: ~, implied_decimals: 2",
     _QUANTITY % "decimals: ~, implied_decimals: 3"),
    ("decimal-mark", "delimited", "{}", "dialect: {decimal_mark: ','}"),
    ("thousands-mark", "delimited", "{}", "dialect: {thousands_mark: ','}"),
    ("sign-position", "delimited", _QUANTITY % "sign: leading", _QUANTITY % "sign: trailing"),
    ("unit-field", "delimited", _QUANTITY % "unit_field: unit", _QUANTITY % "unit_field: note"),
    ("time-zone", "delimited", "dialect: {time_zone: Europe/Berlin}", "dialect: {time_zone: UTC}"),
    ("date-order", "delimited", _DUE % "date_format: DD.MM.YYYY", _DUE % "date_format: MM.DD.YYYY"),
    ("date-notation", "delimited", "{}", "dialect: {date_format: YYYYMMDD}"),
    ("codes-closed", "delimited", "{}", _MATERIAL % "codes: {A1: first, B2: second}"),
    ("pattern-changed", "delimited", _MATERIAL % "pattern: '[A-Z]{2,4}'",
     _MATERIAL % "pattern: '[A-Z]{3,5}'"),
    ("pattern-tightened", "delimited", _MATERIAL % "pattern: '[A-Z]{2,4}'",
     _MATERIAL % "pattern: '[A-Z]{3}'"),
    ("range-changed", "delimited", _QUANTITY % "minimum: '0', maximum: '9'",
     _QUANTITY % "minimum: '5', maximum: '99'"),
    ("range-tightened", "delimited", _QUANTITY % "minimum: '0'", _QUANTITY % "minimum: '5'"),
    ("default", "delimited", "records: {item: {fields: {note: {default: none}}}}",
     "records: {item: {fields: {note: {default: unknown}}}}"),
    ("trim", "delimited", "{}", "dialect: {trim: both}"),
    ("boolean-words", "delimited", "{}", "dialect: {true_tokens: ['false'], false_tokens: ['true']}"),
    ("values-together", "delimited", "records: {head: {fields: {site: {severity: warning}}}}",
     "records: {head: {fields: {site: {pattern: '[A-Z]+'}}}}"),
    ("version-field", "delimited", "{}", "envelope: {format_version: {field: head.site, values: ['1']}}"),
    ("version-values", "delimited", "envelope: {format_version: {field: head.site, values: ['1']}}",
     "envelope: {format_version: {field: head.site, values: ['2']}}"),
    ("control-number", "delimited", "{}", "envelope: {control_number: head.id}"),
    ("sequence-width", "delimited", "{}", "records: {head: {fields: {number: {pattern: '[0-9]{6}'}}}}"),
    ("rule-added", "delimited", "{}", _RULE % (">", "error")),
    ("rule-changed", "delimited", _RULE % (">", "error"), _RULE % (">=", "error")),
    ("rule-severity", "delimited", _RULE % (">", "warning"), _RULE % (">", "error")),
    ("schema-file", "json", "{}", "dialect: {json_schema: schema.json}"),
)  # fmt: skip

_XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="%s" targetNamespace="%s"
 elementFormDefault="qualified">
<xs:element name="stock" type="Stock"/>
%s
</xs:schema>
"""
_TYPE = '<xs:complexType name="Stock"%s><xs:sequence>%s</xs:sequence>%s</xs:complexType>'
_SIMPLE = (
    _TYPE % ("", '<xs:element name="a" type="A"/>', "")
    + '<xs:simpleType name="A"><xs:restriction base="%s">%s</xs:restriction></xs:simpleType>'
)
_A = '<xs:element name="a" type="xs:string"%s/>'
_B = '<xs:element name="b" type="xs:string" minOccurs="0"/>'
_KEY = (
    '<xs:element name="list"><xs:complexType><xs:sequence><xs:element name="row" maxOccurs="9">'
    '<xs:complexType><xs:attribute name="id" use="required"/></xs:complexType></xs:element>'
    "</xs:sequence></xs:complexType>%s"
    "</xs:element>"
)
_UNIQUE = '<xs:unique name="ids"><xs:selector xpath="row"/><xs:field xpath="@id"/></xs:unique>'


def _content(old: str, new: str) -> tuple[str, str]:
    return _TYPE % ("", old, ""), _TYPE % ("", new, "")


def _facets(old: str, new: str, base: str = "xs:string") -> tuple[str, str]:
    return _SIMPLE % (base, old), _SIMPLE % (base, new)


_ATTRIBUTE = '<xs:attribute name="id"%s/>'
#: What stands in two XML Schemas; their kinds show in the report.
_XSDS: tuple[tuple[str, str], ...] = (
    _content(_A % "", _A % "" + _B),
    _content(_A % "" + _B, _A % ""),
    _content(_A % ' maxOccurs="5"', _A % ' maxOccurs="3"'),
    _content(_A % ' maxOccurs="3"', _A % ' maxOccurs="5"'),
    _content(_A % ' minOccurs="1" maxOccurs="3"', _A % ' minOccurs="2" maxOccurs="5"'),
    _content(_A % "" + _B, _B + _A % ""),
    _content(_A % "", _A % ' nillable="true"'),
    _content(_A % ' default="x"', _A % ' default="y"'),
    _content(_A % "", _A % "" + '<xs:any namespace="##other" processContents="skip" minOccurs="0"/>'),
    _content('<xs:element name="a" type="xs:int"/>', '<xs:element name="a" type="xs:decimal"/>'),
    _content('<xs:element name="a" type="xs:decimal"/>', '<xs:element name="a" type="xs:int"/>'),
    _content('<xs:element name="a" type="xs:date"/>', '<xs:element name="a" type="xs:boolean"/>'),
    (_TYPE % ("", _A % "", ""), _TYPE % ("", _A % "", _ATTRIBUTE % "")),
    (_TYPE % ("", _A % "", _ATTRIBUTE % ""), _TYPE % ("", _A % "", "")),
    (_TYPE % ("", _A % "", _ATTRIBUTE % ""), _TYPE % ("", _A % "", _ATTRIBUTE % ' use="required"')),
    (_TYPE % ("", _A % "", _ATTRIBUTE % ' use="required"'), _TYPE % ("", _A % "", _ATTRIBUTE % "")),
    (_TYPE % ("", _A % "", ""), _TYPE % (' mixed="true"', _A % "", "")),
    (_TYPE % ("", _A % "", "") + '<xs:element name="x" type="xs:int"/>',
     _TYPE % ("", _A % "", "") + '<xs:element name="x" type="xs:int" abstract="true"/>'),
    (_TYPE % ("", _A % "", "") + '<xs:element name="x" type="xs:int"/>',
     _TYPE % ("", _A % "", "") + '<xs:element name="y" type="xs:int"/>'),
    (_TYPE % ("", _A % "", "") + _KEY % "", _TYPE % ("", _A % "", "") + _KEY % _UNIQUE),
    _facets('<xs:maxLength value="9"/>', '<xs:maxLength value="5"/>'),
    _facets('<xs:maxLength value="5"/>', '<xs:maxLength value="9"/>'),
    _facets('<xs:minLength value="1"/><xs:maxLength value="5"/>',
            '<xs:minLength value="3"/><xs:maxLength value="9"/>'),
    _facets('<xs:pattern value="[A-Z]+"/>', '<xs:pattern value="[0-9]+"/>'),
    _facets('<xs:enumeration value="KG"/>', '<xs:enumeration value="KG"/><xs:enumeration value="PC"/>'),
    _facets('<xs:enumeration value="KG"/><xs:enumeration value="PC"/>', '<xs:enumeration value="KG"/>'),
    ("<xs:annotation><xs:documentation>Old.</xs:documentation></xs:annotation>" + _TYPE % ("", _A % "", ""),
     "<xs:annotation><xs:documentation>New.</xs:documentation></xs:annotation>" + _TYPE % ("", _A % "", "")),
)  # fmt: skip

#: Two JSON Schemas; their kinds show in the report.
_JSON_SCHEMAS: tuple[tuple[object, object], ...] = (
    ({"anyOf": [{"minLength": 3}, {"type": "integer"}]}, {"oneOf": [{"minLength": 3}, {"type": "integer"}]}),
    (
        {"type": "object", "properties": {"a": {}}},
        {"type": "object", "properties": {"a": {}}, "required": ["a"]},
    ),
    ({"type": "object"}, {"type": "object", "additionalProperties": False}),
    ({"title": "Old", "type": "string"}, {"title": "New", "type": "string"}),
    ({"type": "string", "default": "a"}, {"type": "string", "default": "b"}),
)


def comparisons(directory: Path) -> dict[str, list[Comparison]]:
    """Return by chapter (``C1`` to ``C7``) the comparisons to report; ``directory`` is for schemas."""
    found: dict[str, list[Comparison]] = {f"C{number}": [] for number in range(1, 8)}
    for case in _cases():
        old, new = f"{case.kind} 1.0.0", f"{case.kind} 1.1.0"
        one = dataclasses.replace(compare(*case.definitions()), old=old, new=new)
        found[KINDS[case.kind].code[:2]].append(one)
    found["C1"] += _catalogues(directory)
    found["C7"] += [*_xml_schemas(directory), *_json_schemas(directory)]
    return found


def _cases() -> Iterator[Case]:
    """Yield the first pair for each kind, in the order of the kinds; mirrored where there is none."""
    known = {case.kind: case for case in reversed(CASES)}
    more = {kind: Case(kind, base, old, new, "", "", "") for kind, base, old, new in _MORE}
    for kind in KINDS.values():
        case = known.get(kind.name) or more.get(kind.name)
        other = known.get(kind.mirror) or more.get(kind.mirror)
        if case is not None:
            yield case
        elif other is not None:
            yield Case(kind.name, other.physical, other.new, other.old, "", "", "")


def _catalogues(directory: Path) -> list[Comparison]:
    both = []
    for name, versions in (("old", ("1.0.0", "1.1.0")), ("new", ("1.1.0", "1.2.0"))):
        for version in versions:
            place = directory / name / "stock" / version
            place.mkdir(parents=True)
            text = json.dumps(definition_data("delimited", "{}", version))
            (place / "format.yaml").write_text(text, encoding="utf-8")
        both.append(Catalogue.load(directory / name))
    return compare_catalogues(both[0], both[1])[0]


def _xml_schemas(directory: Path) -> Iterator[Comparison]:
    namespaced = [("urn:old", "urn:new", _TYPE % ("", _A % "", ""), _TYPE % ("", _A % "", ""))]
    for number, (old_space, new_space, old, new) in enumerate(
        [*(("urn:stock", "urn:stock", *pair) for pair in _XSDS), *namespaced]
    ):
        pair = (directory / f"old{number}.xsd", directory / f"new{number}.xsd")
        pair[0].write_text(_XSD % (old_space, old_space, old), encoding="utf-8")
        pair[1].write_text(_XSD % (new_space, new_space, new), encoding="utf-8")
        yield Comparison(
            "stock.xsd", f"old/{number}.xsd", f"new/{number}.xsd", "", "", tuple(compare_sets(*pair).changes)
        )


def _json_schemas(directory: Path) -> Iterator[Comparison]:
    for number, (old, new) in enumerate(_JSON_SCHEMAS):
        pair = (directory / "old" / f"{number}.json", directory / "new" / f"{number}.json")
        for path, schema in zip(pair, (old, new), strict=True):
            path.write_text(json.dumps(schema), encoding="utf-8")
        changes = tuple(compare_json_schema(*pair))
        yield Comparison("stock.json", f"old/{number}.json", f"new/{number}.json", "", "", changes)
