"""`gateway formats map`, and what `formats check` and `formats lock` do with mappings."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from click.testing import CliRunner, Result

from gateway.bundle import bundled
from gateway.cli.main import gateway
from tests.pipeline.plant import confirmation, name_of

SAMPLE = str(bundled("samples") / "confirmation/1.1.0/good/CONF_MES01_0000005.csv")


def run(*arguments: str) -> Result:
    """Run a command outside a site."""
    return CliRunner().invoke(gateway, list(arguments))


def test_the_result_is_printed_or_written(tmp_path: Path) -> None:
    """The command shall print what a mapping makes, or write it to a new file, and overwrite none."""
    printed = run("formats", "map", SAMPLE, "--to", "confirmation@2.0.0")
    assert printed.exit_code == 0
    assert printed.stdout_bytes.startswith(b"H;CNF-MES01-20261118-0005;MES01;ERPPRD;0000005;2.0;2026-11-18T")
    target = tmp_path / "result.csv"
    written = run("formats", "map", SAMPLE, "--to", "confirmation@2.0.0", "--output", str(target))
    assert written.exit_code == 0
    assert target.read_bytes() == printed.stdout_bytes
    again = run("formats", "map", SAMPLE, "--to", "confirmation@2.0.0", "--output", str(target))
    assert again.exit_code == 2


def test_a_file_that_cannot_be_mapped_is_reported_whole(tmp_path: Path) -> None:
    """The command shall print the report, leave with 1, and leave no result behind."""
    wrong = tmp_path / name_of(1)
    wrong.write_bytes(confirmation(1).replace(b"17.11.2026 06:00:00", b"29.03.2026 02:30:00"))
    target = tmp_path / "result.csv"
    result = run("formats", "map", str(wrong), "--to", "confirmation@2.0.0", "--output", str(target))
    assert result.exit_code == 1
    assert "F220" in result.output
    assert "29.03.2026 02:30:00" in result.output
    assert not target.exists()
    told = run("formats", "map", str(wrong), "--to", "confirmation@2.0.0", "--json")
    data = json.loads(told.output)
    assert (data["source"], data["sha256"]) == ("confirmation 1.1.0", None)
    assert data["findings"]["errors"] == 2
    wrong.write_bytes(b"")
    empty = run("formats", "map", str(wrong), "--to", "confirmation@2.0.0")
    assert (empty.exit_code, "F101" in empty.output) == (1, True)


def test_a_missing_mapping_says_which_there_are() -> None:
    """The command shall name the versions to which mappings lead where there is none to the wanted one."""
    result = run("formats", "map", SAMPLE, "--to", "confirmation@1.0.0")
    assert result.exit_code == 15
    assert "confirmation 2.0.0" in result.output
    assert run("formats", "map", SAMPLE, "--to", "confirmation@9").exit_code == 15
    assert run("formats", "map", SAMPLE, "--to", "nothing@1.0.0").exit_code == 11


def test_a_mapping_is_locked_only_if_its_cases_pass(tmp_path: Path) -> None:
    """A mapping shall be locked with its reason once check and cases pass, and be refused before."""
    formats = tmp_path / "formats"
    shutil.copytree(bundled("formats"), formats)
    path = formats / "confirmation/mappings/1.1.0-to-2.0.0.yaml"
    which, reason = "confirmation/mappings/1.1.0-to-2.0.0.yaml", ("--reason", "accepted")
    lock = ("formats", "lock", which, *reason, "--formats", str(formats))
    draft = run(*lock)
    assert draft.exit_code == 15
    assert "only a released mapping is locked" in draft.output
    path.write_text(path.read_text().replace("status: draft", "status: released"))
    unlocked = run("formats", "check", "confirmation", "--formats", str(formats))
    assert unlocked.exit_code == 10
    assert "not in the lock" in unlocked.output
    expected = path.with_suffix("") / "winter-and-summer/expected.csv"
    right = expected.read_bytes()
    expected.write_bytes(right.replace(b"+02:00", b"+01:00"))
    failing = run(*lock)
    assert failing.exit_code == 15
    assert "the output is another one" in failing.output
    expected.write_bytes(right)
    locked = run(*lock)
    assert locked.exit_code == 0, locked.output
    assert "confirmation mappings/1.1.0-to-2.0.0.yaml is locked" in locked.output
    assert run("formats", "check", "confirmation", "--formats", str(formats)).exit_code == 0
    path.write_text(path.read_text() + "\n")
    changed = run("formats", "map", SAMPLE, "--to", "confirmation@2.0.0", "--formats", str(formats))
    assert changed.exit_code == 12
