"""The unit file: what systemd itself says of it, and that it fits the program."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gateway.bundle import bundled
from gateway.config.settings import Service
from gateway.errors import ConfigurationError, ConfigurationMissing, UsageError
from gateway.operations.setup import init_site, unit_text

UNIT = bundled("config") / "systemd" / "gateway.service"
#: From 0 (closed) to 10; a service without any protection has 9.6.
_MOST_EXPOSED = "18"

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed: nobody to ask"
)


def _settings() -> dict[str, str]:
    """Return the settings of the service; of one that stands there twice the last."""
    parser = configparser.RawConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # the library's own way to keep case
    parser.read_string(UNIT.read_text(encoding="utf-8"))
    return {**parser["Unit"], **parser["Service"]}


def _analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60)


@needs_systemd
def test_systemd_has_nothing_against_it(tmp_path: Path) -> None:
    """Systemd shall know every setting of the unit file, and find nothing wrong with it."""
    text = unit_text(tmp_path, Path("/bin/true"))
    unit = tmp_path / UNIT.name
    unit.write_text(text.replace("=gateway\n", "=root\n"), encoding="utf-8")
    result = _analyze("verify", "--man=no", str(unit))
    if "Failed to" in result.stderr and not re.search(rf"{UNIT.name}:", result.stderr):
        pytest.skip(f"systemd-analyze cannot work here: {result.stderr.splitlines()[0]}")
    assert (result.returncode, result.stderr, result.stdout) == (0, "", "")


@needs_systemd
def test_systemd_finds_it_hardened(tmp_path: Path) -> None:
    """What is left open to the service shall be no more than it needs: network, its own site, libraries."""
    result = _analyze("security", "--offline=true", f"--threshold={_MOST_EXPOSED}", "--no-pager", str(UNIT))
    if "unrecognized option" in result.stderr:
        pytest.skip("this systemd-analyze judges no files")
    assert result.returncode == 0, result.stdout[-500:] + result.stderr


def test_it_gives_the_service_its_time() -> None:
    """Systemd shall wait longer than the service takes to stop, and start anew only what that may mend."""
    settings = _settings()
    assert float(settings["TimeoutStopSec"]) > Service().stop_seconds
    hopeless = {UsageError.exit_status, ConfigurationError.exit_status, ConfigurationMissing.exit_status}
    assert {int(each) for each in settings["RestartPreventExitStatus"].split()} == hopeless
    assert settings["Restart"] == "on-failure"
    assert (settings["Type"], settings["ExecReload"]) == ("notify", "/bin/kill -HUP $MAINPID")
    assert settings["RequiresMountsFor"] == settings["ReadWritePaths"] == settings["WorkingDirectory"]


def test_a_new_site_has_its_own_unit_file(tmp_path: Path) -> None:
    """`gateway init` shall write the unit file with the paths of this site and this program."""
    init_site(tmp_path / "plant-1")
    text = (tmp_path / "plant-1" / "config" / "systemd" / UNIT.name).read_text(encoding="utf-8")
    assert f"ReadWritePaths={tmp_path / 'plant-1'}\n" in text
    assert "/srv/plant" not in text
    assert f"ExecStart=/bin/true --site {tmp_path} run\n" in unit_text(tmp_path, Path("/bin/true"))


@pytest.mark.parametrize("name", ["plant 1", "100%", 'a"b', "a\nb", "Ü"])
def test_a_path_that_a_unit_file_reads_otherwise_is_left_to_people(tmp_path: Path, name: str) -> None:
    """No unit file shall hold a path that systemd would take for something else."""
    text = unit_text(tmp_path / name, tmp_path / name / "bin" / "gateway")
    assert text == UNIT.read_text(encoding="utf-8")
