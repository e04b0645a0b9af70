"""What is attacked: a call that takes bytes from outside, and what must be true of every call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
FORMATS = ROOT / "formats"
CORPUS = Path(__file__).resolve().parent / "corpus"


class BrokenPromise(AssertionError):
    """The gateway returned, but not what it promises."""


@dataclass(frozen=True, slots=True)
class Target:
    """One way into the gateway."""

    name: str
    does: str  #: what is done with the bytes
    seeds: Callable[[], Sequence[bytes]]  #: good ones, from which the search starts
    attack: Callable[[bytes], None]  #: raises whatever the gateway should not have raised
    tokens: tuple[bytes, ...] = ()  #: pieces that mean something here

    @property
    def corpus(self) -> Path:
        """Where what was found lies."""
        return CORPUS / self.name


def demand(holds: bool, what: str) -> None:
    """Raise BrokenPromise saying ``what`` unless it ``holds``."""
    if not holds:
        raise BrokenPromise(what)
