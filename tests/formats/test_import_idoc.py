"""IDoc layouts become formats: tables, inline lists and SAP's parser description."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
import yaml

from gateway.bundle import bundled
from gateway.custody.look import open_regular
from gateway.errors import ImportFailed
from gateway.formats.check import check_format
from gateway.formats.definition import Format, Version
from gateway.formats.importing.entry import ImportedFormat, place
from gateway.formats.importing.idoc import import_idoc
from gateway.validation.reading import Input, ListingLimits, read_files

_VERSION = Version(1, 0, 0)
_HEAD = ("segnam", "mandt", "docnum", "segnum", "psgnum", "hlevel")


def material_layout() -> str:
    """Return the layout of the shipped material master as a table; offsets count within SDATA."""
    data = yaml.safe_load((bundled("formats") / "material/1.0.0/format.yaml").read_text("utf-8"))
    lines = ["# MATMAS", "field;offset;length;text"]
    for record in list(data["records"].values())[1:]:
        lines += ["", record["discriminator"]["value"]]
        for name, field in record["fields"].items():
            if name not in _HEAD:
                lines.append(
                    f"{name.upper()};{field['offset'] - 63};{field['length']};{field['description']}"
                )
    return "\n".join(lines)


def _import(directory: Path, text: str, segment: str | None = None) -> ImportedFormat:
    layout = directory / "layout.txt"
    layout.write_text(text, "utf-8")
    return import_idoc(layout, "material", _VERSION, segment=segment)


def _placed(directory: Path, text: str, segment: str | None = None) -> Format:
    catalogue = directory / "formats"
    catalogue.mkdir()
    return place(_import(directory, text, segment), catalogue, "material", _VERSION)


def _problems(directory: Path, text: str, segment: str | None = None) -> list[tuple[int | None, str]]:
    with pytest.raises(ImportFailed) as caught:
        _import(directory, text, segment)
    return [(problem.line, problem.message) for problem in caught.value.problems]


def test_samples_are_valid_under_an_imported_layout(tmp_path: Path) -> None:
    """The good material masters shall be valid, value by value, under a format imported from a table."""
    definition = _placed(tmp_path, material_layout())
    assert check_format(definition) == []
    files = sorted((bundled("samples") / "material/1.0.0/good").glob("*.idoc"))
    inputs = [
        Input(number, file.name, functools.partial(open_regular, str(file)))
        for number, file in enumerate(files)
    ]
    readings = read_files(definition, inputs, limits=ListingLimits())
    assert files
    for reading in readings:
        assert reading.findings.listed() == []
        assert reading.records > 1
        assert "ERPPRD" in reading.envelope.values()
        reading.keys.close()


def test_offsets_may_be_written_with_the_length_in_brackets(tmp_path: Path) -> None:
    """`MATNR 3(18), MTART 21(4)` shall be two fields at 66 and 84 of the record."""
    definition = _placed(tmp_path, "MSGFN 0(3), MATNR 3(18), MTART 21(4)\n", segment="E1MARAM")
    record = definition.record_types[1]
    assert [(each.name, each.offset, each.length) for each in record.fields[6:]] == [
        ("msgfn", 63, 3), ("matnr", 66, 18), ("mtart", 84, 4),
    ]  # fmt: skip
    assert record.discriminator is not None
    assert record.discriminator.value == "E1MARAM"


def test_a_segment_may_be_described_with_its_head(tmp_path: Path) -> None:
    """Where a table describes SEGNAM itself, its offsets shall count from the beginning of the record."""
    definition = _placed(tmp_path, "E1MARAM\nSEGNAM 0(30)\nSDATA1 63(3)\nMATNR 66(18)\n")
    assert [each.offset for each in definition.record_types[1].fields[6:]] == [63, 66]


_EXPORTED = """BEGIN_RECORD_SECTION
  BEGIN_CONTROL_RECORD
    BEGIN_FIELDS
      NAME                TABNAM
      TYPE                CHARACTER
      LENGTH              000010
      FIELD_POS           0001
      CHARACTER_FIRST     000001
      CHARACTER_LAST      000010
    END_FIELDS
  END_CONTROL_RECORD
END_RECORD_SECTION
BEGIN_SEGMENT_SECTION
  BEGIN_IDOC              MATMAS05
    BEGIN_SEGMENT         E2MARAM009
      SEGMENTTYPE         E1MARAM
      LEVEL               01
      STATUS              MANDATORY
      LOOPMIN             0000000001
      LOOPMAX             0000000001
      BEGIN_FIELDS
        NAME              MSGFN
        TEXT              Function: "what" to do
        TYPE              CHARACTER
        LENGTH            000003
        FIELD_POS         0001
        CHARACTER_FIRST   000064
        CHARACTER_LAST    000066
        NAME              MATNR
        TEXT              Material number
        TYPE              CHARACTER
        LENGTH            000018
        FIELD_POS         0002
        BYTE_FIRST        000067
        BYTE_LAST         000084
      END_FIELDS
    END_SEGMENT
  END_IDOC
