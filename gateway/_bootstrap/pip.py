"""Getting pip to work on an environment: with the environment, from the machine, or from the index."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from gateway._bootstrap import package_index
from gateway._bootstrap.words import show_passing
from gateway.errors import InstallationError

_LOG = "install.log"
_NO_ROOM = 1024 * 1024  #: bytes
#: Words in pip's output -> what is wrong, and what to do. The first that occurs is told.
_DIAGNOSES = (
    (("No space left on device", "Disk quota exceeded"), "The disk is full",
     "Make room there and in the directory for temporary files (TMPDIR), and start again"),
    (("Permission denied", "Read-only file system"), "A directory cannot be written",
     "Start again as the owner of the directory, or set XDG_CACHE_HOME"),
    (("CERTIFICATE_VERIFY_FAILED", "SSLError"), "The certificate of the package index is not trusted here",
     "Set PIP_CERT to the file with the authority's certificate"),
    (("NewConnectionError", "NameResolutionError", "ConnectTimeout", "ProxyError", "Connection refused",
      "Network is unreachable", "Temporary failure in name resolution", "Could not find a version"),
     "The package index cannot be reached, or does not have what is needed",
     "Check the network; PIP_INDEX_URL names another index, HTTPS_PROXY a proxy"),
)  # fmt: skip


def make(base: str, directory: Path) -> None:
    """Make an environment in ``directory`` with the interpreter ``base``, with pip if ``base`` can."""
    if _works([base, "-c", "import ensurepip"]) and _works([base, "-m", "venv", str(directory)]):
        return
    # Debian keeps ensurepip in a package of its own; without it venv makes everything but pip
    done = _run([base, "-m", "venv", "--without-pip", str(directory)])
    if done.returncode:
        raise InstallationError(
            "The environment cannot be made",
            where=str(directory),
            cause=OSError(_last_line(done.stdout)),
            hint="If a part of Python is missing: apt-get install python3-venv",
        )


def install(base: str, directory: Path, checkout: Path, extras: Sequence[str]) -> None:
    """Install the project of ``checkout`` with ``extras`` into the environment in ``directory``.

    Raises InstallationError with what pip said, in words.
    """
    project = f"{checkout}[{','.join(extras)}]" if extras else str(checkout)
    with tempfile.TemporaryDirectory(prefix="gateway-") as scratch:
        command = _pip(base, directory, Path(scratch))
        log = directory / _LOG
        status = _watched([*command, "install", "--editable", project], log)
    if status:
        raise _diagnosed(log)


def _pip(base: str, directory: Path, scratch: Path) -> list[str]:
    """Return the beginning of a pip command that works on the environment."""
    python = str(directory / "bin" / "python")
    own = [python, "-m", "pip"]
    if _works([*own, "--version"]):
        return own
    foreign = [base, "-m", "pip", "--python", python]  # since pip 22.3
    if _works([*foreign, "--version"]):
        return foreign
    wheel = package_index.download_pip(scratch)
    if _works([python, str(wheel / "pip"), "install", "--no-index", str(wheel)]):
        return own
    return [python, str(wheel / "pip")]


def _works(command: Sequence[str]) -> bool:
    return _run(command).returncode == 0


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own interpreter and arguments
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", env=_environment(), close_fds=False, check=False,
    )  # fmt: skip


def _watched(command: Sequence[str], log: Path) -> int:
    """Run ``command`` with its output in ``log``, of which a person sees the newest line pass by."""
    began = time.monotonic()
    with (
        open(log, "w", encoding="utf-8") as out,
        subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            env=_environment(without=("PYTHONPATH",)), close_fds=False,
        ) as process,
    ):  # fmt: skip
        while True:
            try:
                status = process.wait(timeout=1)
            except subprocess.TimeoutExpired:
                text = log.read_text(encoding="utf-8", errors="replace")
                show_passing(f"  {time.monotonic() - began:.0f} s  {_last_line(text)}")
            else:
                show_passing("")
                return status


def _environment(without: Sequence[str] = ()) -> dict[str, str]:
    """Return the environment for pip: as it is, without what would install somewhere else."""
    diverting = {"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_VIRTUALENV", "PYTHONHOME", *without}
    kept = {name: value for name, value in os.environ.items() if name not in diverting}
    return {
        **kept,
        "PIP_NO_INPUT": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_USER": "0",
        "PIP_PROGRESS_BAR": "off",
    }


def _diagnosed(log: Path) -> InstallationError:
    """Return what went wrong by pip's own words."""
    text = log.read_text(encoding="utf-8", errors="replace")
    if shutil.disk_usage(log.parent).free < _NO_ROOM:
        text += "\nERROR: No space left on device"  # there was no room for pip to say it
    for signs, message, hint in _DIAGNOSES:
        if any(sign in text for sign in signs):
            return InstallationError(message, where=str(log), cause=OSError(_telling_line(text)), hint=hint)
    return InstallationError(where=str(log), cause=OSError(_telling_line(text)), hint="The log says more")


def _telling_line(text: str) -> str:
    """Return the last thing that pip calls an error, also inside a build of its own, else its last line."""
    errors = [line.partition("ERROR: ")[2].strip() for line in text.splitlines() if "ERROR: " in line]
    return errors[-1] if errors else _last_line(text)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no output"
