"""`gateway validate` and `gateway formats`: files and definitions checked without a site or a trace."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from gateway.bundle import bundled
from tests.cli.plant import GOOD, WRONG, Plant, call, sample

_BAD_NAMES = (
    "confirmation/1.1.0/bad/Export 19.11.2026.csv",
    "inventory-adjustment/1.0.0/bad/inventory (copy).csv",
)


@pytest.mark.parametrize(
    ("path", "definition"),
    [
        (GOOD.format(1), "confirmation 1.0.0"),
        ("confirmation/1.1.0/good/CONF_MES01_0000003.csv", "confirmation 1.1.0"),
        ("consumption/1.1.0/good/CONS_MES01_20261117_00000003.txt", "consumption 1.1.0"),
        ("order/1.0.0/good/ORD-ERPPRD-20261113053000-000870.xml", "order 1.0.0"),
        ("material/1.0.0/good/MATMAS_ERPPRD_0000000004200117.idoc", "material 1.0.0"),
    ],
)
def test_a_file_says_itself_which_format_it_has(path: str, definition: str) -> None:
    """A good file is recognised by its name and contents, and nothing is wrong with it."""
    result = call("validate", str(sample(path)), "--formats", str(bundled("formats")), "--json")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert data["format"] == definition
    assert data["findings"]["errors"] == 0


@pytest.mark.parametrize("path", _BAD_NAMES)
def test_a_file_with_a_wrong_name_is_recognised_by_its_beginning(path: str) -> None:
    """A name that says nothing is a finding, and the contents still say which format it is."""
    result = call("validate", str(sample(path)), "--formats", str(bundled("formats")))
    assert result.exit_code == 1
    assert "F210 name-not-matched" in result.stdout


def test_every_finding_of_a_wrong_file_is_printed() -> None:
    """All findings come in one go, with row, column and value, and the command leaves with 1."""
    result = call("validate", str(sample(WRONG)), "--formats", str(bundled("formats")))
    assert result.exit_code == 1
    assert "12 errors" in result.stdout
    assert 'record 2, line 2: scrap_quantity is "1O,5"' in result.stdout


def test_a_file_nobody_knows_needs_its_format_said(tmp_path: Path) -> None:
    """Where neither name nor contents tell the message type, the error lists those there are."""
    (tmp_path / "notes.txt").write_text("hello\n")
    result = call("validate", str(tmp_path / "notes.txt"), "--formats", str(bundled("formats")))
    assert result.exit_code == 11
    assert "Say it with --format: bom, confirmation, consumption" in result.stderr


def test_a_version_can_be_forced(tmp_path: Path) -> None:
    """--format type@version checks a file against this version whatever it states."""
    arguments = ["validate", str(sample(GOOD.format(1))), "--formats", str(bundled("formats")), "--format"]
    assert call(*arguments, "confirmation@1.0.0").exit_code == 0
    assert call(*arguments, "confirmation@1.1.0").exit_code == 1
    assert call(*arguments, "confirmation@9.9.9").exit_code == 11
    assert call(*arguments, "confirmation@new").exit_code == 11
    assert call(*arguments, "nothing").exit_code == 11


def test_an_empty_file_is_said_to_be_empty(tmp_path: Path) -> None:
    """A file without a byte is refused as that, with its true digest."""
    empty = tmp_path / "CONF_MES01_0000001.csv"
    empty.touch()
    result = call("validate", str(empty), "--formats", str(bundled("formats")), "--json")
    assert result.exit_code == 1
    data = json.loads(result.stdout)
    assert [total["code"] for total in data["findings"]["totals"]] == ["F101"]
    assert data["sha256"].startswith("e3b0c442")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A FIFO is refused at once with a code instead of being waited for."""
    os.mkfifo(tmp_path / "CONF_MES01_0000001.csv")
    result = call("validate", str(tmp_path / "CONF_MES01_0000001.csv"), "--formats", str(bundled("formats")))
    assert result.exit_code == 44


