"""A definition that contradicts itself is told so, with the line of each contradiction."""

# ruff: noqa: E501 - one case on one line reads as a table

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from gateway.errors import FormatError
from gateway.formats.check import check_format
from gateway.formats.loading import load_format
from tests.formats.format_kit import DELIMITED, FIXED, JSON, XML, XSD, Data, build, changed, complaints, write

if TYPE_CHECKING:
    from pathlib import Path

Change = Callable[[Data], Any]


def item(name: str, **settings: Any) -> Change:
    """Return the change that sets ``settings`` of one field of the delimited format's item."""
    return lambda data: data["records"]["item"]["fields"][name].update(settings)


def rule(**settings: Any) -> Change:
    """Return the change that adds a rule about the delimited format's item."""
    whole = {"id": "extra", "record": "item", "message": "Told.", **settings}
    return lambda data: data["rules"].append(whole)


def put(*path: str | int, value: Any) -> Change:
    """Return the change that puts ``value`` at ``path``."""

    def change(data: Data) -> None:
        place: Any = data
        for part in path[:-1]:
            place = place.setdefault(part, {}) if isinstance(place, dict) else place[part]
        place[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("data", "files"),
    [(DELIMITED, {}), (FIXED, {}), (XML, {"schema_xsd": XSD}), (JSON, {"schema_json": "{}"})],
    ids=["delimited", "fixed-width", "xml", "json"],
)
def test_sound_formats_have_no_problems(tmp_path: Path, data: Data, files: dict[str, str]) -> None:
    """The gateway shall have nothing to say about a sound format of any kind."""
    assert complaints(tmp_path, data, **files) == []


FIELDS = [
    (item("counter", minimum=100), "fields.counter.minimum: it is greater than `maximum`"),
    (item("counter", minimum="1.5"), "fields.counter.minimum: this is not the canonical form"),
    (item("counter", minimum="-" + "1" * 21), "fields.counter.minimum: this is not the canonical form"),
    (item("quantity", minimum="0." + "1" * 19), "fields.quantity.minimum: this is not the canonical form"),
    (item("posted", minimum="01.01.2020"), "fields.posted.minimum: this is not the canonical form"),
    (item("posted", minimum="2020-02-30"), "fields.posted.minimum: this is not the canonical form"),
    (item("order", minimum=1), "fields.order.minimum: `minimum` means nothing here"),
    (item("order", decimals=1), "fields.order.decimals: `decimals` means nothing here"),
    (item("order", min_length=5, max_length=4), "fields.order.min_length: it is greater than `max_length`"),
    (item("quantity", decimals=14), "fields.quantity.decimals: it is greater than `digits`"),
    (item("quantity", unit="KG"), "fields.quantity.unit: either `unit` or `unit_field`"),
    (item("quantity", unit_field="unti"), "`unti` is no field of `item`; did you mean `unit`?"),
    (item("unit", codes={"LONG": "x"}), "fields.unit.codes.LONG: it is longer than the field's 3 characters"),
    (item("order", codes=["12"]), "fields.order.codes.12: it does not match the field's `pattern`"),
    (item("order", constant="12"), "fields.order.constant: it does not match the field's `pattern`"),
    (item("unit", constant="L"), "fields.unit.constant: it is not among the codes"),
    (item("unit", nullable=True, default="L"), "fields.unit.default: it is not among the codes"),
    (item("unit", default="KG"), "fields.unit.default: it is never used"),
    (item("counter", nullable=True, default=100), "fields.counter.default: it is out of the field's own range"),
    (item("counter", nullable=True, default="x"), "fields.counter.default: this is not the canonical form"),
    (item("quantity", nullable=True, default="0.1234"), "fields.quantity.default: it has more than 3 decimals"),
    (item("order", pattern=r"\d+"), "fields.order.pattern: `\\d` matches digits of other scripts"),
    (item("order", pattern="(a+)+"), "fields.order.pattern: a repetition inside a repetition"),
    (item("posted", date_format="DD.MM.YY"), "fields.posted.date_format: 'YY' is no part of a date"),
    (item("order", date_format="DD.MM.YYYY"), "fields.order.date_format: `date_format` means nothing here"),
    (item("posted", time_zone="UTC"), "fields.posted.time_zone: `time_zone` means nothing here"),
    (item("order", aliases=["unit"]), "fields.order.aliases[1]: `unit` is the present name of a field"),
    (item("order", offset=0), "fields.order.offset: `offset` means nothing in a delimited file"),
    (item("order", path="x"), "fields.order.path: `path` means nothing in a delimited file"),
]  # fmt: skip

