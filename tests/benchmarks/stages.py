"""Where the time goes: which stage of a pass and which module of the gateway is at work, seen by samples."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from tests.benchmarks.generate import KINDS, write_small_files
from tests.benchmarks.measuring import ROOT, apart
from tests.benchmarks.passes import CONFIGURATION, catalogue, own_site
from tests.benchmarks.rating import Options, lines

FILES, BYTES = 2_000, 200_000_000
HEADING = "Where the time goes"
TEXT = """\
Made by `python -m tests.benchmarks stages --write`: a thread looks every two milliseconds at what each other
thread does. A module stands for itself and the libraries that it calls; what waits for work is not counted.
Modules under two of a hundred are left out."""
_EVERY, _LEAST = 0.002, 0.02
_GATEWAY = str(ROOT / "gateway") + "/"
#: Frames in which a thread waits for work.
_IDLE = (
    "/threading.py",
    "/queue.py",
    "/concurrent/futures/thread.py",
    "/selectors.py",
    "/validation/ahead.py",
)


def table(options: Options) -> str:
    """Sample each kind of work in a process of its own, and return the tables."""
    files = options.count(FILES)
    with own_site(options.directory, CONFIGURATION) as site:
        write_small_files(site / "inbox" / "confirmations", files)
        os.sync()
        told = apart("tests.benchmarks.stages:small", site=site).told
    parts = [f"{files:,} small files, one pass, by stage:\n\n{_rows('stage', told['stages'])}"]
    parts.append(f"The same, by module:\n\n{_rows('module', told['modules'])}")
    home = catalogue(options)
    for kind, known in KINDS.items():
        file = options.kept(known.name, known.records(options.count(BYTES)), known.write)
        side = "tests.benchmarks.stages:large"
        told = apart(side, file=file, formats=home, message_type=known.message_type).told
        rows = _rows("module", told["modules"])
        parts.append(f"Validation of {file.stat().st_size / 1e6:,.0f} MB, {kind}:\n\n{rows}")
    return "\n\n".join(parts)


def _rows(name: str, found: dict[str, int]) -> str:
    every = sum(found.values())
    ordered = sorted(found.items(), key=lambda one: -one[1])
    shown = [(f"`{one}`", f"{count / every:.0%}") for one, count in ordered if count >= _LEAST * every]
    return lines((name, "share"), shown)


def small(site: str) -> dict[str, Any]:
    """Run one pass over the site; in a process of its own."""
    from tests.benchmarks.passes import whole_pass

    return _sampled(lambda: whole_pass(site))


def large(file: str, formats: str, message_type: str) -> dict[str, Any]:
    """Validate one file; in a process of its own."""
    from tests.benchmarks.passes import validation

    return _sampled(lambda: validation(file, formats, message_type))


def _sampled(work: Callable[[], object]) -> dict[str, Any]:
    from gateway.pipeline import STAGES

    names = {stage.__name__ for stage in STAGES}
    stages, modules = Counter[str](), Counter[str]()
    over = threading.Event()

    def look() -> None:
        mine = threading.get_ident()
        while not over.wait(_EVERY):
            for thread, frame in sys._current_frames().items():
                if thread == mine or frame.f_code.co_filename.endswith(_IDLE):
                    continue
                ours = [one.f_code for one in _frames(frame) if one.f_code.co_filename.startswith(_GATEWAY)]
                if ours:
                    modules[str(Path(ours[0].co_filename).relative_to(ROOT))] += 1
                    stages[next((one.co_name for one in ours[::-1] if one.co_name in names), "the rest")] += 1

    sampler = threading.Thread(target=look)
    begun = time.perf_counter()
    sampler.start()
    try:
        work()
    finally:
        over.set()
        sampler.join()
    return {"stages": stages, "modules": modules, "seconds": time.perf_counter() - begun, "cpu": 0.0}


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back
