"""The recipes of docs/operating.md for those who verify without the gateway, run as they stand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli.main import gateway
from gateway.ledger import audit_export
from tests.docs.markdown import code_after
from tests.docs.pages import DOCS
from tests.pipeline.plant import Plant, confirmation, name_of

OPERATING = DOCS / "operating.md"
HEADLINE = "Verify without the gateway"


@pytest.fixture
def site(plant: Plant) -> Plant:
    """Return a site with a processed and a failed file."""
    plant.drop_confirmation(1)
    plant.drop(name_of(6), confirmation(6, quantity="x"))
    plant.run()
    return plant


def exported(site: Plant, directory: Path) -> Path:
    """Return an export of the audit trail in ``directory``."""
    with pytest.raises(SystemExit) as left:
        gateway.main(["--site", str(site.directory), "audit", "export", str(directory / "audit.jsonl")])
    assert left.value.code == 0
    return directory / "audit.jsonl"


def shell(script: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run lines of a recipe in ``directory``."""
    return subprocess.run(["sh", "-ec", script], cwd=directory, capture_output=True, text=True)


def recipe(number: int) -> str:
    """Return one of the code blocks of the page's recipes."""
    return code_after(OPERATING, HEADLINE, number)


def test_a_day_of_the_archive_is_verified_with_coreutils(site: Plant) -> None:
    """Someone with `sha256sum` alone shall be able to verify a day, and to see an alteration."""
    (day,) = (site.directory / "processed" / "confirmations").iterdir()
    script = recipe(0).replace("2026-11-22", day.name)
    assert shell(script, site.directory).returncode == 0
    (day / name_of(1)).write_bytes(confirmation(1, quantity="481,000"))
    assert f"{name_of(1)}: FAILED" in shell(script, site.directory).stdout


def test_a_failed_file_is_compared_with_its_manifest(site: Plant) -> None:
    """Someone with `sha256sum` and `grep` shall be able to compare a failed file with its manifest."""
    result = shell(recipe(1), site.directory)
    assert result.returncode == 0
    computed, *stated = result.stdout.splitlines()
    assert any(computed.split()[0] in line for line in stated)


def test_one_entry_of_the_audit_trail_is_verified_with_a_shell(site: Plant, tmp_path: Path) -> None:
    """Someone with `sed`, `cut` and `sha256sum` shall be able to verify one entry of an export."""
    export = exported(site, tmp_path)
    script = next(line for line in recipe(2).splitlines() if line.startswith("sed"))
    digest = shell(script, tmp_path).stdout.split()[0]
    assert export.read_text().splitlines()[6].startswith(f'{{"hash":"{digest}"')


def test_the_whole_audit_trail_is_verified_with_nothing_but_python(site: Plant, tmp_path: Path) -> None:
    """Someone with Python alone shall be able to verify an export, and to see an alteration."""
    export, program = exported(site, tmp_path), tmp_path / "check.py"
    program.write_text(recipe(3))
    sound = subprocess.run([sys.executable, "-I", program, export], capture_output=True, text=True)
    assert sound.returncode == 0
    checkpoints = (site.directory / "audit" / "checkpoints.jsonl").read_text()
    assert sound.stdout.strip().rsplit(" ", 1)[1] in checkpoints
    lines = export.read_bytes().splitlines(keepends=True)
    export.write_bytes(b"".join([*lines[:2], lines[2].replace(b"arrived", b"arisen!"), *lines[3:]]))
    altered = subprocess.run([sys.executable, "-I", program, export], capture_output=True, text=True)
    assert altered.returncode != 0


def test_the_recipe_of_the_page_is_that_of_the_program() -> None:
    """The page and the exporting code shall give one and the same recipe."""
    source = (audit_export.__doc__ or "").replace("\n    ", "\n")
    assert recipe(3).strip() in source
