"""The first start from a clone: every way to the libraries, and every way in which it can go wrong."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.start import fresh
from tests.start.fresh import Machine

_STAMP = "gateway-environment.json"


def _stamp(machine: Machine, *, ready: bool) -> dict[str, object]:
    """Return the stamp of an environment for ``machine``."""
    digest = hashlib.sha256((machine.checkout / "pyproject.toml").read_bytes()).hexdigest()
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return {
        "checkout": str(machine.checkout), "python": python, "digest": digest, "extras": [], "ready": ready
    }  # fmt: skip


needs_pip = pytest.mark.skipif(fresh.pip_wheel() is None, reason="this environment has no pip to publish")


@needs_pip
def test_the_first_start_installs_and_the_second_is_silent(machine: Machine) -> None:
    """Without pip and ensurepip the first start shall install, say so, and run; the second only run."""
    bare = machine.without("ensurepip", "pip")
    first = machine.run("status", "--json", **bare)
    second = machine.run("status", "--json", **bare)
    assert first.returncode == second.returncode == 2, first.stderr
    assert first.stdout == f"ran ['status', '--json'] dependency 1.0 {machine.checkout / '.venv'}\n"
    assert "first start, installing the libraries in" in first.stderr
    assert len(first.stderr.splitlines()) <= 3
    assert (second.stdout, second.stderr) == (first.stdout, "")


def test_a_machine_with_ensurepip_needs_no_index_for_pip(machine: Machine) -> None:
    """Where Python can make an environment with pip, that shall be used."""
    if subprocess.run([fresh.BASE, "-c", "import ensurepip"], capture_output=True).returncode:
        pytest.skip("this machine's Python has no ensurepip")
    done = machine.run()
    assert done.returncode == 0, done.stderr
    assert (machine.checkout / ".venv" / "bin" / "pip").exists()


def test_a_machine_with_pip_but_without_ensurepip_uses_its_pip(machine: Machine, index: str) -> None:
    """Where only the machine's own pip is there, it shall install into the environment."""
    if subprocess.run([fresh.BASE, "-m", "pip", "--version"], capture_output=True).returncode:
        pytest.skip("this machine's Python has no pip")
    done = machine.run(**machine.without("ensurepip"))
    assert done.returncode == 0, done.stderr
    assert not (machine.checkout / ".venv" / "bin" / "pip").exists()


@needs_pip
def test_two_starts_at_once_build_one_environment(machine: Machine) -> None:
    """Two first starts at once shall both run; one builds, the other waits or comes late."""
    bare = machine.without("ensurepip")
    both = [machine.start(name, **bare) for name in ("a", "b")]
    ends = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [1, 1], ends
    assert sum("installing the libraries in" in err and "first start" in err for _out, err in ends) == 1


@needs_pip
def test_an_interrupted_installation_is_begun_anew(machine: Machine) -> None:
    """What a killed first start left behind shall be cleared, whatever it is."""
    venv = machine.checkout / ".venv"
    (venv / "lib" / "half-written").mkdir(parents=True)
    (venv / "bin").symlink_to("nowhere")
    (venv / _STAMP).write_text(json.dumps(_stamp(machine, ready=False)))
    again = machine.run(**machine.without("ensurepip"))
    assert again.returncode == 0, again.stderr
    assert not (venv / "lib" / "half-written").exists()


@needs_pip
def test_a_new_dependency_is_added_to_the_environment(machine: Machine) -> None:
    """When pyproject.toml asks for more, the next start shall bring the environment up to date."""
    bare = machine.without("ensurepip")
    machine.run(**bare)
    (machine.checkout / ".venv" / "kept").touch()
    machine.depend_on("dependency>=1", "another>=2")
    done = machine.run(**bare)
    assert done.returncode == 0, done.stderr
    assert "bringing up to date" in done.stderr
    assert (machine.checkout / ".venv" / "kept").exists()
    assert list((machine.checkout / ".venv").glob("lib/*/site-packages/another.py"))


