"""Who looks after the formats: new versions of confirmations, approved, released, retired, a lock put back.

Everything by the real commands, in processes of their own, while the gateway's own process stays as it is
and must see by itself what is in force.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.soak.clock import JumpingClock
from tests.soak.contents import FIRST_LAYOUT, NEW_UNIT
from tests.soak.model import Model, Violation
from tests.soak.process import command, read_formats

_WHY = ("--reason", "the soak asks for it")


def release(rng: Random, site: Path, model: Model, clock: JumpingClock, meanwhile: Callable[[], str]) -> str:
    """Release the next layout of confirmations; raises Violation where a command does not do what it says.

    Sometimes the lock is put back to what it was before; ``meanwhile`` is done then, and may judge nothing.
    """

    def do(*words: str) -> str:
        status, said = command(site, clock, ["formats", *words])
        read_formats(site / "formats")
        if status:
            raise Violation(f"`gateway formats {' '.join(words)}` left with {status}: {said}")
        return said

    old, new = f"1.{model.newest}", f"1.{model.newest + 1}"
    do("new", f"confirmation@{old}.0")
    _edit(site / "formats" / "confirmation" / f"{new}.0" / "format.yaml", old, new)
    do("check", f"confirmation@{new}.0")
    lock = site / "formats" / "formats.lock"
    before = lock.read_bytes()
    do("lock", f"confirmation@{new}.0", *_WHY)
    said = f"released {new}"
    if rng.random() < 0.4:
        lock.write_bytes(before)
        read_formats(site / "formats")
        said += f", the lock was put back ({meanwhile()})"
        do("accept", *_WHY)
        do("lock", f"confirmation@{new}.0", *_WHY)
    if rng.random() < 0.6:
        found = json.loads(do("diff", "confirmation", f"{old}.0", f"{new}.0", "--output", "json"))
        do("approve", rng.choice(_fingerprints(found)), *_WHY)
    retirable = sorted(model.layouts - {FIRST_LAYOUT, new})
    if retirable and rng.random() < 0.6:
        layout = rng.choice(retirable)
        do("retire", f"confirmation@{layout}.0", *_WHY)
        said += f", retired {layout}"
    return said


def _edit(path: Path, old: str, new: str) -> None:
    """Let the draft be of the new layout; the first one learns a unit."""
    text = path.read_text(encoding="utf-8").replace(f'values: ["{old}"]', f'values: ["{new}"]')
    if NEW_UNIT not in text:
        text = text.replace("          DR: drum\n", f"          DR: drum\n          {NEW_UNIT}: pallet\n")
    path.write_text(text, encoding="utf-8")


def _fingerprints(found: object) -> list[str]:
    """Return every fingerprint in what `gateway formats diff` says."""
    if isinstance(found, list):
        return [one for each in found for one in _fingerprints(each)]
    if isinstance(found, dict):
        here = [found["fingerprint"]] if "fingerprint" in found else []
        return [*here, *(one for each in found.values() for one in _fingerprints(each))]
    return []
