"""`gateway formats impact`: real files under both versions, from a directory or the site's archive."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from pathlib import Path

import pytest
from click.testing import Result

from gateway.bundle import bundled
from gateway.formats.catalogue import Catalogue
from gateway.formats.compare.change import Judgement, Verdict
from gateway.operations import comparing
from tests.cli.plant import GOOD, Plant, call, sample


def impact(*arguments: str | Path) -> Result:
    """Call `gateway formats impact` on the formats that came with the gateway."""
    return call("formats", "impact", *map(str, arguments), "--formats", str(bundled("formats")))


def test_files_that_change_their_verdict_are_listed_with_the_change() -> None:
    """Each file that one version alone accepts shall be listed with its records and the change behind it."""
    result = impact("confirmation", "1.0.0", "1.1.0", "--against", sample("confirmation"))
    assert result.exit_code == 1, result.output
    assert "  refused by the new version\n" in result.stdout
    assert f"{sample(GOOD.format(1))}: refused by the new version" in result.stdout.replace("\n", " ")
    said = " ".join(result.stdout.split())
    assert "F108 confirmation record 2, line 2: The row has 21 fields; expected: 23." in said
    assert "in 12 records: 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 explained by C402:" in said
    assert "CONTRADICTIONS" not in said


def test_every_file_is_shown_where_that_is_asked_for(tmp_path: Path) -> None:
    """`--listed` shall say how many files are shown, and `--listed all` show every one, in text and JSON."""
    for number in range(3):
        shutil.copy(sample(GOOD.format(1)), tmp_path / f"CONF_MES01_{number + 1:07}.csv")
    call = ("confirmation", "1.0.0", "1.1.0", "--against", tmp_path, "--listed")
    few = impact(*call, "1").stdout
    assert few.count("old version: accepted; new version: refused") == 1
    assert "in 12 places, first in records: 2, ... (`--listed all` shows each)" in few
    assert "... and 2 files more; `--listed all` shows each." in few
    every = impact(*call, "all").stdout
    assert every.count("old version: accepted; new version: refused") == 3
    assert "`--listed all`" not in every
    assert len(json.loads(impact(*call, "all", "--json").stdout)["differing"]) == 3
    assert len(json.loads(impact(*call, "2", "--json").stdout)["differing"]) == 2


def test_fixed_width_files_of_a_longer_record_are_explained() -> None:
    """Files with shorter records shall be refused, and every finding laid to the change of the length."""
    against = sample("consumption/1.0.0/good")
    data = json.loads(impact("consumption", "1.0.0", "1.1.0", "--against", against, "--json").stdout)
    assert data["effects"]["refused"] == data["files"] == 2
    assert data["contradicting_total"] == 0
    findings = [finding for one in data["differing"] for finding in one["one_sided"]]
    assert {one["code"] for one in findings} == {"F109", "F201", "F202"}
    assert {cause["id"].split(":")[0] for one in findings for cause in one["causes"]} == {"C311"}


def test_files_that_stay_what_they_are_leave_with_nothing() -> None:
    """Where no file changes its verdict or meaning, the command shall leave with 0."""
    result = impact("order", "1.1.0", "1.1.0", "--against", sample("order"))
    assert result.exit_code == 0, result.output
    assert "files read under both versions" in result.stdout


def test_other_files_in_a_directory_are_counted_and_left_out() -> None:
    """Of a directory with files of all kinds, those of the message type alone shall be read."""
    data = json.loads(impact("bom", "1.0.0", "1.0.0", "--against", bundled("samples"), "--json").stdout)
    assert data["files"] > 0
    assert data["left_out"] > 100


def test_the_archive_is_read_and_left_as_it_is(plant: Plant) -> None:
    """`--against archive` shall read the processed files of the message type and change nothing."""
    for number in (1, 2):
        plant.drop("confirmations", GOOD.format(number))
    plant.done("run", "--once")
    before = {path: path.stat().st_mtime_ns for path in (plant.directory / "processed").rglob("*")}
    result = plant.run(
        "formats", "impact", "confirmation", "1.0.0", "1.1.0", "--against", "archive", "--json"
    )
    assert result.exit_code == 1, result.output
    data = json.loads(result.stdout)
    assert data["effects"]["refused"] == data["files"] == 2
    assert {Path(one["path"]).parent.parent.name for one in data["differing"]} == {"confirmations"}
    assert before == {path: path.stat().st_mtime_ns for path in (plant.directory / "processed").rglob("*")}
    nothing = plant.run("formats", "impact", "order", "1.0.0", "1.1.0", "--against", "archive")
    assert nothing.exit_code == 0
    assert "No file was judged." in nothing.stdout


def test_a_missing_file_of_the_archive_is_said(plant: Plant) -> None:
    """A processed file that is no longer in the archive shall be named, not passed over."""
    plant.drop("confirmations", GOOD.format(1))
    plant.done("run", "--once")
    next((plant.directory / "processed" / "confirmations").rglob("*.csv")).unlink()
    result = plant.run("formats", "impact", "confirmation", "1.0.0", "1.1.0", "--against", "archive")
    assert "NOT JUDGED" in result.stdout
    assert "CONF_MES01_0000001.csv: it is missing" in " ".join(result.stdout.split())


def test_a_file_that_was_altered_in_the_archive_is_said(plant: Plant) -> None:
    """A processed file that is not what was archived shall be named with both digests, and not judged."""
    plant.drop("confirmations", GOOD.format(1))
    plant.done("run", "--once")
    path = next((plant.directory / "processed" / "confirmations").rglob("*.csv"))
    path.write_bytes(path.read_bytes().replace(b";KG;", b";EA;"))
    result = plant.run("formats", "impact", "confirmation", "1.0.0", "1.1.0", "--against", "archive")
    said = " ".join(result.stdout.split())
    assert result.exit_code == 1
    assert "No file was judged." in said
    assert f"its SHA-256 is {hashlib.sha256(path.read_bytes()).hexdigest()}, the ledger has " in said


def test_a_wrong_verdict_ends_with_63(monkeypatch: pytest.MonkeyPatch) -> None:
    """A comparison that says that nothing changed shall be contradicted by the first file that changes."""
    real = comparing.compare_versions

    def blind(catalogue: Catalogue, message_type: str, old: str, new: str) -> comparing.Compared:
        compared = real(catalogue, message_type, old, new)
        nothing = (dataclasses.replace(compared.comparisons[0], changes=()),)
        return dataclasses.replace(compared, comparisons=nothing)

    monkeypatch.setattr(comparing, "compare_versions", blind)
    against = sample(GOOD.format(1))
    result = impact("confirmation", "1.0.0", "1.1.0", "--against", against)
    assert result.exit_code == 63
    assert "CONTRADICTIONS in 1 file: the comparison says this cannot be" in result.stdout
    assert "no change is reported that could explain it" in " ".join(result.stdout.split())
    assert "gateway: [verdict-contradicted] 1 file contradicts the comparison" in result.stderr


def test_a_rule_does_not_hide_a_wrong_verdict_on_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of another size shall contradict an ok for the added column, whatever rule came with it."""
    real = comparing.compare_versions
    fine = Judgement(Verdict.OK, "Wrongly.")

    def blind(catalogue: Catalogue, message_type: str, old: str, new: str) -> comparing.Compared:
        compared = real(catalogue, message_type, old, new)
        changes = tuple(
            dataclasses.replace(one, old_under_new=fine) if one.kind == "field-added-required" else one
            for one in compared.comparisons[0].changes
        )
        return dataclasses.replace(
            compared, comparisons=(dataclasses.replace(compared.comparisons[0], changes=changes),)
        )

    monkeypatch.setattr(comparing, "compare_versions", blind)
    result = impact("confirmation", "1.0.0", "1.1.0", "--against", sample(GOOD.format(1)))
    assert result.exit_code == 63
    said = " ".join(result.stdout.split())
    assert "expected: 23; C402:records.confirmation.fields.batch is said to be ok" in said