@needs_pip
def test_somebody_elses_environment_is_left_alone(machine: Machine) -> None:
    """A `.venv` that the gateway did not make shall not be touched; the user's cache is used."""
    own = machine.checkout / ".venv" / "mine"
    own.parent.mkdir()
    own.touch()
    cache = machine.home / "cache"
    done = machine.run(**machine.without("ensurepip"), XDG_CACHE_HOME=str(cache))
    assert done.returncode == 0, done.stderr
    assert os.listdir(own.parent) == ["mine"]
    assert str(cache / "plant-gateway") in done.stdout


@needs_pip
def test_a_read_only_checkout_uses_the_cache(machine: Machine) -> None:
    """A checkout that cannot be written shall start from the user's cache directory."""
    if os.geteuid() == 0:
        pytest.skip("nothing is read-only for root")
    machine.checkout.chmod(0o555)
    try:
        done = machine.run(**machine.without("ensurepip"))
    finally:
        machine.checkout.chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert str(machine.home / ".cache" / "plant-gateway") in done.stdout


def test_no_place_at_all_is_said(machine: Machine) -> None:
    """Where neither checkout nor cache can be used, the start shall say which it tried and what to do."""
    for place in (machine.checkout / ".venv", machine.home / "cache"):
        place.touch()
    done = machine.run(XDG_CACHE_HOME=str(machine.home / "cache"))
    assert done.returncode == 9
    assert f"neither {machine.checkout / '.venv'} nor" in done.stderr
    assert "XDG_CACHE_HOME" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_network_the_index_is_named(machine: Machine) -> None:
    """Where the package index does not answer, the start shall say so and how to name another one."""
    done = machine.run(**machine.without("ensurepip"), PIP_INDEX_URL="http://127.0.0.1:9/simple")
    assert done.returncode == 9
    assert "package index" in done.stderr
    assert "Traceback" not in done.stderr
    stamp = json.loads((machine.checkout / ".venv" / _STAMP).read_text())
    assert stamp["ready"] is False, "what failed must not look finished"


def test_without_any_way_to_pip_the_debian_package_is_named(machine: Machine) -> None:
    """Without ensurepip, pip and network the start shall name the one command that helps."""
    bare = machine.without("ensurepip", "pip")
    done = machine.run(**bare, PIP_INDEX_URL="http://127.0.0.1:9/simple")
    assert done.returncode == 9
    assert "apt-get install python3-venv" in done.stderr
    assert "Traceback" not in done.stderr


@needs_pip
def test_a_missing_package_is_named(machine: Machine) -> None:
    """Where the index lacks a library, the start shall name it."""
    machine.depend_on("dependency>=1", "nowhere>=3")
    done = machine.run(**machine.without("ensurepip"))
    assert done.returncode == 9
    assert "nowhere>=3" in done.stderr


def test_a_damaged_environment_is_not_started_for_ever(machine: Machine) -> None:
    """If a library was taken out of a finished environment, the start shall say so and end."""
    venv = machine.checkout / ".venv"
    subprocess.run([fresh.BASE, "-m", "venv", "--without-pip", str(venv)], check=True)
    (venv / _STAMP).write_text(json.dumps(_stamp(machine, ready=True)))
    done = machine.run()
    assert done.returncode == 9
    assert f"The environment lacks dependency>=1 ({venv})" in done.stderr


@pytest.mark.parametrize("module", ["gateway", "tests"])
def test_an_old_python_hears_what_is_needed(module: str) -> None:
    """A Python before 3.11 shall be told so in one line, by both commands."""
    code = (
        "import runpy, sys; sys.version_info = (3, 10, 0, 'final', 0);"
        f"runpy.run_module({module!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=fresh.REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("gateway: Python 3.11 or newer is needed; this is ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_full_disk_is_said(machine: Machine, tmp_path: Path) -> None:
    """Where the disk is full, the start shall say so and leave nothing that looks ready."""
    small = machine.checkout / ".venv"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(small)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this machine does not allow mounts")
    try:
        (small / "filling").write_bytes(bytes(1000))
        (small / "filling").unlink()
        done = machine.run(**machine.without("ensurepip", "pip"))
        assert done.returncode == 9
        assert "No space left on device" in done.stderr
        assert "Traceback" not in done.stderr
    finally:
        subprocess.run(["umount", str(small)], check=True)
