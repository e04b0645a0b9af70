"""A mapping as a file: read with positions, checked against both definitions, proved by its cases."""

from __future__ import annotations

import io
import re
from pathlib import Path

import jsonschema
import pytest

from gateway.bundle import bundled
from gateway.errors import MappingInvalid
from gateway.findings import Findings
from gateway.formats.catalogue import Catalogue
from gateway.mappings.convert import convert
from gateway.mappings.loading import find, load_mapping, schema
from gateway.mappings.reference import settings_markdown
from gateway.operations.mapping import mapping_problems
from tests.mappings.mapping_kit import PERFORMANCE, TO_PERFORMANCE, Kit, converted, errors_of
from tests.pipeline.plant import confirmation

NAME = "1.1.0-to-performance-1.0.0"


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    """Return a catalogue with confirmations and their XML."""
    made = Kit.with_shipped(tmp_path, "confirmation/1.1.0")
    made.add(PERFORMANCE)
    return made


def changed(old: str, new: str) -> str:
    """Return the good mapping with one change."""
    assert TO_PERFORMANCE.count(old) == 1, old
    return TO_PERFORMANCE.replace(old, new)


def test_every_key_of_the_schema_is_described() -> None:
    """The published schema shall be a valid one, with a description at every key."""
    jsonschema.Draft202012Validator.check_schema(schema())
    assert settings_markdown().count("| `") > 40
    for line in settings_markdown().splitlines():
        if line.startswith("| `"):
            assert len(line.split("|")[2].strip()) > 10, line


def test_the_shipped_mappings_are_in_order() -> None:
    """Every mapping that ships shall pass its check and its test cases, and be locked if it is released."""
    catalogue = Catalogue.load(bundled("formats"))
    assert [str(one) for one in mapping_problems(catalogue, catalogue.message_types())] == []
    assert len(list(find(catalogue.directory, "confirmation"))) == 2


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("status: draft", "status: retired", "status"),
        (
            "      number: {from: order_number}",
            "      number: {from: order_number, constant: x}",
            "exactly one",
        ),
        ("      number: {from: order_number}", "      number: {default: x}", "exactly one"),
        ("{S: 1, MIN: 60, H: 3600}", "{S: 1, MIN: 0, H: 3600}", "above zero|minimum|at least"),
        ("{S: 1, MIN: 60, H: 3600}", "{S: 1, MIN: 1/0, H: 3600}", "above zero"),
        ("of: time_unit, ", "", "not clear"),
        ('separator: "/", part: 1', "part: 1", "not clear"),
        ("      line: {number: 1}", "      line: {number: 1, surprise: 1}", "surprise"),
        ("version: 1.1.0}", "version: 1.1}", "version"),
    ],
)
def test_what_is_wrong_with_the_file_has_its_line(kit: Kit, old: str, new: str, said: str) -> None:
    """A file that is no mapping shall be refused with every problem and its line."""
    path = kit.map("confirmation", NAME, changed(old, new))
    with pytest.raises(MappingInvalid) as caught:
        load_mapping(path)
    problems = caught.value.problems
    assert problems
    assert all(problem.line for problem in problems)
    assert re.search(said, " ".join(map(str, problems)))


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b"a: [", b"schema: 1\nschema: 1\n"])
def test_a_file_that_is_no_yaml_mapping_is_refused(kit: Kit, content: bytes) -> None:
    """Whatever stands in the file, the answer shall be a problem, not a traceback."""
    path = kit.map("confirmation", NAME, "")
    path.write_bytes(content)
    with pytest.raises(MappingInvalid):
        load_mapping(path)


