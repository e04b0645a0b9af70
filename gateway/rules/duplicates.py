"""Has this file, or one of its records, been accepted before?"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Verdict(enum.Enum):
    """How a file relates to those accepted before."""

    FRESH = "fresh"
    RESEND = "resend"  #: same interchange key, same bytes
    CONFLICT = "conflict"  #: same interchange key, different bytes
    COPY = "copy"  #: same bytes, different key or name
    RECORD_DUPLICATE = "record-duplicate"  #: a record key seen before in another file


class Action(enum.Enum):
    """What a route does with a duplicate."""

    FAIL = "fail"
    SET_ASIDE = "set-aside"
    NOTE = "accept-and-note"


@dataclass(frozen=True, slots=True)
class DuplicatePolicy:
    """What each verdict means on a route. A conflict can be failed or set aside, never accepted."""

    resend: Action = Action.SET_ASIDE
    conflict: Action = Action.FAIL
    copy: Action = Action.FAIL
    record_duplicate: Action = Action.FAIL
    retention_days: int = 3650
