"""What a part is told, and its rows: two sides side by side, their ratio, the goal, and whether it is met."""

from __future__ import annotations

import contextlib
import hashlib
import math
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import distributions
from pathlib import Path

from tests.benchmarks import generate
from tests.benchmarks.measuring import Measured, peak, progress

HEAD = ("work", "gateway", "against", "takes", "ratio", "goal", "met")


@dataclass(frozen=True, slots=True)
class Options:
    """What a part is told."""

    directory: Path  #: where data is generated and kept
    scale: float = 1.0  #: of the data's size
    rounds: int | None = None  #: instead of the part's own
    peers: Path | None = None  #: libraries that are measured against, see the page
    reference: Path = Path("../shared/reference")
    arguments: tuple[str, ...] = ()

    def count(self, full: int) -> int:
        """Return ``full`` things at this scale."""
        return max(1, round(full * self.scale))

    def turns(self, usual: int) -> int:
        """Return how many rounds to measure."""
        return self.rounds or usual

    def kept(self, name: str, size: int, write: Callable[[Path, int], object]) -> Path:
        """Return the file ``name`` of ``size``, written here once by the generators as they are."""
        digest = hashlib.sha256(Path(generate.__file__).read_bytes()).hexdigest()[:8]
        home = self.directory / f"{Path(name).stem}-{size}-{digest}"
        file = home / name
        if not file.exists():
            home.mkdir(parents=True, exist_ok=True)
            progress(f"writing {file}")
            part = home / "part"
            write(part, size)
            part.replace(file)
        return file


@dataclass(frozen=True, slots=True)
class Goal:
    """At most so many times as long as the other side, or at least so many times faster."""

    times: float
    faster: bool = False

    def __str__(self) -> str:
        """Return it in words."""
        return f"at least {self.times:g} times faster" if self.faster else f"within {self.times:g} times"

    def is_met(self, ratio: float) -> bool:
        """Return whether ``ratio``, ours divided by theirs, meets it."""
        return ratio <= (1 / self.times if self.faster else self.times)


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison."""

    work: str
    ours: Sequence[Measured]
    peer: str
    theirs: Sequence[Measured]
    goal: Goal | None = None
    share: float = 1.0  #: of the data that the other side had; its time is for all of it
    memory: bool = True
    of: Callable[[Measured], float] = field(default=lambda one: one.seconds)

    @property
    def ratio(self) -> float:
        """The median of pairs that were measured one after the other, while the machine was equally busy."""
        pairs = zip(self.ours, self.theirs, strict=True)
        return statistics.median(self.of(our) * self.share / self.of(their) for our, their in pairs)

    def cells(self) -> tuple[str, ...]:
        """Return the cells of the row."""
        ratio = self.ratio
        words = f"{1 / ratio:,.1f} times faster" if self.goal and self.goal.faster else f"{ratio:.2f}"
        met = "" if self.goal is None else ("yes" if self.goal.is_met(ratio) else "**no**")
        takes = self._took(self.theirs, 1 / self.share)
        takes += f", from 1/{1 / self.share:.0f} of it" if not math.isclose(self.share, 1) else ""
        return self.work, self._took(self.ours), self.peer, takes, words, str(self.goal or ""), met

    def _took(self, runs: Sequence[Measured], times: float = 1.0) -> str:
        value = statistics.median(map(self.of, runs)) * times
        text = f"{value * 1000:,.0f} ms" if value < 1 else f"{value:,.1f} s"
        return f"{text}, {peak(runs):,.0f} MB" if self.memory else text


def table(rows: Iterable[Row]) -> str:
    """Return the rows as a table."""
    return lines(HEAD, [row.cells() for row in rows])


def lines(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, *rows)).replace(
        "|\n", "|\n" + "|---" * len(head) + "|\n", 1
    )


def against(options: Options, *names: str, programs: Sequence[Sequence[str]] = ()) -> str:
    """Return the line that says which libraries and programs were measured against, those that are there."""
    found = [f"{name} {text}" for name in names if (text := _version(options, name))]
    for command in programs:
        with contextlib.suppress(OSError):
            told = subprocess.run(command, capture_output=True, text=True)
            found.append((told.stdout or told.stderr).partition("\n")[0].strip())
    return f"\n\nMeasured against {', '.join(found)}." if found else ""


def _version(options: Options, name: str) -> str:
    path = [str(options.peers)] if options.peers else []
    return next((one.version for one in distributions(name=name, path=[*path, *sys.path])), "")


def skipped(words: str) -> str:
    """Return the line that says why a side was left out."""
    return f"\n\nNot measured here: {words}."
