"""A format definition becomes a value, or is refused with all its problems."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import FormatError
from gateway.formats.definition import ControlCount, FieldType, Kind, Reference, Role, Status, Version
from gateway.formats.digests import digest_of
from gateway.formats.loading import load_format
from tests.formats.format_kit import DELIMITED, FIXED, JSON, XML, XSD, changed, write

if TYPE_CHECKING:
    from pathlib import Path


def refused(directory: Path) -> list[str]:
    with pytest.raises(FormatError) as caught:
        load_format(directory)
    return [str(problem).removeprefix(f"{directory}/") for problem in caught.value.problems]


def test_a_delimited_format_is_loaded(tmp_path: Path) -> None:
    """The gateway shall understand every part of a delimited format."""
    found = load_format(write(tmp_path, DELIMITED))
    assert (found.name, found.status, found.kind) == ("confirmation 1.1.0", Status.DRAFT, Kind.DELIMITED)
    assert [each.name for each in found.record_types] == ["header", "item", "trailer"]
    assert found.record_type("item").field("quantity").decimals == 3
    assert found.record_type("item").field("posted").type is FieldType.DATE
    assert found.envelope.message_id == Reference("header", "message_id")
    assert found.envelope.counts == (ControlCount(Reference("trailer", "count"), ("item",)),)
    assert found.rules[0].fields == ("counter",)


def test_columns_count_from_one_for_people_and_from_zero_inside(tmp_path: Path) -> None:
    """The gateway shall read column 1 of the definition as the first column."""
    told = load_format(write(tmp_path, DELIMITED)).record_type("header").discriminator
    assert told is not None
    assert told.column == 0


def test_offsets_count_from_zero_as_in_the_tables_of_an_idoc(tmp_path: Path) -> None:
    """The gateway shall take offsets as they stand, and a discriminator's length from its value."""
    told = load_format(write(tmp_path, FIXED)).record_type("control").discriminator
    assert told is not None
    assert (told.offset, told.length, told.value) == (0, 8, "EDI_DC40")


def test_headers_and_trailers_occur_once_unless_the_format_says_otherwise(tmp_path: Path) -> None:
    """The gateway shall expect one header, one trailer, and any number of records."""
    found = load_format(write(tmp_path, DELIMITED))
    occurs = [(each.role, each.min_occurs, each.max_occurs) for each in found.record_types]
    assert occurs == [(Role.HEADER, 1, 1), (Role.RECORD, 0, None), (Role.TRAILER, 1, 1)]


def test_numbers_without_quotes_mean_their_text(tmp_path: Path) -> None:
    """The gateway shall take limits, codes and constants as text even where quotes are left out."""
    data = changed(DELIMITED, lambda d: d["records"]["item"]["fields"]["unit"].update(codes=[10, "007"]))
    item = load_format(write(tmp_path, data)).record_type("item")
    assert item.field("counter").minimum == "1"
    assert dict(item.field("unit").codes) == {"10": "", "007": ""}


def test_xml_and_json_formats_are_loaded_with_their_schemas(tmp_path: Path) -> None:
    """The gateway shall load the formats of all kinds."""
    assert load_format(write(tmp_path, XML, schema_xsd=XSD)).dialect.root == "Orders"
    assert load_format(write(tmp_path, JSON, schema_json="{}")).kind is Kind.JSON


def test_all_problems_of_a_definition_are_told_with_their_lines(tmp_path: Path) -> None:
    """The gateway shall name every wrong line of a definition at once."""
    directory = tmp_path / "confirmation" / "1.0.0"
    directory.mkdir(parents=True)
    (directory / "format.yaml").write_text(
        "schema: 1\nmessage_type: confirmation\nversion: 1.0\nstatus: draft\ntitle: T\nkind: delimitd\n"
        "records:\n  item:\n    felds: {}\n    fields: {a: {}}\n"
    )
    assert [line.split(": ")[0] for line in refused(directory)] == [
        "format.yaml:3:1", "format.yaml:6:1", "format.yaml:9:5"
    ]  # fmt: skip


def test_what_no_reader_could_work_with_is_refused_on_loading(tmp_path: Path) -> None:
    """The gateway shall not load a fixed-width format whose field stands nowhere."""
    data = changed(FIXED, lambda d: d["records"]["segment"]["fields"]["matnr"].pop("offset"))
    (line,) = refused(write(tmp_path, data))
    assert "records.segment.fields.matnr: a fixed-width field needs `offset`" in line


def test_what_is_merely_odd_is_loaded(tmp_path: Path) -> None:
    """The gateway shall load a format with a mistake that only `formats check` reports."""
    data = changed(DELIMITED, lambda d: d["records"]["item"]["fields"]["counter"].update(minimum=100))
    assert load_format(write(tmp_path, data)).name == "confirmation 1.1.0"


def test_a_missing_or_unreadable_definition_is_a_format_error(tmp_path: Path) -> None:
    """The gateway shall say which definition is missing, and why it could not be read."""
    with pytest.raises(FormatError, match=r"format\.yaml.*No such file"):
        load_format(tmp_path)


def test_the_digest_can_be_recomputed_by_hand(tmp_path: Path) -> None:
    """The gateway shall compute the digest of a version as its documentation says."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x").write_bytes(b"two")
    (tmp_path / "a.txt").write_bytes(b"one")
    expected = hashlib.sha256(b"a.txt\x003\x00one" + b"b/x\x003\x00two").hexdigest()
    assert digest_of(tmp_path) == expected


@given(st.dictionaries(st.sampled_from(["a", "b", "ab", "c/a"]), st.binary(max_size=4), min_size=1))
def test_the_digest_changes_with_every_byte_and_name(tmp_path_factory: pytest.TempPathFactory,
                                                     files: dict[str, bytes]) -> None:  # fmt: skip
    """The gateway shall see any change to any file of a version in its digest."""
    directory = tmp_path_factory.mktemp("version")
    for name, raw in files.items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_bytes(raw)
    before = digest_of(directory)
    assert digest_of(directory) == before
    first = directory / next(iter(files))
    first.write_bytes(first.read_bytes() + b"\0")
    assert digest_of(directory) != before
    first.rename(first.with_name("renamed"))
    assert digest_of(directory) != before


def test_links_in_a_version_are_refused(tmp_path: Path) -> None:
    """The gateway shall not follow a link out of a version's directory."""
    directory = write(tmp_path, DELIMITED)
    (directory / "schema.xsd").symlink_to("/etc/hostname")
    with pytest.raises(FormatError, match="regular files only"):
        load_format(directory)


def test_a_fifo_in_a_version_does_not_hang_the_gateway(tmp_path: Path) -> None:
    """The gateway shall refuse a version's directory with anything but files."""
    directory = write(tmp_path, DELIMITED)
    os.mkfifo(directory / "pipe")
    with pytest.raises(FormatError, match="regular files only"):
        load_format(directory)


def test_a_version_is_ordered_by_its_numbers() -> None:
    """The gateway shall order 1.10.0 after 1.9.0."""
    assert Version.parse("1.10.0") > Version.parse("1.9.0")