def test_values_that_are_read_differently_are_shown(tmp_path: Path) -> None:
    """Where both versions accept a file, values read otherwise shall be shown with both meanings."""
    catalogue = Path(shutil.copytree(bundled("formats"), tmp_path / "formats"))
    old = catalogue / "consumption" / "1.1.0"
    new = shutil.copytree(old, old.parent / "1.2.0")
    text = (new / "format.yaml").read_text()
    changed = text.replace("version: 1.1.0", "version: 1.2.0").replace("status: released", "status: draft")
    assert "implied_decimals: 3" in changed
    changed = changed.replace("implied_decimals: 3", "implied_decimals: 2")
    (new / "format.yaml").write_text(changed)
    against = sample("consumption/1.1.0/good")
    result = call(
        "formats",
        "impact",
        "consumption",
        "1.1.0",
        "1.2.0",
        "--against",
        str(against),
        "--formats",
        str(catalogue),
    )
    assert result.exit_code == 1, result.output
    said = " ".join(result.stdout.split())
    assert "read differently" in said
    assert "explained by C514:records.item.fields.quantity.implied_decimals (silent)" in said
    assert "was read as number" in said


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["order", "1.0.0", "1.1.0"], 2),
        (["order", "1.0.0", "1.1.0", "--against", "missing"], 2),
        (["order", "1.0.0", "1.1.0", "--against", ".", "--listed", "0"], 2),
        (["order", "1.0.0", "9.9.9", "--against", "."], 11),
        (["nothing", "1.0.0", "1.1.0", "--against", "."], 11),
    ],
)
def test_a_wrong_call_is_refused(arguments: list[str], status: int) -> None:
    """A call without files, with a missing file or an unknown version shall be refused with its status."""
    assert impact(*arguments).exit_code == status


def test_the_archive_needs_a_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--against archive` outside a site shall say that there is none."""
    monkeypatch.chdir(tmp_path)
    assert impact("order", "1.0.0", "1.1.0", "--against", "archive").exit_code == 4
