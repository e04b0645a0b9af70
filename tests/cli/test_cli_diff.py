"""`gateway formats diff`: what is compared, in which form it is said, and what it leaves with."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import Result
from lxml import etree

from gateway.bundle import bundled
from gateway.formats.compare.reports.json import schema
from gateway.operations import proving
from tests.cli.plant import call

jsonschema = pytest.importorskip("jsonschema")


def diff(*arguments: str | Path) -> Result:
    """Call `gateway formats diff`."""
    return call("formats", "diff", *map(str, arguments))


def bundled_diff(*arguments: str | Path) -> Result:
    """Call it on the formats that came with the gateway."""
    return diff(*arguments, "--formats", bundled("formats"))


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """A copy of the formats that came with the gateway."""
    return Path(shutil.copytree(bundled("formats"), tmp_path / "formats"))


def shorten(catalogue: Path) -> Path:
    """Change a released version without anybody's leave, and return its definition."""
    path = catalogue / "order" / "1.1.0" / "format.yaml"
    path.write_text(path.read_text().replace("max_length: 40", "max_length: 30", 1))
    return path


def test_two_versions_are_compared() -> None:
    """Two versions of the catalogue shall be compared: verdict lines first, both directions, then changes."""
    result = bundled_diff("confirmation", "1.0.0", "1.1.0")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "confirmation 1.0.0 -> confirmation 1.1.0"
    assert any(line.startswith("Old files (confirmation 1.0.0) under confirmation 1.1.0: ") for line in lines)
    assert any(line.startswith("New files (confirmation 1.1.0) under confirmation 1.0.0: ") for line in lines)
    assert "  C402 field-added-required  records.confirmation.fields.batch" in lines


def test_a_version_does_not_differ_from_itself() -> None:
    """A version compared with itself shall show nothing, and pass the strictest demand."""
    result = bundled_diff("order", "1.1.0", "1.1.0", "--fail-on", "review", "--direction", "both")
    assert result.exit_code == 0, result.output
    assert "Nothing changed." in result.stdout


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (["--fail-on", "breaking"], 62),
        (["--fail-on", "review"], 62),
        (["--fail-on", "silent"], 0),
        (["--fail-on", "silent", "--direction", "both"], 0),
        ([], 0),
    ],
)
def test_the_exit_status_says_whether_the_plant_may_switch(options: list[str], status: int) -> None:
    """--fail-on shall leave with 62 for a verdict or a worse one, in the judged direction only."""
    result = bundled_diff("confirmation", "1.0.0", "1.1.0", *options)
    assert result.exit_code == status
    assert ("gateway: [formats-differ]" in result.stderr) is (status == 62)


@pytest.mark.parametrize("form", ["text", "markdown", "html", "junit", "json"])
def test_a_broken_version_is_said_after_the_others_were_compared(catalogue: Path, form: str) -> None:
    """Of two catalogues with a broken version, every form shall name it and compare the rest; then fail."""
    shorten(catalogue)
    broken = catalogue / "bom" / "1.0.0" / "format.yaml"
    broken.write_text("kind: none")
    result = diff(bundled("formats"), catalogue, "--output", form)
    assert result.exit_code == 10
    assert "bom 1.0.0" in result.stdout
    assert "order" in result.stdout
    assert "1 version could not be read and compared: bom 1.0.0 (new)" in " ".join(result.stderr.split())
    if form == "json":
        data = json.loads(result.stdout)
        jsonschema.validate(data, schema())
        assert [(one["where"], one["name"]) for one in data["unread"]] == [("new", "bom 1.0.0")]


def test_a_changed_release_can_be_looked_at(catalogue: Path) -> None:
    """A version that the lock refuses shall still be compared: that is how one finds out what changed."""
    shorten(catalogue)
    result = diff(bundled("formats"), catalogue)
    assert result.exit_code == 0, result.output
    assert "length-tightened" in result.stdout
    assert "max_length" in result.stdout


def test_two_catalogues_that_are_the_same_do_not_differ(catalogue: Path) -> None:
    """Two catalogues with the same bytes shall not differ."""
    result = diff(bundled("formats"), catalogue, "--fail-on", "review")
    assert result.exit_code == 0
    assert result.stdout.startswith("Nothing differs.")


def test_what_came_and_went_between_two_catalogues_is_said(catalogue: Path) -> None:
    """A version that only one catalogue has shall be reported."""
    shutil.rmtree(catalogue / "consumption" / "1.1.0")
    result = diff(bundled("formats"), catalogue)
    assert "format-removed" in result.stdout
    assert "consumption 1.1.0" in result.stdout


def test_files_and_directories_are_compared(catalogue: Path) -> None:
    """Two definitions shall be compared as files, as directories, and under other file names."""
    new = shorten(catalogue)
    old = bundled("formats") / "order" / "1.1.0"
    loose = new.parent.parent / "old.yaml"
    (new.parent.parent / "schema.xsd").write_bytes((old / "schema.xsd").read_bytes())
    loose.write_bytes((old / "format.yaml").read_bytes())
    for first in (old, old / "format.yaml", loose):
        result = diff(first, new)
        assert result.exit_code == 0, result.output
        assert "C508 length-tightened" in result.stdout