def test_validation_leaves_no_trace(plant: Plant) -> None:
    """In a site, a check of a file changes neither ledger nor directories, and uses the site's formats."""
    before = sorted(path.name for path in plant.directory.rglob("*"))
    assert plant.run("validate", str(sample(WRONG))).exit_code == 1
    assert sorted(path.name for path in plant.directory.rglob("*")) == before
    shutil.rmtree(plant.directory / "formats" / "confirmation")
    result = plant.run("validate", str(sample(WRONG)), "--format", "confirmation")
    assert result.exit_code == 12  # what is locked is gone


def test_the_versions_are_listed_with_status_and_kind(plant: Plant) -> None:
    """The list has every version of the site's catalogue, oldest first."""
    rows = plant.json("formats", "list")
    versions = [row["version"] for row in rows if row["message_type"] == "confirmation"]
    assert versions == ["1.0.0", "1.1.0", "2.0.0"]
    assert {row["kind"] for row in rows} == {"delimited", "fixed-width", "xml", "json"}
    assert all(len(row["digest"]) == 64 for row in rows)
    text = plant.done("formats", "list")
    assert f"Formats in {plant.directory / 'formats'} (10)" in text


def test_a_broken_version_is_listed_as_broken_and_stops_no_other(plant: Plant) -> None:
    """A definition that cannot be loaded stands in the list, and the check says why, with its line."""
    path = plant.directory / "formats" / "bom" / "1.0.0" / "format.yaml"
    path.write_text(path.read_text().replace("kind: json", "kind: jason"))
    rows = {(row["message_type"], row["version"]): row["status"] for row in plant.json("formats", "list")}
    assert rows["bom", "1.0.0"] == "broken"
    assert rows["order", "1.1.0"] != "broken"
    assert "gateway formats check" in plant.done("formats", "list")
    result = plant.run("formats", "check")
    assert result.exit_code == 10
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if text.startswith("kind:"))
    assert f"{path}:{line}" in result.stdout
    assert plant.run("formats", "check", "order").exit_code == 0
    assert plant.run("formats", "show", "bom").exit_code == 10


def test_a_version_shows_its_fields_and_rules(plant: Plant) -> None:
    """A version is shown with envelope, record types, fields with their limits, and rules in words."""
    text = plant.done("formats", "show", "confirmation@1.1.0")
    assert text.startswith("confirmation 1.1.0  ")
    assert "message id:       header.message_id" in text
    assert "confirmation (record, record key confirmation_number + confirmation_counter)" in text
    assert "Scrap needs a reason code." in text
    data = plant.json("formats", "show", "confirmation@1.1.0")
    fields = {field["name"]: field for field in data["record_types"][1]["fields"]}
    assert fields["order_number"]["limits"] == ["[0-9]{12}"]
    assert fields["text"]["presence"] == "may be empty"
    assert plant.json("formats", "show", "confirmation")["version"] == "2.0.0"


@pytest.mark.parametrize("which", ["nothing", "confirmation@9.9.9", "confirmation@x"])
def test_a_version_that_does_not_exist_is_refused(which: str, plant: Plant) -> None:
    """An unknown format leaves with 11 and says what there is or how to write it."""
    for command in ("show", "check"):
        result = plant.run("formats", command, which)
        assert result.exit_code == 11
        assert result.stderr.startswith("gateway: [format-unknown] ")


def test_the_bundled_formats_make_sense(tmp_path: Path) -> None:
    """The formats that come with the gateway have no problem, with or without a site."""
    result = call("formats", "check", "--formats", str(bundled("formats")), "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"checked": 10, "mappings": 3, "problems": []}


def test_a_directory_without_formats_is_said_to_have_none(tmp_path: Path) -> None:
    """An empty catalogue is said to be empty."""
    assert (
        call("formats", "list", "--formats", str(tmp_path)).stdout == f"There is no format in {tmp_path}.\n"
    )
