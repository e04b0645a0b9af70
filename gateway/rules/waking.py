"""Why a lane works: what woke it, whether the source is looked at then, and when it comes by itself."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.rules.completeness_policy import CompletenessPolicy, EvidenceKind

#: No lane comes by itself again sooner than this.
LEAST_SECONDS = 0.5
#: A look at a source may cost this share of the time until the next one, when files are being waited for.
_SHARE = 10


class Wake(enum.StrEnum):
    """What woke a lane."""

    START = "start"  #: the gateway begins: what is open is carried on
    SCHEDULE = "schedule"
    EVENT = "event"  #: the file system says that something came
    LOOK = "look"  #: a file that was seen may be complete now
    DEADLINE = "deadline"  #: a held file's time is over
    RETRY = "retry"  #: something that failed is tried again
    OPERATOR = "operator"  #: somebody asked for something
    WAITING = "deliveries waiting"  #: for a lane of deliveries
    DELIVERED = "delivered"  #: by a lane of deliveries: the archive comes next
    RELOAD = "reload"  #: the configuration is another one


#: With these a pass looks at the source; else it carries on what is in custody.
LOOKING = frozenset({Wake.SCHEDULE, Wake.EVENT, Wake.LOOK, Wake.DEADLINE, Wake.OPERATOR})


@dataclass(frozen=True, slots=True)
class Due:
    """When a lane comes by itself, and why."""

    at: datetime
    why: Wake


def earliest(dues: Iterable[Due | None]) -> Due | None:
    """Return the first of ``dues``; None if there is none."""
    return min((due for due in dues if due is not None), key=lambda due: due.at, default=None)


def next_look(policy: CompletenessPolicy, now: datetime, last_seconds: float) -> Due | None:
    """Return when files that wait for stability are looked at again, after a pass of ``last_seconds``.

    None where the route does not ask for stability: then what is missing is no matter of time.
    """
    if EvidenceKind.STABILITY not in policy.require:
        return None
    gap = policy.quiet_seconds / max(1, policy.looks - 1)
    return Due(now + timedelta(seconds=max(gap, last_seconds * _SHARE, LEAST_SECONDS)), Wake.LOOK)