def test_a_name_that_says_something_else_is_refused(kit: Kit) -> None:
    """A file shall be called by the versions it stands between; a name of no mapping shall be told."""
    path = kit.map("confirmation", "1.1.0-to-performance-2.0.0", TO_PERFORMANCE)
    with pytest.raises(MappingInvalid) as caught:
        load_mapping(path)
    assert "not named as it says" in str(caught.value.problems[0])
    path.unlink()
    kit.map("confirmation", "1.1-to-2.0", TO_PERFORMANCE)
    (problem,) = mapping_problems(Catalogue.load(kit.directory), ["confirmation"])
    assert "not the name of a mapping" in problem.message
    (path.parent / "1.1-to-2.0.yaml").unlink()
    (path.parent / "1.1.0-to-9.9.9" / "case").mkdir(parents=True)  # cases whose mapping is gone
    (problem,) = mapping_problems(Catalogue.load(kit.directory), ["confirmation"])
    assert problem.file.endswith("1.1.0-to-9.9.9")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "      batch: not reported\n",
            "",
            "records.order: the source field `confirmation.batch` is not used",
        ),
        ("      batch: not reported\n", "      batches: no such\n      batch: unused\n", "no such field"),
        (
            "      key: {join",
            "      kex: {join",
            "records.report.fields.kex: performance 1.0.0 has no such field",
        ),
        ("      id: {from: message_id}", "      id: {from: trailer_id}", "no such field"),
        (
            "      final: {from: final}",
            "      final: {from: order.final}",
            "does not stand under such a record",
        ),
        (
            "      final: {from: final}",
            "      final: {from: final}\n      mark: {constant: x}",
            "no such field",
        ),
        (
            "      text: {from: text, default: nothing said}",
            "      text: {from: yield_quantity}",
            "`confirmation.text`",
        ),
        ("      final: {from: final}", "      final: {from: finished_at}", "a datetime cannot be a boolean"),
        ("      final: {from: final}", "      final: {constant: perhaps}", "the value"),
        (
            "      sender: {from: sender}",
            "      sender: {from: sender}\n      rows: {constant: 1}",
            "the gateway computes",
        ),
        ("    group_by: [order_number]\n", "    group_by: [order]\n", "no such field"),
        ("{KG: KGM, CAN: C62}", "{KG: KGM, CAN: CAN}", "records.report.fields.unit.codes.CAN: the value"),
        ("factors: {S: 1, MIN: 60, H: 3600}, to: S", "factors: {S: 1}, to: H", "the target has another unit"),
        ("default: nothing said", f"default: {'x' * 41}", "records.report.fields.text.default: the value"),
        ("      line: {number: 1}\n", "", "nothing feeds the field `line`"),
    ],
)  # fmt: skip
def test_the_check_finds_what_would_be_lost_or_missing(kit: Kit, old: str, new: str, said: str) -> None:
    """What a mapping loses without a word, leaves open or names wrongly shall be found before any file."""
    problems = kit.problems(kit.map("confirmation", NAME, changed(old, new)))
    assert any(said in one for one in problems), problems


def test_a_record_that_nothing_makes_or_reads_is_found(kit: Kit) -> None:
    """A target record that is needed shall be made; a source record that is not read shall have a reason."""
    start = TO_PERFORMANCE.index("  header:\n")
    end = TO_PERFORMANCE.index("  order:\n")
    problems = kit.problems(kit.map("confirmation", NAME, TO_PERFORMANCE[:start] + TO_PERFORMANCE[end:]))
    assert any("nothing makes the record type `header`" in one for one in problems)
    assert any("nothing is made from the record type `header`" in one for one in problems)


def test_a_header_is_not_made_from_every_row(kit: Kit) -> None:
    """A header that is made from business records shall say that it is made once."""
    start, end = TO_PERFORMANCE.index("  header:\n"), TO_PERFORMANCE.index("  order:\n")
    header = "  header:\n    from: confirmation\n    fields: {id: {constant: X}, sender: {constant: Y}}\n"
    text = TO_PERFORMANCE[:start] + header + TO_PERFORMANCE[end:] + "drop_records: {header: not needed}\n"
    path = kit.map("confirmation", NAME, text)
    assert any("would be made from every row" in one for one in kit.problems(path))
    once = text.replace(
        "from: confirmation\n    fields: {id", "from: confirmation\n    group_by: []\n    fields: {id"
    )
    bound = kit.bound(kit.map("confirmation", NAME, once))
    output, findings = converted(bound, confirmation(1))
    assert findings == []
    assert output.count(b"<Id>X</Id>") == 1
    assert errors_of(bound, output) == []


def test_a_time_must_not_lose_its_zone(kit: Kit, tmp_path: Path) -> None:
    """A time whose instant is known shall not be mapped to one whose instant nobody knows."""
    other = Kit.with_shipped(tmp_path / "other", "confirmation/1.1.0")
    naive = PERFORMANCE.replace("SSZ", "SS").replace("\n  time_zone: Europe/Berlin}", "}")
    other.add(naive)
    problems = other.problems(other.map("confirmation", NAME, TO_PERFORMANCE))
    assert any("says which instant" in one for one in problems), problems