END_SEGMENT_SECTION
"""


def test_the_parser_description_of_sap_is_understood(tmp_path: Path) -> None:
    """Segments, texts and the basic type shall be taken from the export; positions there count from 1."""
    definition = _placed(tmp_path, _EXPORTED)
    record = definition.record_types[1]
    assert record.name == "e2maram009"
    assert [(each.name, each.offset, each.length, each.description) for each in record.fields[6:]] == [
        ("msgfn", 63, 3, 'Function: "what" to do'), ("matnr", 66, 18, "Material number"),
    ]  # fmt: skip
    assert definition.envelope.version_values == ("MATMAS05",)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("E1A\nX;0;10\nY;5;10", 3, "overlaps X"),
        ("E1A\nX;0;10\nX;10;10", 3, "stands in line 2 too"),
        ("E1A\nX;0;10\nY;995;6", 3, "beyond the 1000 characters"),
        ("E1A\nX;zero;10", 2, "the offset of X is not a number"),
        ("E1A\nX;0;-1", 2, "the length of X is not a number"),
        ("E1A\nX;0;0", 2, "has the length 0"),
        ("E1A\nX;0", 2, "name, its offset and its length"),
        ("E1A\nX;0;1\nE1B", 3, "has no field"),
        ("X;0;1", 1, "no segment is named"),
        ("E1A\nX;99999999999999999999;1", 2, "is not a number"),
        ("", None, "no field was found"),
    ],
)
def test_what_cannot_be_is_told_with_its_line(
    tmp_path: Path, text: str, line: int | None, words: str
) -> None:
    """Overlaps, doubles, fields beyond SDATA and wrong numbers shall be refused, each with its line."""
    assert any(where == line and words in message for where, message in _problems(tmp_path, text))


def test_gaps_are_noted(tmp_path: Path) -> None:
    """Stretches that no field describes shall be told, and hinder nothing."""
    imported = _import(tmp_path, "E1A\nX\t0\t3\nY\t10\t2\n")
    assert any("characters 3 to 9" in note for note in imported.notes)


def test_names_that_are_no_names_of_ours_are_kept_apart(tmp_path: Path) -> None:
    """Names with slashes or digits in front, and names of the head, shall get names of their own."""
    definition = _placed(tmp_path, "E1A\n/BIC/ZX;0;3\n1ST;3;2\nDOCNUM;5;2\n")
    assert [each.name for each in definition.record_types[1].fields[6:]] == ["bic_zx", "f_1st", "docnum_2"]


@pytest.mark.parametrize(
    "text",
    [
        "E1A\nSEGNAM;0;30\nMANDT;30;3\nDOCNUM;33;16\nSEGNUM;49;6\nPSGNUM;55;6\nHLEVEL;61;2\nNAME;63;10\nY;73;2",
        "E1A\nSEGNAM 0(30), SDATA 63(1000), NAME 63(10), Y 73(2)",
        "Segment;Feld;Offset;Länge\ne1a;NAME;0;10\ne1a;Y;10;2",
        "E1A\nFeldname;Start;Len\nNAME;0;10\nE1B\nZ;0;1\nE1A\nY;10;2",
        "\ufeffE1A\r\nNAME\t0\t10\r\nY\t10\t2\r\n",
    ],
)
def test_each_way_to_write_a_table_gives_the_same_fields(tmp_path: Path, text: str) -> None:
    """Offsets from the record or from SDATA, headings, and a segment that goes on later shall be read."""
    record = _placed(tmp_path, text).record_types[1]
    assert (record.name, record.discriminator and record.discriminator.value) == ("e1a", "E1A")
    assert [(each.name, each.offset, each.length) for each in record.fields[6:]] == [
        ("name", 63, 10),
        ("y", 73, 2),
    ]


def test_a_segment_that_an_export_has_twice_is_one_record_type(tmp_path: Path) -> None:
    """A segment below two parents shall be imported once, and refused where its fields differ."""
    start, end = _EXPORTED.index("    BEGIN_SEGMENT "), _EXPORTED.index("  END_IDOC")
    twice = _EXPORTED[:end] + _EXPORTED[start:end] + _EXPORTED[end:]
    assert [each.name for each in _placed(tmp_path, twice).record_types] == ["control", "e2maram009"]
    other = _EXPORTED[:end] + _EXPORTED[start:end].replace("MSGFN", "OTHER") + _EXPORTED[end:]
    assert any("with other fields" in message for _line, message in _problems(tmp_path, other))


def test_an_export_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    """A parser description without its end shall be refused: its last fields would be missing."""
    cut = _EXPORTED[: _EXPORTED.index("END_SEGMENT\n")]
    assert any("cut off" in message for _line, message in _problems(tmp_path, cut))


@pytest.mark.parametrize("text", ["x y\n" * 20_000, "A" * 300_000, "E" * 31 + "\nX;0;1"])
def test_what_is_no_layout_is_told_shortly(tmp_path: Path, text: str) -> None:
    """A file that is no layout shall be refused at once, with some of its problems and their number."""
    assert 0 < len(_problems(tmp_path, text)) <= 50
