"""The wheel: everything a plant needs is inside, and works without a checkout."""

from __future__ import annotations

import email
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.start.fresh import BASE, REPOSITORY


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel of this checkout."""
    directory = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(directory)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return next(directory.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of a fresh environment that has the wheel, and borrows its libraries from here."""
    directory = tmp_path_factory.mktemp("plant") / "venv"
    venv.create(directory, with_pip=False, symlinks=True)
    packages = next(directory.glob("lib/*/site-packages"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return directory / "bin" / "python"


def _names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_it_carries_what_the_checkout_has(wheel: Path) -> None:
    """Formats, samples, example configurations, schemas and type information shall all be inside."""
    names = _names(wheel)
    for folder in ("formats", "samples", "config"):
        here = {path for path in (REPOSITORY / folder).rglob("*") if path.is_file()}
        assert here, folder
        missing = {str(path.relative_to(REPOSITORY)) for path in here} - {
            name.removeprefix("gateway/_bundle/") for name in names
        }
        assert not missing
    package = [
        path
        for path in (REPOSITORY / "gateway").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    assert not {str(path.relative_to(REPOSITORY)) for path in package} - names
    assert {
        "gateway/py.typed",
        "gateway/custody/manifest.schema.json",
        "gateway/config/site.schema.json",
    } <= names


def test_it_carries_nothing_else(wheel: Path) -> None:
    """Neither tests nor caches nor anything of the machine it was built on shall be inside."""
    strange = {
        name for name in _names(wheel) if not re.match(r"gateway/|plant_gateway-[^/]*\.dist-info/", name)
    }
    assert not strange
    assert not {name for name in _names(wheel) if "__pycache__" in name or "/tests/" in name}


def test_it_names_its_command_its_python_and_its_libraries(wheel: Path) -> None:
    """An installer shall learn the command, the Python and the libraries that pyproject.toml names."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    with zipfile.ZipFile(wheel) as archive:
        info = next(name.partition("/")[0] for name in archive.namelist() if ".dist-info/" in name)
        entries = archive.read(f"{info}/entry_points.txt").decode()
        metadata = email.message_from_bytes(archive.read(f"{info}/METADATA"))
    assert "gateway = gateway.cli.main:main" in entries
    assert metadata["Requires-Python"] == ">=3.11"
    wanted = {Requirement(line) for line in metadata.get_all("Requires-Dist", []) if "extra" not in line}
    assert wanted == {Requirement(line) for line in project["dependencies"]}


def _run(installed: Path, directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.defpath, "HOME": str(directory), "TMPDIR": str(directory)}
    return subprocess.run(
        [installed, "-m", "gateway", *words], cwd=directory, env=environment, capture_output=True, text=True
    )


def test_the_installed_gateway_is_not_the_checkout(installed: Path, tmp_path: Path) -> None:
    """The environment of these tests shall run the wheel's code and find the wheel's data."""
    code = "import gateway; from gateway.bundle import bundled as b; print(gateway.__file__, b('formats'))"
    told = subprocess.run(
        [installed, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert all(part.startswith(str(installed.parent.parent)) for part in told.split())


@pytest.mark.slow
def test_the_demo_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    """`gateway demo` shall work where only the wheel is installed, and leave nothing behind."""
    done = _run(installed, tmp_path, "demo")
    assert done.returncode == 0, done.stderr
    assert "everything is as recorded" in done.stdout
    assert not list(tmp_path.iterdir())


def test_a_site_is_made_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    """`gateway init` shall make a site with the commented configuration that has no problem and runs."""
    made = _run(installed, tmp_path, "init", "site")
    assert made.returncode == 0, made.stderr
    text = (tmp_path / "site" / "config" / "gateway.yaml").read_bytes()
    assert text == (REPOSITORY / "config" / "gateway.yaml").read_bytes()
    for words in (("config", "check"), ("formats", "check"), ("run", "--once")):
        done = _run(installed, tmp_path, "--site", "site", *words)
        assert done.returncode == 0, (words, done.stdout, done.stderr)


@pytest.mark.slow
def test_pip_installs_it_with_its_libraries(wheel: Path, tmp_path: Path) -> None:
    """`pip install` of the wheel into an empty environment shall give a command that runs."""
    subprocess.run([BASE, "-m", "venv", str(tmp_path / "venv")], check=True)
    programs = tmp_path / "venv" / "bin"
    subprocess.run([programs / "python", "-m", "pip", "install", "--quiet", str(wheel)], check=True)
    done = subprocess.run([programs / "gateway", "demo"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
