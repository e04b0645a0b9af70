"""The process that tries inputs on one target: with hypothesis, or guided by coverage with atheris.

It tells what it is doing in a small file that it shares with the process that watches it: how many
inputs it has tried, and the one that it is trying now. Code in C cannot be interrupted from
within; so an input that hangs is found, and ended, from outside.
"""

from __future__ import annotations

import argparse
import hashlib
import mmap
import os
import random
import resource
import struct
import sys
import traceback
from pathlib import Path
from typing import Any

from tests.fuzz.mutating import MOST_BYTES, any_edits, apply

#: How many inputs were tried, when the last one began (monotonic seconds), its length.
HEADER = struct.Struct("<QdQ")
PAGE = HEADER.size + MOST_BYTES
#: Growth of the most memory ever held after which an input is one that takes too much.
MOST_KIBIBYTES = 700 * 1024


class Desk:
    """What the trying and the watching process share."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b" if path.exists() else "w+b") as file:
            file.truncate(PAGE)
            self._map = mmap.mmap(file.fileno(), PAGE)
        self.tried = 0

    def begin(self, data: bytes, now: float) -> None:
        """Note the input that is tried now."""
        self.tried += 1
        self._map[HEADER.size : HEADER.size + len(data)] = data
        HEADER.pack_into(self._map, 0, self.tried, now, len(data))

    def now(self) -> tuple[int, float, bytes]:
        """Return the number of inputs, when the last one began, and what it is."""
        tried, began, size = HEADER.unpack_from(self._map)
        return tried, began, self._map[HEADER.size : HEADER.size + size]


def signature(error: BaseException) -> str:
    """Return where and as what an error came, the same for errors of the same cause."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "/gateway/" in frame.filename or "/fuzz/" in frame.filename
    ]
    place = f"{Path(frames[-1].filename).name}:{frames[-1].name}" if frames else "?"
    words = str(error).split(":")[0][:60] if isinstance(error, AssertionError) else ""
    return f"{type(error).__name__} in {place} {words}".strip()


class Trying:
    """One target under attack; what it finds goes to a directory, one file for each cause."""

    def __init__(self, target: Any, desk: Desk, found: Path) -> None:
        self._target = target
        self._desk = desk
        self._found = found
        self._held = _held()

    def one(self, data: bytes) -> str | None:
        """Try one input; return the cause of what went wrong, None where nothing did."""
        import time

        self._desk.begin(data, time.monotonic())
        try:
            self._target.attack(data)
        except Exception as error:  # noqa: BLE001 - whatever comes is what is looked for
            cause, words = signature(error), traceback.format_exc()
        else:
            grown, self._held = _held() - self._held, _held()
            if grown < MOST_KIBIBYTES:
                return None
            cause = words = f"memory grew by {grown // 1024} MiB"
        self._keep(cause, data, words)
        return cause

    def _keep(self, cause: str, data: bytes, words: str) -> None:
        """Keep the shortest input of each cause, with what was said of it."""
        name = hashlib.sha256(cause.encode()).hexdigest()[:12]
        file = self._found / name
        if not file.exists() or file.stat().st_size > len(data):
            file.write_bytes(data)
            file.with_suffix(".txt").write_text(f"{cause}\n\n{words}", "utf-8", "backslashreplace")


def _held() -> int:
    """Return the most KiB that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def with_hypothesis(target: Any, trying: Trying, seconds: float, seed: int) -> None:
    """Draw inputs with hypothesis until the time is over."""
    import time

    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded

    from tests.fuzz.strategies import inputs

    end = time.monotonic() + seconds
    while time.monotonic() < end:

        @seeded(seed)
        @settings(
            max_examples=200,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(inputs(target))
        def search(data: bytes) -> None:
            if time.monotonic() < end:
                trying.one(data)

        search()
        seed += 1


def with_atheris(target: Any, trying: Trying, seconds: float, seed: int, corpus: Path) -> None:
    """Let atheris choose inputs by the code that they reach; never returns."""
    import atheris  # type: ignore[import-untyped,unused-ignore] # it has no types

    def mutate(data: bytes, most: int, number: int) -> bytes:
        source = random.Random(number)  # noqa: S311 - no secret
        if source.random() < 0.3:
            return bytes(atheris.Mutate(data, most))
        if source.random() < 0.05:
            data = source.choice(target.seeds())
        return apply(data, any_edits(source), target.tokens)[:most]

    def one(data: bytes) -> None:
        trying.one(data)

    for number, content in enumerate(target.seeds()):
        (corpus / f"seed-{number}").write_bytes(content[:MOST_BYTES])
    options = (
        f"-max_total_time={max(1, int(seconds))}",
        f"-seed={seed}",
        f"-max_len={MOST_BYTES}",
        "-timeout=3600",
    )
    arguments = [sys.argv[0], *options, "-rss_limit_mb=0", f"-artifact_prefix={corpus.parent}/", str(corpus)]
    atheris.Setup(arguments, one, custom_mutator=mutate)
    atheris.Fuzz()


def main() -> None:
    """Try inputs as the arguments say."""
    parser = argparse.ArgumentParser()
    parser.add_argument("target")
    for name in ("--engine", "--desk", "--found", "--corpus"):
        parser.add_argument(name)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--seed", type=int)
    chosen = parser.parse_args()
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    if chosen.engine == "atheris":
        import atheris

        with atheris.instrument_imports(include=["gateway"]):
            from tests.fuzz.targets import TARGETS
    else:
        from tests.fuzz.targets import TARGETS
    target = TARGETS[chosen.target]
    trying = Trying(target, Desk(Path(chosen.desk)), Path(chosen.found))
    if chosen.engine == "atheris":
        with_atheris(target, trying, chosen.seconds, chosen.seed, Path(chosen.corpus))
    else:
        with_hypothesis(target, trying, chosen.seconds, chosen.seed)


if __name__ == "__main__":
    main()