def test_schemas_are_compared_as_schemas(tmp_path: Path) -> None:
    """Two XML Schemas, two directories of them, and two JSON Schemas shall be compared."""
    orders = bundled("formats") / "order"
    result = diff(orders / "1.0.0" / "schema.xsd", orders / "1.1.0" / "schema.xsd")
    assert result.exit_code == 0, result.output
    assert "schema-enumeration" in result.stdout
    for name in ("1.0.0", "1.1.0"):
        (tmp_path / name).mkdir()
        shutil.copy(orders / name / "schema.xsd", tmp_path / name)
    assert "Complex types: " in diff(tmp_path / "1.0.0", tmp_path / "1.1.0").stdout
    for name, most in (("old.json", 9), ("new.json", 5)):
        (tmp_path / name).write_text(json.dumps({"type": "integer", "maximum": most}))
    assert "schema-facet-tightened" in diff(tmp_path / "old.json", tmp_path / "new.json").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Give a message type and two versions"),
        (["order"], "Give a message type and two versions"),
        (["order", "1.0.0", "1.1.0", "2.0.0"], "Give a message type and two versions"),
        (["1.0.0", "1.1.0"], "There is no file or directory 1.0.0"),
        (["empty", "empty"], "neither a format.yaml, nor versions of formats, nor XML Schemas"),
        (["notes.txt", "notes.txt"], "neither a format.yaml nor a schema"),
        (["a.json", "b.xsd"], "a.json is a JSON Schema, b.xsd is an XML Schema"),
    ],
)
def test_a_call_that_means_nothing_is_refused_in_words(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arguments that cannot be compared shall be refused with 2, and say what can be given."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    for name in ("notes.txt", "a.json", "b.xsd"):
        (tmp_path / name).write_text("{}")
    result = diff(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(["order", "1.0.0", "9.9.9"], 11), (["order", "1.0.0", "new"], 11), (["nothing", "1.0.0", "1.1.0"], 11)],
)
def test_an_unknown_version_is_named(arguments: list[str], status: int) -> None:
    """A version that the catalogue does not have shall be refused, and those it has be named."""
    result = bundled_diff(*arguments)
    assert result.exit_code == status
    assert "Traceback" not in result.stderr


def test_wrong_files_are_refused_with_their_problems(tmp_path: Path) -> None:
    """A file that is no definition or no schema shall be refused with a code, never a traceback."""
    for name, content in (("a.yaml", "kind: nothing"), ("a.xsd", "<x"), ("a.json", "[1"), ("b.yaml", "\x00")):
        (tmp_path / name).write_text(content)
        result = diff(tmp_path / name, tmp_path / name)
        assert 2 <= result.exit_code < 20, (name, result.output)
        assert result.stderr.startswith("gateway: [format"), (name, result.stderr)


@pytest.mark.parametrize("output", ["text", "markdown", "json", "junit", "html"])
def test_every_form_is_written_whole(output: str, tmp_path: Path) -> None:
    """--to shall write the form that was asked for, replace an older file, and say what it wrote."""
    target = tmp_path / "report"
    target.write_text("older")
    result = bundled_diff("confirmation", "1.0.0", "1.1.0", "--output", output, "--to", target)
    assert result.exit_code == 0, result.output
    assert f"written to {target}" in result.stdout
    data = target.read_bytes()
    assert b"field-added-required" in data
    assert list(tmp_path.iterdir()) == [target]
    if output == "json":
        jsonschema.Draft202012Validator(schema()).validate(json.loads(data))
    if output == "junit":
        assert etree.fromstring(data).get("failures") == "0"


def test_a_report_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """A directory that is not there shall be said, with a status of custody."""
    result = bundled_diff("confirmation", "1.0.0", "1.1.0", "--to", tmp_path / "missing" / "report.txt")
    assert 40 <= result.exit_code < 50


def test_a_failing_report_is_written_before_the_command_fails(tmp_path: Path) -> None:
    """With --fail-on, the report for the build server shall be there although the command fails."""
    target = tmp_path / "junit.xml"
    arguments = (
        "confirmation",
        "1.0.0",
        "1.1.0",
        "--fail-on",
        "breaking",
        "--output",
        "junit",
        "--to",
        target,
    )
    assert bundled_diff(*arguments).exit_code == 62
    assert int(etree.fromstring(target.read_bytes()).get("failures") or 0) > 0


