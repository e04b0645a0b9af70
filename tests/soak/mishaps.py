"""What goes wrong around the gateway, and right again: hands in its directories, a full disk, midnight."""

from __future__ import annotations

import errno
import json
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from tests.faults.shim import FOREVER, Action, Fault
from tests.sftp.openssh import OpenSsh
from tests.soak.clock import JumpingClock
from tests.soak.model import Model, Sent, Violation
from tests.soak.process import command
from tests.soak.traps import Trap

#: The time zone of the site: its days begin and end there.
_ZONE = ZoneInfo("Europe/Berlin")
_WHERE = "SELECT route, working_name, settled_path FROM transfers WHERE id = ?"


def a_full_disk(rng: Random, site: Path) -> Trap:
    """Return the fault of a disk without room from some call on, until it is lifted."""
    number = rng.choice((errno.ENOSPC, errno.EDQUOT))
    return Trap(Fault(Action.REFUSE, rng.randrange(1, rng.choice((5, 40, 200))), FOREVER, number), site)


def to_midnight(rng: Random, clock: JumpingClock) -> float:
    """Return the seconds to just before the site's next midnight, or to that of a change of clocks."""
    now = clock.now().astimezone(_ZONE)
    midnight = datetime(now.year, now.month, now.day, tzinfo=_ZONE) + timedelta(days=1)
    return (midnight - clock.now()).total_seconds() - rng.choice((0.05, 0.3, 1.0))


def lying_file(rng: Random, directory: Path, model: Model) -> tuple[Sent, Path] | None:
    """Choose a file in work or in the archive; None where the one chosen is on its way."""
    states = rng.choice((("held", "delivering", "claimed"), ("processed", "duplicate"), ("failed",)))
    free = [one for one in model.in_state(*states) if one.content is not None][-40:]
    if not free:
        return None
    one = rng.choice(free)
    path = _place_of(directory, one)
    return (one, path) if path is not None and path.is_file() else None


def _place_of(directory: Path, one: Sent) -> Path | None:
    connection = sqlite3.connect(directory / "ledger" / "gateway.db", timeout=30)
    try:
        route, working, settled = connection.execute(_WHERE, (one.id,)).fetchone()
    finally:
        connection.close()
    if one.state in ("processed", "duplicate", "failed"):
        return None if settled is None else directory / os.fsdecode(settled)
    return directory / "working" / str(route) / os.fsdecode(working)


@contextmanager
def taken_out(path: Path, aside: Path) -> Iterator[None]:
    """Keep the file somewhere else meanwhile, as somebody does who wants to look at it."""
    path.rename(aside)
    try:
        yield
    finally:
        if os.path.lexists(path):
            raise Violation(f"{path} was made anew while its file was away")
        aside.rename(path)


def demand_missed(directory: Path, clock: JumpingClock, path: Path) -> None:
    """Raise Violation where `gateway verify` does not say that the file at ``path`` is missing."""
    status, said = command(directory, clock, ["verify", "--json"])
    place = os.path.relpath(path, directory)
    try:
        found = json.loads(said[said.index("{") :])
    except ValueError:
        raise Violation(f"`gateway verify` left with {status} and said {said}") from None
    if status == 0 or not found["totals"]["missing"] or place not in said:
        raise Violation(f"{place} is away; `gateway verify` left with {status} and said {said}")


@contextmanager
def standing_still(server: OpenSsh) -> Iterator[None]:
    """Let every session of the server stand still: connections stay, and nothing answers."""
    sessions = server.sessions()
    for pid in sessions:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in sessions:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
