"""How long a file has been seen at its source, and the reasons that say so."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.model import Arrival


def seconds_seen(arrival: Arrival) -> float:
    """Return for how many seconds a file has been seen."""
    return (arrival.last_seen_at - arrival.first_seen_at).total_seconds()


def age(arrival: Arrival) -> str:
    """Return how long a file has been seen, in the largest unit that it fills."""
    seconds = seconds_seen(arrival)
    for length, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= length:
            return f"{seconds // length:.0f} {unit}"
    return f"{seconds:.0f} s"


def seen_again(arrival: Arrival, at: datetime) -> Arrival:
    """Return an arrival that stood as it was until a look ``at``, with its age then in its reason."""
    now = dataclasses.replace(arrival, last_seen_at=at)
    then = f" for {age(arrival)}"
    start, _found, rest = arrival.reason.partition(then + ":")
    if rest:
        return dataclasses.replace(now, reason=f"{start} for {age(now)}:{rest}")
    if arrival.reason.endswith(then):
        return dataclasses.replace(now, reason=f"{arrival.reason.removesuffix(then)} for {age(now)}")
    return now