WHOLE = [
    (put("encoding", "charset", value="utf-9"), "encoding.charset: this character set is not known"),
    (put("encoding", "charset", value="hex"), "encoding.charset: this character set is not known"),
    (put("dialect", "time_zone", value="Europe/Bremen"), "dialect.time_zone: this time zone is not known"),
    (put("dialect", "date_format", value="YYYY-DD"), "dialect.date_format: a date needs YYYY, MM and DD"),
    (put("dialect", "thousands_mark", value=","), "dialect.thousands_mark: it is the decimal mark too"),
    (put("dialect", "delimiter", value='"'), "dialect.delimiter: it cannot be told from quotes"),
    (put("dialect", value={"quote": None, "delimiter": ",", "decimal_mark": ","}),
     "dialect.delimiter: without quotes it cannot be told from the decimal mark"),
    (put("dialect", "false_tokens", value=["true"]), "dialect.false_tokens: these words mean true as well"),
    (put("dialect", "line_end", value="none"), "dialect.line_end: only fixed-width records"),
    (put("dialect", "xsd", value="x.xsd"), "dialect.xsd: `xsd` means nothing in a delimited file"),
    (put("effective", value={"from": "2026-01-02", "until": "2026-01-01"}), "effective.from: it is after `until`"),
    (put("effective", value={"from": "2026-13-01"}), "effective.from: this is not the canonical form"),
    (put("file_name", value="(?P<control>.*)(.*)(.*)(.*)"), "file_name: too many repetitions"),
    (put("envelope", "sender", value="header.sendre"), "envelope.sender: `sendre` is no field of `header`"),
    (put("envelope", "sender", value="haeder.row"), "`haeder` is no record type; did you mean `header`?"),
    (put("envelope", "sender", value="item.order"), "envelope.sender: `item` is a business record"),
    (put("records", "header", "max_occurs", value=None), "envelope.message_id: `header` may occur several times"),
    (put("envelope", "counts", 0, "stated", value="trailer.row"), "`trailer.row` is not a number"),
    (put("envelope", "counts", 0, "of", value=["itme"]), "envelope.counts[1].of[1]: `itme` is no record type"),
    (put("envelope", "totals", 0, "sum_of", value="item.order"), "`item.order` is not a number"),
    (put("envelope", "key", value=["created_at"]), "neither envelope nor file name has `created_at`"),
    (put("envelope", "format_version", "values", value=["1.1", "11"]), None),
    (put("records", "header", "fields", "layout", "codes", value=["1.2"]),
     "envelope.format_version.values[1]: the field `header.layout` never has this value"),
    (put("records", "item", "min_occurs", value=2), None),
    (put("records", "header", "min_occurs", value=2), "records.header.min_occurs: it is greater than"),
    (put("records", "item", "parent", value="item"), "records.item.parent: the parents go round in a circle"),
    (put("records", "item", "parent", value="heder"), "`heder` is no record type; did you mean `header`?"),
    (put("records", "item", "key", value=["ordr"]), "records.item.key[1]: `ordr` is no field of `item`"),
    (put("records", "item", "references", value={"batch": "lot"}), "records.item.references.batch: `lot` is no"),
    (put("records", "item", "role", value="trailer"), "records: no record type has the role `record`"),
    (put("records", "item", "discriminator", value={"column": 1, "value": "H"}),
     "records.item.discriminator: this is the discriminator of `header` too"),
    (put("records", "item", "discriminator", value={"column": 7, "value": "I"}), "the record has 6 columns"),
    (put("records", "item", "discriminator", value={"offset": 1, "value": "I"}), "by `column` and `value`"),
    (lambda d: d["records"]["item"].pop("discriminator"), "each one needs a `discriminator`"),
    (put("version", value="9.9.9"), None),
]  # fmt: skip

