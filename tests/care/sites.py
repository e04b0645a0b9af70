"""Sites that several tests begin with: built once in a process, and copied for each."""

from __future__ import annotations

import functools
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from gateway.operations.ledger_care.backing_up import back_up
from tests.pipeline.plant import Plant, route

STRICT = route(sequence="{model: counter, order: strict, start: 1}")


def copied(build: Callable[[Path], None], to: Path) -> Plant:
    """Return a copy in the directory ``to`` of the site that ``build`` makes, and what is beside it."""
    shutil.copytree(_built(build), to, dirs_exist_ok=True, symlinks=True)
    return Plant(to / "site")


@functools.cache
def _built(build: Callable[[Path], None]) -> Path:
    import atexit

    home = Path(tempfile.mkdtemp(prefix="gateway-care-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    build(home)
    return home


def three_files(home: Path) -> None:
    """Process three files, and make a backup after the first: ``backup.db``."""
    plant = Plant.build(home / "site", STRICT)
    plant.drop_confirmation(1)
    plant.run()
    with plant.opened() as context:
        back_up(context, home / "backup.db")
    for control in (2, 3):
        plant.drop_confirmation(control)
    plant.run()


def twenty_files(home: Path) -> None:
    """Process enough for a ledger of many pages."""
    plant = Plant.build(home / "site", STRICT)
    for control in range(1, 21):
        plant.drop_confirmation(control)
    plant.run()
