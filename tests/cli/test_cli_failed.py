"""`gateway failed`: what failed, why, in the file's own rows and words."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from tests.cli.plant import EVIL, WRONG, Plant, sample

_NAME = Path(WRONG).name


def test_the_list_says_what_is_wrong_with_each_file(busy: Plant) -> None:
    """The list shows id, time, route, code, errors, name and reason of each failed file, newest first."""
    rows = busy.json("failed", "list")
    assert [row["transfer"] for row in rows] == sorted((row["transfer"] for row in rows), reverse=True)
    wrong = next(row for row in rows if row["name"] == _NAME)
    assert (wrong["code"], wrong["errors"], wrong["route"]) == ("F302", 12, "confirmations")
    text = busy.done("failed", "list")
    assert text.startswith("Failed files (4)\n")
    assert wrong["reason"].split(":")[0] in text


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--code", "F302"], {_NAME}),
        (["--code", "f302"], {_NAME}),
        (["--code", "not-a-number"], {_NAME}),
        (["--code", "F702"], {"CONF_MES01_0000002.csv"}),
        (["--route", "confirmations", "--code", "F501"], set()),
        (["--until", "2001-01-01"], set()),
        (["--since", "2001-01-01T00:00+02:00", "--route", "confirmations"],
         {_NAME, "CONF_MES01_0000002.csv"}),
    ],
)  # fmt: skip
def test_the_list_can_be_narrowed(options: list[str], names: set[str], busy: Plant) -> None:
    """Code (or its title), route and time choose; all given limits must hold."""
    assert {row["name"] for row in busy.json("failed", "list", *options)} == names


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--code", "F999"], "there is no finding code 'F999'"),
        (["--code", "not-a-nmber"], "is not-a-number meant?"),
        (["--route", "order"], "There is no route 'order'; routes: confirmations, consumption, orders"),
        (["--since", "yesterday"], "'yesterday' is not a time"),
        (["--limit", "0"], "0 is not in the range"),
    ],
)
def test_a_wrong_choice_is_refused_with_what_is_possible(options: list[str], said: str, busy: Plant) -> None:
    """A code, route or time that cannot be meant is refused instead of finding nothing."""
    result = busy.run("failed", "list", *options)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_list_that_is_cut_says_the_true_total(busy: Plant) -> None:
    """--limit shows the newest; the total stands above and what is left out below."""
    text = busy.done("failed", "list", "--limit", "1")
    assert text.startswith("Failed files (4)\n")
    assert "... and 3 older ones" in text


def test_nothing_failed_is_said(plant: Plant) -> None:
    """An empty list is said in words, and is an empty list in JSON."""
    assert plant.done("failed", "list") == "No file is in failed.\n"
    assert plant.done("failed", "list", "--code", "F302") == "No failed file fits.\n"
    assert plant.json("failed", "list") == []


def test_show_has_the_rows_of_the_file_and_the_words_of_the_rule(busy: Plant) -> None:
    """One failed file is shown with its findings, the very rows they are about, and what to do next."""
    text = busy.done("failed", "show", _NAME)
    row = sample(WRONG).read_text().splitlines()[1]
    assert row[:90] in text
    assert 'record 2, line 2: scrap_quantity is "1O,5": this is not a number' in text
    assert str(busy.directory / "failed" / "confirmations" / _NAME) in text
    assert text.index("WHAT TO DO NEXT") > text.index("The rows it is about")
    assert f"gateway reprocess {busy.transfer(_NAME)} --corrected FILE" in text


def test_show_as_data_has_findings_rows_attempts_and_deliveries(busy: Plant) -> None:
    """The JSON of one transfer has exact totals, its rows, who tried it and where it went."""
    data = busy.json("failed", "show", _NAME)
    assert data["findings"]["errors"] == 12
    assert data["rows"][0]["line"] == 2
    assert data["rows"][0]["text"] == sample(WRONG).read_text().splitlines()[1]
    assert [(one["number"], one["outcome"]) for one in data["attempts"]] == [(1, "failed")]
    assert data["deliveries"] == []
    sent = busy.json("failed", "show", "CONF_MES01_0000001.csv")["deliveries"]
    assert [one["destination"] for one in sent] in ([], ["erp"])


def test_a_long_row_is_cut_around_the_wrong_value(plant: Plant) -> None:
    """Of a very long row the part with the wrong value is shown, so that it can be seen at all."""
    lines = sample(WRONG).read_text().splitlines()[:3]
    lines[2] = lines[2].replace("31.02.2026", "31.02.2026", 1)
    long = "x" * 5000
    lines[1] = lines[1].replace("DISP-01", long)
    plant.drop("confirmations", ("\n".join(lines) + "\n").encode(), _NAME)
    plant.run("run", "--once")
    rows = {row["line"]: row["text"] for row in plant.json("failed", "show", _NAME)["rows"]}
    assert len(rows[2]) < 300
    assert "..." in rows[2]
    assert rows[3] == lines[2]


def test_a_transfer_is_found_by_parts_of_its_id(busy: Plant) -> None:
    """The beginning or end of an id is enough, in small letters too; too little is refused."""
    whole = busy.transfer(_NAME)
    assert busy.json("failed", "show", whole[-8:].lower())["transfer"] == whole
    refused = busy.run("failed", "show", "zz")
    assert refused.exit_code == 2
    assert "There is no transfer 'zz'" in refused.stderr


def test_a_file_that_was_taken_away_is_said_and_the_rest_shown(plant: Plant) -> None:
    """Where the bytes are gone, the report still comes, with the error beside it."""
    plant.drop("confirmations", WRONG)
    plant.run("run", "--once")
    (plant.directory / "failed" / "confirmations" / _NAME).unlink()
    result = plant.run("failed", "show", _NAME)
    assert result.exit_code == 0
    assert "The file cannot be opened: [file-missing]" in result.stderr
    assert "F302" in result.stdout


def test_an_export_has_files_reports_and_one_list_of_findings(busy: Plant, tmp_path: Path) -> None:
    """Failed files are copied byte by byte with manifest and report; a spreadsheet has all findings."""
    out = tmp_path / "out"
    text = busy.done("failed", "export", str(out), "--code", "F302")
    assert text.startswith("1 file exported to ")
    assert (out / _NAME).read_bytes() == sample(WRONG).read_bytes()
    assert (out / f"{_NAME}.manifest.json").is_file()
    assert (out / f"{_NAME}.report.txt").read_text().startswith("REPORT ON ")
    with open(out / "findings.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    assert {row["transfer"] for row in rows} == {busy.transfer(_NAME)}
    minus = next(row for row in rows if row["code"] == "F309")
    assert minus["value"] == "'-1", "a spreadsheet must not take a value for a formula"


def test_an_export_of_hostile_names_is_safe_on_every_disk(busy: Plant, tmp_path: Path) -> None:
    """Files with hostile names are exported under archive names; nothing lands beside the directory."""
    busy.done("failed", "export", str(tmp_path / "out"), "--route", "orders")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert EVIL not in names
    assert all(name.isprintable() for name in names)
    assert len(names) == 1 + 2 * 3


def test_an_export_touches_no_earlier_one(busy: Plant, tmp_path: Path) -> None:
    """Where an export is already, nothing is written and the command leaves with 2."""
    busy.done("failed", "export", str(tmp_path / "out"))
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    result = busy.run("failed", "export", str(tmp_path / "out"))
    assert result.exit_code == 2
    assert "There is an export already" in result.stderr
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()} == before


def test_an_export_of_nothing_makes_no_directory(busy: Plant, tmp_path: Path) -> None:
    """Where nothing fits, nothing is written."""
    assert "nothing was exported" in busy.done("failed", "export", str(tmp_path / "out"), "--code", "F101")
    assert not (tmp_path / "out").exists()


def test_an_export_to_where_nothing_can_be_written_is_coded(busy: Plant, tmp_path: Path) -> None:
    """A place that cannot be written is a custody error with path and cause."""
    (tmp_path / "file").touch()
    result = busy.run("failed", "export", str(tmp_path / "file" / "out"))
    assert result.exit_code == 40
    assert result.stderr.startswith("gateway: [custody] The export cannot be written")


def test_files_of_the_same_name_are_exported_both(plant: Plant, tmp_path: Path) -> None:
    """Two failed files of one name both arrive in the export, told apart by their ids."""
    for text in (b"first", b"second"):
        plant.drop("orders", text, "same.xml")
        plant.run("run", "--once")
    plant.done("failed", "export", str(tmp_path / "out"))
    files = [path for path in (tmp_path / "out").iterdir() if path.suffix == ".xml"]
    assert sorted(path.read_bytes() for path in files) == [b"first", b"second"]
    shutil.rmtree(tmp_path / "out")
