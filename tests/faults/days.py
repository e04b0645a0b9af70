"""The days that the kill matrix knows, by name; each brings what it needs."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator

from tests.faults.day import Day
from tests.faults.local_day import LOCAL
from tests.faults.remote_day import remote_day


@contextlib.contextmanager
def _local_day() -> Iterator[Day]:
    yield LOCAL


@contextlib.contextmanager
def _morning() -> Iterator[Day]:
    yield dataclasses.replace(LOCAL, name="morning", steps=LOCAL.steps[:5])


DAYS: dict[str, Callable[[], contextlib.AbstractContextManager[Day]]] = {
    "local": _local_day,
    "remote": remote_day,
    "morning": _morning,
}
#: What all of it is: the morning is a part of the local day.
WHOLE = ("local", "remote")