def case(path: Path, name: str, **files: bytes) -> None:
    """Write a test case beside a mapping."""
    place = path.with_suffix("") / name
    place.mkdir(parents=True)
    for file, content in files.items():
        (place / file.replace("_", ".")).write_bytes(content)


def test_a_case_that_comes_out_otherwise_is_shown_with_its_line(kit: Kit) -> None:
    """A test case shall pass byte for byte, or be shown with the first line that differs."""
    path = kit.map("confirmation", NAME, TO_PERFORMANCE)
    assert any("no test case" in one for one in kit.case_problems(path))
    output, _ = converted(kit.bound(path), confirmation(1))
    case(path, "good", input_csv=confirmation(1), expected_xml=output)
    assert kit.case_problems(path) == []
    case(path, "other", input_csv=confirmation(1), expected_xml=output.replace(b"KGM", b"C62", 1))
    (problem,) = kit.case_problems(path)
    assert "expected.xml" in problem
    assert "KGM" in problem
    assert "C62" in problem


def test_a_case_may_say_what_is_refused(kit: Kit) -> None:
    """A case shall name every refusal with its place, no more and no fewer."""
    path = kit.map("confirmation", NAME, TO_PERFORMANCE)
    wrong = confirmation(1).replace(b";KG;", b";DR;", 1)
    case(path, "units", input_csv=wrong, refused_yaml=b"- {code: F220, record: 2, column: unit, value: DR}\n")
    assert kit.case_problems(path) == []
    case(path, "missed", input_csv=wrong, refused_yaml=b"- {code: F220, record: 3}\n")
    assert len(kit.case_problems(path)) == 2  # one that is listed, and one that is not
    case(path, "empty", input_csv=wrong, refused_yaml=b"nothing\n")
    case(path, "alone", input_csv=wrong)
    case(path, "unexpected", input_csv=wrong, expected_xml=b"")
    case(path, "invalid", input_csv=b"no confirmation", expected_xml=b"")
    said = " ".join(kit.case_problems(path))
    for words in (
        "does not say what is refused",
        "not complete",
        "the mapping refuses it",
        "no valid confirmation",
    ):
        assert words in said


def test_a_value_may_be_kept_or_replaced_where_no_translation_stands(kit: Kit) -> None:
    """A code without a translation shall refuse the file, be kept, or be replaced, as the mapping says."""
    wrong = confirmation(1).replace(b";KG;", b";DR;")
    refused = kit.bound(kit.map("confirmation", NAME, TO_PERFORMANCE))
    _output, findings = converted(refused, wrong)
    assert {(one.code, one.column, one.value) for one in findings} == {("F220", "unit", "DR")}
    text = changed("{KG: KGM, CAN: C62}", "{KG: KGM, CAN: C62}, otherwise: {value: C62}")
    output, findings = converted(kit.bound(kit.map("confirmation", NAME, text)), wrong)
    assert findings == []
    assert output.count(b'unit="C62"') == 2
    kept = changed("{KG: KGM, CAN: C62}", "{KG: KGM, CAN: C62}, otherwise: keep")
    _output, findings = converted(kit.bound(kit.map("confirmation", NAME, kept)), wrong)
    assert "is not what the target takes" in findings[0].message


def test_groups_are_runs_of_equal_keys(kit: Kit) -> None:
    """Rows of one order that stand apart shall make two groups, so that memory stays bounded."""
    bound = kit.bound(kit.map("confirmation", NAME, TO_PERFORMANCE))
    lines = confirmation(1, rows=3).splitlines(keepends=True)
    lines[2] = lines[2].replace(b"000001000241", b"000001000242")
    output, findings = converted(bound, b"".join(lines))
    assert findings == []
    assert output.count(b"<Order ") == 3
    assert errors_of(bound, output) == []


def test_many_findings_are_counted_exactly_and_listed_in_part(kit: Kit) -> None:
    """Every value without a place shall be counted, whatever is listed."""
    bound = kit.bound(kit.map("confirmation", NAME, TO_PERFORMANCE))
    wrong, findings = confirmation(1, rows=500).replace(b";KG;", b";DR;"), Findings()
    convert(bound, lambda: io.BytesIO(wrong), io.BytesIO(), findings)
    assert findings.errors == 500
    assert len(findings.listed()) == 20