RULES = [
    (rule(id="counted", kind="unique", fields=["order"]), "rules[2].id: rule 1 has this name already"),
    (rule(kind="unique"), "rules[2]: a rule of kind `unique` needs `fields`"),
    (rule(kind="unique", fields=["ordr"]), "rules[2].fields[1]: `ordr` is no field of `item`"),
    (rule(kind="unique", fields=["order"], left="order"), "rules[2].left: `left` means nothing"),
    (rule(kind="unique", fields=["order"], record="itm"), "rules[2].record: `itm` is no record type"),
    (rule(kind="unique", fields=["order"], record="*"), None),
    (rule(kind="required", fields=["order"], record="*"), "`*` is for rules over the file only"),
    (rule(kind="compare", left="counter", op="<"), "needs either `right` or `value`"),
    (rule(kind="compare", left="counter", op="<", right="posted"), "these cannot be compared"),
    (rule(kind="compare", left="counter", op="<", right="quantity"), None),
    (rule(kind="compare", left="unit", op="<", value="KG"), "rules[2].op: `unit` has no order"),
    (rule(kind="compare", left="posted", op="<", value="1.1.2020"), "rules[2].value: this is not the canonical"),
    (rule(kind="contiguous", fields=["counter", "order"]), "is about one field"),
    (rule(kind="contiguous", fields=["posted"]), "only whole numbers count up"),
    (rule(kind="exists", fields=["order"]), "a rule of kind `exists` needs `of`"),
    (rule(kind="exists", fields=["order"], of="header.nothing"), "rules[2].of: `nothing` is no field of `header`"),
    (rule(kind="exists", fields=["order"], of="*.order"), None),
    (rule(kind="earlier", fields=["order"], of="header.row"), "it must be a field of a business record"),
    (rule(kind="constant", fields=["order"], of="item.order"), "it must be a field of a header or trailer"),
    (rule(kind="required", fields=["unit"], when=[{"field": "qty", "present": True}]),
     "rules[2].when[1].field: `qty` is no field of `item`"),
    (rule(kind="required", fields=["unit"], when=[{"field": "order", "above": 1}]), "`order` is not a number"),
    (rule(kind="required", fields=["unit"], when=[{"field": "quantity", "above": "x"}]), "not the canonical form"),
    (rule(kind="required", fields=["posted"], when=[{"field": "quantity", "above": "0.5"}]), None),
]  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), [*FIELDS, *WHOLE, *RULES])
def test_each_contradiction_is_found_once(tmp_path: Path, change: Change, expected: str | None) -> None:
    """The gateway shall find each contradiction of a delimited format, and invent none."""
    found = complaints(tmp_path, changed(DELIMITED, change))
    assert (found == []) if expected is None else any(expected in line for line in found), found


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (put("records", "segment", "fields", "matnr", "offset", value=9), "the field overlaps `name`, which ends at 10"),
        (put("records", "segment", "fields", "matnr", "length", value=21), "ends at 31, beyond the record's length"),
        (put("records", "segment", "fields", "matnr", "max_length", value=19), "it is greater than `length`"),
        (lambda d: d["records"]["segment"]["fields"]["matnr"].pop("length"), "a fixed-width field needs `length`"),
        (lambda d: d["records"]["segment"].pop("length"), "`length` is missing: with `line_end: optional`"),
        (put("records", "segment", "discriminator", value={"column": 1, "value": "X"}), "by `offset`, `length` and"),
        (put("records", "segment", "discriminator", value={"offset": 29, "value": "XY"}), "beyond the end of the"),
        (put("records", "segment", "discriminator", value={"offset": 0, "length": 1, "value": "XY"}), "longer than 1"),
        (put("records", "segment", "fields", "matnr", "heading", value="M"), "`heading` means nothing in a fixed"),
    ],
)  # fmt: skip
def test_fixed_width_places_are_checked(tmp_path: Path, change: Change, expected: str) -> None:
    """The gateway shall find fields and discriminators that overlap, stick out or stand nowhere."""
    assert any(expected in line for line in complaints(tmp_path, changed(FIXED, change)))