def test_an_approved_break_no_longer_fails(catalogue: Path) -> None:
    """A break that was approved on record shall not count, and be shown with who and why."""
    arguments = ("confirmation", "1.0.0", "1.1.0", "--formats", catalogue)
    data = json.loads(diff(*arguments, "--output", "json").stdout)
    changes = data["comparisons"][0]["changes"]
    breaking = [
        one["fingerprint"] for one in changes if one["old-under-new"]["verdict"] in ("breaking", "silent")
    ]
    assert diff(*arguments, "--fail-on", "breaking").exit_code == 62
    for fingerprint in breaking:
        result = call(
            "--actor",
            "anna",
            "formats",
            "approve",
            fingerprint,
            "--reason",
            "Agreed",
            "--formats",
            str(catalogue),
        )
        assert result.exit_code == 0, result.output
    after = diff(*arguments, "--fail-on", "breaking")
    assert after.exit_code == 0, after.output
    assert f"none fails, {len(breaking)} approved" in after.stdout
    assert "approved by anna on " in after.stdout


def test_a_lock_that_cannot_be_read_stops_no_comparison(catalogue: Path) -> None:
    """Where the lock is broken, versions shall still be compared, with a word that no approval is known."""
    (catalogue / "formats.lock").write_text("broken")
    result = diff("confirmation", "1.0.0", "1.1.0", "--formats", catalogue)
    assert result.exit_code == 0
    assert "No approval is known" in result.stderr


def test_the_witness_is_shown_and_written(catalogue: Path, tmp_path: Path) -> None:
    """--witness shall show the first lines of a file that proves a verdict, --witness-to write it."""
    new = shorten(catalogue).parent
    old = bundled("formats") / "order" / "1.1.0"
    shown = diff(old, new, "--witness")
    assert shown.exit_code == 0, shown.output
    assert "confirmed: accepted by order 1.1.0; refused by order 1.1.0: F307" in " ".join(
        shown.stdout.split()
    )
    directory = tmp_path / "witnesses"
    written = diff(old, new, "--witness-to", directory)
    assert written.exit_code == 0, written.output
    (file,) = (path for path in directory.rglob("*") if path.is_file())
    arguments = ("validate", str(file), "--format", "order@1.1.0", "--formats")
    assert call(*arguments, str(bundled("formats"))).exit_code == 0
    bare = shutil.copytree(catalogue / "order", tmp_path / "unlocked" / "order")
    path = bare / "1.1.0" / "format.yaml"
    path.write_text(path.read_text().replace("status: released", "status: draft"))
    assert call(*arguments, str(tmp_path / "unlocked")).exit_code == 1


def test_many_changes_are_summed_up(tmp_path: Path) -> None:
    """A big comparison shall be summed up by kind, with a hint to --detail, which shows each change."""
    for name, most in (("old.json", 9), ("new.json", 5)):
        members = {f"member{number}": {"type": "integer", "maximum": most} for number in range(60)}
        (tmp_path / name).write_text(json.dumps({"type": "object", "properties": members}))
    arguments = (tmp_path / "old.json", tmp_path / "new.json")
    assert "60 changes; --detail shows each of them." in diff(*arguments).stdout
    assert "member59" in diff(*arguments, "--detail").stdout


def test_help_is_quick_and_says_what_can_be_compared() -> None:
    """The help shall name the forms of the arguments."""
    result = diff("--help")
    assert "TYPE OLD NEW | OLD-PATH NEW-PATH" in result.stdout
    assert "old files read under the new version" in " ".join(result.stdout.split())


def test_a_report_replaces_no_device_and_no_link(tmp_path: Path) -> None:
    """--to shall refuse what is no regular file, and write where a link leads."""
    os.mkfifo(tmp_path / "pipe")
    arguments = ("confirmation", "1.0.0", "1.1.0", "--to")
    refused = diff(*arguments, tmp_path / "pipe")
    assert refused.exit_code == 2
    assert "is no regular file" in refused.stderr
    assert (tmp_path / "pipe").is_fifo()
    (tmp_path / "link").symlink_to("report.txt")
    assert diff(*arguments, tmp_path / "link").exit_code == 0
    assert (tmp_path / "link").is_symlink()
    assert "confirmation 1.0.0 -> confirmation 1.1.0" in (tmp_path / "report.txt").read_text()


def test_a_claim_that_no_file_shows_becomes_review(monkeypatch: pytest.MonkeyPatch) -> None:
    """With --witness, a breaking verdict for which no file is found shall be shown and judged as review."""
    monkeypatch.setattr(proving, "prove", lambda *_any: None)
    result = diff("confirmation", "1.0.0", "1.1.0", "--witness", "--fail-on", "breaking")
    assert result.exit_code == 0, result.output
    assert "BREAKING (" not in result.stdout
    assert "NOT CONFIRMED: no file was found that shows it" in result.stdout
    assert diff("confirmation", "1.0.0", "1.1.0", "--fail-on", "breaking").exit_code == 62


def test_a_line_of_a_witness_is_cut_and_not_laid_out_anew() -> None:
    """A long line of a witness shall begin beside its mark and go on below it."""
    shown = diff("confirmation", "1.0.0", "1.1.0", "--witness").stdout.splitlines()
    assert all(line.strip() != "|" for line in shown)
    assert any(line.startswith("        | C;1;") for line in shown)
