"""What the attacks need: routes for all message types, good files, the command line, bounded processes."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.cli.main import gateway
from tests.pipeline.plant import Plant

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"

#: One good file of each message type, of the newest version that its routes take.
GOOD = {
    "confirmation": SAMPLES / "confirmation/1.1.0/good/CONF_MES01_0000003.csv",
    "consumption": SAMPLES / "consumption/1.1.0/good/CONS_MES01_20261117_00000003.txt",
    "order": SAMPLES / "order/1.1.0/good/ORD-ERPPRD-20261115053000-000872.xml",
    "bom": SAMPLES / "bom/1.0.0/good/BOM-ERPPRD-20261116040000-000041.json",
    "inventory-adjustment": SAMPLES / "inventory-adjustment/1.0.0/good/INVADJ_WMS1_000001.csv",
    "material": SAMPLES / "material/1.0.0/good/MATMAS_ERPPRD_0000000004200117.idoc",
}

needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root may mount, make devices and change users"
)


def route(name: str, message_type: str, more: str = "", require: str = "none") -> str:
    """Return the configuration of one route that takes every name, with one destination."""
    return (
        f"  {name}:\n    partner: P1\n    message_type: {message_type}\n    source: {{pattern: '*'}}\n"
        f"    completeness: {{require: [{require}]}}\n"
        f"    destinations: {{erp: {{path: outbox/{name}}}}}\n{more}"
    )


def every_type() -> str:
    """Return one route for each message type, called like it."""
    return "".join(route(message_type, message_type) for message_type in GOOD)


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended and what it said."""

    status: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """What the command printed with ``--json``."""
        return json.loads(self.out)


def command(plant: Plant, *arguments: str) -> Result:
    """Run one command of the command line on the plant's site, in this process."""
    done = CliRunner().invoke(gateway, ["--site", str(plant.directory), *arguments])
    return Result(done.exit_code, done.stdout, done.stderr)


def process(plant: Plant, *arguments: str) -> list[str]:
    """Return the command line of a gateway process on the plant's site."""
    return [sys.executable, "-m", "gateway.cli.main", "--site", str(plant.directory), *arguments]


def peak_mebibytes(plant: Plant, *arguments: str) -> tuple[int, float]:
    """Run a gateway process; return its exit status and the most memory it held."""
    script = (
        "import resource, subprocess, sys;"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL);"
        "print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *process(plant, *arguments)],
        capture_output=True,
        text=True,
        check=True,
    )
    status, kibibytes = done.stdout.split()
    return int(status), int(kibibytes) / 1024


def swap_before(monkeypatch: pytest.MonkeyPatch, target: str, action: Callable[[], object]) -> None:
    """Do ``action`` once, right before the function ``target`` (``module.name``) is called."""
    module, _dot, name = target.rpartition(".")
    original = getattr(sys.modules[module], name)
    waiting = [action]

    def first_the_attack(*arguments: Any, **options: Any) -> Any:
        while waiting:
            waiting.pop()()
        return original(*arguments, **options)

    monkeypatch.setattr(f"{module}.{name}", first_the_attack)


def bind_mount(place: Path, directory: Path) -> contextlib.AbstractContextManager[Path]:
    """Mount ``place`` at ``directory`` a second time, as containers do; skip where that is not allowed."""
    return _mounted(directory, "--bind", str(place))


def small_disk(directory: Path, kibibytes: int) -> contextlib.AbstractContextManager[Path]:
    """Mount a small file system of memory at ``directory``; skip where that is not allowed."""
    directory.mkdir(parents=True, exist_ok=True)
    return _mounted(directory, "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs")


@contextlib.contextmanager
def _mounted(directory: Path, *how: str) -> Iterator[Path]:
    done = subprocess.run(["mount", *how, str(directory)], capture_output=True)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.decode().strip()}")
    try:
        yield directory
    finally:
        subprocess.run(["umount", "-l", str(directory)], check=True)