@pytest.mark.parametrize(
    ("data", "change", "files", "expected"),
    [
        (XML, put("dialect", "root", value="Other"), {"schema_xsd": XSD}, "the path starts at the root element"),
        (XML, lambda d: d["dialect"].pop("root"), {"schema_xsd": XSD}, "an XML format needs `root`"),
        (XML, put("records", "order", "fields", "number", "path", value="/a"), {"schema_xsd": XSD}, "starts at its"),
        (XML, lambda d: d["records"]["order"].pop("path"), {"schema_xsd": XSD}, "record type of xml needs a `path`"),
        (XML, put("dialect", "namespace", value="urn:x"), {"schema_xsd": XSD}, "has another target namespace"),
        (XML, put("dialect", "xsd", value="../x.xsd"), {"schema_xsd": XSD}, "must lie in the format's own directory"),
        (XML, put("title", value="T"), {}, "there is no such file in the format's directory"),
        (XML, put("title", value="T"), {"schema_xsd": "<a"}, "the XSD cannot be loaded"),
        (JSON, put("records", "item", "path", value="items"), {"schema_json": "{}"}, "a JSON pointer starts with `/`"),
        (JSON, put("records", "item", "discriminator", value={"column": 1, "value": "I"}), {"schema_json": "{}"}, "by `path` and `value`"),
        (JSON, put("records", "other", value=JSON["records"]["item"]), {"schema_json": "{}"}, "needs a `discriminator`"),
        (JSON, put("title", value="T"), {"schema_json": "{"}, "the JSON Schema cannot be loaded"),
        (JSON, put("title", value="T"), {"schema_json": '{"type": 5}'}, "the JSON Schema is not valid at $.type"),
        (JSON, lambda d: d["records"]["item"]["fields"]["material"].clear(), {"schema_json": "{}"}, "needs a `path`"),
    ],
)  # fmt: skip
def test_paths_and_schema_files_are_checked(
    tmp_path: Path, data: Data, change: Change, files: dict[str, str], expected: str
) -> None:
    """The gateway shall find paths that lead nowhere and schemas that cannot be used."""
    found = complaints(tmp_path, changed(data, change), **files)
    assert any(expected in line for line in found), found


def test_same_headings_are_found(tmp_path: Path) -> None:
    """The gateway shall find two columns with the same heading."""
    data = changed(DELIMITED, put("dialect", "header_row", value=True))
    data = changed(data, item("unit", heading="order"))
    assert complaints(tmp_path, data) == ["records.item.fields.unit: another column has this heading"]


def test_a_version_in_the_wrong_directory_is_found(tmp_path: Path) -> None:
    """The gateway shall find a definition that lies in another version's directory."""
    directory = write(tmp_path, DELIMITED)
    moved = directory.rename(directory.with_name("1.2.0"))
    assert [problem.path for problem in check_format(load_format(moved))] == ["version"]


def test_every_problem_has_its_line(tmp_path: Path) -> None:
    """The gateway shall give the line of each contradiction, in file order."""
    data = changed(DELIMITED, item("counter", minimum=100))
    directory = write(tmp_path, changed(data, item("unit", constant="L")))
    lines = (directory / "format.yaml").read_text().splitlines()
    found = check_format(load_format(directory))
    assert [lines[(problem.line or 0) - 1].strip() for problem in found] == ["minimum: 100", "constant: L"]


def test_what_makes_a_format_unusable_stops_its_loading(tmp_path: Path) -> None:
    """The gateway shall not load a format whose envelope points at a field that is not there."""
    with pytest.raises(FormatError, match="`nothing` is no field of `header`"):
        load_format(write(tmp_path, changed(DELIMITED, put("envelope", "sender", value="header.nothing"))))


def test_a_definition_without_a_directory_can_be_checked() -> None:
    """The gateway shall check a definition that was built in memory, without lines."""
    data = changed(DELIMITED, item("counter", minimum=100))
    bare = build(data)
    (problem,) = check_format(replace(bare, directory=None))
    assert (problem.line, problem.path) == (None, "records.item.fields.counter.minimum")
