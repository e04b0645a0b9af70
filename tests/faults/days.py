"""The days that the kill matrix knows, by name; each brings what it needs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from tests.faults.day import Day
from tests.faults.local_day import LOCAL
from tests.faults.remote_day import remote_day


@contextlib.contextmanager
def _local_day() -> Iterator[Day]:
    yield LOCAL


DAYS: dict[str, Callable[[], contextlib.AbstractContextManager[Day]]] = {
    "local": _local_day,
    "remote": remote_day,
}
