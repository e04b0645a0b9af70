"""What real files show of a change, and that a wrong verdict does not survive them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway.errors import UsageError
from gateway.formats.compare.change import Change, Comparison, Demand, Direction, Judgement, Verdict
from gateway.formats.compare.definitions import compare
from gateway.formats.definition import Format
from gateway.operations import impact as operation
from gateway.operations.impact_files import in_paths
from gateway.operations.impact_kept import Kept
from gateway.operations.impact_results import Effect, FileImpact, Impact, Limits
from gateway.witness import build
from tests.compare.cases import CASES, Case

_ROW = "I;{material};{quantity};5;KG;2026-11-22;2026-11-22T06:00:00;true;"


def versions(old: str, new: str, physical: str = "delimited") -> tuple[Format, Format]:
    """Return two versions: a base definition, changed once by ``old`` and once by ``new``."""
    return Case("", physical, old, new, "", "", "").definitions()


def change(
    kind: str,
    forward: Verdict,
    back: Verdict,
    path: str = "records.item.fields.quantity",
    place: str | None = "item.quantity",
) -> Change:
    """Return a change of one field as a comparison would report it."""
    return Change(kind, path, "a", "b", Judgement(forward, "."), Judgement(back, "."), place, place)


def file(directory: Path, rows: Sequence[str], name: str = "S1.csv", lines: int | None = None) -> Path:
    """Write a file of the delimited base with these item rows and return its path."""
    stated = len(rows) if lines is None else lines
    path = directory / name
    path.write_text("\n".join(["H;S1;0001;P1", *rows, f"T;{stated};0", ""]), encoding="utf-8")
    return path


def row(quantity: str, material: str = "M1") -> str:
    """Return one item row."""
    return _ROW.format(material=material, quantity=quantity)


def seen(
    pair: tuple[Format, Format], changes: Sequence[Change], *paths: Path, limits: Limits | None = None
) -> Impact:
    """Read files under both versions, held against what ``changes`` say."""
    old, new = pair
    comparison = Comparison("stock", old.name, new.name, "", "", tuple(changes))
    return operation.impact(old, new, comparison, in_paths(paths), limits=limits or Limits())


FEWER = versions("{}", "records: {item: {fields: {quantity: {decimals: 2}}}}")


def test_a_file_that_is_refused_is_listed_with_record_and_cause(tmp_path: Path) -> None:
    """A file that only the new version refuses shall be listed with record, line, value and the change."""
    wrong = file(tmp_path, [row("1.25"), row("1.125"), row("2.375")])
    found = seen(FEWER, [change("decimals", Verdict.BREAKING, Verdict.OK)], wrong)
    (one,) = found.listed
    assert (one.effect, one.old_errors, one.new_errors) == (Effect.REFUSED, 0, 2)
    assert [(each.finding.record, each.finding.line, each.finding.value) for each in one.findings] == [
        (3, 3, "1.125"),
        (4, 4, "2.375"),
    ]
    assert {cause.change.kind for each in one.findings for cause in each.causes} == {"decimals"}
    assert found.by_change == {found.comparison.fingerprint(found.comparison.changes[0]): 1}
    assert found.contradicting_total == 0


def test_a_file_that_both_read_alike_is_the_same(tmp_path: Path) -> None:
    """A file that means the same under both versions shall be counted and not listed."""
    found = seen(FEWER, [change("decimals", Verdict.BREAKING, Verdict.OK)], file(tmp_path, [row("1.25")]))
    assert found.effects == {Effect.SAME: 1}
    assert not found.listed
    assert found.changed == 0


@pytest.mark.parametrize("changes", [[], [change("decimals", Verdict.OK, Verdict.OK)]], ids=["none", "ok"])
def test_a_wrong_verdict_is_contradicted_by_a_file_that_is_refused(
    changes: list[Change], tmp_path: Path
) -> None:
    """A file that the new version refuses shall contradict a comparison that says nothing harmful of it."""
    found = seen(FEWER, changes, file(tmp_path, [row("1.125")]))
    (one,) = found.contradicting
    assert "old-under-new: F303 item.quantity record 2, line 2" in one.contradictions[0]
    assert ("is said to be ok" in one.contradictions[0]) is bool(changes)


def test_a_wrong_verdict_is_contradicted_in_the_other_direction(tmp_path: Path) -> None:
    """A file of the new version that the old one refuses shall contradict a verdict back that is ok."""
    more = (FEWER[1], FEWER[0])
    found = seen(more, [change("decimals", Verdict.OK, Verdict.OK)], file(tmp_path, [row("1.125")]))
    assert found.effects == {Effect.ACCEPTED: 1}
    assert found.contradicting[0].contradictions[0].startswith("new-under-old: F303")
    fine = seen(more, [change("decimals", Verdict.OK, Verdict.BREAKING)], tmp_path / "S1.csv")
    assert fine.contradicting_total == 0


SHIFTED = versions("{}", "records: {item: {fields: {due: {date_format: YYYY-DD-MM}}}}")


def test_a_value_that_is_read_otherwise_is_shown_with_both_meanings(tmp_path: Path) -> None:
    """Where both versions accept a file, each value with another meaning shall be listed with its cause."""
    day = row("1").replace("2026-11-22;", "2026-02-03;")
    why = change("date-order", Verdict.SILENT, Verdict.SILENT, "records.item.fields.due", "item.due")
    found = seen(SHIFTED, [why], file(tmp_path, [day]))
    (one,) = found.listed
    (value,) = one.values
    assert one.effect is Effect.DIFFERENT
    assert (value.shift.record, value.shift.line, value.shift.old_text) == (2, 2, "2026-02-03")
    assert "2026-02-03" in value.shift.old_meaning
    assert "2026-03-02" in value.shift.new_meaning
    assert [cause.change.kind for cause in value.causes] == ["date-order"]
    assert found.changed == 1
    assert found.contradicting_total == 0


def test_a_value_read_otherwise_contradicts_a_comparison_that_says_ok(tmp_path: Path) -> None:
    """A value that means something else shall contradict verdicts that are ok, in either direction."""
    day = row("1").replace("2026-11-22;", "2026-02-03;")
    why = change("date-order", Verdict.SILENT, Verdict.OK, "records.item.fields.due", "item.due")
    (one,) = seen(SHIFTED, [why], file(tmp_path, [day])).contradicting
    (line,) = one.contradictions
    assert line.startswith("new-under-old: item.due, record 2 is read as")


def test_a_unit_is_part_of_the_meaning(tmp_path: Path) -> None:
    """The same number in another unit shall be read differently."""
    pair = versions(
        "records: {item: {fields: {quantity: {unit: KG}}}}",
        "records: {item: {fields: {quantity: {unit: G}}}}",
    )
    found = seen(pair, [change("unit", Verdict.SILENT, Verdict.SILENT)], file(tmp_path, [row("1")]))
    assert found.listed[0].values[0].shift.new_meaning.endswith("G")
    assert found.contradicting_total == 0


def test_fields_that_changed_places_are_read_differently(tmp_path: Path) -> None:
    """Two neighbours of one type that changed places shall be shown, and contradict an ok."""
    pair = versions(
        "{}", "records: {head: {fields: {$whole: 1, row: {constant: H}, number: {}, id: {}, site: {}}}}"
    )
    moved = [change("field-moved", Verdict.SILENT, Verdict.SILENT, "records.head.fields.id", "head.id")]
    path = file(tmp_path, [row("1")])
    found = seen(pair, moved, path)
    assert {each.shift.new_place for each in found.listed[0].values} == {"head.id", "head.number"}
    assert found.contradicting_total == 0
    assert seen(pair, [], path).contradicting_total == 1


def test_a_renamed_field_is_followed(tmp_path: Path) -> None:
    """A field under a new name shall be compared with itself, its findings not counted as other ones."""
    pair = versions(
        "records: {item: {fields: {material: {id: m, max_length: 1}}}}",
        "records: {item: {fields: {$whole: 1, row: {constant: I}, article: {id: m, max_length: 1},"
        " quantity: {type: decimal, digits: 9, decimals: 3}, booked: {type: integer, nullable: true},"
        " unit: {}, due: {type: date}, seen: {type: datetime}, open: {type: boolean},"
        " note: {nullable: true}}}}",
    )
    found = seen(pair, [], file(tmp_path, [row("1", material="TOO-LONG")]))
    assert found.effects == {Effect.SAME: 1}


def test_totals_are_exact_where_lists_are_cut(tmp_path: Path) -> None:
    """Of ten thousand wrong values few shall be listed, and their number be exact."""
    path = file(tmp_path, [row("1.125")] * 10_000)
    (one,) = seen(FEWER, [change("decimals", Verdict.BREAKING, Verdict.OK)], path).listed
    assert one.new_errors == 10_000
    assert len(one.findings) == Limits().per_kind
    (total,) = one.totals
    assert (total.code, total.column, total.under_old, total.under_new) == ("F303", "quantity", 0, 10_000)
    day = row("1").replace("2026-11-22;", "2026-02-03;")
    (other,) = seen(SHIFTED, [], file(tmp_path, [day] * 10_000)).listed
    assert other.value_totals == (("item.due", "item.due", True, 10_000),)
    assert len(other.values) == Limits().per_field


def test_every_file_and_record_is_listed_where_that_is_asked_for(tmp_path: Path) -> None:
    """Without limits each record that changes shall be listed, and a small limit hide no contradiction."""
    paths = [file(tmp_path, [row("1.125")] * 300, f"S{number}.csv") for number in range(3)]
    found = seen(FEWER, [], *paths, limits=Limits.of(sys.maxsize))
    assert [len(one.findings) for one in found.listed] == [300, 300, 300]
    few = seen(FEWER, [], *paths, limits=Limits.of(1))
    assert [len(one.findings) for one in few.listed] == [1]
    assert (few.changed, few.contradicting_total, len(few.contradicting)) == (3, 3, 1)
    day = row("1").replace("2026-11-22;", "2026-02-03;")
    (other,) = seen(SHIFTED, [], file(tmp_path, [day] * 300), limits=Limits.of(sys.maxsize)).listed
    assert [one.shift.record for one in other.values] == [*range(2, 302)]


def test_what_is_listed_beyond_memory_comes_back_as_it_was(tmp_path: Path) -> None:
    """Files that are put aside shall come back with their findings, and causes be the same ones."""
    why = [change("decimals", Verdict.BREAKING, Verdict.OK)]
    (one,) = seen(FEWER, why, file(tmp_path, [row("1.125")] * 2)).listed
    kept: Kept[FileImpact] = Kept(in_memory=4)
    for _ in range(3):
        kept.add(one, len(one.findings))
    assert len(kept) == 3
    assert list(kept) == kept[:] == [one, one, one]
    assert kept[-1].findings[0].causes[0] is one.findings[0].causes[0]
    with pytest.raises(IndexError):
        kept[3]


def test_a_file_that_both_refuse_contradicts_nothing(tmp_path: Path) -> None:
    """A file that is valid under neither version shall not be held against a verdict."""
    found = seen(FEWER, [], file(tmp_path, [row("1.125")], lines=7))
    assert found.effects == {Effect.FINDINGS: 1}
    assert found.contradicting_total == 0
    assert [each.finding.code for each in found.only_findings[0].findings] == ["F303"]


def test_consequences_of_a_moved_field_are_no_contradiction(tmp_path: Path) -> None:
    """A count that is wrong because rows are refused shall be laid to the change that refuses them."""
    pair = versions("{}", "records: {item: {fields: {extra: {nullable: true}}}}")
    added = change(
        "field-added-required", Verdict.BREAKING, Verdict.BREAKING, "records.item.fields.extra", "item.extra"
    )
    found = seen(pair, [added], file(tmp_path, [row("1")]))
    codes = {each.finding.code: each.follows for each in found.listed[0].findings}
    assert codes == {"F108": False, "F205": True}
    assert found.contradicting_total == 0


def test_what_is_not_found_under_another_namespace_is_laid_to_the_namespace(tmp_path: Path) -> None:
    """A header that is missed for its namespace shall be laid to that, not to a record type that came."""
    added = "records: {extra: {path: /Stock/Extra, min_occurs: 1, fields: {code: {path: Code}}}}"
    old, new = versions("{}", f"dialect: {{namespace: 'urn:b'}}\n{added}", "xml")
    made = build(old, Demand())
    assert made is not None
    path = tmp_path / "S1.xml"
    path.write_bytes(made.data)
    found = operation.impact(old, new, compare(old, new), in_paths([path]))
    codes = {
        (each.finding.code, each.finding.record_type): {cause.change.kind for cause in each.causes}
        for each in found.listed[0].findings
    }
    assert codes["F201", "head"] == codes["F505", None] == {"namespace"}


def test_a_row_of_another_length_is_laid_to_the_field_that_came(tmp_path: Path) -> None:
    """A row with too few fields shall be explained by the field that was added, not by one that moved."""
    pair = versions("{}", "records: {item: {fields: {extra: {}}}}")
    breaking = (Verdict.BREAKING, Verdict.BREAKING)
    moved = change("field-moved", *breaking, "records.item.fields.note.position", "item.note")
    added = change("field-added-required", *breaking, "records.item.fields.extra", "item.extra")
    far = change("field-added-required", *breaking, "records.head.fields.extra", "head.extra")
    found = seen(pair, [moved, far, added], file(tmp_path, [row("1")]))
    causes = {each.finding.code: [cause.id for cause in each.causes] for each in found.listed[0].findings}
    assert causes == {"F108": [added.id], "F205": [added.id]}
    assert list(found.by_change) == [found.comparison.fingerprint(added)]


def test_a_warning_that_became_an_error_is_shown_and_held_to_the_verdict(tmp_path: Path) -> None:
    """A finding that is an error under one version alone shall be listed, and contradict an ok."""
    pair = versions(
        "records: {item: {fields: {quantity: {decimals: 2, severity: warning}}}}",
        "records: {item: {fields: {quantity: {decimals: 2}}}}",
    )
    path = file(tmp_path, [row("1.125")] * (Limits().per_kind + 1))
    found = seen(pair, [change("severity", Verdict.BREAKING, Verdict.OK)], path)
    assert found.effects == {Effect.REFUSED: 1}
    assert {each.finding.severity.value for each in found.listed[0].findings if each.under_new} == {"error"}
    assert found.contradicting_total == 0
    assert seen(pair, [], path).contradicting_total == 1


def test_many_findings_that_both_have_are_no_differences(tmp_path: Path) -> None:
    """Findings of both versions shall not show as differences because there are many of other kinds."""
    kinds = 12
    long = ", ".join(f"x{number}: {{max_length: 1, severity: warning}}" for number in range(kinds))
    shape = "records: {item: {fields: {%s}}}"
    pair = versions(shape % long, shape % f"{long}, material: {{max_length: 1, severity: warning}}")
    rows = [row("1", material="M1") + ";" + ";".join(["TOO"] * kinds)] * Limits().per_kind
    found = seen(pair, [], file(tmp_path, rows))
    assert {each.finding.column for each in found.only_findings[0].findings} == {"material"}


def test_a_name_counts_only_where_the_versions_differ_in_it(tmp_path: Path) -> None:
    """A name that one version alone takes shall be a finding; a copy under another name tells nothing."""
    pair = versions(r"file_name: 'S[0-9]+\.csv'", r"file_name: 'STOCK[0-9]+\.csv'")
    named = change("file-name", Verdict.BREAKING, Verdict.BREAKING, "file_name", None)
    found = seen(pair, [named], file(tmp_path, [row("1")]))
    assert [each.finding.code for each in found.listed[0].findings] == ["F210"]
    assert found.contradicting_total == 0
    assert seen(pair, [named], file(tmp_path, [row("1")], "copy.txt")).effects == {Effect.SAME: 1}


def test_directories_are_searched_and_other_files_left_out(tmp_path: Path) -> None:
    """Of a directory, files of this message type shall be read, and what lies beside them left out."""
    pair = versions(r"file_name: 'S[0-9]+\.csv'", r"file_name: 'S[0-9]+\.csv'")
    below = tmp_path / "processed" / "2026-11-22"
    below.mkdir(parents=True)
    file(below, [row("1")])
    for name in ("S1.csv.manifest.json", "manifest-sha256.txt", ".part-0", "other.txt"):
        (below / name).write_text("{}")
    (tmp_path / ".hidden").mkdir()
    file(tmp_path / ".hidden", [row("1")], "S2.csv")
    found = seen(pair, [], tmp_path)
    assert (found.files, found.others) == (1, 1)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    """A link, a pipe or a missing file shall be noted, and a path that is not there be refused."""
    (tmp_path / "S1.csv").symlink_to("nowhere")
    found = seen(versions("{}", "title: New"), [], tmp_path)
    assert found.unread_total == 1
    with pytest.raises(UsageError):
        seen(FEWER, [], tmp_path / "missing")


def test_empty_and_broken_files_are_read_like_all_others(tmp_path: Path) -> None:
    """An empty file, bytes that are no text and a cut row shall give findings, never an error."""
    paths = [tmp_path / f"S{number}.csv" for number in range(4)]
    for path, data in zip(paths, (b"", b"\xff\xfe\x00", b"H;", "H;\u202e;0001;\n".encode()), strict=True):
        path.write_bytes(data)
    assert seen(FEWER, [], *paths).files == 4


@pytest.mark.parametrize("physical", ["headed", "fixed-width", "xml", "json", "lines"])
def test_two_equal_versions_read_every_kind_alike(physical: str, tmp_path: Path) -> None:
    """A file of any physical kind shall be the same under two versions that differ in words alone."""
    data = {
        "headed": "material;quantity;note\nM1;1.5;\n",
        "fixed-width": f"{'H S1':<20}\n{'I M1':<40}\n",
        "xml": "<stock/>",
        "json": '{"head": {"id": "S1"}, "items": [{"material": "M1", "quantity": 1.5}]}',
        "lines": '{"material": "M1", "quantity": 1.5}\n',
    }
    path = tmp_path / "S1.dat"
    path.write_text(data[physical])
    found = seen(versions("{}", "title: New", physical), [], path)
    assert found.effects == {Effect.SAME: 1}


@pytest.mark.parametrize("case", CASES[::6], ids=lambda case: case.name)
def test_no_file_contradicts_a_true_comparison(case: Case, tmp_path: Path) -> None:
    """Files made to show what a change does shall be explained by the comparison, never contradict it."""
    old, new = case.definitions()
    comparison = compare(old, new)
    paths = []
    for writer, way in ((old, Direction.OLD_UNDER_NEW), (new, Direction.NEW_UNDER_OLD)):
        demands = [one.judgement(way).demand for one in comparison.changes]
        for number, demand in enumerate([Demand(), *(one for one in demands if one is not None)]):
            made = build(writer, demand)
            if made is not None:
                paths.append(tmp_path / f"{way.value}-{number}")
                paths[-1].write_bytes(made.data)
    assert paths
    found = operation.impact(old, new, comparison, in_paths(paths))
    assert [one.contradictions for one in found.contradicting] == []
