"""The days that the kill matrix knows, by name; each is opened with a place for what it needs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.faults.day import Day
from tests.faults.local_day import LOCAL


@contextlib.contextmanager
def _local(_place: Path) -> Iterator[Day]:
    yield LOCAL


DAYS: dict[str, Callable[[Path], contextlib.AbstractContextManager[Day]]] = {"local": _local}
